#!/usr/bin/env python3
"""Weights and likelihoods at the ends of the floating-point range, against numpy_oracle.py.

Models are small and have zeros, so that what looks hopeless at a leaf may be the only state that counts.
"""

import unittest

import numpy as np

import harness
import numpy_oracle

TINY_WEIGHTS = """
[tree]
branching = [2]
states = [2, 3]
[kernel]
sharing = "level"
matrix = [[1, 1e-300, 0], [0, 1e-300, 1]]
"""

FORBIDDING = """
[tree]
branching = [2]
states = [2, 3]
[kernel]
sharing = "level"
matrix = [[0, 1, 0], [0, 0.3, 0.7]]
"""

# Two states of the root share an outlier; the third, which the prior forbids, does not.
OUTLIERS = """
[tree]
branching = [2, 2]
states = [3, 3, 3]
[root]
prior = [0.4, 0.6, 0]
[kernel]
matrix = [[[1, 0, 0], [0.3, 0.7, 0], [0.2, 0.3, 0.5]], [[0.5, 0.5, 0], [0.3, 0.7, 0], [0, 0, 1]]]
[[level]]
index = 2
kernel = { matrix = [[[1, 0, 0], [0.4, 0, 0], [0.3, 0.3, 0.4]], [[0.3, 0.7, 0], [0.8, 0.2, 0], [0.1, 0.2, 0.7]]] }
[observation]
channel = "gaussian"
values = [-1, 0, 1]
"""

# Readings in metres, or time stamps: what counts is small beside the offset.
OFFSET = """
[tree]
branching = [2, 2]
states = 3
[kernel]
sharing = "level"
potts = 0.6
[observation]
channel = "gaussian"
values = %s
"""

# Two leaves that are one, so that two readings which speak for different states must be weighed against each other.
COPIES = """
[tree]
branching = [2]
states = %d
[kernel]
potts = 1
[observation]
channel = "gaussian"
"""

# Positive weights beyond floats: messages are doubles.
POSITIVE = """
[tree]
branching = [2, 2]
states = 2
[kernel]
sharing = "level"
matrix = [[1, 1e-120], [1e-100, 1]]
"""


class Extremes(harness.TestCase):
    texts = []

    def model(self, text, dtype, *flags):
        """The file and the executable of a model; of one text and type always the same."""
        if text not in self.texts:
            self.texts.append(text)
        path = self.shared / f"model{self.texts.index(text)}.toml"
        path.write_text(text)
        return path, self.compile(path, f"--dtype={dtype}", *flags)

    def check(self, text, evidence, dtype="f64", tolerance=1e-12, options=("--soft",), flags=(), **arguments):
        path, executable = self.model(text, dtype, *flags)
        array = np.array(evidence)
        source, output = self.save("evidence.npy", array), self.folder / "answer.npy"
        model = numpy_oracle.Model(path)
        for query in ("classify", "marginals", "loglik"):
            expected, impossible = numpy_oracle.answer(model, query, array, **(arguments or {"soft": True}))
            self.assertFalse(impossible.any())
            for program in ("bp", "net"):
                with self.subTest(query=query, program=program):
                    result = harness.run(executable, query, "--input", source, *options, f"--program={program}",
                                         "--output", output)
                    self.assertEqual(result.code, 0, str(result))
                    allowed = tolerance * np.maximum(1, np.abs(expected) if query == "loglik" else 1)
                    np.testing.assert_array_less(np.abs(np.load(output) - expected), allowed + 1e-300)

    def check_noise(self, text, evidence, sigma, lam=1.0, **options):
        self.check(text, evidence, options=(f"--sigma={sigma!r}", f"--lambda={lam!r}"), sigma=sigma, lam=lam, **options)

    def channel(self, lam, values, noise):
        """Two samples of four leaves of OFFSET, away from their values by `noise`."""
        symbols = np.array([[0, 1, 2, 2], [1, 0, 0, 2]])
        return lam * np.array(values, float)[symbols] + noise * np.array([[0.25, -0.5, 0.375, 1], [-2, 0.5, 0.1, -1]])

    def test_values_with_an_offset(self):
        for values in ([1600000000, 1600000001, 1600000003], [1000000.3, 1000001.1, 1000002.7]):
            for sigma, lam in ((0.125, 1.0), (0.5, 0.7)):
                with self.subTest(values=values, sigma=sigma, lam=lam):
                    self.check_noise(OFFSET % values, self.channel(lam, values, 0.5 * sigma), sigma, lam)

    def test_vectors_with_an_offset(self):
        values = [[1e9, -3.5e6], [1e9 + 1, -3.5e6], [1e9 + 1, 2.5 - 3.5e6]]
        evidence = np.array(values)[[[0, 1, 2, 2]]] + 0.25
        self.check_noise(OFFSET % values, evidence, 0.5)

    def test_offset_in_floats(self):
        values = [4096.25, 4097.0, 4099.5]
        evidence = self.channel(1.0, values, 0.5).astype(np.float32)
        self.check_noise(OFFSET % values, evidence, 0.5, dtype="f32", tolerance=1e-5)

    def test_mean_of_values_with_an_offset(self):
        """As fine as floats are there, half a unit in the last place, and not as products with the offset."""
        values = [65536.5, 65537.25, 65539.0]
        path, executable = self.model(OFFSET % values, "f32")
        evidence = self.channel(1.0, values, 0.5).astype(np.float32)
        source, output = self.save("z.npy", evidence), self.folder / "means.npy"
        expected, _ = numpy_oracle.answer(numpy_oracle.Model(path), "denoise", evidence, sigma=0.5)
        for program in ("bp", "net"):
            result = harness.run(executable, "denoise", "--input", source, "--sigma=0.5", f"--program={program}",
                                 "--output", output)
            self.assertEqual(result.code, 0, str(result))
            self.assertLess(np.abs(np.load(output) - expected).max(), 2.0**-8)

    def test_squares_that_leave_the_doubles(self):
        plain = [-1.0, 0.0, 1.0]
        for size in (1e-300, 1e-160, 1e-8, 1e160, 1e300):
            with self.subTest(size=size):
                self.check_noise(OFFSET % plain, self.channel(1.0, plain, 0.125 if size > 1e-100 else size), size)
                self.check_noise(OFFSET % plain, self.channel(size, plain, 0.5 * size), 0.4 * size, size)
        for size in (1e155, 1e-200):
            scaled = [size * value for value in plain]
            with self.subTest(values=scaled):
                self.check_noise(OFFSET % scaled, self.channel(1.0, scaled, 0.5 * size), 0.4 * size)

    def test_observations_that_leave_the_doubles(self):
        far = [[1e160, np.nan, np.nan, -0.5], [0.5, 1e300, -1e300, 1.7e308]]
        path, executable = self.model(OFFSET % [-1.0, 0.0, 1.0], "f64")
        source, output = self.save("z.npy", np.array(far)), self.folder / "answer.npy"
        model = numpy_oracle.Model(path)
        expected, _ = numpy_oracle.answer(model, "classify", np.array(far), sigma=0.5)
        for program in ("bp", "net"):
            command = [executable, "classify", "--input", source, "--sigma=0.5", f"--program={program}"]
            self.assertEqual(harness.run(*command, "--output", output).code, 0)
            np.testing.assert_allclose(np.load(output), expected, rtol=0, atol=1e-12)
        self.check_sentence(harness.run(executable, "loglik", "--input", source, "--sigma=0.5"), "-1e+298", "sample 0")

    def test_readings_midway_between_values(self):
        """z is a whole number of its last places away from the middle, of which every one counts."""
        values, sigma = [0.1, 0.4, 0.8], 3e-9
        middle = (0.1 + 0.4) / 2
        evidence = [[middle, np.nextafter(middle, 1), np.nan, np.nan], [0.6, 0.6 + 2e-16, middle, np.nan]]
        self.check_noise(OFFSET % values, evidence, sigma)

    def test_contradicting_readings_where_one_state_is_left(self):
        """The fields are 6e11 for and against, and differ by 1 or so."""
        sigma = 1e-6
        for states, first in ((2, 0.3), (3, 0.7)):
            evidence = [[first, -first + k * 2.5e-13] for k in (-3, 0, 1, 5)]
            self.check_noise(COPIES % states, evidence, sigma)
            self.check_noise(COPIES % states, np.array(evidence) * 0.7, sigma, 0.7)

    def test_products_without_fused_multiply_adds(self):
        """lambda e has more digits than a double, and this processor has to make them of halves."""
        flags = ("--target-cpu=x86-64-v2",)
        evidence = np.array([[0.3, -0.3 + k * 2.5e-13] for k in (-3, 1)]) * 0.7
        self.check_noise(COPIES % 2, evidence, 1e-6, 0.7, flags=flags)
        values = [1000000.3, 1000001.1, 1000002.7]
        self.check_noise(OFFSET % values, self.channel(0.7, values, 0.25), 0.5, 0.7, flags=flags)

    def test_limits_where_rules_forbid(self):
        path, executable = self.model(COPIES % 2, "f64")
        source = self.save("z.npy", np.array([[0.25, 0.5], [0.25, -0.25]]))
        def ask(*options):
            return harness.run(executable, "marginals", "--input", source, *options)

        self.assertEqual(ask("--sigma=1e-7").code, 0)
        self.check_sentence(ask("--sigma=1e-9"), "2251799813685248", "sample 0", "--sigma")
        self.check_sentence(ask("--sigma=1e-60"), "--sigma", "1e-50")
        self.check_sentence(ask("--sigma=1", "--lambda=1e60"), "--lambda", "1e+50")

    def test_observations_that_no_float_holds(self):
        path, executable = self.model(OFFSET % [-1.0, 0.0, 1.0], "f32")
        source = self.save("z.npy", np.array([[0, 0, 1e100, 0]]))
        self.check_sentence(harness.run(executable, "classify", "--input", source, "--sigma=1"), "1e+100 at [0, 2]",
                            "beyond float32: a model compiled with --dtype=f64 takes it")
        symbols = self.save("x.npy", np.zeros((1, 4), np.int32))
        result = harness.run(executable, "observe", "--input", symbols, "--sigma=1e39")
        self.check_sentence(result, "--sigma", "float32")

    def test_values_that_no_float_holds(self):
        path = self.folder / "huge.toml"
        path.write_text(OFFSET % "[-1e150, 0, 1e150]")
        result = harness.run(self.espalier, "compile", path, "-o", self.folder / "huge")
        self.assertEqual(result.code, 1, str(result))
        self.assertIn("huge.toml:10:10: error: values expects", result.err)
        self.assertIn("--dtype=f64 takes", result.err)
        self.assertFalse((self.folder / "huge").exists())
        self.assertEqual(harness.run(self.espalier, "verify", path, "--samples=2").code, 0)

    def test_weight_of_1e_300_beside_1(self):
        """Beside a leaf state of weight 1e-300, one of weight 1 counts that is 2e-309 times as likely."""
        leaf, seen = [2e-209, 1e100, 0], [1, 1e200, 0]
        self.check(TINY_WEIGHTS, [[leaf, [1, 1, 1]], [[1, 1, 1], leaf], [leaf, [0, 1, 0]], [seen, [2, 0, 5]]])

    def test_outlier_that_the_prior_forbids_to_explain(self):
        """The outlier's field is about -6e7; beside it, leaf 1 decides between the two states."""
        nan, rng = np.nan, np.random.default_rng(1)
        evidence = [[30 + rng.normal(), -0.5 + 1e-6 * rng.normal(), nan, nan] for _ in range(20)]
        self.check(OUTLIERS, evidence, options=("--sigma=0.001",), sigma=1e-3)

    def test_ratio_beyond_f64(self):
        """Each leaf's likeliest state is forbidden, and lies more than 1e308 above the others."""
        self.check(FORBIDDING,
                   [[[1e200, 1e-150, 3e-150], [1e200, 1e-120, 1e-121]], [[1, 1, 1], [1e160, 2e-160, 5e-161]]])

    def test_ratio_beyond_f32(self):
        """The same for a model of floats and a file of doubles."""
        self.check(FORBIDDING, [[[1, 1e-60, 3e-60], [1e20, 1e-40, 1e-41]], [[1, 1, 1], [1, 1e-70, 5e-71]]], dtype="f32",
                   tolerance=1e-5)

    def test_ratio_beyond_f32_by_far(self):
        """Only doubles tell these likelihoods from 0, and from each other."""
        self.check(FORBIDDING, [[[1, 1e-200, 3e-200], [1, 1e-300, 1e-301]], [[1, 1e-250, 0], [1e100, 1e-190, 5e-200]]],
                   dtype="f32", tolerance=1e-5)

    def test_ratio_beyond_f32_that_weights_outweigh(self):
        """All weights are positive, and one of 1e-120 beside 1 decides against a likelihood of 1e-110 beside 1."""
        self.check(POSITIVE, [[[1e-110, 1], [1, 1e-105], [1, 0], [1e-95, 1]]], dtype="f32", tolerance=1e-5)

    def test_ratio_beyond_f32_that_is_nothing(self):
        """Programs of floats have kernels beside which what floats flush to 0 is nothing."""
        leaves = [[1e-200, 1, 1e-90], [1e10, 1e-300, 0], [1, 1, 1], [1e-40, 1e-80, 1e-300]]
        self.check(OFFSET % [-1.0, 0.0, 1.0], [leaves], dtype="f32", tolerance=1e-5)

    def test_many_leaves_of_small_likelihoods(self):
        """Of logarithms of -690 each, 64 times, the last digits decide."""
        text = FORBIDDING.replace("[2]", "[64]")
        rng = np.random.default_rng(1)
        leaves = np.stack([np.ones(64), rng.uniform(1, 9, 64) * 1e-300, rng.uniform(1, 9, 64) * 1e-300], axis=-1)
        self.check(text, leaves[None])

    def test_weights_of_any_size(self):
        """Kernels and priors from 1e-300 to 1e150 and back, with zeros: what is not zero is never treated as zero."""
        rng = np.random.default_rng(3)
        for number in range(6):
            branching, states = [[2, 2], [3], [2, 3]][number % 3], int(rng.integers(2, 4))
            low, high = [(-300, 0), (-60, 0), (-300, 150), (-45, 40)][number % 4]

            def weights(*shape):
                result = 10 ** rng.uniform(low, high, size=shape)
                result[rng.random(shape) < 0.2] = 0
                result.reshape(-1, shape[-1])[:, 0] += 10.0 ** low
                return result.tolist()

            text = f"[tree]\nbranching = {branching}\nstates = {states}\n[root]\nprior = {weights(states)}\n[kernel]\n"
            text += f"matrix = {weights(branching[0], states, states)}\n"
            if len(branching) > 1:
                text += f"[[level]]\nindex = 2\nkernel = {{ matrix = {weights(branching[1], states, states)} }}\n"
            (self.folder / "model.toml").write_text(text)
            model = numpy_oracle.Model(self.folder / "model.toml")
            symbols = rng.integers(-1, states, size=(60, model.nodes(model.depth)))
            symbols = symbols[~numpy_oracle.answer(model, "loglik", symbols)[1]]
            for dtype, tolerance in (("f64", 1e-12), ("f32", 1e-5)):
                with self.subTest(number=number, dtype=dtype):
                    self.check(text, symbols, dtype=dtype, tolerance=tolerance, options=(), soft=False)

    def test_prior_that_leaves_the_range(self):
        """P(root = 0) = (4/51)^400: conditionals cannot say it, and the state wins all the same."""
        text = """
[tree]
branching = [400]
states = 2
[kernel]
sharing = "level"
matrix = [[3, 1], [1, 50]]
"""
        symbols = np.zeros((3, 400), int)
        symbols[1, :143] = 1
        symbols[2, ::2] = -1
        for dtype, tolerance in (("f64", 1e-12), ("f32", 1e-5)):
            self.check(text, symbols, dtype=dtype, tolerance=tolerance, options=(), soft=False)


if __name__ == "__main__":
    harness.main()
