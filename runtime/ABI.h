/*===- ABI.h - Between generated code and the runtime ---------------*- C -*-===
 *
 * A compiled model exports the symbol `espalier_model`, an EspalierModel. It holds data and kernels only; batches,
 * threads, files and messages are the runtime's. C, so that any language can call it.
 *
 * A model may hold its kernels in several variants, each built for another processor. They stand best first: use the
 * first one whose features this machine has. An executable does so by itself; whoever calls kernels must choose:
 *
 *   - variants of --target-cpu=portable carry names that __builtin_cpu_supports of GCC 12 takes:
 *     "x86-64-v4", "x86-64-v3", "x86-64-v2";
 *   - any other name stands for the features beside it, which a caller who compiled for this very machine
 *     (--target-cpu=native) need not check.
 *
 *===------------------------------------------------------------------------===*/

#ifndef ESPALIER_RUNTIME_ABI_H
#define ESPALIER_RUNTIME_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ESPALIER_ABI_VERSION 5

/* Runs one program on one batch tile of T samples. Every array has the batch innermost, is contiguous and
 * 64-byte aligned, and orders nodes by rank: node = parent * ranks + rank.
 *
 *   evidence   leaves x T symbols, unsigned integers of the entry's `symbol_bytes` (value S_L: missing), or
 *              leaves x p x T reals (gaussian; NaN in any component: the leaf is missing), or
 *              leaves x S_L x T reals >= 0 (soft)
 *   lambda     signal and noise level of the gaussian channel, sigma > 0; ignored by the others
 *   sigma
 *   select     ignored by `up`; `updown` writes the posterior of level `select` for 0..L and the posterior
 *              mean of e for L + 1
 *   output     `up`: S_0 x T, the root's posterior; `updown`: nodes(l) x S_l x T, or leaves x p x T
 *   loglik     T doubles: natural log of the probability of the evidence, -inf where it is impossible (then
 *              that sample's output is unspecified but finite)
 *   workspace  the entry's `workspace` bytes, of undefined content
 *
 * A kernel whose description has `positions` runs on one sample instead, with nodes in place of samples: column p of
 * `evidence` is the subtree of node p of level c = positions.level, in an array of leaves / nodes(c) rows (times p or
 * S_L) and positions.tile columns, of which those behind the last node hold missing leaves. So are outputs of level c
 * and below; those above, and loglik, have positions.lanes columns, of which the first is the sample's.
 *
 * Reals are of the model's dtype, those of soft evidence of the entry's `evidence_dtype`. Gaussian kernels are right
 * for evidence that runtime/GaussianRange.h calls ordinary; other evidence goes through kernels for soft evidence.
 *
 * A kernel reads its arguments, writes output, loglik and workspace, and
 * touches nothing else; it may run on any number of threads at once. */
typedef void (*EspalierKernel)(const void *evidence, double lambda, double sigma, int64_t select, void *output,
                               double *loglik, void *workspace);

/* The kernels of one variant; `description` says what they are. */
typedef struct EspalierVariant {
  const EspalierKernel *kernels;
  uint64_t kernel_count;
} EspalierVariant;

/* `description` is JSON, encoded as UTF-8 and terminated by 0:
 *
 *   name, description   strings
 *   dtype               "f32" | "f64"
 *   branching           [[m] | [rows, columns], ...] for level 1..L
 *   states              [S_0, ..., S_L]
 *   channel             "symbol" | "gaussian"
 *   hard_leaves         whether kernels of level L have zeros, or ratios beyond e^300: then no likelihood may be
 *                       rounded to 0, and gaussian evidence has the limits of runtime/GaussianRange.h
 *   network             {"activation": "exact"} | {"activation": "relu", "tolerance": error, "z": [low, high],
 *                       "sigma": [low, high], "lambda": [low, high]}: what the network for the model's channel is made
 *                       of. Networks of ReLUs err by at most the tolerance where z, sigma and lambda are in these
 *                       intervals (z is clipped to its own), and have no log-likelihood: their kernels write 0.
 *                       Absent: exact
 *   value_size          p
 *   vector_values       whether arrays of observations have an axis for p
 *   parameters          number of stored kernel and prior entries
 *   tables              {"values": offset, "prior": offset, "conditionals": [{"offset": o, "count": c}, ...]}
 *                       offsets into `tables`, in doubles. values: S_L x p. prior: S_0 probabilities.
 *                       conditionals, one per level: c x S_parent x S_child probabilities of a child's state
 *                       given its parent's, c being 1 (all edges), the ranks or the level's nodes
 *   variants            [{"cpu": name, "features": [name, ...], "tile": T, "kernels": [...]}, ...]
 *                       in the order of `variants` below, best first. cpu, features: what the code was built for;
 *                       features as LLVM names them ("avx2", "avx512f", ...). kernels:
 *                       [{"program": "bp" | "net", "pass": "up" | "updown",
 *                         "evidence": "symbol" | "gaussian" | "soft", "workspace": bytes, "tile": T,
 *                         "symbol_bytes": 1 | 4, "evidence_dtype": "f32" | "f64",
 *                         "positions": {"level": c, "tile": columns, "lanes": columns, "most_batch": samples}}, ...]
 *                       in the order of the variant's `kernels`. `tile` is there where a kernel's is not the
 *                       variant's, `symbol_bytes` where evidence is symbols, `evidence_dtype` where it is reals of
 *                       another type than the model's: soft evidence of programs that compute in doubles. Most
 *                       have no `positions`; those that have are the faster choice for up to most_batch samples. Every
 *                       variant has every pass for "soft" and for the model's own channel. Tiles and workspaces differ
 *                       between variants, tables do not. */
typedef struct EspalierModel {
  uint64_t abi_version;
  const char *description;
  const double *tables;
  uint64_t table_count;
  const EspalierVariant *variants;
  uint64_t variant_count; /* at least 1 */
} EspalierModel;

#ifdef __cplusplus
}
#endif

#endif /* ESPALIER_RUNTIME_ABI_H */
