#!/usr/bin/env python3
"""Holds exported networks of random models, run in ONNX Runtime, against numpy_oracle.py.

  onnx_random_test.py --espalier PATH --packages DIR [--models N] [--first I] [--seed S]

The models are those of oracle_test.py, and so is their evidence: odd sizes, images, zeros, sharing of every kind, vectors,
batches of 0, 1, 7 and 65, sigma from 1e-3 to 1e3. Every query and level is exported, as drawn and with logs cancelled.
"""

import argparse
import pathlib
import sys
import tempfile

import numpy as np

import harness
import numpy_oracle
import oracle_test
import random_models
from onnx_runtime import Runtime, inputs_of


def exports_of(model):
    yield "classify", None
    yield "denoise", None
    for level in range(model.depth + 1):
        yield "marginals", level


def rounded(case, dtype):
    """The case with sigma and lambda as the network's inputs hold them."""
    real = np.float32 if dtype == "f32" else np.float64
    arguments = {name: float(real(value)) for name, value in case.arguments.items()}
    return oracle_test.Case(case.name, case.array, case.options, **arguments)


def check_model(options, folder, index):
    """The worst ratio of deviation and tolerance; a list of what deviates."""
    drawing = random_models.Drawing(folder, options.seed, index)
    model = numpy_oracle.Model(drawing.path)
    runtime, expectations, problems, worst = Runtime(options.packages, folder), [], [], 0.0
    dtype, other = ("f32", "f64") if index % 3 else ("f64", "f32")
    cases = [rounded(case, dtype)
             for case in oracle_test.cases_of(model, dtype, np.random.default_rng([options.seed, index, 1]))
             if not case.arguments.get("soft") and not case.name.startswith("extreme")]
    for net_opt in ("none", "full"):
        for query, level in exports_of(model):
            file = folder / f"{net_opt}-{query}-{level}.onnx"
            result = harness.run(options.espalier, "compile", drawing.path, "--emit=onnx", f"--query={query}", "-o", file,
                                 f"--net-opt={net_opt}", f"--dtype={dtype}",
                                 *([f"--level={level}"] if level is not None else []))
            if result.code != 0:
                return 0, [str(result)]
            for case in cases:
                arguments = {name: case.arguments[name] for name in ("sigma", "lam") if name in case.arguments}
                answer = runtime.add(file, inputs_of(case.array, model.channel, dtype, **arguments), query)
                expectations.append((answer, query, level, case, f"{net_opt} {query} {level} {case.name}"))
    runtime.run()
    for answer, query, level, case, what in expectations:
        found = np.load(answer)
        expected, impossible = numpy_oracle.answer(model, query, case.array, level=level, **case.arguments)
        real = np.float32 if dtype == "f32" else np.float64
        if found.shape != expected.shape or found.dtype != real:
            problems.append(f"{what}: expects {expected.shape} {real.__name__}, got {found.shape} {found.dtype}")
            continue
        if not np.isfinite(found).all():
            problems.append(f"{what}: expects finite answers, also where evidence is impossible")
        # What networks answer to impossible evidence is unspecified beyond that.
        far = oracle_test.distance(found[~impossible], expected[~impossible], query)
        allowed = oracle_test.tolerance_of(model, query, dtype)
        worst = max(worst, far / allowed if far else 0.0)
        if not far <= allowed:
            problems.append(f"{what}: differs by {far:.3g}, allowed {allowed:.3g}")
    print(f"model {index}: {drawing.branching} states {drawing.states} {model.channel}"
          f"{' with zeros' if drawing.zeros else ''}, {dtype}: {len(expectations)} answers, worst/allowed {worst:.2g}",
          flush=True)
    return worst, problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--espalier", required=True)
    parser.add_argument("--packages", required=True, help="the folder of the npm package onnxruntime-node")
    parser.add_argument("--models", type=int, default=8)
    parser.add_argument("--first", type=int, default=0, help="index of the first model")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failures = []
    for index in range(options.first, options.first + options.models):
        with tempfile.TemporaryDirectory(prefix="espalier-onnx-") as folder:
            problems = check_model(options, pathlib.Path(folder), index)[1]
            failures += problems
            for problem in problems:
                print(f"FAIL seed {options.seed} model {index}: {problem}", flush=True)
    print(f"{options.models} models, {len(failures)} failures")
    return 1 if failures or options.models < 1 else 0


if __name__ == "__main__":
    sys.exit(main())
