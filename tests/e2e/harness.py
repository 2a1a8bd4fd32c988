"""What the end-to-end tests share: running the real commands, and never letting a crash pass as an error.

Every test is a program of its own: `python3 NAME_test.py --espalier PATH [options]`. The binary is a parameter so that
the same tests run over any build; in a sanitizer build the compiled executables carry the sanitizers too.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = ROOT / "models"

# What no user may ever see: signs of a crash, of a sanitizer's finding or of a compiler's internals. All of it lower
# case, since it is looked for in lower-cased text.
CRASH_MARKS = ("llvm error", "assertion", "stack dump", "terminate called", "sanitizer", "runtime error:",
               "please submit a bug report", "segmentation fault", "std::", "pure virtual")


class Crash(AssertionError):
    """A command ended by a signal, hung, or printed what users must never see."""


class Result:
    """One finished run of a command."""

    def __init__(self, command, code, out, err):
        self.command, self.code, self.out, self.err = command, code, out, err

    def __str__(self):
        return f"exit code {self.code} of: {' '.join(self.command)}\n{self.err}"


def run(*command, cwd=None, timeout=300):
    """Runs a command to its end. Raises Crash where it did not end by itself in a clean way."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, cwd=cwd, capture_output=True, timeout=timeout, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Crash(f"no end after {timeout} s: {' '.join(words)}") from None
    result = Result(words, done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
    if result.code not in (0, 1, 2, 3) or any(mark in result.err.lower() for mark in CRASH_MARKS):
        raise Crash(f"crashed: {result}")
    return result


def leftovers(folder, known):
    """Names in a folder beside the known ones: an error must leave none."""
    return sorted(path.name for path in pathlib.Path(folder).iterdir() if path.name not in known)


def is_sanitized(binary):
    return b"__asan_init" in pathlib.Path(binary).read_bytes()


class TestCase(unittest.TestCase):
    """A test with a folder of its own and the compiler at hand."""

    espalier = None
    compiled = {}

    @classmethod
    def setUpClass(cls):
        cls.shared = pathlib.Path(tempfile.mkdtemp(prefix="espalier-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.shared))

    @classmethod
    def compile(cls, model, *options):
        """The executable of a model in models/ (or of any path); compiled once per test program."""
        path = MODELS / model if (MODELS / model).exists() else pathlib.Path(model)
        key = (cls.shared, path, options)
        if key not in cls.compiled:
            output = cls.shared / f"{path.stem}-{len(cls.compiled)}"
            result = run(cls.espalier, "compile", path, "-o", output, *options)
            if result.code != 0:
                raise AssertionError(str(result))
            cls.compiled[key] = output
        return cls.compiled[key]

    def save(self, name, array):
        path = self.folder / name
        np.save(path, array)
        return path

    def check_sentence(self, result, *words):
        """Exit code 1 and one sentence in the house's form: lower-case, no final period, with all the words."""
        self.assertEqual(result.code, 1, str(result))
        lines = result.err.splitlines()
        self.assertTrue(lines, f"nothing on stderr: {result}")
        self.assertEqual(len(lines), 1, str(result))
        self.assertIn("error: ", lines[0])
        sentence = lines[0].split("error: ", 1)[1]
        self.assertFalse(sentence.endswith("."), f"a final period: {result}")
        self.assertFalse(sentence[:1].isupper() and sentence[1:2].islower(), f"an upper-case sentence: {result}")
        for word in words:
            self.assertIn(word, result.err, str(result))


def main(*, options=None):
    """Runs the tests of the calling program; `options` adds arguments of its own and is told their values."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__.splitlines()[0])
    parser.add_argument("--espalier", required=True, help="the compiler's binary")
    if options:
        options(parser)
    known, rest = parser.parse_known_args()
    TestCase.espalier = str(pathlib.Path(known.espalier).resolve())
    TestCase.options = known
    unittest.main(argv=[sys.argv[0], *rest])
