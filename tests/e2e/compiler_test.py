#!/usr/bin/env python3
"""The command `espalier`: diagnostics, every model, every stage of --emit, targets, and what goes wrong on the way."""

import ctypes
import json
import os
import pty
import re
import subprocess

import numpy as np

import harness

GOOD = sorted(path.name for path in harness.MODELS.glob("*.toml"))
BROKEN = sorted(path.name for path in (harness.MODELS / "invalid").glob("*.toml"))


class Diagnostics(harness.TestCase):
    """models/invalid: each file gives the text beside it, whatever the command."""

    def check(self, *command):
        for name in BROKEN:
            with self.subTest(model=name):
                model = f"models/invalid/{name}"
                words = [word.format(model=model, out=self.folder / "out") for word in command]
                result = harness.run(self.espalier, *words, cwd=harness.ROOT)
                expected = (harness.ROOT / model).with_suffix(".expected").read_text(errors="replace")
                self.assertEqual(result.err, expected)
                self.assertEqual((result.code, result.out), (1, ""))
                self.assertEqual(harness.leftovers(self.folder, []), [])

    def test_there_are_broken_models(self):
        self.assertGreaterEqual(len(BROKEN), 25)

    def test_compile(self):
        self.check("compile", "{model}", "-o", "{out}")

    def test_describe(self):
        self.check("describe", "{model}")

    def test_emit(self):
        self.check("compile", "{model}", "--emit=tfg", "-o", "{out}")

    def test_verify(self):
        self.check("verify", "{model}", "--json", "{out}")


class Models(harness.TestCase):
    def test_all_compile(self):
        self.assertGreaterEqual(len(GOOD), 6)
        for name in GOOD:
            with self.subTest(model=name):
                information = json.loads(harness.run(self.compile(name), "info", "--json").out)
                self.assertEqual(information["name"], name.removesuffix(".toml"))
                self.assertEqual(information["dtype"], "f32")

    def test_describe(self):
        for name in GOOD:
            with self.subTest(model=name):
                result = harness.run(self.espalier, "describe", harness.MODELS / name)
                self.assertEqual((result.code, result.err), (0, ""))
                for word in ("ConvNet", "U-Net", "stride", "parameters", "flops"):
                    self.assertIn(word, result.out)

    def test_describe_json(self):
        for name in GOOD:
            with self.subTest(model=name):
                result = harness.run(self.espalier, "describe", harness.MODELS / name, "--json")
                self.assertEqual((result.code, result.err), (0, ""))
                text = json.loads(result.out)
                self.assertEqual(text["model"], name.removesuffix(".toml"))
                patches = [level["patch"] for level in text["levels"][1:]]
                self.assertEqual([network["network"] for network in text["networks"]], ["convnet", "unet"])
                for network, expected in zip(text["networks"], (patches[::-1], patches[::-1] + patches)):
                    convolutions = [layer for layer in network["layers"] if "kernel" in layer]
                    self.assertEqual([layer["kernel"] for layer in convolutions], expected)
                    self.assertEqual([layer["stride"] for layer in convolutions], expected)
                    for layer in convolutions:
                        self.assertGreater(layer["parameters"], 0)
                        self.assertGreaterEqual(layer["flops"], 2 * layer["parameters"])


class Stages(harness.TestCase):
    """Work may stop at any stage and go on from its text."""

    def answers(self, executable, model, program):
        result = []
        for query in ("classify", "denoise", "marginals", "loglik"):
            output = self.folder / f"{query}.npy"
            done = harness.run(executable, query, "--input", self.evidence[model], "--output", output,
                               f"--program={program}", *self.options[model])
            self.assertEqual(done.code, 0, str(done))
            result.append(output.read_bytes())
        return result

    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(3)
        self.options = {"grammar.toml": [], "rules.toml": ["--sigma=0.5"]}
        self.evidence = {"grammar.toml": self.save("words.npy", np.array([[0, 2, -1, -1], [-1, -1, -1, 6]])),
                         "rules.toml": self.save("noisy.npy", rng.normal(size=(9, 12)).astype(np.float32))}

    def check_stage(self, model, stage, *options):
        text = self.folder / f"{stage}.mlir"
        source = harness.MODELS / model
        result = harness.run(self.espalier, "compile", source, f"--emit={stage}", "-o", text, *options)
        self.assertEqual((result.code, result.out), (0, ""))
        kind = "model as an MLIR module" if stage == "tfg" else "MLIR module"
        self.assertRegex(result.err, rf"^{re.escape(str(text))}: {kind}, [\d.]+ (bytes|[KM]iB)\n$")
        printed = harness.run(self.espalier, "compile", source, f"--emit={stage}", *options)
        self.assertEqual((printed.out, printed.err), (text.read_text(), ""))
        again = self.compile(text)
        direct = self.compile(model, *options)
        for program in ("bp", "net"):
            self.assertEqual(self.answers(again, model, program), self.answers(direct, model, program))

    def test_tfg(self):
        self.check_stage("grammar.toml", "tfg")

    def test_bp(self):
        self.check_stage("rules.toml", "bp")

    def test_net(self):
        self.check_stage("grammar.toml", "net")

    def test_net_f64(self):
        self.check_stage("grammar.toml", "net", "--dtype=f64")

    def test_linalg(self):
        self.check_stage("rules.toml", "linalg")

    def test_llvm(self):
        self.check_stage("grammar.toml", "llvm")

    def test_describe_of_a_stage(self):
        text = self.folder / "net.mlir"
        harness.run(self.espalier, "compile", harness.MODELS / "grammar.toml", "--emit=net", "--net-opt=none", "-o",
                    text)
        from_stage = harness.run(self.espalier, "describe", text)
        self.assertEqual(from_stage.out, harness.run(self.espalier, "describe", harness.MODELS / "grammar.toml").out)

    def test_neither_program_speaks_the_other_dialect(self):
        for stage, other in (("bp", "net."), ("net", "bp.")):
            text = harness.run(self.espalier, "compile", harness.MODELS / "rules.toml", f"--emit={stage}").out
            self.assertIn(f" {stage}.", text)
            self.assertNotIn(f" {other}", text)

    def test_shared(self):
        library = self.folder / "model.so"
        result = harness.run(self.espalier, "compile", harness.MODELS / "grammar.toml", "--emit=shared", "-o", library)
        self.assertEqual(result.code, 0, str(result))
        version = ctypes.c_uint64.in_dll(ctypes.CDLL(str(library)), "espalier_model")
        self.assertEqual(version.value, 5)

    def test_object(self):
        output = self.folder / "model.o"
        result = harness.run(self.espalier, "compile", harness.MODELS / "grammar.toml", "--emit=object", "-o", output)
        self.assertEqual(result.code, 0, str(result))
        head = output.read_bytes()
        self.assertEqual(head[:4], b"\x7fELF")
        self.assertIn(b"espalier_model", head)

    def test_default_names(self):
        for stage, name, kind in (("exe", "grammar", "executable"), ("shared", "grammar.so", "shared library"),
                                  ("object", "grammar.o", "object file")):
            result = harness.run(self.espalier, "compile", harness.MODELS / "grammar.toml", f"--emit={stage}",
                                 cwd=self.folder)
            self.assertEqual((result.code, result.out), (0, ""), str(result))
            size = f"{(self.folder / name).stat().st_size / 2**20:.1f}" if stage == "exe" else r"[\d.]+"
            self.assertRegex(result.err, rf"^{re.escape(name)}: {kind}, {size} [KM]iB\n$")
        self.assertEqual(harness.leftovers(self.folder, ["grammar", "grammar.so", "grammar.o", "words.npy",
                                                         "noisy.npy"]), [])

    def test_same_bytes_twice(self):
        for stage in ("object", "llvm", "net", "bp"):
            for name in ("first", "second"):
                harness.run(self.espalier, "compile", harness.MODELS / "grammar.toml", f"--emit={stage}", "-o",
                            self.folder / name)
            self.assertEqual((self.folder / "first").read_bytes(), (self.folder / "second").read_bytes(), stage)

    def test_dumps_are_numbered(self):
        result = harness.run(self.espalier, "compile", harness.MODELS / "grammar.toml", "--emit=linalg", "--dump-dir",
                             self.folder / "dump", "-o", self.folder / "out.mlir")
        self.assertEqual(result.code, 0, str(result))
        names = sorted(path.name for path in (self.folder / "dump").iterdir())
        numbers = [int(name.split("-")[0]) for name in names]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
        stages = [name.split("-", 1)[1] for name in names]
        self.assertEqual(stages, ["input.mlir", "bp.mlir", "net.mlir", "net-opt.mlir", "linalg.mlir"])

    def test_progress_on_a_terminal(self):
        """A bar that is gone in the end, above the line that says what was written; nothing of it in a pipe."""
        here, there = pty.openpty()
        done = subprocess.Popen([self.espalier, "compile", harness.MODELS / "language.toml", "-o", self.folder / "out"],
                                stdin=subprocess.DEVNULL, stderr=there)
        os.close(there)
        text = b""
        try:
            while part := os.read(here, 1 << 16):
                text += part
        except OSError:  # the other end is closed
            pass
        os.close(here)
        self.assertEqual(done.wait(), 0)
        text = text.decode()
        self.assertRegex(text, r"\r\x1b\[Kcompile \[#+\.*\] \d+%")
        self.assertRegex(text, r"\r\x1b\[K[^\r\n]*out: executable, [\d.]+ [KM]iB\r\n$")

    def test_timing(self):
        result = harness.run(self.espalier, "compile", harness.MODELS / "grammar.toml", "--emit=linalg", "--timing",
                             "-o", self.folder / "out.mlir")
        self.assertEqual((result.code, result.out), (0, ""))
        for stage in ("bp", "net", "linalg", "total"):
            self.assertIn(stage, result.err)


class Targets(harness.TestCase):
    """Executables for older machines than this one give the same answers up to rounding."""

    def check(self, cpu, dtype, tolerance):
        rng = np.random.default_rng(7)
        source = self.save("noisy.npy", rng.normal(size=(37, 12)))
        ours = self.compile("rules.toml", f"--dtype={dtype}")
        older = self.compile("rules.toml", f"--dtype={dtype}", f"--target-cpu={cpu}")
        features = json.loads(harness.run(older, "info", "--json").out)["features"]
        self.assertFalse([feature for feature in features if feature.startswith("avx512")])
        self.assertEqual("avx2" in features, cpu == "x86-64-v3")
        for query in ("classify", "denoise", "marginals", "loglik"):
            for program in ("bp", "net"):
                found = []
                for executable in (ours, older):
                    output = self.folder / "answer.npy"
                    result = harness.run(executable, query, "--input", source, "--output", output, "--sigma=0.4",
                                         f"--program={program}")
                    self.assertEqual(result.code, 0, str(result))
                    found.append(np.load(output))
                scale = np.maximum(1, np.abs(found[0])) if query == "loglik" else 2 if query == "denoise" else 1
                # Both are within the tolerance of the exact answer.
                self.assertLessEqual(float((np.abs(found[0] - found[1]) / scale).max()), 2 * tolerance)

    def test_v2_f32(self):
        self.check("x86-64-v2", "f32", 1e-5)

    def test_v2_f64(self):
        self.check("x86-64-v2", "f64", 1e-12)

    def test_v3_f32(self):
        self.check("x86-64-v3", "f32", 1e-5)

    def test_v3_f64(self):
        self.check("x86-64-v3", "f64", 1e-12)


class CommandLine(harness.TestCase):
    def check_wrong(self, *command, words=()):
        """Exit code 1, one sentence, nothing on stdout, no file left, and files that existed as they were."""
        kept = self.folder / "out"
        kept.write_text("kept")
        known = {path.name for path in self.folder.iterdir()}
        result = harness.run(self.espalier, *command)
        self.check_sentence(result, *words)
        self.assertEqual(result.out, "")
        self.assertEqual(kept.read_text(), "kept")
        self.assertEqual(harness.leftovers(self.folder, known), [])

    def compile_wrong(self, *options, model="grammar.toml", words=()):
        self.check_wrong("compile", harness.MODELS / model, "-o", self.folder / "out", *options, words=words)

    def test_no_command(self):
        self.check_wrong()

    def test_unknown_command(self):
        self.check_wrong("frobnicate", words=["frobnicate"])

    def test_no_model(self):
        self.check_wrong("compile", words=["MODEL"])

    def test_missing_model(self):
        self.compile_wrong(model="no-such.toml", words=["no-such.toml"])

    def test_missing_module(self):
        self.compile_wrong(model="no-such.mlir", words=["no-such.mlir"])

    def test_directory_as_model(self):
        self.check_wrong("compile", harness.MODELS, words=["directory"])

    def test_two_models(self):
        self.compile_wrong("extra.toml", words=["extra.toml"])

    def test_unknown_form(self):
        self.compile_wrong("--emit=foo", words=["--emit", "foo", "exe"])

    def test_form_by_number(self):
        self.compile_wrong("--emit=3", words=["--emit"])

    def test_unknown_dtype(self):
        self.compile_wrong("--dtype=f16", words=["--dtype", "f16"])

    def test_unknown_cpu(self):
        self.compile_wrong("--target-cpu=pdp11", words=["pdp11", "x86-64-v3"])

    def test_unknown_option(self):
        self.compile_wrong("--frobnicate", words=["--frobnicate"])

    def test_unknown_mlir_flag(self):
        self.compile_wrong("--mlir-frobnicate", words=["--mlir-frobnicate"])

    def test_output_in_missing_directory(self):
        for form in ("exe", "shared", "object", "tfg"):
            with self.subTest(form=form):
                self.check_wrong("compile", harness.MODELS / "grammar.toml", f"--emit={form}", "-o",
                                 self.folder / "missing" / "out", words=["missing/out"])

    def test_output_is_a_directory(self):
        for form in ("exe", "shared", "object", "tfg"):
            with self.subTest(form=form):
                self.check_wrong("compile", harness.MODELS / "grammar.toml", f"--emit={form}", "-o", self.folder,
                                 words=[str(self.folder), "directory"])

    def test_dump_directory_cannot_be_made(self):
        self.compile_wrong("--dump-dir", harness.MODELS / "grammar.toml" / "dump", words=["grammar.toml/dump"])

    def test_other_dtype_than_the_module(self):
        text = self.folder / "net.mlir"
        harness.run(self.espalier, "compile", harness.MODELS / "grammar.toml", "--emit=net", "-o", text)
        self.check_wrong("compile", text, "--dtype=f64", words=["f32", "f64"])

    def test_describe_and_verify(self):
        self.check_wrong("describe", words=["MODEL"])
        self.check_wrong("describe", self.folder / "none.toml", words=["none.toml"])
        self.check_wrong("verify", self.folder / "none.toml", words=["none.toml"])
        for wrong in ("--samples=0", "--samples=-3", "--samples=x", "--seed=x", "--seed=-1"):
            with self.subTest(option=wrong):
                self.check_wrong("verify", harness.MODELS / "grammar.toml", wrong, words=[wrong.split("=")[0]])

    def test_help(self):
        for command in ([], ["compile"], ["verify"], ["describe"]):
            result = harness.run(self.espalier, *command, "--help")
            self.assertEqual((result.code, result.err), (0, ""))
            self.assertIn("--help", result.out)

    def test_garbage_module(self):
        for text in ("garbage", "module {", "", "module {}", "\x00\x01", "func.func @f() { return }",
                     'module { "tfg.model"() : () -> () }'):
            with self.subTest(text=text):
                module = self.folder / "garbage.mlir"
                module.write_text(text)
                for command in ("compile", "describe", "verify"):
                    result = harness.run(self.espalier, command, module, cwd=self.folder)
                    self.assertEqual(result.code, 1, str(result))
                    self.assertIn("error: ", result.err)
        self.assertEqual(harness.leftovers(self.folder, ["garbage.mlir"]), [])


if __name__ == "__main__":
    harness.main()
