#!/usr/bin/env python3
"""Mutants of the compiler's own modules, the same on every run: each is compiled or refused, never a crash or a dump."""

import random
import re

import harness

# Small, so that a mutant takes hundredths of a second; both channels, both layouts, every kind of sharing.
MODELS = {
    "noisy": """[tree]
branching = [2, 3]
states = [2, 3, 2]
[kernel]
random = { concentration = 1.0, seed = 3 }
[[level]]
index = 2
kernel.sharing = "none"
[observation]
channel = "gaussian"
values = [-1.0, 1.0]
""",
    "words": """[tree]
branching = [[1, 2], [2, 1]]
states = 2
[kernel]
sharing = "level"
potts = 0.8
""",
}
TOKEN = re.compile(r"[%@#^!]?[A-Za-z_][\w.]*|-?\d+(?:\.\d+(?:[eE][-+]?\d+)?)?|%\d+|\s+|\S")
NUMBERS = ("0", "1", "-1", "2", "3", "7", "64", "2147483647", "4294967296", "9223372036854775807",
           "-9223372036854775808", "1.0e+400", "0x7FC00000", "-5.000000e-01")
# What would show the user the compiler's inside instead of a sentence: IR outside the excerpt, and its machinery.
DUMP = re.compile(r"^\s*(module|func\.func|%\w+(:\d+)? = |\^bb)|see current op|LLVM ERROR|Stack dump|std::", re.MULTILINE)


def is_number(token):
    return re.match(r"-?\d", token) is not None


def is_name(token):
    return re.match(r"[%@#^!]?[A-Za-z_]|%\d", token) is not None


def mutate(text, rng):
    """One change to a word, a number, a name or a line."""
    tokens = TOKEN.findall(text)
    numbers = [i for i, token in enumerate(tokens) if is_number(token)]
    names = [i for i, token in enumerate(tokens) if is_name(token)]
    place = rng.randrange(len(tokens))
    kind = rng.randrange(7)
    if kind == 0:
        del tokens[place]
    elif kind == 1:
        tokens.insert(place, tokens[place])
    elif kind == 2:
        tokens[rng.choice(numbers)] = rng.choice(NUMBERS)
    elif kind == 3:
        tokens[rng.choice(numbers)] = tokens[rng.choice(numbers)]
    elif kind == 4:
        tokens[rng.choice(names)] = tokens[rng.choice(names)]
    else:
        lines = text.split("\n")
        first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
        if kind == 5:
            lines[first], lines[second] = lines[second], lines[first]
        else:
            lines[first:first + 1] = [lines[first]] * rng.choice((0, 2))
        return "\n".join(lines)
    return "".join(tokens)


class Modules(harness.TestCase):
    MUTANTS = 25

    def check(self, stage, *options):
        rng = random.Random(f"{stage} {options}")
        outcomes = set()
        for name, model in MODELS.items():
            source = self.folder / f"{name}.toml"
            source.write_text(model)
            good = harness.run(self.espalier, "compile", source, f"--emit={stage}", *options).out
            for number in range(self.MUTANTS):
                text = good
                for _ in range(rng.choice((1, 1, 1, 2, 3))):
                    text = mutate(text, rng)
                path = self.folder / "mutant.mlir"
                path.write_text(text)
                command = rng.choice((["compile", path, "--emit=linalg"],) * 4 +
                                     (["compile", path, "--emit=llvm"], ["describe", path],
                                      ["compile", path, "--emit=onnx", "-o", self.folder / "out.onnx"],
                                      ["verify", path, "--samples=1", "--proof"]))
                with self.subTest(stage=stage, model=name, number=number, command=command[:1], text=text):
                    result = harness.run(self.espalier, *command)
                    outcomes.add(result.code)
                    # A mutant may state another network than its message passing, or another model.
                    self.assertIn(result.code, (0, 1, 2) if command[0] == "verify" else (0, 1), str(result))
                    if result.code == 1:
                        self.assertIn("error: ", result.err)
                    self.assertIsNone(DUMP.search(result.err), str(result))
        self.assertLessEqual({0, 1}, outcomes)

    def test_model(self):
        self.check("tfg")

    def test_message_passing(self):
        self.check("bp")

    def test_network(self):
        self.check("net")

    def test_network_as_drawn(self):
        self.check("net", "--net-opt=none")


if __name__ == "__main__":
    harness.main()
