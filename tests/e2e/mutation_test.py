#!/usr/bin/env python3
"""Damaged model files, damaged arrays and damaged modules: an answer or a sentence, and never a crash.

  mutation_test.py --espalier PATH [--models N] [--arrays N] [--modules N] [--seed S] [--keep DIR]

Each mutant follows from the seed and its number alone; --keep leaves those that failed in a folder.
"""

import argparse
import io
import pathlib
import re
import shutil
import sys
import tempfile

import numpy as np

import harness

WORDS = [b"0", b"-1", b"1", b"2", b"nan", b"inf", b"-inf", b"1e308", b"1e-320", b"-0.0", b"9223372036854775807",
         b"99999999999999999999", b"0x10", b"1_000", b"true", b'"x"', b"''", b"[]", b"[[]]", b"[1, 'a']", b"{}",
         b"{ npy = 'missing.npy' }", b"{ npy = 3 }", b"1979-05-27", b"07:32:00", b'"""', b"'''", b"\\", b"#", b"=",
         b".", b"\xff", b"\x00", b"\xef\xbb\xbf", "\u00e9".encode(), "\u2028".encode(), b"\r", b"\t", b"[", b"]",
         b"[[level]]", b"[kernel]", b"[tree]", b"potts = 0.5", b"random = { concentration = 1, seed = 1 }",
         b'sharing = "none"', b"index = 1", b"[[level]]\nindex = 1\n[[level]]\nindex = 1", b"a.b.c = 1", b"[" * 300,
         b"x" * 3000]
NUMBERS = [b"0", b"1", b"2", b"3", b"5", b"17", b"64", b"1000", b"0.5", b"-0.5", b"1e-30", b"1e30", b"1e-310",
           b"1e300"]
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
TOKEN = re.compile(rb"[A-Za-z_]+|-?\d+(?:\.\d+)?|\[|\]|\{|\}|\"[^\"\n]*\"|[=,.]")


def pick(rng, items):
    return items[int(rng.integers(len(items)))]


def span(rng, pattern, text):
    matches = list(pattern.finditer(text))
    return pick(rng, matches).span() if matches else (0, 0)


def mutate_once(rng, text, others):
    """One of the mistakes that people, editors and disks make."""
    lines = text.split(b"\n")
    line = int(rng.integers(len(lines)))
    place = int(rng.integers(len(text) + 1))
    match int(rng.integers(15)):
        case 0:
            del lines[line]
        case 1:
            lines.insert(line, pick(rng, lines))
        case 2:
            other = pick(rng, others).split(b"\n")
            lines.insert(line, pick(rng, other))
        case 3:
            other = int(rng.integers(len(lines)))
            lines[line], lines[other] = lines[other], lines[line]
        case 4 | 5:
            begin, end = span(rng, NUMBER, text)
            return text[:begin] + pick(rng, WORDS) + text[end:]
        case 6:
            begin, end = span(rng, TOKEN, text)
            return text[:begin] + pick(rng, WORDS) + text[end:]
        case 7:
            begin, end = span(rng, TOKEN, text)
            return text[:begin] + text[end:]
        case 8:
            return text[:place] + bytes([int(rng.integers(256))]) + text[place + 1:]
        case 9:
            return text[:place] + pick(rng, WORDS) + text[place:]
        case 10:
            return text[:place] if rng.random() < 0.3 else text[:place] + text[place + int(rng.integers(1, 20)):]
        case _:
            begin, end = span(rng, NUMBER, text)
            return text[:begin] + pick(rng, NUMBERS) + text[end:]
    return b"\n".join(lines)


def mutate(rng, good, others=()):
    """One to three mistakes in a good text or, less often, in another one."""
    text = pick(rng, others) if others and rng.random() < 0.2 else pick(rng, good)
    for _ in range(pick(rng, (1, 1, 2, 3))):
        text = mutate_once(rng, text, [*good, *others])
    return text


def mutate_npy(rng, array):
    """A .npy file with a few bytes, its header's words or its length changed."""
    stream = io.BytesIO()
    np.save(stream, array)
    data = stream.getvalue()
    for _ in range(pick(rng, (1, 1, 2, 3))):
        place = int(rng.integers(len(data)))
        in_header, in_data = int(rng.integers(min(128, len(data)))), int(rng.integers(128, max(129, len(data))))
        match int(rng.integers(8)):
            case 0:
                data = data[:place]
            case 1:
                data = data[:in_header] + bytes([int(rng.integers(256))]) + data[in_header + 1:]
            case 2:
                data = data[:place] + bytes([int(rng.integers(256))]) + data[place + 1:]
            case 3:
                begin, end = span(rng, TOKEN, data[:128])
                word = pick(rng, WORDS + [b"<f4", b">i8", b"|u1", b"|b1", b"<f2", b"|O", b"True", b"(", b")", b"shape"])
                new = word[:end - begin].ljust(end - begin) if rng.random() < 0.7 else word
                data = data[:begin] + new + data[end:]
            case 4:
                data = data + bytes(int(rng.integers(1, 300)))
            case 5:
                data = data[:in_header] + data[in_header + int(rng.integers(1, 9)):]
            case _:
                data = data[:in_data] + bytes([int(rng.integers(256))]) + data[in_data + 1:]
        if not data:
            break
    return data


class Fuzz:
    """Counts what became of the mutants, and keeps the ones that failed."""

    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="espalier-mutants-"))
        self.codes, self.failures = {}, 0

    def check(self, kind, number, path, *command, allowed):
        """Runs the command on a mutant. Errors must say something, answers nothing on stderr but what was written."""
        problem, code = None, None
        try:
            result = harness.run(*command, cwd=self.folder, timeout=self.options.timeout)
            code = result.code
            if code not in allowed:
                problem = f"exit code {code} is none of {allowed}: {result}"
            elif code == 1 and "error: " not in result.err:
                problem = f"an error without a sentence: {result}"
            elif code == 0 and not re.fullmatch(r"([^\n]*: MLIR module, [^\n]*\n)?", result.err):
                problem = f"success, and yet: {result}"
        except harness.Crash as crash:
            problem = str(crash)
        self.codes[kind, code] = self.codes.get((kind, code), 0) + 1
        if problem:
            self.failures += 1
            print(f"FAIL {kind} {number} of seed {self.options.seed}: {problem[:2000]}", flush=True)
            if self.options.keep:
                keep = pathlib.Path(self.options.keep)
                keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, keep / f"{kind}{number}{path.suffix}")

    def models(self):
        """Through `describe`, which reads, builds and lowers all of a model, but compiles nothing."""
        small = [path for path in sorted(harness.MODELS.glob("*.toml")) if path.stem not in ("deep", "huge", "speed")]
        good = [path.read_bytes() for path in small]
        broken = [path.read_bytes() for path in sorted((harness.MODELS / "invalid").glob("*.toml"))
                  if path.stat().st_size < 2000]
        path = self.folder / "mutant.toml"
        shutil.copytree(harness.MODELS / "stored", self.folder / "stored")
        for number in range(self.options.models):
            path.write_bytes(mutate(np.random.default_rng([self.options.seed, 0, number]), good, broken))
            self.check("model", number, path, self.options.espalier, "describe", path, allowed=(0, 1))

    def compiled(self, model):
        executable = self.folder / model
        result = harness.run(self.options.espalier, "compile", harness.MODELS / f"{model}.toml", "-o", executable)
        assert result.code == 0, result
        return executable

    def arrays(self):
        words, noisy = self.compiled("grammar"), self.compiled("rules")
        path = self.folder / "mutant.npy"
        for number in range(self.options.arrays):
            rng = np.random.default_rng([self.options.seed, 1, number])
            if number % 2:
                array = rng.integers(-1, 8, size=(3, 4)).astype(pick(rng, ["<i4", "<i8", "<i1", ">i2"]))
                command = [words, pick(rng, ["loglik", "classify", "marginals", "observe"]), "--input", path]
            else:
                array = rng.normal(size=(3, 12)).astype(pick(rng, ["<f4", "<f8", ">f4", "<f2"]))
                command = [noisy, pick(rng, ["loglik", "denoise"]), "--input", path, "--sigma=0.5"]
            path.write_bytes(mutate_npy(rng, array))
            self.check("array", number, path, *command, allowed=(0, 1, 3))

    def stored(self):
        """The same damage to files that a model names."""
        path = self.folder / "kernel.npy"
        model = self.folder / "stored.toml"
        model.write_text('[tree]\nbranching = [2, 2]\nstates = 3\n[kernel]\nnpy = "kernel.npy"\n')
        for number in range(self.options.arrays // 2):
            rng = np.random.default_rng([self.options.seed, 2, number])
            path.write_bytes(mutate_npy(rng, rng.random((2, 3, 3)).astype(pick(rng, ["<f4", "<f8"]))))
            self.check("kernel", number, path, self.options.espalier, "describe", model, allowed=(0, 1))

    def modules(self):
        """The text of a stage is input too. It goes as far as the next stage, and may carry notes of the parser."""
        texts = []
        for stage in ("tfg", "bp", "net"):
            path = self.folder / f"{stage}.mlir"
            harness.run(self.options.espalier, "compile", harness.MODELS / "grammar.toml", f"--emit={stage}", "-o",
                        path)
            texts.append(path.read_bytes())
        path = self.folder / "mutant.mlir"
        for number in range(self.options.modules):
            path.write_bytes(mutate(np.random.default_rng([self.options.seed, 3, number]), texts))
            self.check("module", number, path, self.options.espalier, "compile", path, "--emit=linalg", "-o",
                       self.folder / "out.mlir", allowed=(0, 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--espalier", required=True)
    parser.add_argument("--models", type=int, default=300)
    parser.add_argument("--arrays", type=int, default=300)
    parser.add_argument("--modules", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=60, help="seconds after which a command counts as hung")
    parser.add_argument("--keep", help="leave the mutants that failed in this folder")
    fuzz = Fuzz(parser.parse_args())
    fuzz.options.espalier = pathlib.Path(fuzz.options.espalier).resolve()
    try:
        fuzz.models()
        fuzz.arrays()
        fuzz.stored()
        fuzz.modules()
    finally:
        shutil.rmtree(fuzz.folder)
    for (kind, code), count in sorted(fuzz.codes.items(), key=str):
        print(f"{kind}: {count} ended with exit code {code}")
    print(f"{fuzz.failures} failures")
    return 1 if fuzz.failures or not fuzz.codes else 0


if __name__ == "__main__":
    sys.exit(main())
