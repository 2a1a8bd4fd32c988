"""Runs every row with Espalier and its peers on the same data. Answers are compared before any time counts."""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import sys

import report
from cases import Compiler
from measure import HERE, PROGRAMS, Bench, Mismatch
from rows import all_rows


def machine():
    fields = dict(
        (key.strip(), value.strip())
        for key, _, value in (line.partition(":") for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines())
    )
    return {
        "processor": fields.get("model name", "unknown"),
        "processors": os.cpu_count(),
        "system": platform.freedesktop_os_release()["PRETTY_NAME"],
    }


def parse(arguments):
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter measurements, for a first look")
    parser.add_argument("--only", metavar="REGEX", default="", help="only rows whose name matches")
    parser.add_argument("--list", action="store_true", help="print the rows' names and stop")
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="write everything that was measured")
    parser.add_argument("--page", action="store_true", help="write docs/benchmarks.md, unless an answer was wrong")
    options = parser.parse_args(arguments)
    if options.page and options.only:
        parser.error("--page expects all rows, got --only")
    return options


def chosen(rows, pattern):
    """The rows whose name matches, and those that they are compared with."""
    names = {row.name for row in rows if re.search(pattern, row.name)}
    for row in rows:
        if row.name in names:
            names |= {row.same_as, *(target.of for target in row.targets)}
    return [row for row in rows if row.name in names]


def main(arguments):
    options = parse(arguments)
    compiler = Compiler(PROGRAMS / "espalier")
    rows = chosen(list(all_rows(compiler.has_net_opt, options.quick)), options.only)
    if options.list:
        print("\n".join(row.name for row in rows))
        return 0
    bench = Bench(compiler, rows, *((1, 0.15) if options.quick else (2, 0.5)))
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
    if options.page and not problems:
        (HERE.parent.parent / "docs/benchmarks.md").write_text(report.page(results))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
