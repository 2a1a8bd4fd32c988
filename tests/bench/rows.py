"""What is measured, and what each measurement is held to."""

from dataclasses import dataclass, field

BATCH = 1024
DEPTH = 10
SWEEP_DEPTHS = (6, 8, 10, 12, 14, 16)
SWEEP_LEAVES = 2**22

RELU_TOLERANCES = {1e-1: "f32", 1e-2: "f32", 1e-3: "f32", 1e-4: "f64", 1e-5: "f64"}
RELU_DEPTH = 6
RELU_BATCH = 4096
RELU_CONCENTRATION = 5  # rows drawn evenly from all distributions are so unequal that f32 has no certificate for 1e-2

ONNX = ("onnx", "onnx_tuned")  # the network as drawn, and as rewritten for ONNX Runtime

TOLERANCE = {"f32": 1e-5, "f64": 1e-10}


@dataclass
class Target:
    """`kind`: "peak" and "roofline" ask for a share of at least `value`; the name of a peer for at least `value` times
    its speed; "speedup" for at least `value` times the speed of the row `of`; "time" for at most `value` times its
    time, and "bp" for at most `value` times that of exact belief propagation on the same model; "flat" for a cost per
    leaf of at most `value` times the least of the row's group; "rescaling" asks for nothing and shows by how much the
    row `of` is slower."""

    kind: str
    value: float = 0
    of: str = ""


@dataclass
class Row:
    name: str
    query: str
    evidence: str
    states: int
    depth: int = DEPTH
    batch: int = BATCH
    first: int = 0  # take only the first samples of the case
    dtype: str = "f32"
    program: str = "bp"
    net_opt: str = ""  # level of the compiler's --net-opt
    tolerance: float = 0  # the program is a network of ReLUs certified for it
    concentration: float = 1  # of the distribution that the kernels' rows are drawn from
    threads: int = 1
    rescaling: bool = True
    peers: tuple = ()
    same_as: str = ""  # an earlier row that must have the same answer
    group: str = ""
    targets: list = field(default_factory=list)

    @property
    def samples(self):
        return self.first or self.batch

    @property
    def leaves(self):
        return self.samples * 2**self.depth

    @property
    def flops(self):
        """Of the products alone, as the plain algorithm has them: 2 S^2 per edge and direction; upward, look-ups of symbols
        are not flops."""
        edges = 2 ** (self.depth + 1) - 2
        down = edges if self.query in ("denoise", "marginals") else 0
        up = edges - (2**self.depth if self.evidence in ("symbol", "sparse") else 0)
        return 2 * self.states**2 * (up + down) * self.samples

    @property
    def bytes(self):
        """What has to be moved at least: the user's arrays, each once."""
        real = {"f32": 4, "f64": 8}[self.dtype]
        leaf = {"symbol": 4, "sparse": 4, "gaussian": real, "soft": real * self.states}[self.evidence]
        leaf += {"denoise": real, "marginals": real * self.states}.get(self.query, 0)
        root = {"loglik": 8, "classify": real * self.states}.get(self.query, 0)
        return self.leaves * leaf + self.samples * root


def exact(states, query, *targets, peers=(), **more):
    name = f"{query}, symbols, S = {states}" + (", f64" if more.get("dtype") == "f64" else "")
    return Row(name, query, "symbol", states, peers=(*peers, "simple"), targets=[*targets, Target("simple", 4)], **more)


def observed(evidence, states, query, *targets, peers=()):
    name = f"{query}, {evidence}, S = {states}"
    return Row(name, query, evidence, states, peers=(*peers, "simple"), targets=[*targets, Target("simple", 4)])


def peak(share):
    return Target("peak", share)


def upward_rows():
    beagle = ("beagle", "beagle_double")
    yield exact(4, "loglik", Target("beagle", 8), peers=beagle)
    yield exact(8, "loglik", Target("beagle", 20), peers=beagle)
    for states in (16, 32):
        yield exact(states, "loglik", peak(0.6), Target("beagle", 20), peers=beagle)
    yield exact(4, "classify", peers=ONNX)
    yield exact(16, "classify", peak(0.6), Target("onnx", 20), peers=ONNX)
    yield exact(32, "classify", peak(0.6))
    for states in (4, 20):
        yield exact(states, "loglik", Target("libpll", 4), peers=("libpll",), dtype="f64")
    yield observed("gaussian", 4, "classify", peers=ONNX)
    yield observed("gaussian", 16, "classify", peak(0.5), Target("onnx", 20), peers=ONNX)
    yield observed("gaussian", 32, "classify", peak(0.5))
    for evidence, target in (("gaussian", peak(0.5)), ("soft", Target("roofline", 0.6))):
        for states in (16, 32):
            yield observed(evidence, states, "loglik", target)
    yield observed("soft", 16, "classify", Target("roofline", 0.6))


def downward_rows():
    yield observed("gaussian", 4, "denoise", peers=ONNX)
    yield observed("gaussian", 16, "denoise", peak(0.45), Target("onnx", 30), peers=ONNX)
    yield observed("gaussian", 16, "marginals", peak(0.45))
    name = "denoise, gaussian, S = 16, batch 1"
    yield Row(name, "denoise", "gaussian", 16, first=1, peers=ONNX, targets=[Target("onnx", 10)])


def network_rows(has_net_opt):
    """The network against BP. Where the compiler cannot optimize it yet, only as drawn."""
    for query in ("classify", "denoise"):
        for level in ("none", "full") if has_net_opt else ("none",):
            row = Row(f"{query} by the network, gaussian, S = 16, --net-opt={level}", query, "gaussian", 16)
            row.program, row.net_opt = "net", level if has_net_opt else ""
            row.same_as = f"{query}, gaussian, S = 16"
            if level == "full":
                row.targets = [Target("time", 1.1, row.same_as)]
            yield row


def relu_rows():
    """Networks of ReLUs against exact BP on the same model, compiled together. Each tolerance in the narrowest type that
    can be certified for it."""
    for query in ("classify", "denoise"):
        for tolerance, dtype in RELU_TOLERANCES.items():
            row = Row(f"{query} by ReLUs, symbols, S = 16, tolerance {tolerance:g}", query, "symbol", 16)
            row.depth, row.batch, row.dtype, row.program = RELU_DEPTH, RELU_BATCH, dtype, "net"
            row.tolerance, row.concentration, row.peers = tolerance, RELU_CONCENTRATION, ("bp",)
            if tolerance == 1e-2:
                row.targets = [Target("bp", 4)]
            yield row


def thread_rows():
    for query, evidence in (("loglik", "symbol"), ("denoise", "gaussian")):
        of = f"{query}, {'symbols' if evidence == 'symbol' else evidence}, S = 16"
        targets = [Target("speedup", 1.85, of)]
        yield Row(f"{of}, 2 threads", query, evidence, 16, threads=2, same_as=of, targets=targets)


def rescaling_rows():
    """The same model and evidence, so sparse that nothing underflows, with and without the rescaling in the program."""
    for query in ("loglik", "denoise"):
        for states in (4, 16):
            of = f"{query}, sparse symbols, S = {states}"
            yield Row(of, query, "sparse", states)
            row = Row(f"{of}, rescaling taken out", query, "sparse", states, rescaling=False, same_as=of)
            row.targets = [Target("rescaling", of=of)]
            yield row


def sweep_rows(depths):
    for query, evidence in (("loglik", "symbol"), ("denoise", "gaussian")):
        for depth in depths:
            yield Row(
                f"{query}, {'symbols' if evidence == 'symbol' else evidence}, S = 16, d = 2^{depth}",
                query,
                evidence,
                16,
                depth=depth,
                batch=SWEEP_LEAVES >> depth,
                group=f"d-{query}",
                targets=[Target("flat", 1.25)],
            )


def all_rows(has_net_opt, quick):
    yield from upward_rows()
    yield from downward_rows()
    yield from network_rows(has_net_opt)
    yield from relu_rows()
    yield from thread_rows()
    yield from rescaling_rows()
    yield from sweep_rows(SWEEP_DEPTHS[::5] if quick else SWEEP_DEPTHS)
