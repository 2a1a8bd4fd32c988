#!/usr/bin/env python3
"""ONNX export: the files' structure, as the package onnx reads them, and what goes wrong.

  onnx_file_test.py --espalier PATH [CLASS...]
"""

import json

import onnx

import harness
from onnx_runtime import export

# What some runtimes compute wrongly or differently.
FORBIDDEN = {"ReduceLogSumExp", "ReduceLogSum", "Resize", "Upsample"}
REDUCTIONS = {"ReduceMax", "ReduceSum", "ReduceProd", "ArgMax"}


class Structure(harness.TestCase):
    """What the files hold, as onnx itself reads them."""

    def load(self, *arguments):
        model = onnx.load(export(self, *arguments))
        onnx.checker.check_model(model, full_check=True)
        return model

    def shape(self, info):
        kind = info.type.tensor_type
        return [d.dim_param or d.dim_value for d in kind.shape.dim], kind.elem_type

    def interface(self, model):
        values = {info.name: self.shape(info) for info in [*model.graph.input, *model.graph.output]}
        return [info.name for info in model.graph.input], [info.name for info in model.graph.output], values

    def test_every_file(self):
        for name in sorted(path.name for path in harness.MODELS.glob("*.toml") if path.name != "huge.toml"):
            for options in ((), ("--net-opt=full", "--query=marginals", "--level=1"), ("--dtype=f64", "--query=denoise")):
                with self.subTest(model=name, options=options):
                    model = self.load(name, *options)
                    self.assertEqual(model.ir_version, 8)
                    self.assertEqual([(opset.domain, opset.version) for opset in model.opset_import], [("", 17)])
                    self.assertEqual(model.producer_name, "espalier")
                    operators = {node.op_type for node in model.graph.node}
                    self.assertFalse(operators & FORBIDDEN)
                    self.assertFalse([node for node in model.graph.node if node.domain])
                    for node in model.graph.node:
                        if node.op_type in REDUCTIONS:
                            keep = [a.i for a in node.attribute if a.name == "keepdims"]
                            self.assertEqual(keep, [1], node.name)

    def test_runtimes_have_no_convolution_in_double_precision(self):
        for name in ("quadtree.toml", "chain.toml", "local.toml"):
            for net_opt in ("none", "full"):
                model = self.load(name, "--dtype=f64", "--query=denoise", f"--net-opt={net_opt}")
                self.assertFalse({"Conv", "ConvTranspose"} & {node.op_type for node in model.graph.node})

    def test_gaussian_interface(self):
        F = onnx.TensorProto.FLOAT
        inputs, outputs, values = self.interface(self.load("quadtree.toml"))
        self.assertEqual((inputs, outputs), (["input", "sigma", "lambda"], ["denoise"]))
        self.assertEqual(values, {"input": (["batch", 8, 8], F), "sigma": ([], F), "lambda": ([], F),
                                  "denoise": (["batch", 8, 8], F)})
        inputs, outputs, values = self.interface(self.load("uneven.toml", "--query=classify"))
        self.assertEqual(values, {"input": (["batch", 30, 2], F), "sigma": ([], F), "lambda": ([], F),
                                  "classify": (["batch", 1], F)})

    def test_symbol_interface(self):
        D = onnx.TensorProto.DOUBLE
        inputs, outputs, values = self.interface(self.load("local.toml", "--dtype=f64"))
        self.assertEqual((inputs, outputs), (["input"], ["classify"]))
        self.assertEqual(values, {"input": (["batch", 24], onnx.TensorProto.INT64), "classify": (["batch", 3], D)})

    def test_marginals_of_every_level(self):
        shapes = [[1, 1, 10], [2, 2, 8], [4, 4, 8], [8, 8, 16]]
        for level, shape in enumerate(shapes):
            values = self.interface(self.load("quadtree.toml", "--query=marginals", f"--level={level}"))[2]
            self.assertEqual(values["marginals"][0], ["batch", *shape])
        values = self.interface(self.load("quadtree.toml", "--query=marginals"))[2]
        self.assertEqual(values["marginals"][0], ["batch", *shapes[-1]])

    def test_metadata(self):
        model = self.load("quadtree.toml", "--query=marginals", "--level=2")
        entries = {entry.key: entry.value for entry in model.metadata_props}
        self.assertEqual(entries["model"], "quadtree")
        self.assertEqual((entries["query"], entries["level"], entries["network"]), ("marginals", "2", "unet"))
        self.assertEqual(json.loads(entries["branching"]), [[2, 2]] * 3)
        self.assertEqual(json.loads(entries["states"]), [10, 8, 8, 16])
        self.assertEqual(json.loads(entries["sharing"]), ["rank", "level", "level"])
        self.assertEqual((entries["channel"], entries["dtype"]), ("gaussian", "f32"))
        self.assertEqual(len(json.loads(entries["values"])), 16)
        self.assertEqual(model.graph.name, "quadtree")
        self.assertIn("marginals", model.doc_string)
        self.assertIn(model.producer_version, harness.run(self.espalier, "--version").out)

    def test_features(self):
        for net_opt, features in (("none", "logarithms"), ("full", "weights")):
            model = self.load("chain.toml", f"--net-opt={net_opt}")
            self.assertIn(("features", features), [(entry.key, entry.value) for entry in model.metadata_props])

    def test_convolutions_as_drawn(self):
        operators = [node.op_type for node in self.load("local.toml", "--query=denoise").graph.node]
        self.assertEqual(operators.count("Conv"), 2 + 1)  # level 2 shares nothing; the readout
        self.assertEqual(operators.count("ConvTranspose"), 2)
        self.assertEqual(operators.count("MatMul"), 2)

    def test_nothing_beside_what_the_query_needs(self):
        """Every node and every constant is on the way to the output; the encoder alone answers classify."""
        for query in ("classify", "denoise", "marginals"):
            graph = self.load("uneven.toml", f"--query={query}", "--level=1" if query == "marginals" else "--dtype=f32").graph
            makers = {name: node for node in graph.node for name in node.output}
            needed, names = set(), [graph.output[0].name]
            while names:
                name = names.pop()
                if name not in needed:
                    needed.add(name)
                    names += list(makers[name].input) if name in makers else []
            self.assertEqual(set(makers) - needed, set())
            self.assertEqual({tensor.name for tensor in graph.initializer} - needed, set())

    def test_deterministic(self):
        for options in (("--query=denoise",), ("--net-opt=full",)):
            self.assertEqual(export(self, "quadtree.toml", *options).read_bytes(),
                             export(self, "quadtree.toml", *options).read_bytes())

    def test_from_text_stages(self):
        direct = export(self, "quadtree.toml").read_bytes()
        for stage in ("tfg", "bp", "net"):
            text = self.folder / f"{stage}.mlir"
            options = ["--net-opt=none"] if stage == "net" else []
            done = harness.run(self.espalier, "compile", harness.MODELS / "quadtree.toml", f"--emit={stage}", "-o", text,
                               *options)
            self.assertEqual(done.code, 0, str(done))
            self.assertEqual(export(self, text).read_bytes(), direct, stage)

    def test_default_name(self):
        done = harness.run(self.espalier, "compile", harness.MODELS / "quadtree.toml", "--emit=onnx", cwd=self.folder)
        self.assertEqual((done.code, done.out), (0, ""))
        self.assertRegex(done.err, r"^quadtree.onnx: ONNX model, [\d.]+ KiB\n$")
        self.assertEqual(harness.leftovers(self.folder, []), ["quadtree.onnx"])


class Errors(harness.TestCase):
    """A sentence, exit code 1, and no file."""

    def check(self, model, options, *words):
        file = self.folder / "out.onnx"
        result = harness.run(self.espalier, "compile", model, *options, "-o", file, cwd=harness.ROOT)
        self.check_sentence(result, *words)
        self.assertFalse(file.exists())

    def test_queries(self):
        model = "models/quadtree.toml"
        self.check(model, ["--emit=onnx", "--query=loglik"], "--query", "loglik")
        self.check(model, ["--emit=onnx", "--query=sample"], "--query", "expects classify, denoise or marginals", "sample")
        self.check(model, ["--emit=net", "--query=denoise"], "--query expects --emit=onnx")
        self.check(model, ["--level=1"], "--level expects --emit=onnx")

    def test_levels(self):
        model = "models/quadtree.toml"
        self.check(model, ["--emit=onnx", "--level=1"], "--level expects --query=marginals, got denoise")
        for level in ("4", "-1"):
            self.check(model, ["--emit=onnx", "--query=marginals", f"--level={level}"], "--level expects an integer in 0 .. ", level)
        self.check(model, ["--emit=onnx", "--query=marginals", "--level=leaves"], "--level")

    def test_lowered_stages(self):
        for stage in ("linalg", "llvm"):
            text = self.folder / f"{stage}.mlir"
            harness.run(self.espalier, "compile", harness.MODELS / "grammar.toml", f"--emit={stage}", "-o", text)
            result = harness.run(self.espalier, "compile", text, "--emit=onnx", "-o", self.folder / "out.onnx")
            self.assertEqual(result.code, 1, str(result))
            self.assertIn("expects a module that still holds the network 'net_up_symbol'", result.err)
            self.assertNotIn("llvm.func", result.err)
            self.assertFalse((self.folder / "out.onnx").exists())

    def test_models_that_do_not_ask(self):
        text = self.folder / "tfg.mlir"
        harness.run(self.espalier, "compile", harness.MODELS / "grammar.toml", "--emit=tfg", "-o", text)
        lines = [line for line in text.read_text().splitlines() if "query denoise" not in line and "marginals" not in line]
        text.write_text("\n".join(lines))
        export(self, text, "--query=classify")
        result = harness.run(self.espalier, "compile", text, "--emit=onnx", "--query=denoise", "-o", self.folder / "x.onnx")
        self.assertIn("expects a module that still holds the network 'net_updown_symbol'", result.err)

    def test_unwritable(self):
        for path in (self.folder / "missing" / "out.onnx", self.folder):
            result = harness.run(self.espalier, "compile", harness.MODELS / "grammar.toml", "--emit=onnx", "-o", path)
            self.check_sentence(result, "cannot be written", str(path))

    def test_edited_networks(self):
        text = self.folder / "net.mlir"
        harness.run(self.espalier, "compile", harness.MODELS / "local.toml", "--emit=net", "--net-opt=none", "-o", text)
        good = text.read_text()
        f32, f16 = "tensor<?x6x24xf32>", "tensor<?x6x24xf16>"
        exp, layer = f"%1 = net.exp %0 : {f32}", f"func.func private @layer({f32}) -> {f32}"
        for old, new, words in (
                ("%arg1: f64, %arg2: f64", "%arg1: f64, %arg2: f32", "expects arguments of types"),
                ("net.symbol_stem %arg0 : tensor<?x24xi32> -> tensor<?x6x24xf32>",
                 "net.one_hot %arg0 : tensor<?x24xi32> -> tensor<?x6x24xf32>", None),
                (exp, f"%1 = func.call @layer(%0) : ({f32}) -> {f32}", "'func.call' has no ONNX form"),
                (exp, f"%h = net.cast %0 : {f32} -> {f16}\n %e = net.exp %h : {f16}\n %1 = net.cast %e : {f16} -> {f32}",
                 "expects features in f32 or f64")):
            self.assertIn(old, good)
            text.write_text(good.replace(old, new).replace("module {", f"module {{\n  {layer}", 1))
            result = harness.run(self.espalier, "compile", text, "--emit=onnx", "-o", self.folder / "x.onnx")
            self.assertEqual(result.code, 1 if words else 0, str(result))
            self.assertIn(words or "", result.err)


if __name__ == "__main__":
    harness.main()
