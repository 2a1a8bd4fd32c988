#!/usr/bin/env python3
"""A tree of 2^16 leaves: code that knows depth only, and log-likelihoods in f32 that are right.

Sums over 65536 leaves are where rounding shows: every message is normed, and what the norms took away is added up. The
oracle goes through the same evidence in long double.
"""

import re

import numpy as np

import harness
import numpy_oracle
import random_models

MODEL = """[tree]
branching = [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]
states = 4
[kernel]
sharing = "rank"
matrix = [
  [[7, 1, 1, 1], [0.5, 3, 1, 0.25], [1, 2, 30, 4], [0.1, 0.1, 0.2, 1.7]],
  [[1, 4, 1, 2], [2, 5, 2, 1], [3, 1, 1, 9], [0.6, 0.2, 0.1, 0.1]],
]
[observation]
channel = "{channel}"
"""


class Deep(harness.TestCase):
    def check(self, channel, evidence, *options, **arguments):
        path = self.folder / "deep.toml"
        path.write_text(MODEL.replace("{channel}", channel))
        executable = self.compile(path)
        model = numpy_oracle.Model(path)
        array = evidence(model)
        expected = numpy_oracle.answer(model, "loglik", array, **arguments)[0]
        source = self.save("input.npy", array)
        for program in ("bp", "net"):
            output = self.folder / "answer.npy"
            result = harness.run(executable, "loglik", "--input", source, "--output", output, f"--program={program}",
                                 *options)
            self.assertEqual(result.code, 0, str(result))
            found = np.load(output)
            far = np.abs(found - expected) / np.maximum(1, np.abs(expected))
            self.assertLessEqual(float(far.max()), 1e-5, f"{program}: {found} against {expected}")

    def test_symbols(self):
        rng = np.random.default_rng(16)

        def evidence(model):
            symbols = np.concatenate([random_models.sample_symbols(model, 2, rng),
                                      rng.integers(-1, 4, size=(1, 1 << 16)), np.full((2, 1 << 16), -1)])
            symbols[1, rng.random(1 << 16) < 0.5] = -1
            symbols[4, 12345] = 2
            return symbols

        self.check("symbol", evidence)

    def test_noise(self):
        rng = np.random.default_rng(17)
        for sigma in (1e-3, 0.5, 1e3):
            with self.subTest(sigma=sigma):
                def evidence(model):
                    clean = model.values.astype(float)[random_models.sample_symbols(model, 2, rng)][..., 0]
                    observed = (clean + sigma * rng.normal(size=clean.shape)).astype(np.float32)
                    observed[1, rng.random(1 << 16) < 0.9] = np.nan
                    return observed

                self.check("gaussian", evidence, f"--sigma={sigma}", sigma=sigma)

    def lines(self, depth):
        """Of the code in the llvm dialect for a tree of so many levels."""
        path = self.folder / f"levels{depth}.toml"
        branching = ", ".join(["2"] * depth)
        path.write_text(re.sub(r"branching = .*", f"branching = [{branching}]", MODEL.replace("{channel}", "symbol")))
        result = harness.run(self.espalier, "compile", path, "--emit=llvm")
        self.assertEqual(result.code, 0, str(result))
        return result.out.count("\n")

    def test_code_knows_depth_only(self):
        """Twice the levels, 256 times the leaves, but no more than about twice the code to compile."""
        shallow, deep = self.lines(8), self.lines(16)
        self.assertLess(deep, 2.5 * shallow)


if __name__ == "__main__":
    harness.main()
