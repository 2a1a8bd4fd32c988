"""From measurements to the table: shares of the machine's limits, ratios to peers, and whether targets are met."""

PEERS = {
    "beagle": "BEAGLE",
    "beagle_double": "BEAGLE f64",
    "libpll": "libpll",
    "onnx": "ONNX Runtime",
    "onnx_tuned": "ORT tuned",
    "simple": "simple",
}

NAMES = PEERS | {"bp": "exact BP"}


def judge(rows, entries, limits):
    """Adds to each entry what follows from its times."""
    rows = {row.name: row for row in rows}
    by_name = {entry["name"]: entry for entry in entries}
    for entry in entries:
        row, seconds = rows[entry["name"]], entry["seconds"]
        peak = limits[f"peak_{row.dtype}"] * 1e9 * row.threads
        compute, memory = row.flops / peak, row.bytes / (max(limits["read"], limits["triad"]) * 1e9)
        entry |= {
            "dtype": row.dtype,
            "samples": row.samples,
            "leaves": row.leaves,
            "gflops": row.flops / seconds / 1e9,
            "peak": compute / seconds,
            "bound_seconds": max(compute, memory),
            "bound": "flops" if compute >= memory else "memory",
            "roofline": max(compute, memory) / seconds,
            "leaves_per_second": row.leaves / seconds,
        }
        for peer in entry["peers"].values():
            peer["ratio"] = peer["seconds"] / seconds
    for entry in entries:
        row = rows[entry["name"]]
        group = [other for other in entries if row.group and rows[other["name"]].group == row.group]
        entry["targets"] = [
            verdict(target, entry, by_name.get(target.of), group)
            for target in row.targets
            if not target.of or target.of in by_name
        ]
    return entries


def verdict(target, entry, other, group):
    seconds, limit = entry["seconds"], None
    if target.kind in ("peak", "roofline"):
        what, got = f"{target.value:.0%} of {target.kind}", entry[target.kind]
    elif target.kind == "speedup":
        what, got = f"{target.value:g} x 1 thread", other["seconds"] / seconds
    elif target.kind == "time":
        what, got = f"{target.value:g} of BP's time at most", seconds / other["seconds"]
    elif target.kind == "bp":
        what, got = f"{target.value:g} of BP's time at most", of_bp(entry)
    elif target.kind == "rescaling":
        return {"target": "time with rescaling", "got": other["seconds"] / seconds, "met": None}
    elif target.kind == "flat":
        cost = seconds / entry["leaves"]
        what, got = f"{target.value:g} of the least cost at most", cost / min(e["seconds"] / e["leaves"] for e in group)
    else:
        what, got = f"{target.value:g} x {PEERS[target.kind]}", entry["peers"][target.kind]["ratio"]
        if entry["roofline"] < 1:
            limit = got / entry["roofline"]
    at_most = target.kind in ("time", "bp", "flat")
    met = got <= target.value if at_most else got >= target.value
    return {"target": what, "got": got, "met": met, "at_roofline": limit}


def of_bp(entry):
    return 1 / entry["peers"]["bp"]["ratio"]


def time_text(seconds):
    unit, scale = ("us", 1e6) if seconds < 1e-3 else ("ms", 1e3)
    return f"{seconds * scale:.3g} {unit}" if seconds * scale < 1000 else f"{seconds * scale:.0f} {unit}"


def got_text(judged):
    got = f"{judged['got']:.0%}" if "%" in judged["target"] else f"{judged['got']:.2f}"
    text = f"{judged['target']}: {got}" + {None: "", True: ", met", False: ", MISSED"}[judged["met"]]
    if judged["met"] is False and judged.get("at_roofline"):
        text += f" (at the roofline {judged['at_roofline']:.3g})"
    return text


HEADER = ["row", "time", "GFLOP/s", "peak", "roofline", "M leaves/s", *PEERS.values(), "target: measured"]


def cells(entry):
    line = [entry["name"], time_text(entry["seconds"]), f"{entry['gflops']:.1f}", f"{entry['peak']:.0%}"]
    line += [f"{entry['roofline']:.0%} ({entry['bound']})", f"{entry['leaves_per_second'] / 1e6:.1f}"]
    for peer in PEERS:
        found = entry["peers"].get(peer)
        line.append(f"{time_text(found['seconds'])} ({found['ratio']:.1f}x)" if found else "")
    return [*line, "; ".join(map(got_text, entry["targets"]))]


NETWORK_HEADER = ["network", "type", "D", "units", "parameters", "certified", "off by"]
NETWORK_HEADER += ["time", "BP's time", "ratio", "target: measured"]


def network_cells(entry):
    network, bp = entry["network"], entry["peers"]["bp"]
    line = [entry["name"], entry["dtype"], *(str(network[name]) for name in ("width", "units", "parameters"))]
    line += [f"{network['certified']:.2g}", f"{bp['difference']:.2g}"]
    line += [time_text(entry["seconds"]), time_text(bp["seconds"]), f"{of_bp(entry):.2f}"]
    return [*line, "; ".join(map(got_text, entry["targets"]))]


def tables(results):
    """Rows against peers, and networks of ReLUs against BP."""
    peers, networks = [HEADER], [NETWORK_HEADER]
    for entry in results["rows"]:
        if "network" in entry:
            networks.append(network_cells(entry))
        else:
            peers.append(cells(entry))
    return peers, networks


def summary(results):
    limits, targets = results["limits"], [t["met"] for entry in results["rows"] for t in entry["targets"]]
    return [
        "{processor}, {processors} processors, {system}; ".format(**results["machine"]) + results["date"],
        f"one thread: {limits['peak_f32']:.1f} GFLOP/s in f32, {limits['peak_f64']:.1f} in f64; memory "
        f"{limits['read']:.1f} GB/s read, {limits['triad']:.1f} GB/s triad",
        f"{targets.count(True)} of {len(targets) - targets.count(None)} targets met",
    ]


def text(results):
    lines = summary(results)
    for table in tables(results):
        if len(table) > 1:
            lines += ["", *aligned(table)]
    return "\n".join(lines + [""] + [f"error: {problem}" for problem in results["problems"]]).rstrip()


def aligned(table):
    widths = [max(map(len, column)) for column in zip(*table)]
    last = len(widths) - 1
    for line in table:
        padded = [c.ljust(w) if i in (0, last) else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths))]
        yield "  ".join(padded).rstrip()


PAGE = """# Benchmarks

This page is written by `scripts/bench`; every number below was measured in one run on one machine. All sides compute
the same answers from the same data: binary trees, one dense random kernel per level and rank, 1024 leaves and 1024
samples unless a row says otherwise. A time is that from the user's array to the user's array on one thread, the least
of several repetitions, and counts only once the answers agree (f32 to 1e-5, f64 to 1e-10). Programs, data and targets
are in [tests/bench/](../tests/bench/).

* **GFLOP/s** and **peak** count the products alone, 2 S^2 per edge and direction, where look-ups of exact symbols are
  not flops. For symbols on the way up the compiler's tables stand for the lowest levels' products as well
  ([rationale-codegen.md](rationale-codegen.md)); these are counted as if they were computed, for every side alike, so
  that a share can exceed 100%. **roofline** is the least time that this machine's multiply-adds, these included, and its
  memory allow, divided by ours.
* A peer's time is followed by how many times as long as ours it is. BEAGLE and libpll start from data that were loaded
  before the clock started. Targets are for BEAGLE in single precision, the same work; what it takes in double precision
  is shown because that is sometimes less.
* Where we miss a multiple of a peer's speed, the one that the row would have at its roofline follows. If that is below
  the target, no program that computes all products can reach it on this machine.
* *ONNX Runtime* runs the ConvNet or U-Net as drawn, *ORT tuned* the same network rewritten by hand for that runtime.
  *simple* is belief propagation level by level, with OpenBLAS and vectorized loops.

```sh no-run
{command}
```

{machine}

{peers}

## Networks of ReLUs

The networks of [rationale-relu.md](rationale-relu.md) for tolerances, each in the narrowest type that can be certified
for it, beside exact belief propagation on the same model in the same type: 64 leaves of 16 states, 4096 samples, and
kernels whose rows are drawn from a Dirichlet distribution of concentration 5, since evenly drawn ones leave f32 no room
for its rounding. **D** is the hidden width; units and parameters are those of all levels. **certified** bounds the error
of the answer (classify: total variation of the root's posterior; denoise: any leaf's mean); **off by** is the largest
difference from belief propagation on these samples, next to none for denoise, whose leaves are all observed; **ratio**
is the network's time over belief propagation's.

{networks}

How the sides ran:

{how}
"""


def markdown(table):
    lines = ["| " + " | ".join(line) + " |" for line in table]
    return "\n".join([lines[0], "|" + "---|" * len(table[0])] + lines[1:])


def page(results):
    rows = results["rows"]
    hows = [["row", "side", "how"]]
    for entry in rows:
        hows.append([entry["name"], "Espalier", entry["how"]])
        hows += [["", NAMES[peer], found["how"]] for peer, found in entry["peers"].items()]
    peers, networks = map(markdown, tables(results))
    return PAGE.format(
        command=results["command"],
        machine="\n".join(f"* {line}" for line in summary(results)),
        peers=peers,
        networks=networks,
        how=markdown(hows),
    )
