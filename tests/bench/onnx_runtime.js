// ONNX Runtime's side of the benchmark: runs a network on a batch, writes the answer, and reports the least time as
// Google Benchmark does. One thread. The batch is cut into chunks of the size that is fastest here.
//
// node onnx_runtime.js MODULES JOB.json REPORT.json SECONDS
"use strict";

const fs = require("fs");
const path = require("path");

const [modules, jobFile, reportFile, secondsText] = process.argv.slice(2);
const ort = require(path.join(modules, "node_modules", "onnxruntime-node"));
const version = require(path.join(modules, "node_modules", "onnxruntime-node", "package.json")).version;

const MOST_REPETITIONS = 15;
const FEWEST_REPETITIONS = 3;
const CHUNKS = [1, 4, 16, 64, 256, 1024];

/// Reads a .npy file of float32 or int32 in C order.
function readNpy(file) {
  const bytes = fs.readFileSync(file);
  const start = bytes.readUInt8(6) === 1 ? 10 : 12;
  const length = start === 10 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
  const header = bytes.toString("latin1", start, start + length);
  const shape = header.match(/'shape': \(([^)]*)\)/)[1].split(",").filter((s) => s.trim()).map(Number);
  const data = new Uint8Array(bytes.subarray(start + length)).buffer;
  const real = header.includes("'<f4'");
  if (!real && !header.includes("'<i4'")) throw new Error(`${file}: expected float32 or int32, got ${header}`);
  return { type: real ? "float32" : "int32", shape, data: real ? new Float32Array(data) : new Int32Array(data) };
}

function writeNpy(file, shape, data) {
  let header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(", ")},), }`;
  header = header.padEnd(64 * Math.ceil((header.length + 11) / 64) - 11) + "\n";
  const start = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${header}`, "latin1");
  start.writeUInt16LE(header.length, 8);
  fs.writeFileSync(file, Buffer.concat([start, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]));
}

/// Views of the batch, `chunk` samples each.
function chunks(input, chunk) {
  const [batch, width] = input.shape;
  const feeds = [];
  for (let first = 0; first < batch; first += chunk) {
    const count = Math.min(chunk, batch - first);
    const view = input.data.subarray(first * width, (first + count) * width);
    feeds.push({ x: new ort.Tensor(input.type, view, [count, width]) });
  }
  return feeds;
}

async function run(session, feeds) {
  const answers = [];
  for (const feed of feeds) answers.push((await session.run(feed)).y);
  return answers;
}

async function secondsOf(session, feeds, calls) {
  const start = process.hrtime.bigint();
  for (let call = 0; call < calls; ++call) await run(session, feeds);
  return Number(process.hrtime.bigint() - start) / 1e9 / calls;
}

async function fastestChunk(session, input) {
  let best = { seconds: Infinity };
  for (const chunk of CHUNKS.filter((size) => size <= input.shape[0])) {
    // One sixteenth of the batch is enough to compare by.
    const feeds = chunks(input, chunk).slice(0, Math.max(1, Math.floor(input.shape[0] / 16 / chunk)));
    await run(session, feeds);
    const samples = feeds.reduce((sum, feed) => sum + feed.x.dims[0], 0);
    let seconds = Infinity;
    for (let repeat = 0; repeat < 3; ++repeat)
      seconds = Math.min(seconds, (await secondsOf(session, feeds, 1)) / samples);
    if (seconds < best.seconds) best = { seconds, chunk };
  }
  return best.chunk;
}

async function main() {
  const job = JSON.parse(fs.readFileSync(jobFile));
  const options = {
    executionProviders: ["cpu"],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
  };
  const session = await ort.InferenceSession.create(job.network, options);
  const input = readNpy(job.input);
  const chunk = await fastestChunk(session, input);
  const feeds = chunks(input, chunk);

  const answers = await run(session, feeds);
  const total = answers.reduce((sum, answer) => sum + answer.data.length, 0);
  const data = new Float32Array(total);
  let filled = 0;
  for (const answer of answers) {
    data.set(answer.data, filled);
    filled += answer.data.length;
  }
  writeNpy(job.output, [input.shape[0], ...answers[0].dims.slice(1)], data);

  const budget = Number(secondsText);
  const once = await secondsOf(session, feeds, 1);
  const repetitions = Math.min(MOST_REPETITIONS, Math.max(FEWEST_REPETITIONS, Math.round(budget / once)));
  const calls = Math.max(1, Math.ceil(budget / MOST_REPETITIONS / once));
  let least = Infinity;
  for (let repeat = 0; repeat < repetitions; ++repeat)
    least = Math.min(least, await secondsOf(session, feeds, calls));
  const report = {
    context: { how: `ONNX Runtime ${version}, batches of ${chunk}` },
    benchmarks: [{ name: "job", aggregate_name: "min", real_time: least, time_unit: "s" }],
  };
  fs.writeFileSync(reportFile, JSON.stringify(report));
}

main().catch((problem) => {
  console.error(String(problem));
  process.exit(1);
});
