"""The models and the data that everyone is timed on: binary trees with one dense matrix per level and rank, and samples
drawn from them. Each is written once, and every program reads the same files."""

import functools
import pathlib
import subprocess

import numpy as np

SIGMA = 0.5


class Case:
    """A tree of 2^depth leaves with `states` states per node, and `batch` samples of it, in files of one folder. Rows of
    kernels are drawn from the symmetric Dirichlet distribution of `concentration`."""

    def __init__(self, folder, states, depth, batch, concentration=1):
        self.states, self.depth, self.batch = states, depth, batch
        self.leaves = 2**depth
        self.folder = folder / (f"S{states}-L{depth}-B{batch}" + f"-C{concentration:g}" * (concentration != 1))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.kernels = self.random(0).dirichlet(np.full(states, float(concentration)), (depth, 2, states))
        self.prior = np.full(states, 1 / states)
        self.values = np.linspace(-1, 1, states)
        self.written = set()
        for name in ("kernels", "prior", "values"):
            np.save(self.path(name), getattr(self, name))
        for level in range(depth):
            np.save(self.path(f"level-{level + 1}"), self.kernels[level])
        for channel in ("symbol", "gaussian"):
            self.path(channel, "toml").write_text(self.model(channel))

    def random(self, purpose):
        """A generator of its own for each purpose, so that data do not depend on what was asked for first."""
        return np.random.default_rng([self.states, self.depth, self.batch, purpose])

    def path(self, name, suffix="npy"):
        return self.folder / f"{name}.{suffix}"

    def model(self, channel):
        """The text of the model file."""
        text = f"[tree]\nbranching = {[2] * self.depth}\nstates = {self.states}\n"
        text += f'[observation]\nchannel = "{channel}"\n'
        for level in range(1, self.depth + 1):
            text += f'[[level]]\nindex = {level}\nkernel = {{ sharing = "rank", npy = "level-{level}.npy" }}\n'
        return text

    def evidence(self, kind, dtype="f32", batch=None):
        """The file of evidence of a kind: its first `batch` samples, or all."""
        path = self.path(f"{kind}-{dtype}-{batch or self.batch}")
        if path not in self.written:
            array = getattr(self, kind)[: batch or self.batch]
            np.save(path, array if kind in ("symbol", "sparse") else array.astype({"f32": "f4", "f64": "f8"}[dtype]))
            self.written.add(path)
        return path

    @functools.cached_property
    def symbol(self):
        """Leaves drawn from the model, batch x leaves."""
        random = self.random(1)
        nodes = random.choice(self.states, (self.batch, 1), p=self.prior)
        for level in range(self.depth):
            children = [self.draw(random, self.kernels[level, rank], nodes) for rank in range(2)]
            nodes = np.stack(children, axis=2).reshape(self.batch, -1)
        return nodes.astype(np.int32)

    def draw(self, random, kernel, parents):
        """Inverts the distributions of all parents at once: row s of the table lies in [s, s + 1]."""
        table = np.cumsum(kernel, axis=1) + np.arange(self.states)[:, None]
        found = np.searchsorted(table.ravel(), parents + random.random(parents.shape), side="right")
        return np.minimum(found - parents * self.states, self.states - 1)

    @functools.cached_property
    def sparse(self):
        """The symbols with all but 16 leaves of every sample missing."""
        keep = self.random(2).random(self.symbol.shape).argsort(axis=1) < 16
        return np.where(keep, self.symbol, -1).astype(np.int32)

    @functools.cached_property
    def gaussian(self):
        return (self.values[self.symbol] + SIGMA * self.random(3).standard_normal(self.symbol.shape)).astype("f4")

    @property
    def soft(self):
        """The likelihoods of the gaussian observations, batch x leaves x states."""
        return np.exp(-((self.gaussian[..., None] - self.values.astype("f4")) ** 2) / np.float32(2 * SIGMA**2))


class Compiler:
    """Compiles models to shared libraries, unless the same compiler did so before."""

    def __init__(self, espalier):
        self.espalier = espalier
        self.age = max(path.stat().st_mtime for path in (espalier, pathlib.Path(__file__)))
        self.has_net_opt = "--net-opt" in self.run("compile", "--help")

    def run(self, *arguments):
        command = [self.espalier, *map(str, arguments)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def library(self, source, variant, *options):
        """The library of a model file, or of a module; `variant` tells apart what differs in its options."""
        path = source.with_suffix(f".{variant}.so")
        if not path.exists() or path.stat().st_mtime < self.age:
            self.run("compile", source, "--emit=shared", *options, "-o", path)
        return path

    def without_rescaling(self, source):
        """The model's bp module with every bp.normalize taken out: right as long as nothing underflows."""
        lines, replaced = [], {}
        for line in self.run("compile", source, "--emit=bp").splitlines():
            words = line.replace(",", " ").split()
            if "func.func" in line:
                replaced = {}
            if "bp.normalize" not in words:
                lines.append(substitute(line, replaced))
                continue
            results, operands = words[: words.index("=")], words[words.index("bp.normalize") + 1 : words.index(":")]
            replaced |= {new: replaced.get(old, old) for new, old in zip(results, operands)}
        path = source.with_suffix(".plain.mlir")
        path.write_text("\n".join(lines))
        return path


def substitute(line, replaced):
    """Replaces values of the IR, each a word that begins with %."""
    if not replaced or "%" not in line:
        return line
    head, *rest = line.split("%")
    out = head
    for piece in rest:
        name = "%" + piece[: next((i for i, c in enumerate(piece) if not (c.isalnum() or c == "_")), len(piece))]
        out += replaced.get(name, name) + piece[len(name) - 1 :]
    return out
