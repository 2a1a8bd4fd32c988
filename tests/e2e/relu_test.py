#!/usr/bin/env python3
"""Networks of ReLUs: what they compute, what they promise, and what they refuse."""

import json
import re

import numpy as np

import harness


SYMBOLS = """
[tree]
branching = {branching}
states    = {states}
[kernel]
random = {{ concentration = 3.0, seed = {seed} }}
"""

GAUSSIAN = SYMBOLS + """
[observation]
channel = "gaussian"
[network]
z     = [-3, 3]
sigma = [0.3, 2]
"""


def tables(text):
    """Every "weights/bias" literal of a line of net, as arrays."""
    found = re.findall(r"dense<([^>]*)> : tensor<([0-9x]+)xf64>", text)
    return [np.broadcast_to(np.array(json.loads(values), float), [int(n) for n in shape.split("x")])
            for values, shape in found]


class Evaluator:
    """Runs the text of a network for a sequence of symbols with numpy: layer by layer, in double precision."""

    def __init__(self, text, name):
        self.lines = re.search(rf"func.func @{name}\(.*?\n(.*?)\n  }}", text, re.S)[1].splitlines()

    def layer(self, op, line, x):
        batch = len(x[0])
        groups = int(m[1]) if (m := re.search(r"groups (\d+)", line)) else 1
        weights = tables(line)
        if op == "symbol_stem":
            states = int(re.search(r"-> tensor<\?x(\d+)x", line)[1])
            seen = x[0][:, None, :] == np.arange(states)[:, None]
            return np.where(seen | (x[0][:, None, :] == -1), 0.0, -1e30)
        if op == "relu":
            return np.maximum(x[0], 0)
        if op == "pointwise":
            grouped = x[0].reshape(batch, -1, weights[0].shape[1], x[0].shape[2])
            return (np.einsum("oi,bgip->bgop", weights[0], grouped) + weights[1][:, None]).reshape(batch, -1, x[0].shape[2])
        if op == "conv":
            taps = weights[0].shape[0]
            patches = x[0].reshape(batch, x[0].shape[1], -1, taps)
            return np.einsum("tsa,bapt->btsp", weights[0], patches).reshape(batch, -1, patches.shape[2])
        if op == "conv_transpose":
            taps = weights[0].shape[0]
            grouped = x[0].reshape(batch, taps, -1, x[0].shape[2])
            return np.einsum("tsa,btsp->bapt", weights[0], grouped).reshape(batch, weights[0].shape[2], -1)
        if op == "sum_pool":
            return x[0].reshape(batch, groups, -1, x[0].shape[2]).sum(1)
        if op == "upsample":
            return np.tile(x[0], (1, groups, 1))
        if op in ("norm", "group_norm"):
            grouped = x[0].reshape(batch, groups, -1, x[0].shape[2])
            return (grouped - grouped.max(2, keepdims=True)).reshape(x[0].shape)
        if op in ("add", "subtract"):
            return x[0] + x[1] if op == "add" else x[0] - x[1]
        if op == "bias":
            return x[0] + np.log(weights[0])[:, None]
        if op == "softmax":
            e = np.exp(x[0] - x[0].max(1, keepdims=True))
            return e / e.sum(1, keepdims=True)
        if op == "readout":
            return np.einsum("ap,bax->bpx", weights[0], x[0])
        raise AssertionError(f"a layer that networks of ReLUs do not have: {op}")

    def __call__(self, symbols):
        values = {"%arg0": symbols}
        for line in self.lines:
            words = re.match(r"\s*(%\w+) = net\.(\w+) ((?:%\w+(?:, )?)+)", line)
            if words:
                values[words[1]] = self.layer(words[2], line, [values[v] for v in words[3].split(", ")])
            elif "return" in line:
                return [values[v] for v in re.findall(r"%\w+", line.split(":")[0])]
        raise AssertionError("no return")


class TestCase(harness.TestCase):
    def write(self, text, **keys):
        path = self.folder / "model.toml"
        path.write_text(text.format(**keys))
        return path

    def answer(self, executable, query, evidence, *options):
        output = self.folder / "answer.npy"
        done = harness.run(executable, query, "--input", self.save("in.npy", evidence), "--output", output, *options)
        self.assertEqual(done.code, 0, str(done))
        return np.load(output)


class Computes(TestCase):
    """What runs is the network that --emit=net shows."""

    def check(self, dtype, net_opt, places, tolerance=0.05, **keys):
        path = self.write(SYMBOLS, **keys)
        flags = ["--activation=relu", f"--tolerance={tolerance}", f"--dtype={dtype}"]
        drawn = harness.run(self.espalier, "compile", path, "--emit=net", "--net-opt=none", *flags)
        self.assertEqual(drawn.code, 0, str(drawn))
        executable = self.compile(path, f"--net-opt={net_opt}", *flags)
        leaves = int(np.prod(keys["branching"]))
        random = np.random.default_rng(3)
        for batch in (0, 1, 7):
            symbols = random.integers(-1, keys["states"][-1], size=(batch, leaves))
            if batch == 0:
                self.assertEqual(self.answer(executable, "classify", symbols, "--program=net").shape[0], 0)
                continue
            root = Evaluator(drawn.out, "net_up_symbol")(symbols)[0]
            found = self.answer(executable, "classify", symbols, "--program=net")
            np.testing.assert_allclose(found, root[:, :, 0], atol=places)
            *marginals, mean = Evaluator(drawn.out, "net_updown_symbol")(symbols)
            for l, expected in enumerate(marginals):
                found = self.answer(executable, "marginals", symbols, "--program=net", f"--level={l}")
                np.testing.assert_allclose(found.reshape(batch, -1, keys["states"][l]), expected.transpose(0, 2, 1),
                                           atol=places)
            found = self.answer(executable, "denoise", symbols, "--program=net")
            np.testing.assert_allclose(found, mean[:, 0], atol=places)

    def test_f32_as_drawn(self):
        self.check("f32", "none", 2e-5, branching=[2, 3], states=[2, 3, 2], seed=1)

    def test_f32_folded(self):
        self.check("f32", "full", 2e-5, branching=[2, 3], states=[2, 3, 2], seed=1)

    def test_f64_as_drawn(self):
        self.check("f64", "none", 1e-12, branching=[3, 1, 2], states=[1, 5, 3, 2], seed=2)

    def test_f64_folded(self):
        self.check("f64", "full", 1e-12, branching=[3, 1, 2], states=[1, 5, 3, 2], seed=2)

    def test_f32_looked_up(self):
        self.check("f32", "full", 2e-5, tolerance=5e-4, branching=[2, 3], states=[2, 9, 2], seed=1)

    def test_f64_looked_up(self):
        self.check("f64", "full", 1e-12, tolerance=1e-5, branching=[3, 1, 2], states=[1, 5, 3, 2], seed=2)


class Promises(TestCase):
    """No error that verification finds, on samples or by search, exceeds what was certified."""

    def check(self, text, tolerance, **keys):
        path = self.write(text, **keys)
        report = self.folder / "report.json"
        done = harness.run(self.espalier, "verify", path, "--activation=relu", f"--tolerance={tolerance}",
                           "--samples=8", "--json", report)
        self.assertEqual(done.code, 0, done.out + str(done))
        certified = [check for check in json.loads(report.read_text())["checks"] if "certified" in check]
        self.assertEqual({check["query"] for check in certified}, {"classify", "denoise", "marginals"})
        for check in certified:
            self.assertLessEqual(check["certified"], tolerance)
            self.assertLessEqual(check["ratio"], 1)
        # The search is worth something: it finds errors far above rounding.
        self.assertGreater(max(check["ratio"] for check in certified), 1e-3)

    def test_symbols(self):
        self.check(SYMBOLS, 1e-2, branching=[2, 2, 2], states=[3, 2, 5, 3], seed=4)

    def test_gaussian(self):
        self.check(GAUSSIAN, 1e-2, branching=[2, 3], states=[2, 3, 3], seed=5)

    def test_executable_verifies_itself(self):
        executable = self.compile(self.write(GAUSSIAN, branching=[2, 3], states=[2, 3, 3], seed=5), "--activation=relu")
        done = harness.run(executable, "verify", "--samples=4")
        self.assertEqual(done.code, 0, done.out + str(done))

    def test_bench_measures_what_the_network_answers(self):
        executable = self.compile(self.write(SYMBOLS, branching=[2, 2], states=[3, 2, 3], seed=4), "--activation=relu")
        done = harness.run(executable, "bench", "--batch=1", "--threads=1", "--json")
        self.assertEqual(done.code, 0, str(done))
        measured = {(row["query"], row["program"]) for row in json.loads(done.out)["rows"]}
        self.assertIn(("loglik", "bp"), measured)
        self.assertIn(("classify", "net"), measured)
        self.assertNotIn(("loglik", "net"), measured)

    def test_beyond_the_box_is_clipped(self):
        executable = self.compile(self.write(GAUSSIAN, branching=[2, 3], states=[2, 3, 3], seed=5), "--activation=relu")
        z = np.array([[-100.0, 100, 3, -3, 50, np.nan]])
        far = self.answer(executable, "denoise", z, "--program=net", "--sigma=0.5")
        near = self.answer(executable, "denoise", np.clip(z, -3, 3), "--program=net", "--sigma=0.5")
        np.testing.assert_array_equal(far, near)

    def test_a_claim_that_is_too_good_is_found_out(self):
        path = self.write(SYMBOLS, branching=[2, 2], states=[3, 2, 3], seed=4)
        flags = ["--activation=relu", "--tolerance=0.1"]
        drawn = harness.run(self.espalier, "compile", path, "--emit=net", "--net-opt=none", *flags)
        claim = re.sub(r"classify = [0-9.e+-]+", "classify = 1.0e-9", drawn.out, count=1)
        self.assertNotEqual(claim, drawn.out)
        edited = self.folder / "claim.mlir"
        edited.write_text(claim)
        done = harness.run(self.espalier, "verify", path, "--net", edited, *flags)
        self.assertEqual(done.code, 2, done.out + str(done))
        self.assertIn("classify", done.err)


class Refuses(TestCase):
    def test_loglik_of_the_network(self):
        executable = self.compile(self.write(SYMBOLS, branching=[2, 2], states=[3, 2, 3], seed=4), "--activation=relu")
        source = self.save("x.npy", np.zeros((1, 4), int))
        self.check_sentence(harness.run(executable, "loglik", "--input", source, "--program=net"), "loglik expects")
        self.assertEqual(harness.run(executable, "loglik", "--input", source).code, 0)

    def test_tolerance_below_rounding(self):
        path = self.write(SYMBOLS, branching=[2, 2], states=[3, 2, 3], seed=4)
        output = self.folder / "out"
        result = harness.run(self.espalier, "compile", path, "-o", output, "--activation=relu", "--tolerance=1e-8")
        self.assertEqual(result.code, 1, str(result))
        self.assertIn("relu cannot certify a tolerance of 1e-08 in f32", result.err)
        self.assertIn("f64 can", result.err)
        self.assertFalse(output.exists())

    def test_zeros_of_a_kernel(self):
        result = harness.run(self.espalier, "compile", harness.MODELS / "grammar.toml", "--activation=relu", "--emit=net")
        self.assertEqual(result.code, 1, str(result))
        self.assertIn("relu expects sums that stay above", result.err)


if __name__ == "__main__":
    harness.main()
