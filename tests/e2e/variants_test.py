#!/usr/bin/env python3
"""Models with a variant for each of several processors: which one runs, by itself and forced, and what it answers."""

import ctypes
import json
import os
import subprocess
import unittest.mock

import numpy as np

import harness
import numpy_oracle
import oracle_test

# Best first, with a feature that sets it apart from the next one and a feature that no machine has beside it.
CPUS = ["x86-64-v4", "x86-64-v3", "x86-64-v2"]
OWN_FEATURE = {"x86-64-v4": "avx512f", "x86-64-v3": "avx2", "x86-64-v2": "sse4.2"}
LACKING = "fma4"


def information(executable):
    return json.loads(harness.run(executable, "info", "--json").out)


def force(cpu):
    return unittest.mock.patch.dict(os.environ, ESPALIER_CPU=cpu)


class TestCase(harness.TestCase):
    def portable(self, model="rules.toml", *options):
        return self.compile(model, "--target-cpu=portable", *options)

    def runnable(self, executable):
        """The variants that this machine can run, best first."""
        return [variant["cpu"] for variant in information(executable)["variants"] if not variant["missing"]]

    def answers(self, executable, *options):
        """The bytes of all answers to the same evidence."""
        source = self.save("noisy.npy", np.random.default_rng(7).normal(size=(37, 12)))
        result = []
        for query in ("classify", "denoise", "marginals", "loglik"):
            output = self.folder / "answer.npy"
            done = harness.run(executable, query, "--input", source, "--output", output, "--sigma=0.4", *options)
            self.assertEqual(done.code, 0, str(done))
            result.append(output.read_bytes())
        return result


class Forced(TestCase):
    """Every variant that ESPALIER_CPU names runs, and is right."""

    def check(self, model, dtype):
        executable = self.portable(model, f"--dtype={dtype}")
        cpus = self.runnable(executable)
        self.assertIn("x86-64-v2", cpus)
        failures = []
        for cpu in cpus:
            with force(cpu):
                self.assertEqual(information(executable)["cpu"], cpu)
                comparison = oracle_test.Comparison(numpy_oracle.Model(harness.MODELS / model), executable, dtype,
                                                    self.folder, lambda text, cpu=cpu: failures.append((cpu, text)))
                comparison.run(np.random.default_rng(5))
                self.assertGreater(comparison.count, 50)
                self.assertEqual(harness.run(executable, "verify", "--samples", "4").code, 0)
        self.assertEqual(failures, [])

    def test_gaussian_f32(self):
        self.check("rules.toml", "f32")

    def test_gaussian_f64(self):
        self.check("rules.toml", "f64")

    def test_symbols_f32(self):
        self.check("grammar.toml", "f32")

    def test_symbols_f64(self):
        self.check("grammar.toml", "f64")

    def test_bench_says_which(self):
        executable = self.portable()
        for cpu in self.runnable(executable):
            with force(cpu):
                report = json.loads(harness.run(executable, "bench", "--batch=1", "--threads=1", "--json").out)
                self.assertEqual(report["cpu"], cpu)

    def test_runs_the_code_of_its_own_target(self):
        """Bit by bit what a model for that target alone answers; and not all variants round alike."""
        executable, different = self.portable(), set()
        for cpu in self.runnable(executable):
            alone = self.compile("rules.toml", f"--target-cpu={cpu}")
            for program in ("--program=bp", "--program=net"):
                with force(cpu):
                    found = self.answers(executable, program)
                self.assertEqual(found, self.answers(alone, program), cpu)
                different.add(tuple(found))
            self.assertEqual(information(alone)["kernels"], self.variant(executable, cpu)["kernels"])
        if len(self.runnable(executable)) > 1:
            self.assertGreater(len(different), 2)

    def variant(self, executable, cpu):
        return next(variant for variant in information(executable)["variants"] if variant["cpu"] == cpu)


class Choice(TestCase):
    """Which variant an executable picks. A machine without a feature is played by asking for one that none has."""

    def without(self, executable, *cpus):
        """A copy of an executable whose variants for `cpus` also ask for a feature that no machine has."""
        data = executable.read_bytes()
        for cpu in cpus:
            own = f'"{OWN_FEATURE[cpu]}"'
            begin = data.index(own.encode(), data.index(f'"cpu":"{cpu}"'.encode()))
            data = data[:begin] + f'"{LACKING}"'.ljust(len(own)).encode() + data[begin + len(own):]
        copy = self.folder / "patched"
        copy.write_bytes(data)
        copy.chmod(0o755)
        return copy

    def test_holds_three_with_one_description(self):
        variants = information(self.portable())["variants"]
        self.assertEqual([variant["cpu"] for variant in variants], CPUS)
        for variant in variants:
            for cpu, feature in OWN_FEATURE.items():
                self.assertEqual(feature in variant["features"], cpu <= variant["cpu"], (variant["cpu"], feature))
        # Two vectors of 16, three of 8, two of 4: as many as the register block is wide.
        self.assertEqual([variant["tile"] for variant in variants], [32, 24, 8])

    def test_wide_messages_that_are_kept_come_a_vector_less_at_a_time(self):
        path = self.folder / "wide.toml"
        path.write_text("[tree]\nbranching = [2, 2]\nstates = 16\n[kernel]\npotts = 0.5\n")
        output = self.folder / "wide"
        result = harness.run(self.espalier, "compile", path, "--target-cpu=portable", "-o", output)
        self.assertEqual(result.code, 0, str(result))
        for variant, (up, down) in zip(information(output)["variants"], [(32, 16), (24, 16), (8, 8)]):
            for kernel in variant["kernels"]:
                if "positions" not in kernel:
                    self.assertEqual(kernel["tile"], up if kernel["pass"] == "up" else down)

    def test_the_best_that_the_machine_has(self):
        executable = self.portable()
        known = information(executable)
        self.assertEqual(known["cpu"], self.runnable(executable)[0])
        used = next(variant for variant in known["variants"] if variant["cpu"] == known["cpu"])
        for key in ("features", "tile", "kernels"):
            self.assertEqual(known[key], used[key])
        self.assertIn(f"cpu          {known['cpu']}\n", harness.run(executable, "info").out)

    def test_the_next_best_elsewhere(self):
        executable = self.portable()
        for first in range(1, len(CPUS)):
            older = self.without(executable, *CPUS[:first])
            expected = next(cpu for cpu in CPUS[first:] if cpu in self.runnable(executable))
            self.assertEqual(information(older)["cpu"], expected)
            with force(expected):
                forced = self.answers(executable)
            self.assertEqual(self.answers(older), forced)
            self.assertIn(f"{CPUS[0]} (not for this machine), ", harness.run(older, "info").out)

    def test_none(self):
        unfit = self.without(self.portable(), *CPUS)
        self.assertEqual(information(unfit)["cpu"], "x86-64-v2")
        for command in (["verify"], ["bench"]):
            result = harness.run(unfit, *command)
            self.check_sentence(result, f"this model was compiled for a processor with {LACKING}, which this machine lacks")

    def test_none_of_one(self):
        for cpu in CPUS:
            unfit = self.without(self.compile("rules.toml", f"--target-cpu={cpu}"), cpu)
            result = harness.run(unfit, "verify")
            self.check_sentence(result, "this model was compiled for a processor with ", LACKING,
                                "which this machine lacks")

    def test_forced_but_unfit(self):
        older = self.without(self.portable(), "x86-64-v4")
        with force("x86-64-v4"):
            for command in (["info"], ["verify"], ["bench"], ["sample", "-n1"]):
                self.check_sentence(harness.run(older, *command), "the variant x86-64-v4, which ESPALIER_CPU asks for, "
                                    "was compiled for a processor with ", LACKING, "which this machine lacks")

    def test_forced_but_unknown(self):
        for executable, names in ((self.portable(), ", ".join(CPUS)),
                                  (self.compile("rules.toml", "--target-cpu=x86-64-v2"), "x86-64-v2")):
            with force("x86-64-v9"):
                self.check_sentence(harness.run(executable, "info"), "ESPALIER_CPU expects a variant that this model "
                                    f"holds ({names}), got 'x86-64-v9'")
                self.assertEqual(harness.run(executable, "--help").code, 0)


class Kernels(ctypes.Structure):
    _fields_ = [("kernels", ctypes.POINTER(ctypes.c_void_p)), ("kernel_count", ctypes.c_uint64)]


class Exported(ctypes.Structure):
    """EspalierModel of runtime/ABI.h."""
    _fields_ = [("abi_version", ctypes.c_uint64), ("description", ctypes.c_char_p),
                ("tables", ctypes.POINTER(ctypes.c_double)), ("table_count", ctypes.c_uint64),
                ("variants", ctypes.POINTER(Kernels)), ("variant_count", ctypes.c_uint64)]


KERNEL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_double, ctypes.c_double, ctypes.c_int64, ctypes.c_void_p,
                          ctypes.c_void_p, ctypes.c_void_p)

CHOOSER = """
#include "runtime/ABI.h"
#include <stdio.h>
extern const EspalierModel espalier_model;
int main(void) {
  int chosen = __builtin_cpu_supports("x86-64-v4") ? 0 : __builtin_cpu_supports("x86-64-v3") ? 1 : 2;
  printf("%d %d %d\\n", (int)espalier_model.abi_version, (int)espalier_model.variant_count, chosen);
  return espalier_model.variants[chosen].kernels[0] == 0;
}
"""


def aligned(shape, dtype):
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.zeros(size + 64, np.uint8)
    begin = -memory.ctypes.data % 64
    return memory[begin:begin + size].view(dtype).reshape(shape)


class Library(TestCase):
    """Whoever loads a shared library or links an object file finds all variants, as runtime/ABI.h says."""

    def library(self, form="shared"):
        output = self.folder / ("model.so" if form == "shared" else "model.o")
        result = harness.run(self.espalier, "compile", harness.MODELS / "grammar.toml", f"--emit={form}",
                             "--target-cpu=portable", "-o", output)
        self.assertEqual(result.code, 0, str(result))
        return output

    def test_every_variant_answers(self):
        library = ctypes.CDLL(str(self.library()))
        exported = Exported.in_dll(library, "espalier_model")
        description = json.loads(exported.description)
        self.assertEqual((exported.variant_count, [v["cpu"] for v in description["variants"]]), (3, CPUS))
        model = numpy_oracle.Model(harness.MODELS / "grammar.toml")
        words = np.array([[0, 2, -1, -1], [-1, -1, -1, 6], [-1, -1, -1, -1]])
        expected = numpy_oracle.answer(model, "classify", words)[0]
        runnable = self.runnable(self.portable("grammar.toml"))
        for index, variant in enumerate(description["variants"]):
            entries, kernels = variant["kernels"], exported.variants[index]
            self.assertEqual(kernels.kernel_count, len(entries))
            if variant["cpu"] not in runnable:
                continue
            for program in ("bp", "net"):
                at = next(i for i, entry in enumerate(entries)
                          if (entry["program"], entry["pass"], entry["evidence"]) == (program, "up", "symbol"))
                evidence = aligned((4, variant["tile"]), {1: np.uint8, 4: np.uint32}[entries[at]["symbol_bytes"]])
                evidence[:] = 8
                evidence[:, :3] = np.where(words < 0, 8, words).T
                output = aligned((2, variant["tile"]), np.float32)
                loglik = aligned((variant["tile"],), np.float64)
                workspace = aligned((entries[at]["workspace"],), np.uint8)
                KERNEL(kernels.kernels[at])(evidence.ctypes.data, 1, 1, 0, output.ctypes.data, loglik.ctypes.data,
                                            workspace.ctypes.data)
                self.assertLessEqual(np.abs(output[:, :3].T - expected).max(), 1e-5)

    def test_c(self):
        """The header is C, and the names of variants are those that the compiler's builtin takes."""
        expected = CPUS.index(self.runnable(self.portable())[0])
        source, program = self.folder / "choose.c", self.folder / "choose"
        source.write_text(CHOOSER)
        for form in ("shared", "object"):
            subprocess.run(["cc", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", f"-I{harness.ROOT}", source,
                            self.library(form), f"-Wl,-rpath,{self.folder}", "-o", program], check=True)
            self.assertEqual(harness.run(program).out, f"5 3 {expected}\n")


if __name__ == "__main__":
    harness.main()
