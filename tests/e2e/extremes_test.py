#!/usr/bin/env python3
"""Weights and likelihoods at the ends of the floating-point range, against numpy_oracle.py.

Models are small and have zeros, so that what looks hopeless at a leaf may be the only state that counts.
"""

import unittest
import zlib

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


class Extremes(harness.TestCase):

    def check(self, text, evidence, dtype="f64", tolerance=1e-12, options=("--soft",), **arguments):
        path = self.folder / f"model-{zlib.crc32(text.encode())}.toml"
        path.write_text(text)
        executable = self.compile(path, f"--dtype={dtype}")
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

    def test_positive_likelihoods_stay_possible(self):
        """Beyond what floats can hold, a likelihood is wrong in size but never 0."""
        path = self.folder / "model.toml"
        path.write_text(FORBIDDING)
        executable = self.compile(path, "--dtype=f32")
        source, output = self.save("soft.npy", np.array([[[1, 1e-200, 0], [1, 1e-200, 0]]])), self.folder / "a.npy"
        for program in ("bp", "net"):
            result = harness.run(executable, "classify", "--input", source, "--soft", f"--program={program}",
                                 "--output", output)
            self.assertEqual(result.code, 0, str(result))
            np.testing.assert_allclose(np.load(output), [[1 / 1.09, 0.09 / 1.09]], rtol=1e-5)

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
