"""Measures rows: writes the job of each side, runs its program, and compares the answers."""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

import numpy as np

from cases import SIGMA, Case
from onnx_networks import write_network
from rows import ONNX, TOLERANCE

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = HERE.parent.parent / "build/release/bin"
FOLDER = HERE.parent.parent / "build/bench"


class Mismatch(Exception):
    pass


class Bench:
    """Measures `rows` in `rounds`, each of which spends `seconds`, roughly, on every side of a row. With several the
    sides take turns, so that a moment when the machine is busy does not fall on one of them alone."""

    def __init__(self, compiler, rows, rounds, seconds):
        self.compiler, self.rounds, self.seconds = compiler, rounds, str(seconds)
        self.cases = {}
        self.wanted = {row.same_as for row in rows}
        self.answers = {}  # of the rows that others are compared with
        self.environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"} | best_openblas()
        self.compile_models(rows)

    def limits(self):
        output = subprocess.run([PROGRAMS / "bench_limits"], check=True, capture_output=True, text=True).stdout
        return json.loads(output)

    def case(self, row):
        key = (row.states, row.depth, row.batch, row.concentration)
        if key not in self.cases:
            self.cases[key] = Case(FOLDER, *key)
        return self.cases[key]

    def source(self, row):
        """The row's model file."""
        return self.case(row).path("symbol" if row.evidence in ("symbol", "sparse") else "gaussian", "toml")

    def library(self, row):
        """The row's model, compiled."""
        source = self.source(row)
        if not row.rescaling:
            return self.compiler.library(self.compiler.without_rescaling(source), row.dtype)
        options = [f"--dtype={row.dtype}"] + ([f"--net-opt={row.net_opt}"] if row.net_opt else []) + relu(row)
        variant = row.dtype + row.net_opt + (f"-relu-{row.tolerance:g}" if row.tolerance else "")
        return self.compiler.library(source, variant, *options)

    def certificate(self, row):
        """What is certified of the row's network of ReLUs, and its size."""
        options = ["--json", f"--dtype={row.dtype}", *relu(row)]
        description = json.loads(self.compiler.run("describe", self.source(row), *options))
        certificates = [network["certificate"] for network in description["networks"]]
        found = next(one for one in certificates if one.get(row.query) is not None)
        return {"certified": found[row.query]} | {name: found[name] for name in ("width", "units", "parameters")}

    def compile_models(self, rows):
        """Compiles all models, as many at once as there are processors."""

        def key(row):
            symbols = row.evidence in ("symbol", "sparse")
            return self.case(row), symbols, row.dtype, row.net_opt, row.rescaling, row.tolerance

        distinct = {key(row): row for row in rows}
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            libraries = dict(zip(distinct, pool.map(self.library, distinct.values())))
        self.libraries = {row.name: libraries[key(row)] for row in rows}

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
        if side in ("espalier", "bp"):
            job["library"] = self.libraries[row.name]
        if side == "bp":
            job["program"] = "bp"
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
        command = [PROGRAMS / f"bench_{'espalier' if side == 'bp' else side.removesuffix('_double')}"]
        if side in ONNX:
            command = ["node", HERE / "onnx_runtime.js", FOLDER.parent / "npm"]
        command += [job, result, self.seconds]
        done = subprocess.run(command, capture_output=True, text=True, env=self.environment)
        if done.returncode:
            raise RuntimeError(f"{row.name}: {side} fails:\n{done.stderr.strip()}")
        google = json.loads(result.read_text())
        least = next(entry for entry in google["benchmarks"] if entry.get("aggregate_name") == "min")
        answer = np.load(case.path(f"answer-{side}"))
        return {"seconds": least["real_time"], "how": google["context"]["how"]}, answer

    def measure(self, row):
        """Ours and every peer of the row, and how far their answers are apart. Raises Mismatch where too far."""
        best = {}
        for _ in range(self.rounds):
            for side in ("espalier", *row.peers):
                found, other = self.time(row, side)
                if side == "espalier":
                    answer = other
                else:
                    found["difference"] = compare(row, answer, other, side)
                best[side] = min(best.get(side, found), found, key=lambda one: one["seconds"])
        entry = {"name": row.name, **best.pop("espalier"), "peers": best}
        if row.tolerance:
            entry["network"] = self.certificate(row)
        if row.same_as:
            entry["difference"] = compare(row, self.answers[row.same_as], answer, f"'{row.same_as}'")
        if row.name in self.wanted:
            self.answers[row.name] = answer
        return entry


def best_openblas():
    """OpenBLAS takes processors that it does not know for old ones; its AVX-512 code is the faster where it runs."""
    flags = pathlib.Path("/proc/cpuinfo").read_text() if sys.platform == "linux" else ""
    return {"OPENBLAS_CORETYPE": "SkylakeX"} if " avx512f" in flags and " avx512dq" in flags else {}


def relu(row):
    """The compiler's options for a row's network of ReLUs."""
    return ["--activation=relu", f"--tolerance={row.tolerance:g}"] if row.tolerance else []


def compare(row, ours, theirs, peer):
    """The largest difference: absolute for posteriors (for denoised values per range of e), relative for loglik. For
    networks of ReLUs, of what their tolerance is about."""
    if ours.shape != theirs.shape:
        raise Mismatch(f"{row.name}: expected an answer of shape {ours.shape} from {peer}, got {theirs.shape}")
    ours, theirs = ours.astype("f8"), theirs.astype("f8")
    scale = {"loglik": np.maximum(1, np.abs(ours)), "denoise": 1 if row.tolerance else 2}.get(row.query, 1)
    difference = float((np.abs(ours - theirs) / scale).max())
    tolerance = row.tolerance or TOLERANCE[row.dtype]
    if not difference <= tolerance:
        raise Mismatch(f"{row.name}: expected {peer} within {tolerance:g} of ours, got {difference:.2g}")
    return difference
