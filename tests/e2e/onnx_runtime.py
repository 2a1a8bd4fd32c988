"""Exporting networks, and running them in ONNX Runtime: jobs are collected, and one node process runs them all."""

import json
import pathlib
import shutil
import subprocess

import numpy as np

import harness

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
    test.assertEqual((result.code, result.out, result.err), (0, "", ""), str(result))
    return file
