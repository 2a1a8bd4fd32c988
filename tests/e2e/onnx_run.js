// Runs ONNX models in ONNX Runtime and writes what they answer, job by job. A job is
// {"model": FILE, "inputs": {NAME: X.npy}, "output": NAME, "answer": Y.npy}.
//
// node onnx_run.js PACKAGE JOBS.json, PACKAGE being the folder of onnxruntime-node or of onnxruntime-web
"use strict";

const fs = require("fs");
const path = require("path");

const [runtime, jobsFile] = process.argv.slice(2);
const ort = require(path.resolve(runtime));

const TYPES = [
  { descr: "<f4", type: "float32", array: Float32Array },
  { descr: "<f8", type: "float64", array: Float64Array },
  { descr: "<i8", type: "int64", array: BigInt64Array },
];

/// Reads a .npy file in C order.
function readNpy(file) {
  const bytes = fs.readFileSync(file);
  const start = bytes.readUInt8(6) === 1 ? 10 : 12;
  const length = start === 10 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
  const header = bytes.toString("latin1", start, start + length);
  const known = TYPES.find(({ descr }) => header.includes(`'${descr}'`));
  if (!known || header.includes("True")) throw new Error(`${file}: expected ${TYPES.map((t) => t.type)}, got ${header}`);
  const shape = header.match(/'shape': \(([^)]*)\)/)[1].split(",").filter((s) => s.trim()).map(Number);
  const data = new known.array(new Uint8Array(bytes.subarray(start + length)).buffer);
  return new ort.Tensor(known.type, data, shape);
}

function writeNpy(file, tensor) {
  const known = TYPES.find(({ type }) => type === tensor.type);
  const shape = tensor.dims.map((extent) => `${extent},`).join(" ");
  let header = `{'descr': '${known.descr}', 'fortran_order': False, 'shape': (${shape}), }`;
  header = header.padEnd(64 * Math.ceil((header.length + 11) / 64) - 11) + "\n";
  const start = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${header}`, "latin1");
  start.writeUInt16LE(header.length, 8);
  const { buffer, byteOffset, byteLength } = tensor.data;
  fs.writeFileSync(file, Buffer.concat([start, Buffer.from(buffer, byteOffset, byteLength)]));
}

async function main() {
  for (const job of JSON.parse(fs.readFileSync(jobsFile))) {
    const options = { executionProviders: [runtime.endsWith("-web") ? "wasm" : "cpu"], intraOpNumThreads: 1 };
    const session = await ort.InferenceSession.create(new Uint8Array(fs.readFileSync(job.model)), options);
    const names = JSON.stringify(session.outputNames);
    if (names !== JSON.stringify([job.output])) throw new Error(`${job.model}: expected one output, ${job.output}, got ${names}`);
    const inputs = Object.fromEntries(Object.entries(job.inputs).map(([name, file]) => [name, readNpy(file)]));
    writeNpy(job.answer, (await session.run(inputs))[job.output]);
    await session.release();
  }
}

main().catch((problem) => {
  console.error(String(problem));
  process.exit(1);
});
