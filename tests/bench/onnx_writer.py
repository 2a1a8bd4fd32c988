"""Writes ONNX files: the few messages of the format (onnx.proto) that our networks need, in protobuf's wire format."""

import numpy as np

FLOAT, INT32, INT64 = 1, 6, 7
ELEMENT_TYPES = {"float32": FLOAT, "int32": INT32, "int64": INT64}


def varint(value):
    value &= 2**64 - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, value):
    """A field of a message: an integer, text, or bytes (raw data, or a message inside the message)."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name, array):
    dims = b"".join(field(1, size) for size in array.shape)
    data = np.ascontiguousarray(array).tobytes()
    return dims + field(2, ELEMENT_TYPES[array.dtype.name]) + field(8, name) + field(9, data)


def attribute(name, value):
    """An integer or a list of integers."""
    if isinstance(value, int):
        return field(1, name) + field(3, value) + field(20, 2)
    return field(1, name) + b"".join(field(8, item) for item in value) + field(20, 7)


def value_info(name, element_type, shape):
    """`shape` has integers, and names where a size is known only when the network runs."""
    dims = b"".join(field(1, field(2 if isinstance(size, str) else 1, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, element_type) + field(2, dims)))


class Graph:
    """A network under construction; tensors are known by their names."""

    def __init__(self):
        self.nodes, self.initializers, self.inputs, self.outputs = [], [], [], []
        self.count = 0

    def name(self):
        self.count += 1
        return f"t{self.count}"

    def constant(self, array):
        name = self.name()
        self.initializers.append(tensor(name, np.asarray(array)))
        return name

    def input(self, name, element_type, shape):
        self.inputs.append(value_info(name, element_type, shape))
        return name

    def output(self, name, shape):
        self.nodes.append(field(1, name) + field(2, "y") + field(4, "Identity"))
        self.outputs.append(value_info("y", FLOAT, shape))

    def op(self, kind, *inputs, results=1, **attributes):
        """Adds a node; the name of its result, or a list of names."""
        names = [self.name() for _ in range(results)]
        node = b"".join(field(1, i) for i in inputs) + b"".join(field(2, n) for n in names) + field(4, kind)
        node += b"".join(field(5, attribute(key, value)) for key, value in attributes.items())
        self.nodes.append(node)
        return names[0] if results == 1 else names

    def model(self):
        """The file's bytes: opset 17, IR version 8."""
        graph = b"".join(field(1, node) for node in self.nodes) + field(2, "network")
        graph += b"".join(field(5, item) for item in self.initializers)
        graph += b"".join(field(11, item) for item in self.inputs) + b"".join(field(12, item) for item in self.outputs)
        return field(1, 8) + field(2, "espalier") + field(7, graph) + field(8, field(1, "") + field(2, 17))
