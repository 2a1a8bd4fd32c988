"""The ConvNet (classify) and the U-Net (denoise) of a case, as ONNX. Messages are logs, [samples, states, positions].

`drawn` is the network as it stands in the literature and in the output of `espalier compile --emit=net`: strided
convolutions down, transposed convolutions up. `tuned` is what an engineer makes of it who measures ONNX Runtime: a
transposed convolution whose taps do not overlap is a grouped 1x1 convolution and a shuffle, about twice as fast there,
and one-hot symbols are looked up in a table. Both compute the same."""

import numpy as np

from cases import SIGMA
from onnx_writer import FLOAT, INT32, Graph


class Network(Graph):
    def __init__(self, case, query, evidence, tuned):
        super().__init__()
        self.case, self.states, self.evidence, self.tuned = case, case.states, evidence, tuned
        message = self.stem()
        skips = []
        for level in range(case.depth, 0, -1):
            sent, above = self.encode(message, level)
            skips.append((level, message, sent))
            message = above
        belief = self.op("Add", message, self.channels(np.log(case.prior)))
        if query == "classify":
            self.classify(belief)
            return
        for level, message, sent in reversed(skips):
            belief = self.decode(belief, message, sent, level)
        self.denoise(belief)

    def real(self, array):
        return self.constant(np.asarray(array, dtype=np.float32))

    def channels(self, values):
        return self.real(np.reshape(values, (-1, 1)))

    def reshape(self, tensor, *shape):
        return self.op("Reshape", tensor, self.constant(np.array(shape, dtype=np.int64)))

    def norm(self, tensor):
        return self.op("Sub", tensor, self.op("ReduceMax", tensor, axes=[1], keepdims=1))

    def stem(self):
        """Logs of the leaves' likelihoods; of symbols the symbols themselves, for encode() to see to."""
        if self.evidence == "symbol":
            return self.input("x", INT32, ["n", self.case.leaves])
        z = self.reshape(self.input("x", FLOAT, ["n", self.case.leaves]), -1, 1, self.case.leaves)
        e = self.case.values
        return self.op("Add", self.op("Mul", z, self.channels(e / SIGMA**2)), self.channels(-(e**2) / (2 * SIGMA**2)))

    def encode(self, message, level):
        """What the children send up, [n, 2 states, parents], and the message of their parents."""
        kernel, parents = self.case.kernels[level - 1], 2 ** (level - 1)
        symbols = self.evidence == "symbol" and level == self.case.depth
        if symbols and self.tuned:
            return None, self.look_up(message, kernel, parents)
        if symbols:
            depth, values = np.array(self.states, dtype=np.int32), np.array([0, 1], dtype=np.float32)
            likelihoods = self.op("OneHot", message, self.constant(depth), self.constant(values), axis=1)
        else:
            likelihoods = self.op("Exp", message)
        weights = self.real(self.taps(kernel))
        sent = self.op("Log", self.op("Conv", likelihoods, weights, kernel_shape=[2], strides=[2]))
        return sent, self.norm(self.op("Add", *self.op("Split", sent, results=2, axis=1)))

    def taps(self, kernel):
        """[(rank, parent's state), child's state, tap]: each rank has its own tap, the others are zero."""
        weights = np.zeros((2, self.states, self.states, 2))
        for rank in range(2):
            weights[rank, :, :, rank] = kernel[rank]
        return weights.reshape(2 * self.states, self.states, 2)

    def look_up(self, symbols, kernel, parents):
        sides = self.op("Split", self.reshape(symbols, -1, parents, 2), results=2, axis=2)
        sent = [self.op("Gather", self.real(np.log(kernel[r].T)), side, axis=0) for r, side in enumerate(sides)]
        total = self.reshape(self.op("Add", *sent), -1, parents, self.states)
        return self.norm(self.op("Transpose", total, perm=[0, 2, 1]))

    def decode(self, belief, message, sent, level):
        kernel, parents = self.case.kernels[level - 1], 2 ** (level - 1)
        others = self.op("Exp", self.op("Sub", self.op("Concat", belief, belief, axis=1), sent))
        if self.tuned:
            weights = self.real(np.concatenate([kernel[0].T, kernel[1].T])[..., None])
            down = self.op("Conv", others, weights, kernel_shape=[1], group=2)
            down = self.op("Transpose", self.reshape(down, -1, 2, self.states, parents), perm=[0, 2, 3, 1])
            down = self.reshape(down, -1, self.states, 2 * parents)
        else:
            down = self.op("ConvTranspose", others, self.real(self.taps(kernel)), kernel_shape=[2], strides=[2])
        return self.norm(self.op("Add", self.op("Log", down), message))

    def classify(self, belief):
        posterior = self.op("Softmax", belief, axis=1)
        self.output(self.reshape(posterior, -1, self.states), ["n", self.states])

    def denoise(self, belief):
        mean = self.op("Conv", self.op("Softmax", belief, axis=1), self.real(self.case.values.reshape(1, -1, 1)))
        self.output(self.reshape(mean, -1, self.case.leaves), ["n", self.case.leaves])


def write_network(case, query, evidence, tuned):
    path = case.path(f"{query}-{evidence}-{'tuned' if tuned else 'drawn'}", "onnx")
    path.write_bytes(Network(case, query, evidence, tuned).model())
    return path
