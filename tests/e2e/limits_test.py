#!/usr/bin/env python3
"""A level of 200000 children that share one matrix: compiled within 2 GB, right, and refused where a run has no room."""

import resource
import subprocess

import numpy as np

import harness

CHILDREN = 200000
STATES = 16
POTTS = 0.02
MODEL = f"""[tree]
branching = [{CHILDREN}]
states = {STATES}
[kernel]
sharing = "level"
potts = {POTTS}
"""


def limited(*command, megabytes):
    """Runs a command that may have no more memory than that."""
    bytes_at_hand = megabytes << 20
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (bytes_at_hand, bytes_at_hand)))
    return harness.Result([str(word) for word in command], done.returncode, done.stdout, done.stderr)


def expected(symbols):
    """Posterior of the root and log-likelihood, by hand: a product of columns of the kernel over the leaves seen."""
    kernel = np.log(POTTS * np.eye(STATES) + (1 - POTTS) / STATES)
    seen = np.stack([kernel[:, row[row >= 0]].sum(axis=1) for row in symbols])
    largest = seen.max(axis=1, keepdims=True)
    weights = np.exp(seen - largest)
    total = weights.sum(axis=1, keepdims=True)
    return {"classify": weights / total, "loglik": (largest + np.log(total / STATES))[:, 0]}


class WideLevel(harness.TestCase):
    def test_wide_level(self):
        path, executable = self.folder / "wide.toml", self.folder / "wide"
        path.write_text(MODEL)
        result = limited(self.espalier, "compile", path, "-o", executable, megabytes=2000)
        self.assertEqual(result.code, 0, str(result))

        symbols = np.full((2, CHILDREN), -1, dtype=np.int32)
        symbols[0, ::1000] = 3
        symbols[1, 7:19] = np.arange(12)
        source = self.save("input.npy", symbols)
        for query, wanted in expected(symbols).items():
            for program in ("bp", "net"):
                output = self.folder / f"{query}.npy"
                result = harness.run(executable, query, "--input", source, "--output", output, f"--program={program}")
                self.assertEqual(result.code, 0, str(result))
                self.assertLessEqual(np.abs(np.load(output) - wanted).max(), 1e-5 * max(1, np.abs(wanted).max()))

        # Buffers have room for nobody: they are as large as the level.
        refused = limited(executable, "marginals", "--input", source, megabytes=500)
        self.assertEqual(refused.code, 1, str(refused))
        self.assertRegex(refused.err, r"^error: not enough memory: the kernel for \d+ samples at once \(evidence .* "
                                      r"answers .*, messages .*\) takes .*, .* are at hand\n$")


if __name__ == "__main__":
    harness.main()
