#!/usr/bin/env python3
"""Verification passes on sound networks and fails on unsound ones.

To break a network, one kernel entry is changed in its text.
"""

import json
import re

import harness

NUMBER = re.compile(r"-?\d+\.\d+(?:e[+-]\d+)?")


def functions_of(text):
    """{name: (begin, end)} of the functions in a module's text."""
    begins = [(match.start(), match.group(1)) for match in re.finditer(r"func\.func @(\w+)", text)]
    ends = [begin for begin, _ in begins[1:]] + [len(text)]
    return {name: (begin, end) for (begin, name), end in zip(begins, ends)}


def change_entry(text, function, layer, entry, change):
    """The text with one number of the function's layer-th table of weights replaced by change(number)."""
    begin, end = functions_of(text)[function]
    tables = list(re.finditer(r"weights dense<(.*?)>", text[begin:end]))
    table = tables[layer]
    numbers = list(NUMBER.finditer(table.group(1)))
    number = numbers[entry]
    start = begin + table.start(1) + number.start()
    old = float(number.group())
    assert change(old) != old
    return text[:start] + f"{change(old):.17e}" + text[start + len(number.group()):]


class Verify(harness.TestCase):
    samples = "8"

    def network(self, model, *options):
        path = self.folder / "net.mlir"
        result = harness.run(self.espalier, "compile", harness.MODELS / model, "--emit=net", "-o", path, *options)
        self.assertEqual(result.code, 0, str(result))
        return path

    def verify(self, model, network):
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        result = harness.run(self.espalier, "verify", harness.MODELS / model, "--net", network, "--samples",
                             self.samples, "--json", report)
        return result, json.loads(report.read_text()) if report.exists() else None

    def check_sound(self, model, *options):
        result, report = self.verify(model, self.network(model, *options))
        self.assertEqual((result.code, result.err), (0, ""), str(result))
        self.assertEqual(report["model"], model.removesuffix(".toml"))
        self.assertTrue(report["pass"])
        keys = {"query", "program", "dtype", "against", "method", "max_abs", "max_tv", "tolerance", "pass"}
        for check in report["checks"]:
            self.assertLessEqual(keys, check.keys())
            self.assertTrue(check["pass"])
            self.assertLessEqual(check["max_abs"], check["tolerance"])
        for program in ("bp", "net"):
            queries = {check["query"].split()[0] for check in report["checks"] if check["program"] == program}
            self.assertEqual(queries, {"classify", "denoise", "marginals", "loglik"})

    def check_broken(self, model, queries, *where, options=()):
        path = self.network(model, *options)
        path.write_text(change_entry(path.read_text(), *where))
        result, report = self.verify(model, path)
        self.assertEqual(result.code, 2, str(result))
        self.assertFalse(report["pass"])
        failed = [check for check in report["checks"] if not check["pass"]]
        self.assertEqual({check["program"] for check in failed}, {"net"}, "the exact program is sound")
        self.assertLessEqual({check["query"].split()[0] for check in failed}, queries)
        self.assert_worst_named(result, failed)
        return path

    def assert_worst_named(self, result, failed):
        """stderr holds one line: the program, query and dtype of a check than which none is further off."""
        self.assertEqual(len(result.err.splitlines()), 1, str(result))
        def excess(check):
            return check["max_abs"] / check["tolerance"]
        worst = max(map(excess, failed))
        named = [check for check in failed
                 if re.search(rf"\b{check['program']} {re.escape(check['query'])} in {check['dtype']}\b", result.err)]
        self.assertTrue(named, str(result))
        self.assertGreaterEqual(max(map(excess, named)), worst * (1 - 1e-6))

    def test_chain_is_sound(self):
        self.check_sound("chain.toml")

    def test_chain_as_drawn_is_sound(self):
        self.check_sound("chain.toml", "--net-opt=none")

    def test_own_network_as_drawn(self):
        result = harness.run(self.espalier, "verify", harness.MODELS / "grammar.toml", "--samples", self.samples,
                             "--net-opt=none")
        self.assertEqual((result.code, result.err), (0, ""), str(result))

    def test_chain_broken(self):
        self.check_broken("chain.toml", {"classify", "loglik"}, "net_up_symbol", 3, 1, lambda k: k * 1.05)

    def test_chain_as_drawn_broken(self):
        """The rewritten network is made of the weights in the file, and nothing else."""
        self.check_broken("chain.toml", {"classify", "loglik"}, "net_up_symbol", 3, 1, lambda k: k * 1.05,
                          options=["--net-opt=none"])

    def test_decoder_unlike_the_encoder(self):
        """Its weights are not the encoder's: the network is no drawn one any more, and runs as it stands."""
        self.check_broken("chain.toml", {"denoise", "marginals"}, "net_updown_symbol", -1, 1, lambda k: k * 1.05,
                          options=["--net-opt=none"])

    def test_zeros_are_sound(self):
        self.check_sound("rules.toml")

    def test_zeros_are_sound_in_f64(self):
        self.check_sound("rules.toml", "--dtype=f64")

    def test_zero_becomes_possible(self):
        self.check_broken("rules.toml", {"classify", "loglik"}, "net_up_gaussian", 1, 1,
                          lambda k: 0.25 if k == 0 else 0.0)

    def test_entry_of_the_decoder(self):
        self.check_broken("rules.toml", {"denoise", "marginals"}, "net_updown_gaussian", -1, 1, lambda k: k + 0.01)

    def test_entry_under_soft_evidence(self):
        self.check_broken("grammar.toml", {"denoise", "marginals"}, "net_updown_soft", 4, 19, lambda k: k * 1.01)

    def test_small_change_in_f64(self):
        """Far below what f32 could show."""
        self.check_broken("rules.toml", {"classify", "loglik"}, "net_up_gaussian", 0, 1, lambda k: k * (1 + 1e-9),
                          options=["--dtype=f64"])

    def test_executable_finds_it_too(self):
        path = self.network("rules.toml")
        path.write_text(change_entry(path.read_text(), "net_up_gaussian", 0, 1, lambda k: k * 1.1))
        result = harness.run(self.compile(path), "verify", "--samples", self.samples)
        self.assertEqual(result.code, 2, str(result))
        self.assertRegex(result.err, "classify|loglik")
        sound = harness.run(self.compile("rules.toml"), "verify", "--samples", self.samples)
        self.assertEqual((sound.code, sound.err), (0, ""))

    def check_refused(self, network, *words):
        result, report = self.verify("grammar.toml", network)
        self.assertEqual(result.code, 1, str(result))
        self.assertIsNone(report)
        self.assertEqual(result.out, "")
        self.assertIn("error: ", result.err)
        for word in words:
            self.assertIn(word, result.err)
        return result

    def test_network_of_another_model(self):
        for other in ("rules.toml", "chain.toml"):
            self.check_sentence(self.check_refused(self.network(other), "net.mlir"))

    def test_same_shape_other_channel(self):
        """Same tree and states as grammar.toml, seen through noise."""
        text = (harness.MODELS / "grammar.toml").read_text().replace('channel = "symbol"', 'channel = "gaussian"')
        other = self.folder / "grammar.toml"
        other.write_text(text)
        network = self.folder / "other.mlir"
        harness.run(self.espalier, "compile", other, "--emit=net", "-o", network)
        self.check_sentence(self.check_refused(network, "other.mlir"))

    def test_no_network_inside(self):
        text = self.folder / "tfg.mlir"
        harness.run(self.espalier, "compile", harness.MODELS / "grammar.toml", "--emit=tfg", "-o", text)
        self.check_sentence(self.check_refused(text, "tfg.mlir"))

    def test_no_such_file(self):
        self.check_sentence(self.check_refused(self.folder / "none.mlir", "none.mlir"))

    def test_weights_that_are_no_weights(self):
        """No kernel has such entries, so the network is wrong, and verification says so."""
        whole = self.network("grammar.toml").read_text()
        damages = {"negative": change_entry(whole, "net_up_symbol", 0, 0, lambda k: -k)}
        for name, bits in (("infinite", "0x7FF0000000000000"), ("nan", "0x7FF8000000000000")):
            damages[name] = re.sub(r"(weights dense<\[+)[^,]+", rf"\g<1>{bits}", whole, count=1)
        for name, text in damages.items():
            with self.subTest(damage=name):
                path = self.folder / f"{name}.mlir"
                path.write_text(text)
                result, report = self.verify("grammar.toml", path)
                self.assertEqual(result.code, 2, str(result))
                self.assertFalse(report["pass"])

    def test_damaged_text(self):
        whole = self.network("grammar.toml").read_text()
        weights = whole.index("weights dense<") + len("weights dense<")
        damages = {
            "garbage": "not a module",
            "cut": whole[:len(whole) // 2],
            "word": whole.replace("net.conv ", "net.comb ", 1),
            "number": whole[:weights] + "[x" + whole[weights:],
            "shape": whole.replace("tensor<2x3x4xf64>", "tensor<2x4x3xf64>", 1),
            "type": whole.replace("xf32>", "xi32>", 1),
        }
        for name, text in damages.items():
            with self.subTest(damage=name):
                path = self.folder / f"{name}.mlir"
                path.write_text(text)
                self.check_refused(path, path.name)


if __name__ == "__main__":
    harness.main()
