#!/usr/bin/env python3
"""Proofs of all models and of random ones, what `verify --proof` prints and writes, and when it fails.

  proof_test.py --espalier PATH --espalier-opt PATH [--models N] [--seed S]
"""

import json
import re

import harness
import random_models
from verify_test import change_entry

PROVED = re.compile(r"remark: PROVED: net_(\w+) is bp_(\w+)")


class Proof(harness.TestCase):
    def network(self, model, *options):
        path = self.folder / "net.mlir"
        result = harness.run(self.espalier, "compile", model, "--emit=net", "-o", path, *options)
        self.assertEqual(result.code, 0, str(result))
        return path

    def prove(self, network, dtype):
        """The pass on a module of networks, with message passing written beside them."""
        return harness.run(self.options.espalier_opt, network, f"-convert-tfg-to-bp=dtype={dtype}", "-net-prove-bp",
                           "-o", self.folder / "out.mlir")

    def check_proved(self, model, *options):
        """In double precision, where both programs have the same kernels."""
        result = self.prove(self.network(model, "--dtype=f64", *options), "f64")
        self.assertEqual(result.code, 0, str(result))
        pairs = PROVED.findall(result.err)
        self.assertEqual(len(pairs), 4, str(result))
        self.assertTrue(all(net == bp for net, bp in pairs), str(result))
        self.assertNotIn("NOT PROVED", result.err)

    def test_all_models(self):
        models = sorted(harness.MODELS.glob("*.toml"))
        self.assertGreaterEqual(len(models), 11)
        for model in models:
            for form in ("none", "full"):
                with self.subTest(model=model.stem, form=form):
                    self.check_proved(model, f"--net-opt={form}")

    def test_random_models(self):
        """Odd sizes, images, zeros, edges that share nothing, potentials."""
        self.assertGreaterEqual(self.options.models, 8, "eight indices draw every trait")
        for index in range(self.options.models):
            drawing = random_models.Drawing(self.folder, self.options.seed, index)
            for form in ("none", "full"):
                with self.subTest(index=index, form=form):
                    self.check_proved(drawing.path, f"--net-opt={form}")

    def test_single_precision(self):
        """Where both programs were prepared for f32, the pass proves that too."""
        result = self.prove(self.network(harness.MODELS / "chain.toml"), "f32")
        self.assertEqual((result.code, len(PROVED.findall(result.err))), (0, 4), str(result))

    def test_roundings_that_differ(self):
        """One module has the network in f64 and message passing in f32: two models, and the pass says so."""
        result = self.prove(self.network(harness.MODELS / "grammar.toml"), "f32")
        self.assertEqual(result.code, 1, str(result))
        self.assertIn("NOT PROVED: net_up_symbol", result.err)
        self.assertIn("remark: PROVED: net_up_soft is bp_up_soft", result.err)

    def verify(self, model, *options):
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        result = harness.run(self.espalier, "verify", model, "--samples", "2", "--proof", "--json", report, *options)
        return result, json.loads(report.read_text()) if report.exists() else None

    def check_report(self, report, count):
        proof = report["proof"]
        self.assertTrue(report["pass"])
        self.assertTrue(proof["proved"])
        self.assertEqual(len(proof["programs"]), count)
        for claim in proof["programs"]:
            self.assertEqual(set(claim), {"program", "dtype", "net_kernels", "bp_kernels", "proved"})
            self.assertTrue(claim["proved"])
        self.assertTrue(proof["rules"])
        self.assertTrue(all(count > 0 for count in proof["rules"].values()))
        return proof

    def test_beside_the_samples(self):
        result, report = self.verify(harness.MODELS / "rules.toml")
        self.assertEqual((result.code, result.err), (0, ""), str(result))
        table, proof = result.out.split("\n\n")
        self.assertIn("all pass", table)
        self.assertEqual(proof.count(" PROVED\n"), 8)
        self.assertTrue(proof.endswith("PROVED: the networks are belief propagation\n"), proof)
        for name, count in self.check_report(report, 8)["rules"].items():
            self.assertRegex(proof, rf"\b{name} {count}\b")

    def test_rules_of_either_form(self):
        drawn = self.check_report(self.verify(harness.MODELS / "uneven.toml", "--net-opt=none")[1], 8)["rules"]
        cancelled = self.check_report(self.verify(harness.MODELS / "uneven.toml", "--net-opt=full")[1], 8)["rules"]
        self.assertIn("exp-of-log", drawn)
        self.assertIn("skip-is-leave-one-out", drawn)
        self.assertNotIn("exp-of-log", cancelled)
        self.assertNotIn("skip-is-leave-one-out", cancelled)

    def test_other_precision_in_single_precision(self):
        """The network of grammar.toml computes in f64 throughout, and is compared with message passing that does."""
        result, report = self.verify(harness.MODELS / "grammar.toml", "--net-opt=none")
        self.assertEqual((result.code, result.err), (0, ""), str(result))
        kernels = {(claim["dtype"], claim["net_kernels"], claim["bp_kernels"])
                   for claim in self.check_report(report, 8)["programs"]}
        self.assertEqual(kernels, {("f32", "f64", "f64"), ("f64", "f64", "f64")})

    def test_given_network(self):
        """It is proved as given, also where it is rewritten before it runs."""
        for model, form in (("chain.toml", "none"), ("chain.toml", "full"), ("grammar.toml", "none")):
            with self.subTest(model=model, form=form):
                network = self.network(harness.MODELS / model, f"--net-opt={form}")
                result, report = self.verify(harness.MODELS / model, "--net", network,
                                             *(["--net-opt=none"] if model == "grammar.toml" else []))
                self.assertEqual((result.code, result.err), (0, ""), str(result))
                proof = self.check_report(report, 4)
                self.assertEqual("exp-of-log" in proof["rules"], form == "none")

    def test_weight_below_what_samples_show(self):
        """One unit in the last place of one weight: samples pass, the proof does not."""
        network = self.network(harness.MODELS / "rules.toml", "--dtype=f64")
        network.write_text(change_entry(network.read_text(), "net_up_gaussian", 0, 1, lambda k: k * (1 + 2.0 ** -52)))
        result, report = self.verify(harness.MODELS / "rules.toml", "--net", network)
        self.assertEqual(result.code, 2, str(result))
        self.assertTrue(report["pass"])
        self.assertFalse(report["proof"]["proved"])
        broken = [claim for claim in report["proof"]["programs"] if not claim["proved"]]
        self.assertEqual([claim["program"] for claim in broken], ["up_gaussian"])
        self.assertRegex(broken[0]["bp"], r"^up@3 with \[\d, \d, \d\] = 0\.5$")
        self.assertRegex(broken[0]["net"], r"^up@3 with \[\d, \d, \d\] = 0\.50000000000000011$")
        self.assertIn(broken[0]["net"], result.out)
        self.assertEqual(len(result.err.splitlines()), 1, str(result))
        self.assertIn("not proved: net_up_gaussian in f64 is not bp_up_gaussian", result.err)

    def test_both_fail(self):
        network = self.network(harness.MODELS / "rules.toml")
        network.write_text(change_entry(network.read_text(), "net_up_gaussian", 0, 1, lambda k: k * 1.1))
        result, report = self.verify(harness.MODELS / "rules.toml", "--net", network)
        self.assertEqual(result.code, 2, str(result))
        self.assertFalse(report["pass"])
        self.assertFalse(report["proof"]["proved"])
        self.assertEqual([line.split(":")[1] for line in result.err.splitlines()], [" mismatch", " not proved"])

    def test_without_the_option_nothing_is_said(self):
        report = self.folder / "report.json"
        result = harness.run(self.espalier, "verify", harness.MODELS / "rules.toml", "--samples", "2", "--json", report)
        self.assertEqual((result.code, result.err), (0, ""), str(result))
        self.assertNotIn("PROVED", result.out)
        self.assertNotIn("proof", json.loads(report.read_text()))

    def test_lowered_module(self):
        for stage in ("linalg", "llvm"):
            with self.subTest(stage=stage):
                path = self.folder / f"{stage}.mlir"
                harness.run(self.espalier, "compile", harness.MODELS / "rules.toml", f"--emit={stage}", "-o", path)
                result, report = self.verify(path)
                self.check_sentence(result, path.name, "--proof")
                self.assertIsNone(report)
                self.assertEqual(result.out, "")

    def test_programs_of_a_module(self):
        """Message passing that a module brings along is what its network is compared with, whatever it says."""
        path = self.folder / "bp.mlir"
        harness.run(self.espalier, "compile", harness.MODELS / "rules.toml", "--emit=bp", "--dtype=f64", "-o", path)
        result, report = self.verify(path)
        self.assertEqual((result.code, result.err), (0, ""), str(result))
        self.check_report(report, 4)
        text = path.read_text()
        prior = "bp.weigh %message_3 dense<[5.000000e-01, 0.000000e+00, 1.000000e+00]>"
        self.assertIn(prior, text)
        path.write_text(text.replace(prior, prior.replace("5.0", "5.1")))
        result, report = self.verify(path)
        self.assertEqual(result.code, 2, str(result))
        self.assertFalse(report["proof"]["proved"])


def options(parser):
    parser.add_argument("--espalier-opt", required=True, help="the pass runner's binary")
    parser.add_argument("--models", type=int, default=24, help="random models")
    parser.add_argument("--seed", type=int, default=11)


if __name__ == "__main__":
    harness.main(options=options)
