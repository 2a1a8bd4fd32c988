#!/usr/bin/env python3
"""What the benchmark's table rests on, without any peer: counts of work, comparison of answers, verdicts, and the
program without rescaling."""

import argparse
import pathlib
import sys
import tempfile
import unittest

import numpy as np

import measure
import report
from cases import Case, Compiler
from rows import Row, Target, all_rows


class Counts(unittest.TestCase):
    def test_products_of_symbols_begin_above_the_leaves(self):
        row = Row("", "loglik", "symbol", states=3, depth=2, batch=5)
        self.assertEqual(row.flops, 5 * 2 * 2 * 3**2)  # two edges above the leaves' own four

    def test_both_directions_of_gaussian_leaves(self):
        row = Row("", "denoise", "gaussian", states=3, depth=2, batch=5)
        self.assertEqual(row.flops, 5 * 2 * 6 * 2 * 3**2)
        self.assertEqual(row.bytes, 5 * 4 * (4 + 4))

    def test_bytes_of_soft_evidence(self):
        self.assertEqual(Row("", "loglik", "soft", states=3, depth=2, batch=5).bytes, 5 * (4 * 3 * 4 + 8))

    def test_names_are_unique_and_known(self):
        rows = list(all_rows(True, False))
        names = {row.name for row in rows}
        self.assertEqual(len(names), len(rows))
        for row in rows:
            for name in (row.same_as, *(target.of for target in row.targets)):
                self.assertTrue(not name or name in names, name)


class Answers(unittest.TestCase):
    def test_a_wrong_answer_is_a_mismatch(self):
        row = Row("row", "classify", "symbol", 2)
        right = np.array([[0.25, 0.75]], dtype="f4")
        self.assertEqual(measure.compare(row, right, right, "peer"), 0)
        for wrong in (right + np.float32(2e-5), right * np.nan, right[0]):
            with self.assertRaises(measure.Mismatch):
                measure.compare(row, right, wrong, "peer")

    def test_networks_of_relus_are_held_to_their_tolerance(self):
        row = Row("row", "denoise", "symbol", 2, tolerance=1e-2)
        right = np.array([[0.25, 0.75]], dtype="f4")
        self.assertAlmostEqual(measure.compare(row, right, right + np.float32(9e-3), "bp"), 9e-3, places=6)
        with self.assertRaises(measure.Mismatch):
            measure.compare(row, right, right + np.float32(1.1e-2), "bp")

    def test_double_precision_is_held_to_more(self):
        row = Row("row", "loglik", "symbol", 2, dtype="f64")
        ours = np.array([-1000.0])
        measure.compare(row, ours, ours * (1 + 1e-11), "peer")
        with self.assertRaises(measure.Mismatch):
            measure.compare(row, ours, ours * (1 + 1e-9), "peer")


class Verdicts(unittest.TestCase):
    LIMITS = {"peak_f32": 100, "peak_f64": 50, "read": 10, "triad": 20}

    def judge(self, rows, *seconds, peers=()):
        peers = {name: {"seconds": time} for name, time in peers}
        entries = [{"name": row.name, "seconds": time, "peers": peers} for row, time in zip(rows, seconds)]
        return [[target["met"] for target in entry["targets"]] for entry in report.judge(rows, entries, self.LIMITS)]

    def test_ratio_to_a_peer(self):
        row = Row("row", "loglik", "symbol", 4, targets=[Target("simple", 4)])
        self.assertEqual(self.judge([row], 1, peers=[("simple", 4)]), [[True]])
        self.assertEqual(self.judge([row], 1, peers=[("simple", 3.9)]), [[False]])

    def test_a_missed_ratio_says_what_the_roofline_allows(self):
        row = Row("row", "loglik", "gaussian", 16, targets=[Target("beagle", 4)])
        half = 2 * row.flops / 100e9
        entry = {"name": "row", "seconds": half, "peers": {"beagle": {"seconds": 1.5 * half}}}
        (target,) = report.judge([row], [entry], self.LIMITS)[0]["targets"]
        self.assertEqual(report.got_text(target), "4 x BEAGLE: 1.50, MISSED (at the roofline 3)")

    def test_beyond_the_roofline_it_allows_nothing(self):
        row = Row("row", "loglik", "symbol", 16, targets=[Target("simple", 4)])
        spared = 0.5 * row.flops / 100e9
        entry = {"name": "row", "seconds": spared, "peers": {"simple": {"seconds": 3 * spared}}}
        (target,) = report.judge([row], [entry], self.LIMITS)[0]["targets"]
        self.assertEqual(report.got_text(target), "4 x simple: 3.00, MISSED")

    def test_share_of_the_limits(self):
        row = Row("row", "loglik", "gaussian", 16, targets=[Target("peak", 0.5), Target("roofline", 0.5)])
        at_peak = row.flops / 100e9
        self.assertEqual(self.judge([row], at_peak * 1.9), [[True, True]])
        self.assertEqual(self.judge([row], at_peak * 2.1), [[False, False]])

    def test_memory_bounds_what_has_few_states(self):
        row = Row("row", "loglik", "soft", 2, targets=[Target("roofline", 0.9)])
        self.assertEqual(self.judge([row], row.bytes / 20e9), [[True]])

    def test_comparison_with_another_row(self):
        one = Row("one", "loglik", "symbol", 4)
        two = Row("two", "loglik", "symbol", 4, targets=[Target("speedup", 1.85, "one"), Target("time", 1.1, "one")])
        self.assertEqual(self.judge([one, two], 1, 0.5), [[], [True, True]])
        self.assertEqual(self.judge([one, two], 1, 1.2), [[], [False, False]])

    def test_time_of_exact_bp(self):
        row = Row("row", "classify", "symbol", 4, targets=[Target("bp", 4)])
        self.assertEqual(self.judge([row], 3.9, peers=[("bp", 1)]), [[True]])
        self.assertEqual(self.judge([row], 4.1, peers=[("bp", 1)]), [[False]])

    def test_cost_per_leaf_is_flat(self):
        rows = [Row(name, "loglik", "symbol", 4, group="g", targets=[Target("flat", 1.25)]) for name in "abc"]
        self.assertEqual(self.judge(rows, 1, 1.2, 1.3), [[True], [True], [False]])


class Networks(unittest.TestCase):
    """The table of networks of ReLUs, as text and in the page."""

    def test_a_network_and_its_verdict_are_shown(self):
        row = next(row for row in all_rows(True, True) if row.tolerance == 1e-2)
        bp = {"seconds": 1.0, "how": "", "difference": 1e-3}
        network = {"certified": 9.9e-3, "width": 17, "units": 40, "parameters": 300}
        entry = {"name": row.name, "seconds": 2.5, "how": "", "peers": {"bp": bp}, "network": network}
        limits = {"peak_f32": 100, "peak_f64": 50, "read": 10, "triad": 20}
        results = {"rows": report.judge([row], [entry], limits), "limits": limits, "problems": [], "date": "",
                   "command": "", "machine": {"processor": "", "processors": 1, "system": ""}}
        for written in (report.text(results), report.page(results)):
            line = next(line for line in written.splitlines() if row.name in line)
            for shown in ("17", "40", "300", "0.0099", "0.001", "4 of BP's time at most: 2.50, met"):
                self.assertIn(shown, line)

    def test_a_certificate_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            row = Row("row", "denoise", "symbol", 3, depth=2, batch=1, tolerance=0.1, concentration=5)
            bench = measure.Bench.__new__(measure.Bench)
            bench.compiler, bench.cases = Compiler(ESPALIER), {}
            bench.cases[(3, 2, 1, 5)] = Case(pathlib.Path(folder), 3, 2, 1, 5)
            found = bench.certificate(row)
            self.assertTrue(0 < found["certified"] <= 0.1)
            self.assertGreater(found["parameters"], found["units"])


class WithoutRescaling(unittest.TestCase):
    def test_the_module_compiles_and_normalizes_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            case = Case(pathlib.Path(folder), 4, 6, 1)
            compiler = Compiler(ESPALIER)
            source = case.path("symbol", "toml")
            self.assertIn("bp.normalize", compiler.run("compile", source, "--emit=bp"))
            plain = compiler.without_rescaling(source)
            self.assertNotIn("bp.normalize", plain.read_text())
            self.assertTrue(compiler.library(plain, "f32").exists())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--espalier", type=pathlib.Path, required=True, help="the compiler")
    options, rest = parser.parse_known_args()
    ESPALIER = options.espalier
    unittest.main(argv=[sys.argv[0], *rest])
