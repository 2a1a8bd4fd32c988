#!/usr/bin/env python3
"""Nodes of many children, against numpy_oracle.py at the published tolerances.

With many children the messages' logarithms grow and what decides is their difference: so the evidence is chosen such
that the states of the root stay close, symbol by symbol.
"""

import numpy as np

import harness
import numpy_oracle
from onnx_runtime import Runtime, inputs_of

MODEL = """
[tree]
branching = {branching}
states = {states}
[root]
prior = {prior}
[kernel]
sharing = "{sharing}"
npy = "kernel1.npy"
{more}
[observation]
channel = "{channel}"
"""


class Wide(harness.TestCase):

    def write(self, name, branching, states, sharing, rng, channel="symbol", spread=1.0, unequal=False):
        """A model of random kernels; `unequal` rows do not sum to one, and the states' sums differ much."""
        more, folder = "", self.folder / name
        folder.mkdir()
        nodes = np.cumprod(branching)
        for l, m in enumerate(branching, 1):
            count = {"rank": m, "level": 1, "none": int(nodes[l - 1])}[sharing]
            kernel = np.exp(spread * rng.normal(size=(count, states[l - 1], states[l])))
            kernel /= kernel.sum(2, keepdims=True)
            if unequal:
                kernel *= np.exp(0.3 * rng.normal(size=(1, states[l - 1], 1)))
            np.save(folder / f"kernel{l}.npy", kernel[0] if sharing == "level" else kernel)
            if l > 1:
                more += f'[[level]]\nindex = {l}\nkernel = {{ npy = "kernel{l}.npy" }}\n'
        prior = rng.gamma(1, size=states[0]) + 0.1
        path = folder / f"{name}.toml"
        path.write_text(MODEL.format(branching=branching, states=states, prior=prior.tolist(), sharing=sharing,
                                     more=more, channel=channel))
        return path

    def balanced(self, model, batch, rng):
        """Symbols of a star, each the one of those drawn that brings the root's two first states closest together."""
        n, symbols = model.nodes(1), np.zeros((batch, model.nodes(1)), np.int32)
        with np.errstate(divide="ignore"):
            logs = np.log(np.broadcast_to(model.kernels[0], (n, *model.kernels[0].shape[1:])) if
                          model.kernels[0].shape[0] == 1 else model.kernels[0]).astype(float)
        for b in range(batch):
            lead = float(np.log(model.prior[0] / model.prior[1])) + rng.normal()
            for i in range(n):
                drawn = rng.integers(model.states[1], size=3 * model.states[1])
                gains = logs[i, 0, drawn] - logs[i, 1, drawn]
                choice = int(np.argmin(np.abs(lead + gains)))
                symbols[b, i] = drawn[choice]
                lead += gains[choice]
        return symbols

    def check(self, path, evidence, queries, dtypes=("f32", "f64"), options=(), **arguments):
        model = numpy_oracle.Model(path)
        source, output = self.save("evidence.npy", evidence), self.folder / "answer.npy"
        expected = {query: numpy_oracle.answer(model, query, evidence, **arguments)[0] for query in queries}
        for dtype in dtypes:
            executable = self.compile(path, f"--dtype={dtype}")
            for query in queries:
                for program in ("bp", "net"):
                    result = harness.run(executable, query, "--input", source, "--output", output,
                                         f"--program={program}", *options)
                    self.assertEqual(result.code, 0, str(result))
                    scale = np.maximum(1, np.abs(expected[query])) if query == "loglik" else 1
                    far = float((np.abs(np.load(output) - expected[query]) / scale).max())
                    print(f"{path.stem} {dtype} {program} {query}: {far:.2g}")
                    self.assertLessEqual(far, 1e-5 if dtype == "f32" else 1e-12, str(result))

    def test_stars_of_symbols(self):
        rng = np.random.default_rng(5)
        for n, states, sharing, unequal in ((65, [3, 4], "rank", False), (150, [2, 2], "level", True),
                                            (1000, [2, 3], "rank", False), (4000, [2, 2], "rank", True),
                                            (10000, [2, 5], "level", False)):
            with self.subTest(n=n, sharing=sharing):
                path = self.write(f"star{n}", [n], states, sharing, rng, unequal=unequal)
                symbols = self.balanced(numpy_oracle.Model(path), 4, rng)
                symbols[3, ::3] = -1
                self.check(path, symbols, ("classify", "loglik") if n > 1000 else ("classify", "loglik", "marginals"))

    def test_two_wide_levels(self):
        rng = np.random.default_rng(6)
        for branching, sharing in (([64, 64], "rank"), ([100, 90], "level"), ([30, 20], "none")):
            with self.subTest(branching=branching, sharing=sharing):
                path = self.write("two" + "x".join(map(str, branching)), branching, [3, 2, 3], sharing, rng, spread=0.2)
                model = numpy_oracle.Model(path)
                symbols = rng.integers(-1, 3, size=(4, model.nodes(2))).astype(np.int32)
                self.check(path, symbols, ("classify", "loglik"))

    def test_noise_and_soft_evidence(self):
        rng = np.random.default_rng(7)
        for n, sharing in ((300, "rank"), (3000, "level")):
            with self.subTest(n=n, sharing=sharing):
                path = self.write(f"noise{n}", [n], [3, 3], sharing, rng, channel="gaussian", spread=0.1)
                model = numpy_oracle.Model(path)
                clean = model.values.astype(float)[rng.integers(3, size=(3, n)), 0]
                observed = (clean + 0.8 * rng.normal(size=clean.shape)).astype(np.float32)
                self.check(path, observed, ("classify", "loglik", "denoise"), options=("--sigma=0.8",), sigma=0.8)
                soft = rng.gamma(0.5, size=(3, n, 3)).astype(np.float32) + np.float32(1e-3)
                self.check(path, soft, ("classify", "loglik"), options=("--soft",), soft=True)

    def test_exported_networks(self):
        """In ONNX the sums are standard operators; what one kernel's rounding adds up to is in them all the same."""
        rng = np.random.default_rng(8)
        for n, states, sharing, dtype, tolerance in ((150, [2, 3], "rank", "f32", 1e-5), (700, [3, 2], "level", "f64", 1e-12),
                                                     (10000, [2, 3], "level", "f32", 1e-5)):
            with self.subTest(n=n, dtype=dtype):
                path = self.write(f"onnx{n}", [n], states, sharing, rng)
                model = numpy_oracle.Model(path)
                symbols, runtime = self.balanced(model, 3, rng), Runtime(self.options.packages, self.folder)
                symbols[2, ::3] = -1
                answers = {}
                for query in ("classify", "marginals") if n < 1000 else ("classify",):
                    file = self.folder / f"{n}-{query}.onnx"
                    result = harness.run(self.espalier, "compile", path, "--emit=onnx", f"--query={query}", "-o", file,
                                         f"--dtype={dtype}")
                    self.assertEqual(result.code, 0, str(result))
                    answers[query] = runtime.add(file, inputs_of(symbols, "symbol", dtype), query)
                runtime.run()
                for query, answer in answers.items():
                    expected = numpy_oracle.answer(model, query, symbols)[0]
                    far = float(np.abs(np.load(answer) - expected).max())
                    print(f"{path.stem} {dtype} ONNX {query}: {far:.2g}")
                    self.assertLessEqual(far, tolerance)


if __name__ == "__main__":
    harness.main(options=lambda parser: parser.add_argument("--packages", required=True,
                                                            help="the folder of the npm package onnxruntime-node"))
