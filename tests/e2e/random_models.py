"""Random models and random evidence for them, the same for a seed on every machine.

A model is drawn as a folder with model.toml and the .npy files it names. Every feature of the model file is drawn
apart from `random` kernels, whose numbers are the compiler's own. The first traits of a model follow from its index, so
that a few models in a row cover both channels, both kinds of trees, and kernels with and without zeros.
"""

import numpy as np

STATES = (1, 2, 3, 5, 17)
BRANCHINGS = (1, 2, 3, 5)
PATCHES = ([1, 2], [2, 2], [3, 1], [1, 1], [2, 3])
# An oracle in numpy's long double wants small trees: leaves, and kernel entries summed over all edges.
MAX_LEAVES, MAX_WORK = 150, 30000


class Drawing:
    """One random model, as text and files."""

    def __init__(self, folder, seed, index):
        self.rng = np.random.default_rng([seed, index])
        self.folder = folder
        self.gaussian, self.zeros, self.image = bool(index % 2), bool(index // 2 % 2), bool(index // 4 % 2)
        self._draw_tree()
        lines = ["[tree]", f"branching = {self.branching}", f"states = {self._states_text()}", "", "[root]"]
        lines += [f"prior = {self._prior()}", ""]
        lines += self._kernels() + self._observation()
        self.text = "\n".join(lines) + "\n"
        self.path = folder / "model.toml"
        self.path.write_text(self.text)

    def _pick(self, choices):
        return choices[self.rng.integers(len(choices))]

    def _draw_tree(self):
        while True:
            depth = int(self.rng.integers(1, 5))
            self.branching = [self._pick(PATCHES if self.image else BRANCHINGS) for _ in range(depth)]
            self.ranks = [int(np.prod(patch)) for patch in self.branching]
            self.nodes = [int(n) for n in np.cumprod([1] + self.ranks)]
            one = int(self._pick(STATES))
            self.states = [one if self.rng.random() < 0.3 else int(self._pick(STATES)) for _ in range(depth + 1)]
            work = sum(n * a * b for n, a, b in zip(self.nodes[1:], self.states, self.states[1:]))
            if self.nodes[-1] <= MAX_LEAVES and work <= MAX_WORK and max(self.states) > 1:
                return

    def _states_text(self):
        return self.states[0] if len(set(self.states)) == 1 else self.states

    def _npy(self, name, array):
        """A file of the array in any order and precision; its TOML value."""
        array = array.astype(self._pick(["<f4", "<f8", ">f4", ">f8"]))
        np.save(self.folder / name, np.asfortranarray(array) if self.rng.random() < 0.5 else array)
        return f'{{ npy = "{name}" }}'

    def _prior(self):
        kind = self._pick(["uniform", "list", "npy"])
        weights = self._weights((self.states[0],)) * 10.0 ** self.rng.uniform(-2, 2)
        if kind == "uniform":
            return '"uniform"'
        return weights.tolist() if kind == "list" else self._npy("prior.npy", weights)

    def _weights(self, shape):
        """Unnormalised rows; where the model has zeros, about half of the entries, but no whole row."""
        weights = self.rng.gamma(0.7, size=shape) + 1e-3
        if self.zeros:
            keep = self.rng.random(shape) < 0.5
            one = self.rng.integers(shape[-1], size=shape[:-1])
            np.put_along_axis(keep, np.asarray(one)[..., None], True, axis=-1)
            weights = weights * keep
        return weights

    def _potts(self, states):
        """Anything from all-different to all-equal; the two ends have zeros."""
        lowest = -1.0 if states < 3 else -1.0 / (states - 1)
        if self.zeros:
            return self._pick([1.0, lowest]) if states > 1 else 1.0
        return round(float(self.rng.uniform(lowest * 0.9, 0.95)), 3)

    def _kernels(self):
        """A default kernel, and a table for each level that does not leave all to it."""
        square = [l for l in range(1, len(self.states)) if self.states[l - 1] == self.states[l]]
        default_sharing = self._pick(["rank", "level", "none"])
        lines = ["[kernel]", f'sharing = "{default_sharing}"']
        has_default = bool(square) and len({self.states[l] for l in square}) == 1 and self.rng.random() < 0.6
        if has_default:
            lines.append(f"potts = {self._potts(self.states[square[0]])}")
        lines.append("")
        for l in range(1, len(self.states)):
            inherits = has_default and l in square and self.rng.random() < 0.5
            if inherits and self.rng.random() < 0.5:
                continue
            sharing = self._pick(["rank", "level", "none", None])
            entries = [f'sharing = "{sharing}"'] if sharing or inherits else []
            if inherits:
                entries = [f'sharing = "{sharing or default_sharing}"']
            else:
                entries.append(self._source(l, sharing or default_sharing, l in square))
            lines += ["[[level]]", f"index = {l}", f"kernel = {{ {', '.join(entries)} }}", ""]
        return lines

    def _source(self, l, sharing, square):
        source = self._pick(["matrix", "npy", "potts"] if square else ["matrix", "npy"])
        if source == "potts":
            return f"potts = {self._potts(self.states[l])}"
        count = {"rank": (self.ranks[l - 1],), "level": (), "none": (self.nodes[l],)}[sharing]
        weights = self._weights((*count, self.states[l - 1], self.states[l]))
        weights = weights * 10.0 ** self.rng.uniform(-2, 2)
        if source == "npy":
            self._npy(f"kernel{l}.npy", weights)
            return f'npy = "kernel{l}.npy"'
        return f"matrix = {weights.tolist()}"

    def _observation(self):
        lines = ["[observation]", f'channel = "{"gaussian" if self.gaussian else "symbol"}"']
        kind = self._pick(["default", "scalar", "vector", "npy", "npy vector", "offset", "offset vector"])
        if kind == "default":
            return lines
        width = (int(self.rng.integers(1, 4)),) if "vector" in kind else ()
        values = np.round(self.rng.normal(size=(self.states[-1], *width)), 3)
        if "offset" in kind:
            values = values + 10.0 ** self.rng.integers(1, 10)
        return lines + ["values = " + (self._npy("values.npy", values) if "npy" in kind else str(values.tolist()))]


def sample_symbols(model, batch, rng):
    """Leaves in users' layout that the model holds possible (their law is near the model's, and need not be it)."""
    def choose(weights):
        bounds = np.cumsum(weights, axis=-1)
        chosen = (rng.random(weights.shape[:-1])[..., None] * bounds[..., -1:] >= bounds).sum(axis=-1)
        # Rounding may end on a state of weight 0: then take the likeliest.
        legal = np.take_along_axis(weights, np.minimum(chosen, weights.shape[-1] - 1)[..., None], axis=-1)[..., 0] > 0
        return np.where(legal, np.minimum(chosen, weights.shape[-1] - 1), weights.argmax(axis=-1))

    states = choose(np.broadcast_to(model.prior.astype(float), (batch, 1, model.states[0])))
    for l in range(1, model.depth + 1):
        kernel = model.kernels[l - 1].astype(float)
        parents = np.repeat(states, model.ranks(l), axis=1)
        which = np.arange(model.nodes(l)) % kernel.shape[0]
        states = choose(kernel[which[None, :], parents])
    result = np.empty_like(states)
    result[:, model.rank_order(model.depth)] = states
    return result.reshape(batch, *model.shape(model.depth))


def symbol_evidence(model, batch, rng):
    """Samples of the model, in turn whole, with missing leaves, arbitrary (often impossible), unseen, one leaf seen."""
    symbols = sample_symbols(model, batch, rng)
    shape = symbols.shape[1:]
    for i in range(batch):
        if i % 5 == 1:
            symbols[i][rng.random(shape) < 0.3] = -1
        elif i % 5 == 2:
            symbols[i] = np.where(rng.random(shape) < 0.5, -1, rng.integers(model.states[-1], size=shape))
        elif i % 5 == 3:
            symbols[i] = -1
        elif i % 5 == 4:
            keep = tuple(rng.integers(extent) for extent in shape)
            seen = symbols[i][keep]
            symbols[i] = -1
            symbols[i][keep] = seen
    return symbols.astype(rng.choice(["<i4", "<i8", "<i2", ">i4", "<i1"]))


def gaussian_evidence(model, batch, lam, sigma, rng):
    """The channel over samples, in turn whole, with missing leaves, with outliers, and with nothing seen."""
    symbols = sample_symbols(model, batch, rng)
    clean = model.values.astype(float)[symbols]
    observed = lam * clean + sigma * rng.normal(size=clean.shape)
    for i in range(batch):
        if i % 4 == 1:
            observed[i][rng.random(observed.shape[1:]) < 0.3] = np.nan
        elif i % 4 == 2:
            far = rng.random(observed.shape[1:]) < 0.1
            observed[i][far] += 30 * rng.normal(size=int(far.sum()))
        elif i % 4 == 3 and i % 8 == 3:
            observed[i] = np.nan
    return observed if model.vector_values else observed[..., 0]


def soft_evidence(model, batch, rng, wide=False):
    """Likelihoods of any size: the states' around a sample, with zeros here and there, and leaves told nothing of.

    Where `wide`, the states of a leaf differ by as much as doubles can say in every other sample.
    """
    symbols = sample_symbols(model, batch, rng)
    shape = (*symbols.shape, model.states[-1])
    likelihoods = rng.gamma(0.5, size=shape) + 1e-4
    likelihoods[rng.random(shape) < 0.2] = 0
    seen = np.take_along_axis(likelihoods, symbols[..., None], axis=-1)
    np.put_along_axis(likelihoods, symbols[..., None], seen + 0.5, axis=-1)
    likelihoods *= 10.0 ** rng.uniform(-15, 15, size=symbols.shape)[..., None]
    if wide:
        likelihoods[::2] *= 10.0 ** rng.uniform(-150, 150, size=likelihoods[::2].shape)
    for i in range(3, batch, 7):
        likelihoods[i] = 1
    for i in range(4, batch, 13):
        likelihoods[i].reshape(-1, model.states[-1])[rng.integers(symbols[i].size)] = 0
    return likelihoods
