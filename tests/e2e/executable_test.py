#!/usr/bin/env python3
"""The command line that every compiled model carries: answers, refusals, and what it leaves on the disk."""

import io
import json
import struct

import numpy as np

import harness
import numpy_oracle

QUERIES = ("classify", "denoise", "marginals", "loglik")
# Words and their positions that grammar.toml allows.
SENTENCES = np.array([[0, 2, 4, 2], [1, 3, 5, 6], [-1, -1, -1, -1], [4, -1, -1, -1]])
IMAGE = """[tree]
branching = [[1, 2], [3, 1]]
states = [3, 2, 4]
[kernel]
sharing = "level"
[[level]]
index = 1
kernel.matrix = [[1, 2], [3, 1], [1, 1]]
[[level]]
index = 2
kernel.matrix = [[1, 2, 3, 4], [4, 1, 1, 0.5]]
"""


def npy_bytes(array, version=None):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=version)
    return stream.getvalue()


def raw_npy(header, data=b"", version=1):
    """A .npy file with a header of one's own."""
    text = header.encode() + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text + data


class Refusals(harness.TestCase):
    """Exit code 1 and one sentence that points; nothing is written, and what was there stays."""

    def check_wrong(self, executable, *command, words=(), code=1):
        kept = self.folder / "kept.npy"
        kept.write_bytes(b"kept")
        known = {path.name for path in self.folder.iterdir()}
        for output in ("kept.npy", "new.npy"):
            outputs = [] if "--output" in command or command[:1] in ([], ("info",), ("bench",)) else \
                ["--output", self.folder / output]
            result = harness.run(executable, *command, *outputs)
            self.assertEqual(result.code, code, str(result))
            if code == 1:
                self.check_sentence(result, *words)
            self.assertEqual(result.out, "")
            self.assertEqual(kept.read_bytes(), b"kept")
            self.assertEqual(harness.leftovers(self.folder, known), [])

    def check_array(self, model, array, *options, words=()):
        """array: what np.save takes, or a whole file's bytes."""
        source = self.folder / "input.npy"
        source.write_bytes(array if isinstance(array, bytes) else npy_bytes(np.asarray(array)))
        for query in ("loglik", "marginals"):
            self.check_wrong(self.compile(model), query, "--input", source, *options, words=["input.npy", *words])

    def symbols(self, array, *words):
        self.check_array("grammar.toml", array, words=words)

    def noisy(self, array, *words, model="rules.toml"):
        self.check_array(model, array, "--sigma=0.5", words=words)

    def soft(self, array, *words):
        self.check_array("grammar.toml", array, "--soft", words=words)

    def option(self, *options, words=(), query="marginals", model="grammar.toml"):
        array = SENTENCES[:2] if model == "grammar.toml" else np.zeros((2, 12), np.float32)
        self.check_wrong(self.compile(model), query, "--input", self.save("input.npy", array), *options, words=words)

    # Shapes and kinds
    def test_wrong_number_of_leaves(self):
        self.symbols(np.zeros((3, 5), np.int32), "expects 3x4", "got shape 3x5")

    def test_one_axis(self):
        self.symbols(np.zeros(4, np.int32), "expects Bx4", "got shape 4, one sample without the batch axis")

    def test_three_axes(self):
        self.symbols(np.zeros((2, 2, 2), np.int32), "expects 2x4", "got shape 2x2x2")

    def test_single_value(self):
        self.symbols(np.int32(3), "single value")

    def test_leaves_first(self):
        self.symbols(np.zeros((4, 3), np.int32), "expects 4x4", "4x3")

    def test_wrong_shape_of_an_empty_batch(self):
        self.symbols(np.zeros((0, 3), np.int32), "expects 0x4", "0x3")

    def test_flattened_image(self):
        path = self.shared / "image.toml"
        path.write_text(IMAGE)
        self.check_array(path, np.zeros((2, 6), np.int32), words=["expects 2x3x2", "2x6"])
        self.check_array(path, np.zeros((2, 2, 3), np.int32), words=["expects 2x3x2", "2x2x3"])

    def test_floats_for_symbols(self):
        self.symbols(SENTENCES.astype(np.float32), "integers", "float32")

    def test_booleans_for_noise(self):
        self.noisy(np.zeros((2, 12), bool), "floats", "type bool")

    def test_axis_of_one_component(self):
        self.noisy(np.zeros((2, 12, 1), np.float32), "expects 2x12", "2x12x1")

    def test_vectors_without_their_axis(self):
        self.noisy(np.zeros((2, 30), np.float32), "expects 2x30x2", "2x30", model="uneven.toml")

    def test_vectors_of_another_size(self):
        self.noisy(np.zeros((2, 30, 3), np.float32), "expects 2x30x2", "2x30x3", model="uneven.toml")

    def test_likelihoods_of_other_states(self):
        self.soft(np.ones((2, 4, 7), np.float32), "expects 2x4x8", "2x4x7")

    def test_likelihoods_without_soft(self):
        self.symbols(np.ones((2, 4, 8), np.float32), "integers")

    def test_complex(self):
        self.noisy(np.zeros((2, 12), np.complex64), "c8")

    def test_long_double(self):
        self.noisy(np.zeros((2, 12), np.longdouble), "f16")

    def test_text(self):
        self.symbols(np.full((2, 4), "a"), "U1")

    def test_dates(self):
        self.symbols(np.zeros((2, 4), "datetime64[s]"))

    def test_python_objects(self):
        self.symbols(np.full((2, 4), None))

    def test_records(self):
        self.symbols(np.zeros((2, 4), [("a", "<i4"), ("b", "<i4")]), "records")

    # Values
    def test_symbol_too_large(self):
        array = np.zeros((3, 4), np.int32)
        array[2, 1] = 8
        self.symbols(array, "[-1, 7]", "value 8 at [2, 1]")

    def test_symbol_below_missing(self):
        self.symbols([[0, 0, 0, -2]], "[-1, 7]", "value -2 at [0, 3]")

    def test_symbol_of_many_bits(self):
        self.symbols([[0, 0, 0, 2**32]], "value 4294967296 at [0, 3]")

    def test_symbol_of_more_bits_than_signed(self):
        self.symbols(np.full((1, 4), 2**64 - 1, np.uint64), "18446744073709551615 at [0, 0]")

    def test_infinite_observation(self):
        for value in (np.inf, -np.inf):
            array = np.zeros((2, 12), np.float32)
            array[1, 3] = value
            self.noisy(array, "inf at [1, 3]")

    def test_observation_beyond_f32(self):
        array = np.zeros((2, 12))
        array[0, 5] = 1e39
        self.noisy(array, "value 1e+39 at [0, 5]", "beyond float32", "--dtype=f64")

    def test_negative_likelihood(self):
        array = np.ones((2, 4, 8), np.float32)
        array[1, 2, 3] = -0.5
        self.soft(array, ">= 0", "value -0.5 at [1, 2, 3]")

    def test_likelihood_not_a_number(self):
        for value in (np.nan, np.inf):
            array = np.ones((2, 4, 8))
            array[0, 0, 7] = value
            self.soft(array, "at [0, 0, 7]")

    # Files
    def test_missing_file(self):
        self.check_wrong(self.compile("grammar.toml"), "classify", "--input", self.folder / "none.npy",
                         words=["none.npy"])

    def test_directory(self):
        self.check_wrong(self.compile("grammar.toml"), "classify", "--input", self.shared, words=["directory"])

    def test_device(self):
        self.check_wrong(self.compile("grammar.toml"), "classify", "--input", "/dev/zero", words=["/dev/zero"])

    def test_empty_file(self):
        self.symbols(b"", "0 bytes")

    def test_not_npy(self):
        self.symbols(b"PK\x03\x04 this is an archive", ".npy")

    def test_cut_anywhere(self):
        whole = npy_bytes(SENTENCES)
        for length in (5, 7, 9, 11, 40, 127, 128, len(whole) - 1):
            with self.subTest(length=length):
                self.symbols(whole[:length])

    def test_bytes_too_many(self):
        self.symbols(npy_bytes(SENTENCES) + b"\0", "got 129")

    def test_unknown_version(self):
        whole = bytearray(npy_bytes(SENTENCES))
        whole[6] = 9
        self.symbols(bytes(whole), "version", "9")

    def test_headers(self):
        good = "{'descr': '<i4', 'fortran_order': False, 'shape': (1, 4), }"
        data = bytes(16)
        self.assertEqual(np.load(io.BytesIO(raw_npy(good, data))).shape, (1, 4))
        for name, header in {
                "empty": "", "no brace": good[1:], "open": good[:-1], "list": "['<i4', False, (1, 4)]",
                "no shape": "{'descr': '<i4', 'fortran_order': False, }", "twice": good[:-1] + "'descr': '<i4', }",
                "unknown key": good[:-1] + "'x': 1, }", "no order": good.replace("False", "Maybe"),
                "negative": good.replace("(1, 4)", "(-1, 4)"), "real extent": good.replace("(1, 4)", "(1.0, 4)"),
                "huge": good.replace("(1, 4)", "(4611686018427387904, 4)"),
                "beyond": good.replace("(1, 4)", "(99999999999999999999, 4)"),
                "zero times huge": good.replace("(1, 4)", "(0, 4611686018427387904, 4611686018427387904)"),
                "axes": good.replace("(1, 4)", "(" + "1, " * 100 + ")"), "word": good.replace("(1, 4)", "'(1, 4)'"),
                "type": good.replace("<i4", "<i3"), "no type": good.replace("<i4", ""),
                "much type": good.replace("<i4", "<i99999999999999999999"), "tail": good + " x", "code": "exit(0)",
                "nul": good.replace("False", "\0"), "subarray": good.replace("'<i4'", "('<i4', (2,))"),
                "deep": "{" * 60000}.items():
            with self.subTest(header=name):
                self.symbols(raw_npy(header, data, version=1 if len(header) < 65000 else 2))

    def test_header_longer_than_the_file(self):
        self.symbols(b"\x93NUMPY\x02\x00\xff\xff\xff\x7f{'descr'")

    # Options
    def test_no_command(self):
        self.check_wrong(self.compile("grammar.toml"))

    def test_unknown_command(self):
        self.check_wrong(self.compile("grammar.toml"), "frobnicate", words=["frobnicate"])

    def test_unknown_option(self):
        self.option("--frobnicate", words=["--frobnicate"])

    def test_no_input(self):
        self.check_wrong(self.compile("grammar.toml"), "classify", words=["--input"])

    def test_option_without_value(self):
        self.option("--threads", words=["--threads"])

    def test_input_twice(self):
        self.option("--input", self.folder / "input.npy", words=["--input"])

    def test_level_out_of_range(self):
        for level in ("4", "-1", "99999999999"):
            self.option(f"--level={level}", words=["--level expects an integer in 0 .. 3", level])

    def test_level_that_is_no_number(self):
        for level in ("x", "1.5", "", "99999999999999999999999"):
            self.option(f"--level={level}", words=["--level"])

    def test_level_elsewhere(self):
        self.option("--level=1", query="classify", words=["--level"])

    def test_unknown_program(self):
        self.option("--program=mcmc", words=["--program", "bp", "net"])

    def test_threads(self):
        for threads in ("0", "-1", "x", "99999999999"):
            self.option(f"--threads={threads}", words=["--threads"])

    def test_missing_sigma(self):
        self.option(model="rules.toml", words=["--sigma"])
        self.option("--lambda=1", model="rules.toml", words=["--sigma"])

    def test_impossible_sigma(self):
        for sigma in ("0", "-1", "nan", "inf", "x", "1e400"):
            self.option(f"--sigma={sigma}", model="rules.toml", words=["--sigma"])

    def test_impossible_lambda(self):
        for lam in ("nan", "inf", "-inf", "x"):
            self.option("--sigma=1", f"--lambda={lam}", model="rules.toml", words=["--lambda"])

    def test_noise_where_there_is_none(self):
        self.option("--sigma=1", words=["--sigma", "gaussian"])
        self.option("--lambda=1", words=["--lambda", "gaussian"])
        source = self.save("likelihoods.npy", np.ones((1, 12, 3), np.float32))
        self.check_wrong(self.compile("rules.toml"), "classify", "--input", source, "--soft", "--sigma=1",
                         words=["--sigma"])

    def test_output_cannot_be_written(self):
        source = self.save("input.npy", SENTENCES[:2])
        for output in (self.folder / "missing" / "out.npy", self.folder, source / "out.npy", "/dev/full"):
            with self.subTest(output=output):
                self.check_wrong(self.compile("grammar.toml"), "classify", "--input", source, "--output", output,
                                 words=[str(output)])

    def test_sample(self):
        executable = self.compile("grammar.toml")
        self.check_wrong(executable, "sample", words=["-n"])
        for count in ("-1", "x", "1.5"):
            self.check_wrong(executable, "sample", "-n", count, words=["-n"])
        self.check_wrong(executable, "sample", "-n", "3", "--seed=x", words=["--seed"])
        self.check_wrong(executable, "sample", "-n", "3", "--seed=-1", words=["--seed"])
        same = self.folder / "same.npy"
        self.check_wrong(executable, "sample", "-n", "3", "--output", same, "--labels", same, words=["same.npy"])
        for output, labels in (("a.npy", "missing/b.npy"), ("missing/a.npy", "b.npy")):
            self.check_wrong(executable, "sample", "-n", "3", "--output", self.folder / output, "--labels",
                             self.folder / labels, words=["missing/"])

    def test_sample_beyond_memory(self):
        executable = self.compile("grammar.toml")
        for count, size in ((10**14, "1.4 PiB, "), (2**62, "more than a process can address")):
            self.check_wrong(executable, "sample", "-n", count,
                             words=[f"not enough memory: an array of shape {count}x4 takes {size}"])
        self.check_wrong(executable, "sample", "-n", 10**23, words=["-n expects an integer in 0 .. 2^63 - 1"])

    def test_observe(self):
        executable = self.compile("rules.toml")
        source = self.save("symbols.npy", np.zeros((2, 12), np.int32))
        self.check_wrong(executable, "observe", "--input", source, words=["--sigma"])
        self.check_wrong(executable, "observe", "--input", source, "--sigma=-1", words=["--sigma"])
        wrong = self.save("wrong.npy", np.full((2, 12), 3))
        self.check_wrong(executable, "observe", "--input", wrong, "--sigma=1", words=["[-1, 2]", "value 3 at [0, 0]"])

    def test_bench(self):
        for options in (["--batch=0"], ["--batch=-1"], ["--batch=x"], ["--threads=0"], ["extra"]):
            self.check_wrong(self.compile("grammar.toml"), "bench", *options, words=[options[0].split("=")[0]])

    # Impossible evidence is no mistake
    def test_impossible(self):
        array = np.full((70, 4), -1)
        array[66] = [2, -1, -1, -1]
        array[69] = [0, 0, -1, -1]
        source = self.save("input.npy", array)
        for query in ("classify", "denoise", "marginals"):
            for program in ("bp", "net"):
                self.check_wrong(self.compile("grammar.toml"), query, "--input", source, f"--program={program}", code=3)
                result = harness.run(self.compile("grammar.toml"), query, "--input", source, f"--program={program}")
                self.assertEqual(result.out, "")
                for word in ("input.npy", "2 samples", "sample 66"):
                    self.assertIn(word, result.err)
                self.assertEqual(len(result.err.splitlines()), 1)


class Answers(harness.TestCase):
    def ask(self, model, query, source, *options, output="answer.npy"):
        path = self.folder / output
        result = harness.run(self.compile(model), query, "--input", source, "--output", path, *options)
        self.assertEqual((result.code, result.out, result.err), (0, "", ""), str(result))
        return path.read_bytes()

    def test_likelihood_of_impossible_evidence(self):
        source = self.save("input.npy", np.array([[2, -1, -1, -1], [-1, -1, -1, -1]]))
        for program in ("bp", "net"):
            self.ask("grammar.toml", "loglik", source, f"--program={program}")
            found = np.load(self.folder / "answer.npy")
            self.assertEqual(found[0], -np.inf)
            self.assertLessEqual(abs(found[1]), 1e-5)

    def test_nothing_seen_changes_nothing(self):
        """Rows of kernels sum to 1 to the last bit, whatever tables stand for: else errors would grow with the leaves."""
        source = self.save("input.npy", np.full((2, 64), -1))
        for states in (3, 8, 16):
            path = self.shared / f"unseen-{states}.toml"
            path.write_text(f"[tree]\nbranching = {[2] * 6}\nstates = {states}\n"
                            "[kernel]\nrandom = { concentration = 1.0, seed = 8 }\n")
            for program in ("bp", "net"):
                self.ask(path, "loglik", source, f"--program={program}")
                self.assertLessEqual(np.abs(np.load(self.folder / "answer.npy")).max(), 1e-12)

    def test_every_form_of_file(self):
        """Types, byte orders, memory orders and header versions of the same symbols give the same bytes."""
        expected = self.ask("grammar.toml", "marginals", self.save("plain.npy", SENTENCES))
        for dtype in ("<i1", "<i2", "<i4", "<i8", ">i2", ">i4", ">i8"):
            for order in "CF":
                for version in ((1, 0), (2, 0), (3, 0)):
                    path = self.folder / "form.npy"
                    path.write_bytes(npy_bytes(np.array(SENTENCES, dtype=dtype, order=order), version))
                    self.assertEqual(self.ask("grammar.toml", "marginals", path), expected, (dtype, order, version))

    def test_unsigned_symbols(self):
        seen = SENTENCES[:2]
        expected = self.ask("grammar.toml", "marginals", self.save("plain.npy", seen))
        for dtype in ("<u1", "<u2", "<u4", "<u8", ">u2", ">u4", ">u8"):
            self.assertEqual(self.ask("grammar.toml", "marginals", self.save("form.npy", seen.astype(dtype))), expected)

    def test_every_form_of_observations(self):
        """Halves are exact in float and double, so that all forms hold the same numbers."""
        rng = np.random.default_rng(4)
        array = rng.normal(size=(5, 30, 2)).astype(np.float16)
        array[2, 7] = np.nan
        for model in ("f32", "f64"):
            answers = set()
            for dtype in ("<f2", "<f4", "<f8", ">f2", ">f4", ">f8"):
                for order in "CF":
                    path = self.save("form.npy", np.array(array, dtype=dtype, order=order))
                    output = self.folder / "answer.npy"
                    harness.run(self.compile("uneven.toml", f"--dtype={model}"), "denoise", "--input", path, "--output",
                                output, "--sigma=0.7")
                    answers.add(output.read_bytes())
            self.assertEqual(len(answers), 1)

    def test_integers_are_reals(self):
        noisy = np.random.default_rng(5).integers(-3, 4, size=(5, 12))
        soft = np.ones((5, 4, 8), int)
        soft[range(5), 0, range(3, 8)] = 0
        for model, array, *options in (("rules.toml", noisy, "--sigma=0.7"), ("grammar.toml", soft, "--soft")):
            expected = self.ask(model, "marginals", self.save("form.npy", array.astype(np.float32)), *options)
            for dtype in ("i1", "<i4", ">i8", *(["?", "u1"] if model == "grammar.toml" else [])):
                found = self.ask(model, "marginals", self.save("form.npy", array.astype(dtype)), *options)
                self.assertEqual(found, expected)

    def test_a_component_missing_is_a_leaf_missing(self):
        array = np.random.default_rng(6).normal(size=(3, 30, 2)).astype(np.float32)
        array[1, 4, 1] = np.nan
        half = self.ask("uneven.toml", "denoise", self.save("half.npy", array), "--sigma=0.5")
        array[1, 4] = np.nan
        self.assertEqual(self.ask("uneven.toml", "denoise", self.save("whole.npy", array), "--sigma=0.5"), half)

    def test_image_layout(self):
        path = self.shared / "layout.toml"
        path.write_text(IMAGE)
        array = np.random.default_rng(8).integers(-1, 4, size=(9, 3, 2))
        expected = numpy_oracle.answer(numpy_oracle.Model(path), "marginals", array, level=1)[0]
        self.ask(path, "marginals", self.save("image.npy", array), "--level=1")
        found = np.load(self.folder / "answer.npy")
        self.assertEqual(found.shape, (9, 1, 2, 2))
        self.assertLessEqual(float(np.abs(found - expected).max()), 1e-5)

    def test_output_shapes(self):
        shapes = {"classify": (2, 1), "denoise": (2, 30, 2), "marginals": (2, 30, 3), "loglik": (2,)}
        source = self.save("input.npy", np.zeros((2, 30, 2)))
        for dtype in ("f32", "f64"):
            for query, shape in shapes.items():
                output = self.folder / "answer.npy"
                harness.run(self.compile("uneven.toml", f"--dtype={dtype}"), query, "--input", source, "--sigma=1",
                            "--output", output)
                found = np.load(output)
                self.assertEqual(found.shape, shape)
                self.assertEqual(found.dtype, np.float64 if query == "loglik" or dtype == "f64" else np.float32)
                self.assertTrue(found.flags["C_CONTIGUOUS"])

    def test_threads_change_nothing(self):
        rng = np.random.default_rng(5)
        source = self.save("input.npy", rng.normal(size=(333, 12)).astype(np.float32))
        for query in QUERIES:
            for program in ("bp", "net"):
                options = ["--sigma=0.5", f"--program={program}"]
                one = self.ask("rules.toml", query, source, "--threads=1", *options)
                self.assertEqual(self.ask("rules.toml", query, source, "--threads=2", *options), one)
                self.assertEqual(self.ask("rules.toml", query, source, *options), one)

    def check_around_tiles(self, model, leaves):
        """A sample's answer does not depend on the samples beside it: bytes of any batch are rows of a larger one. Gives
        the tiles of kernels for the way up, and of those for both ways."""
        kernels = json.loads(harness.run(self.compile(model), "info", "--json").out)["kernels"]
        tiles = [{k["tile"] for k in kernels if k["pass"] == way and "positions" not in k} for way in ("up", "updown")]
        rng = np.random.default_rng(9)
        array = rng.normal(size=(3 * max(set.union(*tiles)), leaves)).astype(np.float32)
        array[rng.random(array.shape) < 0.2] = np.nan
        for query in QUERIES:
            for program in ("bp", "net"):
                options = ["--sigma=0.3", f"--program={program}"]
                self.ask(model, query, self.save("all.npy", array), *options)
                whole = np.load(self.folder / "answer.npy")
                around = {batch for tile in set.union(*tiles) for batch in (tile - 1, tile, tile + 1, 2 * tile + 3)}
                for batch in {0, 1} | around:
                    self.ask(model, query, self.save("some.npy", array[:batch]), *options)
                    found = np.load(self.folder / "answer.npy")
                    self.assertEqual(found.shape, (batch, *whole.shape[1:]))
                    self.assertEqual(found.tobytes(), whole[:batch].tobytes())
        return tiles

    def test_around_a_tile(self):
        self.check_around_tiles("rules.toml", 12)

    def test_around_tiles_of_two_sizes(self):
        """Of many states, less is kept at once for the way down."""
        path = self.shared / "wide.toml"
        path.write_text('[tree]\nbranching = [2, 2]\nstates = 16\n'
                        '[kernel]\nrandom = { concentration = 1.0, seed = 5 }\n'
                        '[observation]\nchannel = "gaussian"\n')
        (up,), (down,) = self.check_around_tiles(path, 4)
        self.assertLessEqual(down, up)

    def test_an_output_is_replaced(self):
        (self.folder / "answer.npy").write_bytes(b"old")
        self.ask("grammar.toml", "classify", self.save("input.npy", SENTENCES))
        self.assertEqual(np.load(self.folder / "answer.npy").shape, (4, 2))
        self.assertEqual(harness.leftovers(self.folder, ["answer.npy", "input.npy"]), [])

    def test_without_output(self):
        source = self.save("input.npy", SENTENCES)
        for query in QUERIES:
            result = harness.run(self.compile("grammar.toml"), query, "--input", source)
            self.assertEqual((result.code, result.err), (0, ""))
            self.assertIn(query, result.out)

    def test_loglik_of_scaled_likelihoods(self):
        """Likelihoods times c: the posterior stays and the log-likelihood grows by log c, however large c is."""
        rng = np.random.default_rng(2)
        base = rng.gamma(1, size=(6, 4, 8))
        for dtype in ("f32", "f64"):
            for scale in (1e-250, 1e-30, 1e30, 1e250):
                found = []
                for factor in (1, scale):
                    source, answers = self.save("soft.npy", base * factor), []
                    for query in ("marginals", "loglik"):
                        output = self.folder / "answer.npy"
                        result = harness.run(self.compile("grammar.toml", f"--dtype={dtype}"), query, "--input", source,
                                             "--soft", "--output", output)
                        self.assertEqual(result.code, 0, str(result))
                        answers.append(np.load(output))
                    found.append(answers)
                tolerance = 2e-5 if dtype == "f32" else 2e-12
                self.assertLessEqual(float(np.abs(found[0][0] - found[1][0]).max()), tolerance)
                expected = found[0][1] + 4 * np.log(scale)
                self.assertLessEqual(float((np.abs(found[1][1] - expected) / np.abs(expected)).max()), tolerance)


class Sampling(harness.TestCase):
    def sample(self, model, *options, labels=True):
        outputs = [self.folder / "symbols.npy", self.folder / "roots.npy"]
        result = harness.run(self.compile(model), "sample", *options, "--output", outputs[0],
                             *(["--labels", outputs[1]] if labels else []))
        self.assertEqual((result.code, result.out, result.err), (0, "", ""), str(result))
        return [np.load(output) for output in outputs if output.exists()]

    def test_shapes(self):
        for count in (0, 1, 33):
            symbols, roots = self.sample("grammar.toml", "-n", count)
            self.assertEqual((symbols.shape, symbols.dtype), ((count, 4), np.int32))
            self.assertEqual((roots.shape, roots.dtype), ((count,), np.int32))
        path = self.shared / "image.toml"
        path.write_text(IMAGE)
        self.assertEqual(self.sample(path, "-n", 5, labels=False)[0].shape, (5, 3, 2))

    def test_seeds(self):
        first = self.sample("grammar.toml", "-n", 100, "--seed=5", "--threads=1")
        again = self.sample("grammar.toml", "-n", 100, "--seed=5", "--threads=2")
        other = self.sample("grammar.toml", "-n", 100, "--seed=6")
        for a, b, c in zip(first, again, other):
            self.assertEqual(a.tobytes(), b.tobytes())
            self.assertNotEqual(a.tobytes(), c.tobytes())

    def check_law(self, model, path, seed):
        """Frequencies of roots and of leaves with their roots, against the oracle, within five standard errors."""
        count = 20000
        symbols, roots = self.sample(model, "-n", count, f"--seed={seed}")
        oracle = numpy_oracle.Model(path)
        prior = (oracle.prior / oracle.prior.sum()).astype(float)

        def check(found, expected, total):
            error = np.sqrt(np.maximum(expected * (1 - expected), 0) / total)
            self.assertTrue((np.abs(found - expected) <= 5 * error + 1e-12).all(), (found, expected))

        unseen = np.full((1, *oracle.shape(oracle.depth)), -1)
        nothing = numpy_oracle.answer(oracle, "classify", unseen)[0][0]
        check(np.bincount(roots, minlength=len(prior)) / count, nothing, count)
        for root in np.flatnonzero(nothing > 0):
            # The model with its root known.
            oracle.prior = np.eye(len(prior))[root].astype(np.longdouble)
            expected = numpy_oracle.answer(oracle, "marginals", unseen)[0][0]
            chosen = symbols[roots == root]
            found = np.stack([(chosen == a).mean(axis=0) for a in range(oracle.states[-1])], axis=-1)
            check(found, expected, len(chosen))

    def test_law_of_a_grammar(self):
        self.check_law("grammar.toml", harness.MODELS / "grammar.toml", 1)

    def test_law_of_an_image(self):
        path = self.shared / "law.toml"
        path.write_text(IMAGE)
        self.check_law(path, path, 2)

    def test_samples_are_possible(self):
        symbols = self.sample("grammar.toml", "-n", 500)[0]
        output = self.folder / "loglik.npy"
        source = self.save("input.npy", symbols)
        harness.run(self.compile("grammar.toml"), "loglik", "--input", source, "--output", output)
        self.assertTrue(np.isfinite(np.load(output)).all())

    def observe(self, model, symbols, *options):
        output = self.folder / "observed.npy"
        result = harness.run(self.compile(model), "observe", "--input", self.save("symbols.npy", symbols), "--output",
                             output, *options)
        self.assertEqual((result.code, result.out, result.err), (0, "", ""), str(result))
        return np.load(output)

    def test_channel_without_noise(self):
        symbols = np.random.default_rng(1).integers(-1, 3, size=(20, 30))
        values = numpy_oracle.np.array([[-1, 0], [0.5, 0.8], [0.5, -0.8]])
        found = self.observe("uneven.toml", symbols, "--sigma=0", "--lambda=2")
        self.assertEqual((found.shape, found.dtype), ((20, 30, 2), np.float32))
        expected = np.where(symbols[..., None] < 0, np.nan, 2 * values[symbols]).astype(np.float32)
        np.testing.assert_array_equal(found, expected)

    def test_channel_noise(self):
        symbols = np.zeros((400, 30), np.int32)
        found = self.observe("uneven.toml", symbols, "--sigma=0.25", "--seed=3").astype(float)
        noise = (found - [-1, 0]) / 0.25
        self.assertLess(abs(noise.mean()), 5 / np.sqrt(noise.size))
        self.assertLess(abs((noise**2).mean() - 1), 5 * np.sqrt(2 / noise.size))
        again = self.observe("uneven.toml", symbols, "--sigma=0.25", "--seed=3", "--threads=1")
        self.assertEqual(found.astype(np.float32).tobytes(), again.tobytes())
        self.assertNotEqual(self.observe("uneven.toml", symbols, "--sigma=0.25", "--seed=4").tobytes(), again.tobytes())

    def test_symbols_are_their_own_observation(self):
        np.testing.assert_array_equal(self.observe("grammar.toml", SENTENCES), SENTENCES)


class Reports(harness.TestCase):
    def test_help(self):
        executable = self.compile("grammar.toml")
        for command in ([], ["info"], ["sample"], ["observe"], ["verify"], ["bench"], *([query] for query in QUERIES)):
            result = harness.run(executable, *command, "--help")
            self.assertEqual((result.code, result.err), (0, ""))
            self.assertIn("--help", result.out)

    def test_info(self):
        text = harness.run(self.compile("uneven.toml", "--dtype=f64"), "info", "--json")
        self.assertEqual((text.code, text.err), (0, ""))
        information = json.loads(text.out)
        expected = {"name": "uneven", "branching": [[3], [1], [5], [2]], "states": [1, 5, 2, 17, 3], "leaves": 30,
                    "shape": [30], "channel": "gaussian", "value_size": 2, "vector_values": True, "dtype": "f64"}
        self.assertLessEqual(expected.items(), information.items())
        self.assertGreaterEqual(information["tile"], 1)
        kernels = {(kernel["program"], kernel["pass"], kernel["evidence"]) for kernel in information["kernels"]}
        self.assertEqual(kernels, {(program, way, evidence) for program in ("bp", "net") for way in ("up", "updown")
                                   for evidence in ("gaussian", "soft")})
        self.assertIn("uneven", harness.run(self.compile("uneven.toml", "--dtype=f64"), "info").out)

    def test_bench(self):
        result = harness.run(self.compile("grammar.toml"), "bench", "--batch=40", "--threads=1", "--json")
        self.assertEqual((result.code, result.err), (0, ""))
        report = json.loads(result.out)
        self.assertEqual((report["model"], report["dtype"], report["threads"]), ("grammar", "f32", 1))
        self.assertGreater(report["peak_gflops"], 0)
        self.assertEqual({(row["query"], row["program"]) for row in report["rows"]},
                         {(query, program) for query in QUERIES for program in ("bp", "net")})
        for row in report["rows"]:
            self.assertEqual(row["batch"], 40)
            self.assertGreater(row["seconds"], 0)
            self.assertAlmostEqual(row["leaves_per_second"] * row["seconds"] / (40 * 4), 1, places=6)

    def test_verify(self):
        for model in ("grammar.toml", "rules.toml", "uneven.toml"):
            result = harness.run(self.compile(model), "verify", "--samples=5", "--seed=2")
            self.assertEqual((result.code, result.err), (0, ""))
            for query in QUERIES:
                self.assertIn(query, result.out)


if __name__ == "__main__":
    harness.main()
