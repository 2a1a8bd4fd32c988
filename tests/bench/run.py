"""Runs the benchmark: every row with Espalier and its peers on the same data, answers compared before any time counts.
Started by scripts/bench, which has built the programs."""

import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys

import numpy as np

import report
from cases import SIGMA, Case, Compiler
from onnx_networks import write_network
from rows import ONNX, TOLERANCE, all_rows

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


class Mismatch(Exception):
    pass


class Bench:
    def __init__(self, options):
        self.options = options
        self.programs = ROOT / "build/release/bin"
        self.folder = ROOT / "build/bench"
        self.compiler = Compiler(self.programs / "espalier")
        self.cases = {}
        self.seconds = "0.15" if options.quick else "0.8"
        self.environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"} | best_openblas()

    def limits(self):
        output = subprocess.run([self.programs / "bench_limits"], check=True, capture_output=True, text=True).stdout
        return json.loads(output)

    def case(self, row):
        key = (row.states, row.depth, row.batch)
        if key not in self.cases:
            self.cases[key] = Case(self.folder, *key)
        return self.cases[key]

    def library(self, row):
        """The row's model, compiled."""
        source = self.case(row).path("symbol" if row.evidence in ("symbol", "sparse") else "gaussian", "toml")
        if not row.rescaling:
            return self.compiler.library(self.compiler.without_rescaling(source), row.dtype)
        options = [f"--dtype={row.dtype}"] + ([f"--net-opt={row.net_opt}"] if row.net_opt else [])
        return self.compiler.library(source, row.dtype + row.net_opt, *options)

    def compile(self, rows):
        """Compiles all models, as many at once as there are processors; gives each row its library."""
        keys = {row.name: (self.case(row), row.evidence in ("symbol", "sparse"), row.dtype, row.net_opt, row.rescaling)
                for row in rows}
        distinct = {keys[row.name]: row for row in rows}
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            libraries = dict(zip(distinct, pool.map(self.library, distinct.values())))
        self.libraries = {name: libraries[key] for name, key in keys.items()}

    def job(self, row, side):
        """Writes the job file of one side of a row."""
        case = self.case(row)
        job = {
            "query": row.query,
            "evidence": "symbol" if row.evidence == "sparse" else row.evidence,
            "dtype": row.dtype,
            "sigma": SIGMA,
            "threads": row.threads,
            "program": row.program,
            "input": case.evidence(row.evidence, row.dtype, row.first),
            "output": case.path(f"answer-{side}"),
        } | {name: case.path(name) for name in ("kernels", "prior", "values")}
        if side == "espalier":
            job["library"] = self.libraries[row.name]
        if side == "beagle_double":
            job["dtype"] = "f64"
        if side in ONNX:
            job["network"] = write_network(case, row.query, row.evidence, tuned=side == "onnx_tuned")
        path = case.path(f"job-{side}", "json")
        path.write_text(json.dumps(job, default=str))
        return case, path

    def time(self, row, side):
        """Runs one side of a row: {"seconds", "how"} and its answer."""
        case, job = self.job(row, side)
        result = case.path(f"report-{side}", "json")
        command = [self.programs / f"bench_{side.removesuffix('_double')}"]
        if side in ONNX:
            command = ["node", HERE / "onnx_runtime.js", self.folder / "npm"]
        done = subprocess.run(
            [*command, job, result, self.seconds],
            capture_output=True,
            text=True,
            env=self.environment,
        )
        if done.returncode:
            raise RuntimeError(f"{row.name}: {side} fails:\n{done.stderr.strip()}")
        google = json.loads(result.read_text())
        least = next(entry for entry in google["benchmarks"] if entry.get("aggregate_name") == "min")
        answer = np.load(case.path(f"answer-{side}"))
        return {"seconds": least["real_time"], "how": google["context"]["how"]}, answer

    def measure(self, row):
        """Ours and every peer of the row, and how far their answers are apart. Raises Mismatch where that is too far."""
        ours, answer = self.time(row, "espalier")
        entry = {"name": row.name, "seconds": ours["seconds"], "how": ours["how"], "peers": {}}
        for peer in row.peers:
            theirs, other = self.time(row, peer)
            theirs["difference"] = compare(row, answer, other, peer)
            entry["peers"][peer] = theirs
        if not row.rescaling:
            with_rescaling = np.load(self.case(row).path("answer-rescaled"))
            entry["difference"] = compare(row, with_rescaling, answer, "the program without rescaling")
        elif row.evidence == "sparse":
            np.save(self.case(row).path("answer-rescaled"), answer)
        return entry


def best_openblas():
    """OpenBLAS takes processors that it does not know for old ones; its AVX-512 code is the faster where it runs."""
    flags = pathlib.Path("/proc/cpuinfo").read_text() if sys.platform == "linux" else ""
    return {"OPENBLAS_CORETYPE": "SkylakeX"} if " avx512f" in flags and " avx512dq" in flags else {}


def compare(row, ours, theirs, peer):
    """The largest difference: absolute for posteriors (for denoised values per range of e), relative for loglik."""
    if ours.shape != theirs.shape:
        raise Mismatch(f"{row.name}: expected an answer of shape {ours.shape} from {peer}, got {theirs.shape}")
    ours, theirs = ours.astype("f8"), theirs.astype("f8")
    scale = {"loglik": np.maximum(1, np.abs(ours)), "denoise": 2}.get(row.query, 1)
    difference = float((np.abs(ours - theirs) / scale).max())
    if not difference <= TOLERANCE[row.dtype]:
        raise Mismatch(f"{row.name}: expected {peer} within {TOLERANCE[row.dtype]:g} of our answer, got {difference:.2g}")
    return difference


def machine():
    fields = dict(
        (key.strip(), value.strip())
        for key, _, value in (line.partition(":") for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines())
    )
    return {"processor": fields.get("model name", "unknown"), "processors": os.cpu_count()}


def parse(arguments):
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter measurements, for a first look")
    parser.add_argument("--only", metavar="REGEX", default="", help="only rows whose name matches")
    parser.add_argument("--list", action="store_true", help="print the rows' names and stop")
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="write everything that was measured")
    parser.add_argument("--page", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args(arguments)
    if options.page and options.only:
        parser.error("--page expects all rows, got --only")
    return options


def main(arguments):
    options = parse(arguments)
    bench = Bench(options)
    rows = [row for row in all_rows(bench.compiler.has_net_opt, options.quick) if re.search(options.only, row.name)]
    if options.list:
        print("\n".join(row.name for row in rows))
        return 0
    bench.compile(rows)
    limits, entries, problems = bench.limits(), [], []
    for number, row in enumerate(rows):
        if sys.stderr.isatty():
            print(f"\r\033[K[{number + 1}/{len(rows)}] {row.name}", end="", file=sys.stderr, flush=True)
        try:
            entries.append(bench.measure(row))
        except (Mismatch, RuntimeError) as problem:
            problems.append(str(problem))
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    # The machine may have been busy the first time.
    limits = {name: max(value, again) for (name, value), again in zip(limits.items(), bench.limits().values())}
    results = {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "command": " ".join(["scripts/bench"] + ["--quick"] * options.quick + ["--page"] * options.page),
        "limits": limits,
        "rows": report.judge(rows, entries, limits),
        "problems": problems,
    }
    print(report.text(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    if options.page:
        (ROOT / "docs/benchmarks.md").write_text(report.page(results))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
