#!/usr/bin/env python3
"""Exact inference in numpy: a third implementation, apart from the compiler's and from the C++ oracle.

Reads a model file by itself (kernels from matrix, potts or npy; not random, whose numbers are the compiler's own),
takes and gives arrays as compiled models do, and works in the log domain with numpy's long double.

  numpy_oracle.py MODEL.toml classify|marginals|denoise|loglik --input X.npy --output Y.npy
                  [--level l] [--sigma s] [--lambda 1] [--soft]

Output is float64. Exit code 3, and no output, where some evidence is impossible (for loglik that is -inf).
"""

import argparse
import pathlib
import sys
import tomllib

import numpy as np

REAL = np.longdouble


class Model:
    """A model file. kernels[l - 1] is [nodes of level l or 1 or ranks x parent states x child states]."""

    def __init__(self, path):
        self.folder = pathlib.Path(path).parent
        with open(path, "rb") as file:
            text = tomllib.load(file)
        tree = text["tree"]
        self.patches = [(1, b) if isinstance(b, int) else tuple(b) for b in tree["branching"]]
        self.is_image = not isinstance(tree["branching"][0], int)
        self.depth = len(self.patches)
        states = tree["states"]
        self.states = [states] * (self.depth + 1) if isinstance(states, int) else states
        self.prior = self._prior(text.get("root", {}).get("prior", "uniform"))
        self.kernels = [self._kernel(l, text) for l in range(1, self.depth + 1)]
        self._read_observation(text.get("observation", {}))

    def ranks(self, l):
        rows, columns = self.patches[l - 1]
        return rows * columns

    def nodes(self, l):
        return int(np.prod([self.ranks(k) for k in range(1, l + 1)], dtype=np.int64))

    def shape(self, l):
        """Shape of level l in users' arrays."""
        height, width = (int(np.prod([p[axis] for p in self.patches[:l]], dtype=np.int64)) for axis in (0, 1))
        return (height, width) if self.is_image else (width,)

    def rank_order(self, l):
        """places[node]: where the node of level l, counted in rank order, stands in a flattened users' array.

        A level's nodes form an array (row digits and column digits of each rank, coarse to fine); bringing all row
        digits before all column digits gives the image.
        """
        digits = [extent for patch in self.patches[:l] for extent in patch]
        axes = list(range(0, 2 * l, 2)) + list(range(1, 2 * l, 2))
        node_at = np.arange(self.nodes(l)).reshape(digits).transpose(axes).ravel()
        return np.argsort(node_at)

    def _array(self, value):
        if isinstance(value, dict):
            return np.load(self.folder / value["npy"]).astype(REAL)
        return np.array(value, dtype=REAL)

    def _prior(self, value):
        return np.ones(self.states[0], REAL) if value == "uniform" else self._array(value)

    def _kernel(self, l, text):
        settings = dict(text.get("kernel", {}))
        for level in text.get("level", []):
            if level["index"] == l:
                own = level.get("kernel", {})
                if own.keys() - {"sharing"}:  # a source of its own replaces the default's
                    settings = {"sharing": settings.get("sharing", "rank")}
                settings.update(own)
        parent, child = self.states[l - 1], self.states[l]
        count = {"rank": self.ranks(l), "level": 1, "none": self.nodes(l)}[settings.get("sharing", "rank")]
        if "potts" in settings:
            r = REAL(settings["potts"])
            kernel = r * np.eye(child, dtype=REAL) + (1 - r) / REAL(child)
            return np.broadcast_to(np.maximum(kernel, 0), (count, parent, child))
        source = {"npy": settings["npy"]} if "npy" in settings else settings["matrix"]
        return self._array(source).reshape(count, parent, child)

    def _read_observation(self, text):
        self.channel = text.get("channel", "symbol")
        s = self.states[-1]
        default = [0.0] if s == 1 else [(2 * a - (s - 1)) / (s - 1) for a in range(s)]
        values = self._array(text.get("values", default))
        self.vector_values = values.ndim == 2
        self.values = values.reshape(s, -1)


def leaf_fields(model, observed, kind, lam=1.0, sigma=1.0):
    """(fields, offset): log p(observation | state) is fields[batch x leaves in rank order x states] + offset[batch].

    Fields are long doubles or Logs.

    The offset holds what all states of a leaf have in common, which is huge where z is far from every value: taken
    along in the fields, it would cost the messages their last digits.
    """
    batch, states, places = observed.shape[0], model.states[-1], model.rank_order(model.depth)
    leaves = len(places)
    nothing = np.zeros(batch, REAL)
    with np.errstate(divide="ignore"):
        if kind == "symbol":
            x = observed.reshape(batch, leaves)[:, places, None]
            return np.log(((x == np.arange(states)) | (x < 0)).astype(REAL)), nothing
        if kind == "soft":
            return np.log(observed.reshape(batch, leaves, states)[:, places].astype(REAL)), nothing
    p = model.values.shape[1]
    z = observed.reshape(batch, leaves, p)[:, places].astype(REAL)
    missing = np.isnan(z).any(axis=-1, keepdims=True)
    z = np.where(missing, 0, z)
    return gaussian_fields(z, missing, model.values, REAL(lam), REAL(sigma))


def gaussian_fields(z, missing, values, lam, sigma):
    """What leaf_fields() returns, of observations [batch x leaves x p], the fields as Logs.

    Relative to a state r near z, |z - lam r|^2 - |z - lam e|^2 = lam (e - r) (2 z - lam e - lam r), summed over the
    components. All of it is in pairs of long doubles, so that its whole part may have any size and the rest is right.
    """
    r = values[((z[:, :, None] - lam * values) ** 2).sum(axis=-1).argmin(axis=-1)][:, :, None]
    z = z[:, :, None]
    # Squares tell no states apart that lie much closer to each other than to z: their fields do.
    r = values[relative_fields(z, values, r, lam, sigma).high.sum(axis=-1).argmax(axis=-1)][:, :, None]
    fields = relative_fields(z, values, r, lam, sigma)
    whole = np.rint(fields.high)
    # Where even the whole part is rounded, it decides alone.
    rest = np.where(np.abs(whole) < 2.0**62, fields.high - whole + fields.low, 0)
    to_r = Pair.product(lam, r)
    distance = Pair.sum(z, -to_r.high).and_less(-to_r.low).value()[:, :, 0] / sigma
    density = (-distance ** 2 / 2 - np.log(2 * REAL(np.pi)) / 2 - np.log(sigma)).sum(axis=-1)
    logs = Logs(whole.sum(axis=-1), rest.sum(axis=-1)).each(lambda x: np.where(missing, 0, x))
    return logs, np.where(missing[..., 0], 0, density).sum(axis=-1)


def relative_fields(z, e, r, lam, sigma):
    """By component, as a Pair."""
    to_r, to_e = Pair.product(lam, r), Pair.product(lam, e)
    apart = Pair.sum(2 * z, -to_e.high).plus(-to_r.high).and_less(-to_e.low - to_r.low)
    return Pair.sum(e, -r).times(apart).scaled(lam).over(Pair.product(sigma, sigma).scaled(REAL(2)))


class Pair:
    """Sums of two long doubles, of which the second is what rounding took from the first: 128 digits."""

    def __init__(self, high, low):
        self.high, self.low = high, low

    @staticmethod
    def sum(x, y):
        high = x + y
        back = high - x
        return Pair(high, (x - (high - back)) + (y - back))

    @staticmethod
    def product(x, y):
        def halves(v):
            large = v * REAL(2**32 + 1)
            upper = large - (large - v)
            return upper, v - upper

        high = x * y
        (a, b), (c, d) = halves(x), halves(y)
        return Pair(high, ((a * c - high) + a * d + b * c) + b * d)

    def plus(self, x):
        result = Pair.sum(self.high, x)
        return Pair(result.high, result.low + self.low)

    def and_less(self, low):
        """Something of the size of the low part added."""
        return Pair(*self._normal(self.high, self.low + low))

    @staticmethod
    def _normal(high, low):
        result = Pair.sum(high, low)
        return result.high, result.low

    def times(self, other):
        result = Pair.product(self.high, other.high)
        return Pair(result.high, result.low + (self.high * other.low + self.low * other.high))

    def scaled(self, x):
        result = Pair.product(self.high, x)
        return Pair(result.high, result.low + self.low * x)

    def over(self, other):
        quotient = self.high / other.high
        back = Pair.product(quotient, other.high)
        rest = (self.high - back.high) - back.low + self.low - quotient * other.low
        return Pair(quotient, rest / other.high)

    def value(self):
        return self.high + self.low


class Logs:
    """Logarithms in two parts, multiples of 2^-20 and the rest, their value being the sum.

    Where zeros leave a leaf no choice, some states have a huge number in common, and where a node has many children,
    their sum is one. Multiples add up exactly, so that it vanishes where states are compared, and the rest is tiny.
    """

    UNIT = REAL(2) ** -20

    def __init__(self, whole, rest):
        self.whole, self.rest = whole, rest

    @staticmethod
    def of(x):
        if isinstance(x, Logs):
            return x
        whole = np.where(np.isneginf(x), 0, np.rint(x / Logs.UNIT) * Logs.UNIT)
        return Logs(whole, x - whole)

    def each(self, function):
        """Both parts, rearranged or summed alike."""
        return Logs(function(self.whole), function(self.rest))

    def __add__(self, other):
        return Logs(self.whole + other.whole, self.rest + other.rest)

    def largest(self, axis):
        """The largest to its nearest multiple, 0 where all are -inf; the axis stays."""
        return Logs.of((self.whole + self.rest).max(axis=axis, keepdims=True)).whole

    def log_sum_exp(self, axis):
        largest = self.largest(axis)
        with np.errstate(divide="ignore"):
            rest = Logs.of(np.log(np.exp(self.whole - largest + self.rest).sum(axis=axis)))
        return Logs(largest.squeeze(axis) + rest.whole, rest.rest)

    def value(self):
        return self.whole + self.rest


def siblings(x, axis):
    """For every entry along the axis, the sum of those before it and those after it: nothing is taken back out."""
    before = np.roll(np.cumsum(x, axis=axis), 1, axis=axis)
    after = np.roll(np.flip(np.cumsum(np.flip(x, axis), axis=axis), axis), -1, axis=axis)
    ends = [slice(None)] * x.ndim
    ends[axis] = 0
    before[tuple(ends)] = 0
    ends[axis] = -1
    after[tuple(ends)] = 0
    return before + after


def edge_logs(model, l):
    """log kernels of all edges of level l: [nodes x parent states x child states]."""
    kernel = model.kernels[l - 1]
    with np.errstate(divide="ignore"):
        return np.log(np.tile(kernel, (model.nodes(l) // kernel.shape[0], 1, 1)))


def norm(x):
    """(x with its largest state near 0, what was taken away)."""
    largest = x.largest(axis=-1)
    return Logs(x.whole - largest, x.rest), largest[..., 0]


def propagate(model, fields):
    """(beliefs, offset): logs of every level's beliefs, [batch x nodes x states], each node's up to a constant.

    The root's sum, plus offset[batch], to the log of the evidence's weight. Messages are normed on the way.
    """
    fields = Logs.of(fields)
    batch = fields.whole.shape[0]
    up, messages, offset = {model.depth: fields}, {}, np.zeros(batch, REAL)
    for l in range(model.depth, 0, -1):
        edges = Logs.of(edge_logs(model, l))
        told, shift = norm((edges + up[l].each(lambda x: x[:, :, None, :])).log_sum_exp(axis=3))
        messages[l] = told.each(
            lambda x: x.reshape(batch, model.nodes(l - 1), model.ranks(l), model.states[l - 1]))
        up[l - 1], also = norm(messages[l].each(lambda x: x.sum(axis=2)))
        offset = offset + shift.sum(axis=1) + also.sum(axis=1)
    with np.errstate(divide="ignore"):
        outside = Logs.of(np.broadcast_to(np.log(model.prior), (batch, 1, model.states[0])))
    beliefs = [outside + up[0]]
    for l in range(1, model.depth + 1):
        # Every child hears of its siblings only.
        told = outside.each(lambda x: x[:, :, None]) + messages[l].each(lambda x: siblings(x, axis=2))
        told, _ = norm(told.each(lambda x: x.reshape(batch, model.nodes(l), model.states[l - 1])))
        edges = Logs.of(edge_logs(model, l))
        outside, _ = norm((edges + told.each(lambda x: x[:, :, :, None])).log_sum_exp(axis=2))
        beliefs.append(outside + up[l])
    return beliefs, offset


def user_layout(model, l, array):
    """[batch x nodes in rank order x width] to [batch x shape of level l x width]."""
    result = np.empty_like(array)
    result[:, model.rank_order(l)] = array
    return result.reshape(array.shape[0], *model.shape(l), array.shape[2])


def posteriors(beliefs):
    weights = np.exp(beliefs.whole - beliefs.largest(axis=2) + beliefs.rest)
    total = weights.sum(axis=2, keepdims=True)
    return weights / np.where(total == 0, 1, total)


def answer(model, query, observed, level=None, lam=1.0, sigma=1.0, soft=False):
    """(output as users see it, float64; mask of impossible samples, whose output is 0, for loglik -inf)."""
    kind = "soft" if soft else model.channel
    fields, offset = leaf_fields(model, np.asarray(observed), kind, lam, sigma)
    beliefs, taken = propagate(model, fields)
    nothing, nothing_taken = propagate(model, np.zeros((1, model.nodes(model.depth), model.states[-1]), REAL))
    def weight(root):
        return root.each(lambda x: x[:, 0]).log_sum_exp(axis=1).value()

    loglik = weight(beliefs[0]) + taken + offset
    loglik = loglik - weight(nothing[0]) - nothing_taken
    impossible = np.isneginf(loglik)
    if query == "loglik":
        return loglik.astype(np.float64), impossible
    if query == "classify":
        return posteriors(beliefs[0])[:, 0].astype(np.float64), impossible
    l = model.depth if query == "denoise" or level is None else level
    result = posteriors(beliefs[l])
    if query == "denoise":
        result = result @ model.values
    result = user_layout(model, l, result).astype(np.float64)
    return (result[..., 0] if query == "denoise" and not model.vector_values else result), impossible


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("query", choices=["classify", "marginals", "denoise", "loglik"])
    parser.add_argument("--input", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--level", type=int)
    parser.add_argument("--sigma", type=float, default=1.0)
    parser.add_argument("--lambda", dest="lam", type=float, default=1.0)
    parser.add_argument("--soft", action="store_true")
    options = parser.parse_args()
    output, impossible = answer(Model(options.model), options.query, np.load(options.input), options.level, options.lam,
                                options.sigma, options.soft)
    if impossible.any() and options.query != "loglik":
        print(f"{impossible.sum()} samples are impossible, the first is {impossible.argmax()}", file=sys.stderr)
        return 3
    np.save(options.output, output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
