#!/usr/bin/env python3
"""ONNX export: the models of models/ in ONNX Runtime beside our executables.

  onnx_test.py --espalier PATH --packages DIR
"""

import numpy as np
import onnx

import harness
import numpy_oracle
import onnx_runtime
from onnx_runtime import Runtime, export


class Models(onnx_runtime.TestCase):
    """The network in ONNX Runtime answers as it does in our executable."""

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

    def test_one_matrix_for_all_taps(self):
        """A matrix that its level shares and that is too large to be repeated at every tap; with zeros as well."""
        tree = "[tree]\nbranching = [[1, 3], [2, 1]]\nstates = 70\n[kernel]\nsharing = 'level'\n"
        random = self.write(tree + "random = { concentration = 0.5 }\n")
        for dtype, net_opt in (("f32", "none"), ("f32", "full"), ("f64", "none")):
            self.compare(str(random), self.ALL, dtype=dtype, net_opt=net_opt, batches=(2,))
        rule = self.folder / "rule.toml"
        rule.write_text(tree + "potts = 1\n[observation]\nchannel = 'gaussian'\n")
        self.compare(str(rule), self.ALL, sigma=0.5, batches=(2,))


if __name__ == "__main__":
    harness.main(options=onnx_runtime.packages_option)
