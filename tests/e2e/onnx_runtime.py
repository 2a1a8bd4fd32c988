"""Exporting networks, and running them in ONNX Runtime: jobs are collected, and one node process runs them all."""

import collections
import json
import pathlib
import re
import shutil
import subprocess

import numpy as np

import harness
import oracle_test

HERE = pathlib.Path(__file__).resolve().parent


class Runtime:
    """ONNX Runtime as an npm package, onnxruntime-node or onnxruntime-web, and the jobs for it."""

    def __init__(self, packages, folder, package="onnxruntime-node"):
        self.package, self.folder, self.jobs = pathlib.Path(packages) / package, folder, []
        if not shutil.which("node") or not self.package.is_dir():
            raise AssertionError(f"expects node and {self.package}, which scripts/test installs")

    def add(self, model, inputs, output):
        """Queues a run of the file `model`; returns where its answer will be."""
        number = len(self.jobs)
        files = {}
        for name, array in inputs.items():
            files[name] = str(self.folder / f"{number}-{name}.npy")
            np.save(files[name], array)
        answer = self.folder / f"{number}-answer.npy"
        self.jobs.append({"model": str(model), "inputs": files, "output": output, "answer": str(answer)})
        return answer

    def run(self):
        """Runs what is queued. Raises where the runtime refuses a model or ends with an error."""
        queue = self.folder / "jobs.json"
        queue.write_text(json.dumps(self.jobs))
        done = subprocess.run(["node", HERE / "onnx_run.js", self.package, queue], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise AssertionError(f"the runtime failed: {done.stderr[-2000:]}")
        self.jobs = []


def inputs_of(array, channel, dtype, sigma=None, lam=None):
    """The inputs of a network for evidence as compiled models take it."""
    if channel == "symbol":
        return {"input": np.ascontiguousarray(array, dtype=np.int64)}
    real = np.float32 if dtype == "f32" else np.float64
    return {"input": np.ascontiguousarray(array, dtype=real), "sigma": np.array(sigma, real),
            "lambda": np.array(lam, real)}


def export(test, model, *options):
    """The ONNX file of a model in models/ or of any path, in the folder of a harness.TestCase."""
    path = harness.MODELS / model if (harness.MODELS / model).exists() else model
    file = test.folder / f"{len(list(test.folder.iterdir()))}.onnx"
    result = harness.run(test.espalier, "compile", path, "--emit=onnx", "-o", file, *options)
    test.assertEqual((result.code, result.out), (0, ""), str(result))
    # Networks of ReLUs say what was certified of them.
    lines = [line for line in result.err.splitlines() if " errs by at most " not in line]
    test.assertEqual(len(lines), 1, str(result))
    test.assertRegex(lines[0], rf"{re.escape(str(file))}: ONNX model, [\d.]+ (bytes|[KM]iB)$")
    return file


# A query with its options, evidence and the options that say how noisy it is; the exported file, and the files of what
# our executable and ONNX Runtime answer.
Answer = collections.namedtuple("Answer", "query evidence noise file expected found")


class TestCase(harness.TestCase):
    """A test that runs exported networks beside our executables."""

    ALL = (("classify",), ("denoise",), ("marginals",), ("marginals", "--level=0"), ("marginals", "--level=1"))

    def compare(self, model, queries, dtype="f32", net_opt="none", batches=(0, 1, 7), sigma=0.5, lam=1.0,
                package="onnxruntime-node", network=()):
        """Holds the network in ONNX Runtime against our executable; `network` has options of both for what it is.

        Returns all that was asked and answered, as Answers.
        """
        executable = self.compile(model, f"--dtype={dtype}", "--net-opt=none", *network)
        information = json.loads(harness.run(executable, "info", "--json").out)
        noise = [f"--sigma={np.float32(sigma).item()!r}", f"--lambda={np.float32(lam).item()!r}"]
        noise = noise if information["channel"] == "gaussian" else []
        runtime, answers = Runtime(self.options.packages, self.folder, package), []
        common = (f"--dtype={dtype}", f"--net-opt={net_opt}", *network)
        files = {query: export(self, model, f"--query={query[0]}", *query[1:], *common) for query in queries}
        for batch in batches:
            evidence = self.evidence(executable, noise, batch, dtype)
            source = self.save(f"evidence{batch}.npy", evidence)
            for query, file in files.items():
                expected = self.folder / f"expected{len(answers)}.npy"
                done = harness.run(executable, *query, "--input", source, "--output", expected, "--program=net", *noise)
                self.assertEqual(done.code, 0, str(done))
                found = runtime.add(file, inputs_of(evidence, information["channel"], dtype, sigma, lam), query[0])
                answers.append(Answer(query, evidence, noise, file, expected, found))
        runtime.run()
        for answer in answers:
            with self.subTest(model=model, query=answer.query, batch=len(answer.evidence)):
                found, wanted = np.load(answer.found), np.load(answer.expected)
                self.assertEqual((found.shape, found.dtype), (wanted.shape, wanted.dtype))
                self.assertLessEqual(oracle_test.distance(found, wanted, answer.query[0]),
                                     1e-5 if dtype == "f32" else 1e-12)
        return answers

    def write(self, text):
        path = self.folder / "model.toml"
        path.write_text(text)
        return path

    def evidence(self, executable, noise, batch, dtype):
        """Samples of the model through its channel, every fifth leaf or so missing."""
        source = self.folder / "samples.npy"
        self.assertEqual(harness.run(executable, "sample", "-n", batch, "--seed=7", "--output", source).code, 0)
        rng = np.random.default_rng(batch)
        if noise:
            observed = self.folder / "observed.npy"
            done = harness.run(executable, "observe", "--input", source, *noise, "--output", observed)
            self.assertEqual(done.code, 0, str(done))
            evidence = np.load(observed)
            evidence[rng.random(evidence.shape) < 0.2] = np.nan
            return evidence.astype(np.float32 if dtype == "f32" else np.float64)
        evidence = np.load(source).astype(np.int64)
        evidence[rng.random(evidence.shape) < 0.2] = -1
        return evidence


def packages_option(parser):
    parser.add_argument("--packages", required=True, help="the folder of the npm packages onnxruntime-node and onnxruntime-web")
