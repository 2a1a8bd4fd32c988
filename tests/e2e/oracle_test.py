#!/usr/bin/env python3
"""Holds compiled random models against numpy_oracle.py at the published tolerances.

  oracle_test.py --espalier PATH [--models N] [--first I] [--seed S] [--keep DIR]

Every query, program and dtype meets every kind of evidence at batches of 0, 1, 7 and 65. Networks are compiled with
--net-opt=full and none in turn: every model in both, every dtype in both. Each deviation is printed with
the command that shows it; --keep leaves the models and arrays where they can be run again.
"""

import argparse
import pathlib
import re
import shutil
import sys
import tempfile

import numpy as np

import harness
import numpy_oracle
import random_models

BATCHES = (0, 1, 7, 65)
# (sigma, lambda, batch): from almost no noise to almost no signal, and lambda as other processes scale it.
NOISE = ((1e-3, 1, 65), (1e3, 1, 7), (0.4, 1, 0), (0.7, 0.6, 1), (0.05, -1.3, 65), (1, 0, 7), (30, 12.5, 7))
# The same where squares leave the doubles and offsets hide the noise; two of them for each model.
EXTREME_NOISE = ((1e-8, 1), (1e-200, 1), (1e30, 1), (1e-30, 1e-30), (3e-5, -0.7), (1e-200, 1e-200), (1e30, 2e29))
# Where rules may leave a leaf no state but its least likely, fields are limited.
HARD_NOISE = ((1e-5, 1), (3e-5, -0.7))

# Below this, loglik is refused.
LEAST_LOGLIK = -1e298


class Case:
    """One array of evidence, with the options that it needs and the oracle's view of it."""

    def __init__(self, name, array, options=(), **arguments):
        self.name, self.array, self.options, self.arguments = name, array, [str(o) for o in options], arguments

    def restricted(self, rows):
        return Case(self.name, self.array[rows], self.options, **self.arguments)


def extremes_of(model, dtype, rng):
    hard = bool((model.kernels[-1] == 0).any())
    choices = HARD_NOISE if hard else EXTREME_NOISE
    first = int(rng.integers(len(choices)))
    for sigma, lam in (choices[first], choices[(first + 1) % len(choices)]):
        observed = random_models.gaussian_evidence(model, 7, lam, sigma, rng)
        yield sigma, lam, observed.astype(np.float32 if dtype == "f32" else np.float64)


def cases_of(model, dtype, rng):
    real = np.float32 if dtype == "f32" else np.float64
    if model.channel == "symbol":
        for batch in BATCHES:
            yield Case(f"symbols{batch}", random_models.symbol_evidence(model, batch, rng))
    else:
        for sigma, lam, batch in NOISE:
            observed = random_models.gaussian_evidence(model, batch, lam, sigma, rng).astype(real)
            yield Case(f"noise{sigma:g}x{batch}", observed, ["--sigma", sigma, f"--lambda={lam}"], sigma=sigma, lam=lam)
        for sigma, lam, observed in extremes_of(model, dtype, rng):
            yield Case(f"extreme{sigma:g}", observed, ["--sigma", sigma, f"--lambda={lam}"], sigma=sigma, lam=lam)
    for batch in (7, 65):
        soft = random_models.soft_evidence(model, batch, rng, wide=batch == 65)
        soft = soft.astype(real if batch == 7 else np.float64)
        yield Case(f"soft{batch}", soft, ["--soft"], soft=True)


def tolerance_of(model, query, dtype):
    base, epsilon = (1e-5, np.finfo(np.float32).eps) if dtype == "f32" else (1e-12, np.finfo(np.float64).eps)
    if query != "denoise":
        return base
    # Values that are all alike: an answer cannot be finer than its own number type.
    values = model.values.astype(float)
    return max(base * (values.max() - values.min()), 4 * epsilon * np.abs(values).max())


def distance(found, expected, query):
    """The largest deviation; infinite where it is not a number or differs in what is impossible."""
    if found.size == 0:
        return 0.0
    with np.errstate(invalid="ignore"):
        scale = np.maximum(1, np.abs(expected)) if query == "loglik" else 1.0
        difference = np.where(found == expected, 0, np.abs(found.astype(float) - expected) / scale)
    return float(np.where(np.isnan(difference), np.inf, difference).max())


class Comparison:
    """All comparisons of one model in one dtype; counts them and collects what deviates."""

    def __init__(self, model, executable, dtype, folder, report):
        self.model, self.executable, self.dtype, self.folder, self.report = model, executable, dtype, folder, report
        self.count, self.worst = 0, {}

    def run(self, rng):
        for case in cases_of(self.model, self.dtype, rng):
            loglik, impossible = self.answer(case, "loglik")
            refused = (loglik < LEAST_LOGLIK) & ~impossible
            if refused.any():
                self.check_too_small(case.restricted(refused))
            self.queries(case.restricted(~refused), ["loglik"], impossible[~refused])
            if impossible.any():
                self.queries(case, ["classify", "denoise", "marginals"], impossible)
            self.queries(case.restricted(~impossible), ["classify", "denoise", "marginals"],
                         np.zeros(int((~impossible).sum()), bool))

    def answer(self, case, query, level=None):
        return numpy_oracle.answer(self.model, query, case.array, level=level, **case.arguments)

    def queries(self, case, queries, impossible):
        expects_answers = not impossible.any()
        source = self.folder / f"{case.name}-{self.dtype}{'' if expects_answers else '-impossible'}.npy"
        np.save(source, case.array)
        for query in queries:
            for level in range(self.model.depth + 1) if query == "marginals" and expects_answers else [None]:
                expected = None
                if query == "loglik" or expects_answers:
                    expected = self.answer(case, query, level)[0]
                for program in ("bp", "net"):
                    command = [self.executable, query, "--input", source, f"--program={program}", *case.options]
                    command += ["--level", level] if level is not None else []
                    self.check(command, query, expected, impossible)

    def check(self, command, query, expected, impossible):
        self.count += 1
        output = self.folder / "answer.npy"
        output.unlink(missing_ok=True)
        try:
            result = harness.run(*command, "--output", output)
        except harness.Crash as crash:
            return self.report(str(crash))
        if expected is None:
            return self.check_refusal(result, impossible, output)
        if result.code != 0:
            return self.report(f"expects an answer, got {result}")
        found = np.load(output)
        dtype = np.float64 if query == "loglik" or self.dtype == "f64" else np.float32
        if found.shape != expected.shape or found.dtype != dtype:
            return self.report(f"expects {expected.shape} {dtype.__name__}, got {found.shape} {found.dtype}: {result}")
        far, allowed = distance(found, expected, query), tolerance_of(self.model, query, self.dtype)
        self.worst[query] = max(self.worst.get(query, 0), far / allowed if far else 0.0)
        if not far <= allowed:
            self.report(f"differs by {far:.3g}, allowed {allowed:.3g}: {result}")

    def check_too_small(self, case):
        """Exit code 1 and the limit: squares of what was observed leave the range of doubles."""
        source = self.folder / f"{case.name}-{self.dtype}-refused.npy"
        np.save(source, case.array)
        result = harness.run(self.executable, "loglik", "--input", source, *case.options)
        if result.code != 1 or "log-likelihoods above -1e+298" not in result.err:
            self.report(f"expects a refusal, got {result}")

    def check_refusal(self, result, impossible, output):
        """Exit code 3, the count, the first such sample, and no file."""
        numbers = [int(number) for number in re.findall(r"\d+", result.err.split("error:")[-1])]
        if result.code != 3 or int(impossible.sum()) not in numbers or int(impossible.argmax()) not in numbers:
            self.report(f"expects exit code 3, {impossible.sum()} impossible, the first {impossible.argmax()}, "
                        f"got {result}")
        if output.exists():
            self.report(f"an output file in spite of {result}")


def check_model(espalier, folder, seed, index, dtypes, report):
    drawing = random_models.Drawing(folder, seed, index)
    model = numpy_oracle.Model(drawing.path)
    summary = []
    for dtype in dtypes:
        net_opt = ("full", "none")[(index + (dtype == "f64")) % 2]
        executable = folder / f"model-{dtype}"
        result = harness.run(espalier, "compile", drawing.path, "-o", executable, f"--dtype={dtype}",
                             f"--net-opt={net_opt}")
        if result.code != 0:
            report(f"does not compile: {result}")
            continue
        comparison = Comparison(model, executable, dtype, folder, report)
        comparison.run(np.random.default_rng([seed, index, 1]))
        worst = ", ".join(f"{query} {ratio:.2g}" for query, ratio in comparison.worst.items())
        summary.append(f"{dtype}, net {net_opt}: {comparison.count} answers, worst/allowed {worst}")
    print(f"model {index}: {drawing.branching} states {drawing.states} {model.channel}"
          f"{' with zeros' if drawing.zeros else ''}; {'; '.join(summary)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--espalier", required=True)
    parser.add_argument("--models", type=int, default=12)
    parser.add_argument("--first", type=int, default=0, help="index of the first model")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dtype", choices=["f32", "f64"], help="this type only")
    parser.add_argument("--keep", help="leave models and arrays in this folder")
    options = parser.parse_args()
    top = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="espalier-oracle-"))
    failures = []
    for index in range(options.first, options.first + options.models):
        folder = top / f"seed{options.seed}-model{index}"
        folder.mkdir(parents=True, exist_ok=True)

        def report(text, index=index):
            failures.append(text)
            print(f"FAIL seed {options.seed} model {index}: {text}", flush=True)

        check_model(options.espalier, folder, options.seed, index, [options.dtype] if options.dtype else ["f32", "f64"],
                    report)
        if not options.keep:
            shutil.rmtree(folder)
    if not options.keep:
        shutil.rmtree(top)
    print(f"{options.models} models, {len(failures)} failures")
    return 1 if failures or options.models < 1 else 0


if __name__ == "__main__":
    sys.exit(main())
