#!/usr/bin/env python3
"""ONNX export: the models of models/ in ONNX Runtime beside our executables.

  onnx_test.py --espalier PATH --packages DIR
"""

import json

import numpy as np
import onnx

import harness
import numpy_oracle
import oracle_test
from onnx_runtime import Runtime, export, inputs_of


class Models(harness.TestCase):
    """The network in ONNX Runtime answers as it does in our executable."""

    def compare(self, name, queries, dtype="f32", net_opt="none", batches=(0, 1, 7), sigma=0.5, lam=1.0,
                package="onnxruntime-node"):
        executable = self.compile(name, f"--dtype={dtype}", "--net-opt=none")
        information = json.loads(harness.run(executable, "info", "--json").out)
        noise = [f"--sigma={np.float32(sigma).item()!r}", f"--lambda={np.float32(lam).item()!r}"]
        noise = noise if information["channel"] == "gaussian" else []
        runtime, expected = Runtime(self.options.packages, self.folder, package), []
        files = {query: export(self, name, f"--query={query[0]}", f"--dtype={dtype}", f"--net-opt={net_opt}", *query[1:])
                 for query in queries}
        for batch in batches:
            evidence = self.evidence(executable, noise, batch, dtype)
            source = self.save(f"evidence{batch}.npy", evidence)
            for query, file in files.items():
                output = self.folder / f"expected{len(expected)}.npy"
                done = harness.run(executable, *query, "--input", source, "--output", output, "--program=net", *noise)
                self.assertEqual(done.code, 0, str(done))
                answer = runtime.add(file, inputs_of(evidence, information["channel"], dtype, sigma, lam), query[0])
                expected.append((query, batch, output, answer))
        runtime.run()
        for query, batch, output, answer in expected:
            with self.subTest(model=name, query=query, batch=batch):
                found, wanted = np.load(answer), np.load(output)
                self.assertEqual((found.shape, found.dtype), (wanted.shape, wanted.dtype))
                self.assertLessEqual(oracle_test.distance(found, wanted, query[0]), 1e-5 if dtype == "f32" else 1e-12)

    def write(self, text):
        path = self.folder / "model.toml"
        path.write_text(text)
        return path

    def evidence(self, executable, noise, batch, dtype):
        """Samples of the model through its channel, every fifth leaf or so missing."""
        source = self.folder / "samples.npy"
        self.assertEqual(harness.run(executable, "sample", "-n", batch, "--seed=7", "--output", source).code, 0)
        rng = np.random.default_rng(batch)
        if noise:
            observed = self.folder / "observed.npy"
            done = harness.run(executable, "observe", "--input", source, *noise, "--output", observed)
            self.assertEqual(done.code, 0, str(done))
            evidence = np.load(observed)
            evidence[rng.random(evidence.shape) < 0.2] = np.nan
            return evidence.astype(np.float32 if dtype == "f32" else np.float64)
        evidence = np.load(source).astype(np.int64)
        evidence[rng.random(evidence.shape) < 0.2] = -1
        return evidence

    ALL = (("classify",), ("denoise",), ("marginals",), ("marginals", "--level=0"), ("marginals", "--level=1"))

    def test_images_with_zeros(self):
        self.compare("quadtree.toml", self.ALL)

    def test_images_at_little_noise(self):
        self.compare("quadtree.toml", self.ALL, sigma=1e-3)

    def test_images_in_double_precision(self):
        self.compare("quadtree.toml", self.ALL, dtype="f64", net_opt="full")

    def test_hard_rules(self):
        self.compare("grammar.toml", self.ALL)
        self.compare("grammar.toml", self.ALL, net_opt="full")

    def test_hard_rules_under_noise(self):
        self.compare("rules.toml", self.ALL, sigma=0.02, lam=0.7)

    def test_locally_connected(self):
        for net_opt in ("none", "full"):
            self.compare("local.toml", self.ALL, net_opt=net_opt)

    def test_vectors(self):
        for net_opt in ("none", "full"):
            self.compare("uneven.toml", self.ALL, net_opt=net_opt)

    def test_deep(self):
        for net_opt in ("none", "full"):
            self.compare("deep.toml", (("classify",), ("denoise",), ("marginals", "--level=16")), net_opt=net_opt,
                         batches=(2,))

    def test_in_web_assembly(self):
        """A second runtime: other kernels, 32-bit addresses."""
        for name, net_opt in (("quadtree.toml", "none"), ("local.toml", "none"), ("uneven.toml", "full")):
            self.compare(name, self.ALL, net_opt=net_opt, batches=(1, 7), package="onnxruntime-web")

    def test_one_vector_component(self):
        text = '[tree]\nbranching = [2]\nstates = 2\n[kernel]\npotts = 0.5\n[observation]\nchannel = "gaussian"\n'
        self.compare(str(self.write(text + "values = [[-1.0], [1.0]]\n")), (("denoise",),))

    def test_many_taps(self):
        """Beyond what a dense kernel may hold, a product per tap is written."""
        rng = np.random.default_rng(3)
        np.save(self.folder / "kernel.npy", rng.gamma(1, size=(3000, 3, 5)))
        path = self.write('[tree]\nbranching = [3000]\nstates = [3, 5]\n[kernel]\nnpy = "kernel.npy"\n')
        model = numpy_oracle.Model(path)
        runtime, expected = Runtime(self.options.packages, self.folder), []
        symbols = rng.integers(-1, 5, size=(2, 3000))
        symbols[0, 10:] = -1
        for query in ("classify", "marginals"):
            file = export(self, path, f"--query={query}")
            self.assertFalse({"Conv", "ConvTranspose"} & {node.op_type for node in onnx.load(file).graph.node})
            answer = runtime.add(file, {"input": symbols}, query)
            expected.append((answer, numpy_oracle.answer(model, query, symbols)[0]))
        runtime.run()
        for answer, wanted in expected:
            self.assertLessEqual(np.abs(np.load(answer) - wanted).max(), 1e-5)


def packages_option(parser):
    parser.add_argument("--packages", required=True, help="the folder of the npm packages onnxruntime-node and onnxruntime-web")


if __name__ == "__main__":
    harness.main(options=packages_option)
