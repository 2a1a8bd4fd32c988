#!/usr/bin/env python3
"""ONNX export of networks of ReLUs: in ONNX Runtime beside our executables, and within their certificates of exact BP.

  onnx_relu_test.py --espalier PATH --packages DIR [CLASS...]
"""

import json

import numpy as np
import onnx

import harness
import onnx_runtime

TREE = """
[tree]
branching = {branching}
states    = {states}
[kernel]
sharing = "{sharing}"
random  = {{ concentration = 3.0, seed = 4 }}
"""

GAUSSIAN = TREE + """
[observation]
channel = "gaussian"
values  = {values}
[network]
z     = [-2, 2.5]
sigma = [0.3, 2]
"""

# What exact networks have and the paper's does not, but for the softmax at the end.
SMOOTH = {"Exp", "Log", "Div", "Pow", "ReduceLogSumExp"}


def error_of(query, found, exact):
    """What certificates bound: the total variation of posteriors, and the distance of means."""
    distance = np.abs(found.astype(float) - exact)
    if query != "denoise":
        distance = distance.sum(axis=-1) / 2
    return distance.max(initial=0)


class Certified(onnx_runtime.TestCase):
    """Answers as our executable does, and errs by no more than was certified."""

    def check(self, model, tolerance, dtype="f32", queries=onnx_runtime.TestCase.ALL, **options):
        network = ("--activation=relu", f"--tolerance={tolerance}")
        exact = self.compile(model, "--dtype=f64", "--activation=exact")
        for answer in self.compare(model, queries, dtype, network=network, **options):
            query = answer.query[0]
            promised = {entry.key: entry.value for entry in onnx.load(answer.file).metadata_props}
            certified = float(promised["certified_error"])
            evidence = answer.evidence
            if answer.noise:
                evidence = np.clip(evidence, *json.loads(promised["certified_z"]))
            output = self.folder / "exact.npy"
            done = harness.run(exact, *answer.query, "--input", self.save("clipped.npy", evidence), "--output", output,
                               "--program=bp", *answer.noise)
            self.assertEqual(done.code, 0, str(done))
            error = error_of(query, np.load(answer.found), np.load(output))
            with self.subTest(model=model, query=answer.query, batch=len(evidence)):
                self.assertLessEqual(certified, tolerance)
                self.assertLessEqual(error, certified)


class Symbols(Certified):
    def test_sequences(self):
        self.check(self.write(TREE.format(branching=[2, 3, 2], states=[3, 2, 5, 4], sharing="rank")), 0.02)

    def test_images(self):
        text = TREE.format(branching=[[2, 1], [2, 3]], states=[4, 3, 3], sharing="level")
        for net_opt in ("none", "full"):
            self.check(self.write(text), 0.02, net_opt=net_opt)

    def test_one_state_and_one_child(self):
        self.check(self.write(TREE.format(branching=[3, 1, 2], states=[1, 5, 3, 2], sharing="rank")), 0.05)

    def test_locally_connected(self):
        for net_opt in ("none", "full"):
            text = TREE.format(branching=[2, 3], states=[2, 3, 4], sharing="none")
            self.check(self.write(text), 0.02, net_opt=net_opt)

    def test_double_precision(self):
        text = TREE.format(branching=[[2, 2], [1, 2]], states=[3, 3, 4], sharing="none")
        self.check(self.write(text), 1e-5, dtype="f64")

    def test_deep(self):
        self.check("chain.toml", 0.05, queries=(("classify",), ("denoise",), ("marginals", "--level=5")), batches=(2,))

    def test_in_web_assembly(self):
        text = TREE.format(branching=[4, 2], states=[2, 3, 5], sharing="rank")
        self.check(self.write(text), 0.05, batches=(1, 7), package="onnxruntime-web")

    def test_the_model_file_may_ask_for_it(self):
        text = TREE.format(branching=[2, 2], states=3, sharing="rank")
        text += '[network]\nactivation = "relu"\ntolerance = 0.1\n'
        for answer in self.compare(self.write(text), self.ALL):
            graph = onnx.load(answer.file).graph
            self.assertIn("Relu", {node.op_type for node in graph.node})


class Gaussian(Certified):
    def evidence(self, executable, noise, batch, dtype):
        """Some leaves are far beyond the box, on both sides."""
        evidence = super().evidence(executable, noise, batch, dtype)
        far = np.random.default_rng(batch).random(evidence.shape)
        evidence[far < 0.05] -= 1e3
        evidence[far > 0.95] += 1e3
        return evidence

    def test_sequences(self):
        text = GAUSSIAN.format(branching=[3, 2], states=[2, 3, 4], sharing="rank", values=[-1, -0.5, 0.5, 1])
        for sigma in (0.35, 1.9):
            self.check(self.write(text), 0.02, sigma=sigma)

    def test_images(self):
        text = GAUSSIAN.format(branching=[[1, 2], [3, 2]], states=[4, 2, 3], sharing="rank", values=[-1, 0, 1])
        for net_opt in ("none", "full"):
            self.check(self.write(text), 0.05, net_opt=net_opt)

    def test_vectors(self):
        points = [[-1, 0], [0.5, 0.8], [0.5, -0.8]]
        text = GAUSSIAN.format(branching=[2, 2], states=[2, 3, 3], sharing="level", values=points)
        self.check(self.write(text), 0.05)

    def test_double_precision(self):
        text = GAUSSIAN.format(branching=[2, 2], states=[3, 2, 3], sharing="rank", values=[-1, 0, 1])
        for net_opt in ("none", "full"):
            self.check(self.write(text), 1e-4, dtype="f64", net_opt=net_opt)

    def test_in_web_assembly(self):
        text = GAUSSIAN.format(branching=[[2, 2], [2, 1]], states=[3, 2, 4], sharing="rank", values=[-1, -0.5, 0.5, 1])
        self.check(self.write(text), 0.05, batches=(1, 7), package="onnxruntime-web")


class Files(onnx_runtime.TestCase):
    """What is in the files."""

    MODEL = GAUSSIAN.format(branching=[2, 3], states=[2, 3, 3], sharing="rank", values=[-1, 0, 1])
    RELU = ("--activation=relu", "--tolerance=0.03")

    def load(self, model, *options):
        loaded = onnx.load(onnx_runtime.export(self, model, *options))
        onnx.checker.check_model(loaded, full_check=True)
        return loaded

    def layers(self, loaded):
        """Operators behind the stem and before the output is put into users' layout."""
        stems = ("input", "gaussian_stem", "symbol_stem", "clip")
        return [node.op_type for node in loaded.graph.node if not node.name.startswith(stems)]

    def test_layers_are_the_papers(self):
        path = self.write(self.MODEL)
        for query, blocks in (("classify", 2), ("denoise", 4), ("marginals", 4)):
            for net_opt in ("none", "full"):
                layers = self.layers(self.load(path, f"--query={query}", f"--net-opt={net_opt}", *self.RELU))
                self.assertFalse(SMOOTH & set(layers))
                # Two layers of hidden units for each block; a softmax at the end and nowhere else.
                self.assertEqual(layers.count("Relu"), 2 * blocks)
                self.assertEqual(layers.count("Softmax"), 1)
                self.assertEqual(layers.count("ConvTranspose"), 0 if query == "classify" else 2)
                # The stem is in double precision, as that of the exact network; nothing behind it is.
                self.assertNotIn("Cast", layers)

    def test_folded_hidden_units_are_the_same_layers(self):
        path = self.write(self.MODEL)
        drawn = self.layers(self.load(path, "--net-opt=none", *self.RELU))
        self.assertEqual(self.layers(self.load(path, "--net-opt=full", *self.RELU)), drawn)

    def test_interface_is_that_of_the_exact_network(self):
        path = self.write(self.MODEL)
        for query in ("classify", "denoise", "marginals"):
            exact, relu = (self.load(path, f"--query={query}", *options).graph for options in ((), self.RELU))
            self.assertEqual(list(exact.input), list(relu.input))
            self.assertEqual(list(exact.output), list(relu.output))

    def test_versions_and_operators(self):
        for dtype in ("f32", "f64"):
            loaded = self.load(self.write(self.MODEL), f"--dtype={dtype}", *self.RELU)
            self.assertEqual(loaded.ir_version, 8)
            self.assertEqual([(opset.domain, opset.version) for opset in loaded.opset_import], [("", 17)])
            self.assertFalse([node for node in loaded.graph.node if node.domain])
            for node in loaded.graph.node:
                keep = [attribute.i for attribute in node.attribute if attribute.name == "keepdims"]
                self.assertEqual(keep, [1] if node.op_type.startswith("Reduce") or node.op_type == "ArgMax" else [])
            convolutions = {"Conv", "ConvTranspose"} & set(self.layers(loaded))
            self.assertEqual(bool(convolutions), dtype == "f32")

    def test_metadata(self):
        path = self.write(self.MODEL)
        described = json.loads(harness.run(self.espalier, "describe", path, "--json", *self.RELU).out)
        certificates = {entry["network"]: entry["certificate"] for entry in described["networks"]}
        for query, network in (("classify", "convnet"), ("denoise", "unet"), ("marginals", "unet")):
            loaded = self.load(path, f"--query={query}", *self.RELU)
            entries = {entry.key: entry.value for entry in loaded.metadata_props}
            self.assertEqual(entries["activation"], "relu")
            self.assertEqual(entries["tolerance"], "0.03")
            self.assertEqual(float(entries["certified_error"]), certificates[network][query])
            self.assertEqual([entries[key] for key in ("certified_z", "certified_sigma", "certified_lambda")],
                             ["[-2,2.5]", "[0.3,2]", "[1,1]"])
            self.assertIn(entries["certified_error"], loaded.doc_string)
        exact = {entry.key: entry.value for entry in self.load(path).metadata_props}
        self.assertEqual(exact["activation"], "exact")
        self.assertFalse({"tolerance", "certified_error", "certified_z"} & set(exact))

    def test_symbols_have_no_box(self):
        path = self.write(TREE.format(branching=[2, 2], states=3, sharing="rank"))
        entries = {entry.key for entry in self.load(path, *self.RELU).metadata_props}
        self.assertIn("certified_error", entries)
        self.assertFalse({"certified_z", "certified_sigma", "certified_lambda"} & entries)

    def test_from_text_stages(self):
        path = self.write(self.MODEL)
        direct = onnx_runtime.export(self, path, *self.RELU).read_bytes()
        self.assertEqual(onnx_runtime.export(self, path, *self.RELU).read_bytes(), direct)
        for stage in ("tfg", "bp", "net"):
            text = self.folder / f"{stage}.mlir"
            done = harness.run(self.espalier, "compile", path, f"--emit={stage}", "-o", text, "--net-opt=none",
                               *self.RELU)
            self.assertEqual(done.code, 0, str(done))
            self.assertEqual(onnx_runtime.export(self, text).read_bytes(), direct, stage)


class Errors(onnx_runtime.TestCase):
    """A sentence, and no file."""

    def check(self, model, *options):
        file = self.folder / "out.onnx"
        result = harness.run(self.espalier, "compile", model, "--emit=onnx", "-o", file, *options)
        self.assertEqual(result.code, 1, str(result))
        self.assertFalse(file.exists())
        return result.err

    def test_what_cannot_be_certified(self):
        path = self.write(TREE.format(branching=[2, 2], states=3, sharing="rank"))
        self.assertIn("relu cannot certify a tolerance of 1e-09 in f32",
                      self.check(path, "--activation=relu", "--tolerance=1e-9"))
        self.assertIn("relu expects sums that stay above",
                      self.check(harness.MODELS / "grammar.toml", "--activation=relu"))

    def test_the_likelihood(self):
        path = self.write(TREE.format(branching=[2, 2], states=3, sharing="rank"))
        self.assertIn("--query", self.check(path, "--activation=relu", "--query=loglik"))

    def test_another_network_than_the_model_asks_for(self):
        text = self.folder / "net.mlir"
        path = self.write(TREE.format(branching=[2, 2], states=3, sharing="rank"))
        done = harness.run(self.espalier, "compile", path, "--emit=net", "--activation=relu", "-o", text)
        self.assertEqual(done.code, 0, str(done))
        text.write_text(text.read_text().replace('activation = "relu"', 'activation = "exact"'))
        self.assertIn("expects one block and 2 results", self.check(text))


if __name__ == "__main__":
    harness.main(options=onnx_runtime.packages_option)
