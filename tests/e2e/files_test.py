#!/usr/bin/env python3
"""Output files: what is refused, what is kept, and what is left when something goes wrong."""

import contextlib
import os
import pathlib
import resource
import signal
import stat
import subprocess
import textwrap
import time

import numpy as np

import harness

MODEL = textwrap.dedent("""\
    [model]
    name = "small"
    [tree]
    branching = [2]
    states = 2
    [root]
    prior = { npy = "prior.npy" }
    [kernel]
    potts = 0.5
    """)
BINARY = {"exe": "small", "shared": "small.so", "object": "small.o", "onnx": "small.onnx"}
TEXT = ("tfg", "bp", "net", "linalg", "llvm")


def limit_files(size):
    """For a child: no file beyond `size` bytes, told to whoever writes instead of by a signal."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


class FilesTest(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.model = self.folder / "small.toml"
        self.model.write_text(MODEL)
        self.save("prior.npy", np.ones(2))
        self.known = {"small.toml", "prior.npy"}

    def small_executable(self):
        """Compiled once for all tests."""
        path = self.shared / "small.toml"
        if not path.exists():
            path.write_text(MODEL)
            np.save(self.shared / "prior.npy", np.ones(2))
        return self.compile(path)

    def espalier_in(self, *arguments):
        return harness.run(self.espalier, *arguments, cwd=self.folder)

    def write(self, name, content=b"kept"):
        path = self.folder / name
        path.write_bytes(content)
        self.known.add(name)
        return path

    def check_nothing_else(self):
        self.assertEqual(harness.leftovers(self.folder, self.known), [])

    @contextlib.contextmanager
    def unchanged(self, *names):
        """What the files hold, their number and nothing else in the folder."""
        before = [((self.folder / name).read_bytes(), os.lstat(self.folder / name).st_ino) for name in names]
        yield
        for name, (content, number) in zip(names, before):
            self.assertEqual((self.folder / name).read_bytes(), content, name)
            self.assertEqual(os.lstat(self.folder / name).st_ino, number, name)
        self.check_nothing_else()


class Inputs(FilesTest):
    """An output is never an input."""

    def refused(self, *arguments, words):
        with self.unchanged("small.toml", "prior.npy"):
            self.check_sentence(self.espalier_in(*arguments), *words)

    def test_the_model(self):
        (self.folder / "link").symlink_to("small.toml")
        os.link(self.model, self.folder / "hard")
        self.known |= {"link", "hard"}
        for form in ("exe", "tfg", "onnx"):
            for output in ("small.toml", "./small.toml", self.model, "link", "hard"):
                self.refused("compile", "small.toml", f"--emit={form}", "-o", output,
                             words=[f"{output}: error: ", "it is the input small.toml"])
        self.refused("verify", "small.toml", "--json", "link", words=["link: ", "small.toml"])

    def test_an_array_of_the_model(self):
        for form in ("exe", "tfg", "onnx"):
            self.refused("compile", "small.toml", f"--emit={form}", "-o", "./prior.npy",
                         words=["./prior.npy: error: ", "it is the input prior.npy"])
        self.refused("verify", "small.toml", "--json", "prior.npy", words=["prior.npy"])

    def test_a_module(self):
        self.known.add("small.mlir")
        self.espalier_in("compile", "small.toml", "--emit=net", "-o", "small.mlir")
        with self.unchanged("small.mlir"):
            for form in ("net", "object"):
                result = self.espalier_in("compile", "small.mlir", f"--emit={form}", "-o", "small.mlir")
                self.check_sentence(result, "small.mlir")
            result = self.espalier_in("verify", "small.toml", "--net", "small.mlir", "--json", "./small.mlir")
            self.check_sentence(result, "./small.mlir: ", "the input small.mlir")

    def test_dumps(self):
        self.known.add("00-input.mlir")
        self.espalier_in("compile", "small.toml", "--emit=tfg", "-o", "00-input.mlir")
        with self.unchanged("00-input.mlir"):
            result = self.espalier_in("compile", "00-input.mlir", "--emit=bp", "--dump-dir", ".", "-o", "out")
            self.check_sentence(result, "00-input.mlir", "the input")
        self.known.add("dump")
        (self.folder / "dump").mkdir()
        result = self.espalier_in("compile", "small.toml", "--emit=bp", "--dump-dir", "dump", "-o",
                                  "dump/00-input.mlir")
        self.check_sentence(result, "the output dump/00-input.mlir")
        self.assertEqual(list((self.folder / "dump").iterdir()), [])

    def test_a_model_without_an_ending(self):
        path = self.write("plain", MODEL.replace('name = "small"', "").encode())
        with self.unchanged("plain"):
            self.check_sentence(self.espalier_in("compile", "plain"), "it is the input plain")
            self.check_sentence(self.espalier_in("compile", path), "plain: error: ", f"the input {path}")

    def test_the_compiler(self):
        copy = self.folder / "espalier"
        os.link(self.espalier, copy)
        self.known.add("espalier")
        with self.unchanged("espalier"):
            self.check_sentence(self.espalier_in("compile", "small.toml", "-o", "espalier"), "program that is running")


class Names(FilesTest):
    """A file that was not asked for by name replaces what espalier wrote, and nothing else."""

    def test_files_of_others(self):
        compiled = {form: self.folder / f"own.{form}" for form in BINARY}
        for form, path in compiled.items():
            self.assertEqual(self.espalier_in("compile", "small.toml", f"--emit={form}", "-o", path).code, 0)
            self.known.add(path.name)
        others = {"text": b"text", "empty": b"", "program": pathlib.Path("/bin/true").read_bytes(),
                  "compiler": pathlib.Path(self.espalier).read_bytes()}
        others |= {form: path.read_bytes() for form, path in compiled.items()}
        for form, name in BINARY.items():
            self.known.add(name)
            for kind, content in others.items():
                with self.subTest(form=form, kind=kind):
                    path = self.write(name, content)
                    if kind == form:
                        self.assertEqual(self.espalier_in("compile", "small.toml", f"--emit={form}").code, 0)
                        self.check_nothing_else()
                    else:
                        with self.unchanged(name):
                            self.check_sentence(self.espalier_in("compile", "small.toml", f"--emit={form}"),
                                                f"{name}: error: ", "-o")
                    path.unlink()

    def test_a_program_that_holds_a_model(self):
        """What a user linked from a model is not the model."""
        self.espalier_in("compile", "small.toml", "--emit=object", "-o", "model.o")
        (self.folder / "main.c").write_text("extern char espalier_model; int main(void) { return !&espalier_model; }")
        for form, flags in (("exe", []), ("shared", ["-shared", "-fPIC"]), ("object", ["-r", "-nostdlib"])):
            name = BINARY[form]
            subprocess.run(["c++", "-x", "c", "main.c", "-x", "none", "model.o", *flags, "-o", name], cwd=self.folder,
                           check=True)
            self.known |= {"model.o", "main.c", name}
            with self.unchanged(name):
                self.check_sentence(self.espalier_in("compile", "small.toml", f"--emit={form}"), name)

    def test_devices_and_folders(self):
        os.mkfifo(self.folder / "small")
        (self.folder / "small.so").mkdir()
        self.known |= {"small", "small.so"}
        self.check_sentence(self.espalier_in("compile", "small.toml"), "small: error: ")
        self.check_sentence(self.espalier_in("compile", "small.toml", "--emit=shared"), "small.so", "directory")
        self.assertTrue((self.folder / "small").is_fifo())

    def test_a_module_of_a_strange_name(self):
        module = self.espalier_in("compile", "small.toml", "--emit=tfg").out
        self.known |= {"strange.mlir", "out"}
        for name in ("../small", "-rf", "..", "a/b"):
            (self.folder / "strange.mlir").write_text(module.replace("@small", f'@"{name}"'))
            self.check_sentence(self.espalier_in("compile", "strange.mlir", "--emit=object"), f"'{name}'", "-o")
            self.check_nothing_else()
        self.assertEqual(self.espalier_in("compile", "strange.mlir", "--emit=object", "-o", "out").code, 0)

    def test_names_that_are_none(self):
        for option in ("-o", "--dump-dir"):
            self.check_sentence(self.espalier_in("compile", "small.toml", "--emit=bp", option, ""), option, "got nothing")
        self.check_sentence(self.espalier_in("verify", "small.toml", "--json", ""), "--json", "got nothing")

    def test_standard_output(self):
        expected = self.espalier_in("compile", "small.toml", "--emit=tfg").out
        for name in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
            self.assertEqual(self.espalier_in("compile", "small.toml", "--emit=tfg", "-o", name).out, expected)
            path = self.write("out", b"")
            with open(path, "a") as out:
                out.write("before\n")
                out.flush()
                subprocess.run([self.espalier, "compile", "small.toml", "--emit=tfg", "-o", name], cwd=self.folder,
                               stdout=out, check=True)
            self.assertEqual(path.read_text(), "before\n" + expected)
        self.check_nothing_else()


class Looks(FilesTest):
    """Outputs are looked at before the work: the model is not even read."""

    def test_before_the_model(self):
        self.write("file")
        self.model.write_text("broken")
        for output, word in (("none/out", "no such directory: none"), (".", "is a directory"),
                             ("file/out", "not a directory"), ("small.toml", "the input")):
            for form in ("exe", "tfg", "onnx"):
                with self.unchanged("file"):
                    result = self.espalier_in("compile", "small.toml", f"--emit={form}", "-o", output)
                    self.check_sentence(result, f"{output}: error: ", word)
            self.check_sentence(self.espalier_in("verify", "small.toml", "--json", output), output, word)
        for folder in ("file", "file/dump"):
            self.check_sentence(self.espalier_in("compile", "small.toml", "--emit=bp", "--dump-dir", folder), folder,
                                "not a directory")

    def test_read_only(self):
        path = self.write("out")
        path.chmod(0o444)
        for form in (*BINARY, *TEXT):
            with self.unchanged("out"):
                self.check_sentence(self.espalier_in("compile", "small.toml", f"--emit={form}", "-o", "out"),
                                    "out: error: ", "read-only")
        self.check_sentence(self.espalier_in("verify", "small.toml", "--json", "out"), "read-only")


class Kept(FilesTest):
    """Files beside the output, its modes, and what it is where it is no regular file."""

    def test_neighbours(self):
        names = [f"out{ending}" for ending in (".tmp", ".part", "~", ".o", ".bak")]
        for name in names:
            self.write(name)
        (self.folder / "empty.tmp").mkdir()
        self.known |= {"empty.tmp", "out", "empty"}
        with self.unchanged(*names):
            for form, output in (("exe", "out"), ("object", "out"), ("tfg", "out"), ("onnx", "out"), ("exe", "empty")):
                self.assertEqual(self.espalier_in("compile", "small.toml", f"--emit={form}", "-o", output).code, 0)
            self.assertTrue((self.folder / "empty.tmp").is_dir())

    def test_modes(self):
        for old, form, new in ((0o600, "exe", 0o700), (0o644, "exe", 0o755), (0o640, "shared", 0o640),
                               (0o600, "object", 0o600), (0o664, "tfg", 0o664), (0o600, "onnx", 0o600)):
            path = self.write("out")
            path.chmod(old)
            self.assertEqual(self.espalier_in("compile", "small.toml", f"--emit={form}", "-o", "out").code, 0)
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), new, form)
            self.assertNotEqual(path.read_bytes(), b"kept")
            path.unlink()
        umask = os.umask(0o077)
        try:
            self.assertEqual(self.espalier_in("compile", "small.toml", "-o", "out").code, 0)
        finally:
            os.umask(umask)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o700)

    def test_links(self):
        (self.folder / "folder").mkdir()
        link = self.folder / "link"
        link.symlink_to("folder/target")
        self.known |= {"folder", "link"}
        for form in ("exe", "object", "tfg"):
            for _ in range(2):  # A target that is not there, and one that is.
                self.assertEqual(self.espalier_in("compile", "small.toml", f"--emit={form}", "-o", "link").code, 0)
                self.assertTrue(link.is_symlink())
                self.assertGreater((self.folder / "folder" / "target").stat().st_size, 500)
                self.assertEqual(harness.leftovers(self.folder / "folder", ["target"]), [])
            (self.folder / "folder" / "target").unlink()
        self.check_nothing_else()

    def test_pipes(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        self.known.add("pipe")
        for form in ("exe", "object", "tfg", "onnx"):
            with open(self.shared / "received", "wb") as received:
                reader = subprocess.Popen(["cat", pipe], stdout=received)
            self.assertEqual(self.espalier_in("compile", "small.toml", f"--emit={form}", "-o", "pipe").code, 0)
            self.assertEqual(reader.wait(), 0)
            self.assertGreater((self.shared / "received").stat().st_size, 500)
            self.assertTrue(pipe.is_fifo())
        self.check_nothing_else()

    def test_devices(self):
        if os.geteuid() != 0:
            self.skipTest("only root makes devices")
        device = self.folder / "null"
        try:
            os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        except PermissionError:
            self.skipTest("no devices can be made here")
        (self.folder / "link").symlink_to("null")
        self.known |= {"null", "link"}
        for form, output in (("exe", "null"), ("exe", "link"), ("object", "null"), ("tfg", "link"), ("onnx", "null")):
            self.assertEqual(self.espalier_in("compile", "small.toml", f"--emit={form}", "-o", output).code, 0)
            self.assertTrue(stat.S_ISCHR(device.lstat().st_mode))
            self.assertTrue((self.folder / "link").is_symlink())
        self.check_nothing_else()

    def test_many_at_once(self):
        """Each that exits with 0 had its file in place whole; the last one stays."""
        names = [f"out.{form}" for form in ("exe", "object", "tfg")]
        jobs = [subprocess.Popen([self.espalier, "compile", "small.toml", f"--emit={name[4:]}", "-o", name],
                                 cwd=self.folder, stderr=subprocess.PIPE) for name in names for _ in range(2)]
        for job in jobs:
            self.assertEqual((job.communicate()[1].count(b"\n"), job.returncode), (1, 0))
        self.known |= set(names)
        self.check_nothing_else()
        self.assertEqual(harness.run(self.folder / "out.exe", "info").code, 0)
        for name in names[1:]:
            self.espalier_in("compile", "small.toml", f"--emit={name[4:]}", "-o", "single")
            self.assertEqual((self.folder / name).read_bytes(), (self.folder / "single").read_bytes())


class Full(FilesTest):
    """Disks that are full, limits and readers that are gone: one sentence, and the earlier file stays."""

    def run_with(self, *arguments, **options):
        done = subprocess.run([str(word) for word in arguments], cwd=self.folder, capture_output=False,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=300, **options)
        return harness.Result([str(word) for word in arguments], done.returncode, "", done.stderr.decode())

    def test_limits(self):
        self.write("out")
        for form in (*BINARY, *TEXT):
            with self.subTest(form=form), self.unchanged("out"):
                result = self.run_with(self.espalier, "compile", "small.toml", f"--emit={form}", "-o", "out",
                                       stdout=subprocess.DEVNULL, preexec_fn=lambda: limit_files(300))
                self.check_sentence(result, "out: error: cannot be written: file too large")
        with self.unchanged("out"):
            result = self.run_with(self.espalier, "compile", "small.toml", "--emit=bp", "--dump-dir", ".", "-o", "out",
                                   stdout=subprocess.DEVNULL, preexec_fn=lambda: limit_files(300))
            self.check_sentence(result, "00-input.mlir: error: cannot be written: file too large")

    def test_a_limit_that_the_linker_meets(self):
        """Object files are within it, the executable is not."""
        self.write("out")
        self.espalier_in("compile", "small.toml", "--emit=object", "-o", "small.o")
        self.known.add("small.o")
        size = 2 * (self.folder / "small.o").stat().st_size
        with self.unchanged("out"):
            result = self.run_with(self.espalier, "compile", "small.toml", "-o", "out", stdout=subprocess.DEVNULL,
                                   preexec_fn=lambda: limit_files(size))
            self.check_sentence(result, "out: error: cannot be written: file too large")

    def test_a_full_disk(self):
        if os.geteuid() != 0:
            self.skipTest("only root mounts")
        disk = self.folder / "disk"
        disk.mkdir()
        script = textwrap.dedent("""\
            mount -t tmpfs -o size=100k none disk 2>/dev/null || exit 77
            printf kept >disk/out
            head -c 200k /dev/zero >disk/filler 2>/dev/null
            for form in exe object onnx linalg; do
              "$0" compile small.toml --emit=$form -o disk/out; echo $?
            done
            TMPDIR=disk "$0" verify small.toml --samples=1; echo $?
            ls -A disk; cat disk/out
            """)
        done = subprocess.run(["unshare", "--mount", "sh", "-c", script, self.espalier], cwd=self.folder,
                              capture_output=True, text=True, timeout=300)
        if done.returncode == 77 or "unshare" in done.stderr:
            self.skipTest("no disk can be mounted here")
        self.assertEqual(done.stdout, "1\n" * 5 + "filler\nout\nkept", done.stderr)
        lines = done.stderr.splitlines()
        self.assertEqual(lines[:4], ["disk/out: error: cannot be written: no space left on device"] * 4)
        self.assertEqual(len(lines), 5)
        self.assertIn("disk", lines[4])
        self.assertIn("no space left on device", lines[4])

    def check_output(self, reason, *command, **options):
        result = self.run_with(*command, **options)
        self.check_sentence(result, "standard output cannot be written", reason)
        self.check_nothing_else()

    def commands(self):
        executable = self.small_executable()
        for command in (["describe", "small.toml"], ["describe", "small.toml", "--json"], ["--help"], ["--version"],
                        ["compile", "small.toml", "--emit=tfg"], ["compile", "small.toml", "--emit=linalg"]):
            yield self.espalier, *command
        for command in (["info"], ["info", "--json"], ["sample", "-n", "3"], ["--help"], ["verify", "--samples=1"]):
            yield executable, *command

    def test_standard_output_that_is_full(self):
        for command in self.commands():
            with self.subTest(command=command), open("/dev/full", "w") as full:
                self.check_output("no space left on device", *command, stdout=full)

    def test_standard_output_without_a_reader(self):
        for command in self.commands():
            with self.subTest(command=command):
                reader, writer = os.pipe()
                os.close(reader)
                self.check_output("broken pipe", *command, stdout=writer)
                os.close(writer)

    def test_standard_output_that_is_closed(self):
        """No file that is opened later takes its place."""
        for command in self.commands():
            with self.subTest(command=command):
                self.check_output("bad file descriptor", "sh", "-c", 'exec "$@" >&-', "sh", *command)
        result = self.run_with("sh", "-c", 'exec "$@" <&- >&-', "sh", self.espalier, "compile", "small.toml", "-o",
                               "out")
        self.assertEqual(result.code, 0, str(result))
        self.assertRegex(result.err, r"^out: executable, .*\n$")
        self.assertEqual(harness.run(self.folder / "out", "info").code, 0)

    def test_errors_that_nobody_reads(self):
        self.model.write_text("broken")
        for command in (["compile", "small.toml"], ["compile", "small.toml", "--dtype=f16"],
                        ["compile", "small.toml", "--query=denoise"]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([self.espalier, *command], cwd=self.folder, stderr=full)
                self.assertEqual(done.returncode, 1)
        self.check_nothing_else()


class Interrupted(FilesTest):
    """INT, TERM and HUP end the process by that signal, whatever it does, and leave nothing."""

    def setUp(self):
        super().setUp()
        self.temporary = self.folder / "temporary"
        self.tools = self.folder / "tools"
        for folder in (self.temporary, self.tools):
            folder.mkdir()
        self.known |= {"temporary", "tools", "started"}

    def linker(self, script):
        """A linker of our own, which says who it is in the file `started`."""
        path = self.tools / "c++"
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)

    def start(self, *arguments):
        variables = {**os.environ, "TMPDIR": str(self.temporary), "PATH": f"{self.tools}:/usr/bin:/bin"}
        return subprocess.Popen([self.espalier, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=variables)

    def wait_for_linker(self):
        path = self.folder / "started"
        while not path.exists():
            time.sleep(0.01)
        numbers = [int(word) for word in path.read_text().split()]
        path.unlink()
        return numbers

    def is_running(self, number):
        try:
            state = pathlib.Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return False
        return state not in "ZX"

    def test_while_linking(self):
        self.write("out")
        self.linker("""touch "$2" "$TMPDIR/cc.o"
                       sh -c 'echo $$ $PPID >started.new; mv started.new started; exec sleep 600' &
                       wait""")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            for command in (["compile", "small.toml", "-o", "out"], ["verify", "small.toml"]):
                with self.subTest(signal=number, command=command), self.unchanged("out"):
                    job = self.start(*command)
                    linkers = self.wait_for_linker()
                    job.send_signal(number)
                    self.assertEqual((job.communicate()[1], job.returncode), (b"", -number))
                    self.assertEqual([linker for linker in linkers if self.is_running(linker)], [])
                    self.assertEqual(list(self.temporary.iterdir()), [])

    def test_a_signal_that_is_ignored(self):
        self.known.add("out")
        self.linker('echo $$ >started.new; mv started.new started; touch "$2"; kill -HUP $PPID')
        job = subprocess.Popen(["nohup", self.espalier, "compile", "small.toml", "-o", "out"], cwd=self.folder,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={**os.environ, "PATH": f"{self.tools}:/usr/bin:/bin"})
        self.assertEqual(job.wait(), 0)
        self.assertTrue((self.folder / "out").exists())
        self.wait_for_linker()
        self.check_nothing_else()

    def test_at_any_moment(self):
        self.write("out")
        self.linker('touch "$2"; exec sleep 600')
        for delay in range(10):
            with self.unchanged("out"):
                job = self.start("compile", "small.toml", "-o", "out")
                time.sleep(delay / 10)
                job.send_signal(signal.SIGTERM)
                job.communicate()
                self.assertEqual(job.returncode, -signal.SIGTERM)
                self.assertEqual(list(self.temporary.iterdir()), [])

    def test_while_writing_an_array(self):
        """A pipe that nobody reads from holds the second output up, once the first is written."""
        executable = self.small_executable()
        os.mkfifo(self.folder / "pipe")
        self.write("out.npy")
        self.known.add("pipe")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.unchanged("out.npy"):
                job = subprocess.Popen([executable, "sample", "-n", "20", "--output", "out.npy", "--labels", "pipe"],
                                       cwd=self.folder)
                while not harness.leftovers(self.folder, self.known):
                    time.sleep(0.01)
                job.send_signal(number)
                self.assertEqual(job.wait(), -number)


class Arrays(FilesTest):
    """The same for what compiled models write."""

    def setUp(self):
        super().setUp()
        self.executable = self.small_executable()
        self.save("x.npy", np.zeros((2, 2), np.int32))
        self.known.add("x.npy")

    def model_in(self, *arguments):
        return harness.run(self.executable, *arguments, cwd=self.folder)

    def test_inputs(self):
        (self.folder / "link.npy").symlink_to("x.npy")
        os.link(self.folder / "x.npy", self.folder / "hard.npy")
        self.known |= {"link.npy", "hard.npy"}
        for query in ("classify", "denoise", "marginals", "loglik", "observe"):
            for output in ("x.npy", "./x.npy", "link.npy", "hard.npy"):
                with self.unchanged("x.npy"):
                    self.check_sentence(self.model_in(query, "--input", "x.npy", "--output", output),
                                        f"{output}: error: ", "it is the input x.npy")
        os.rename(self.folder / "x.npy", self.folder / "x.png")
        self.known.add("x.png")
        with self.unchanged("x.png"):
            self.check_sentence(self.model_in("picture", "--rows", "x.png", "--output", "./x.png"), "the input x.png")

    def test_one_file_twice(self):
        (self.folder / "dangling.npy").symlink_to("s.npy")
        self.known.add("dangling.npy")
        for labels in ("s.npy", "./s.npy", f"{self.folder}/s.npy", "dangling.npy"):
            result = self.model_in("sample", "-n", "3", "--output", "s.npy", "--labels", labels)
            self.check_sentence(result, "two files", f"s.npy and {labels}")
        self.check_nothing_else()

    def test_the_model_itself(self):
        name = self.folder / "model.npy"
        os.link(self.executable, name)
        self.known.add("model.npy")
        with self.unchanged("model.npy"):
            result = harness.run(name, "sample", "-n", "3", "--output", name)
            self.check_sentence(result, "it is the program that is running")

    def test_endings(self):
        for output in ("o.csv", "o.npz", "o", "npy", "2", "o.npy.gz"):
            for option in ("--output", "--labels"):
                self.check_sentence(self.model_in("sample", "-n", "3", option, output), f"{output}: error: ", ".npy")
            self.check_sentence(self.model_in("classify", "--input", "x.npy", "--output", output), output, ".npy")
        for output in ("p.jpg", "p", "p.npy"):
            self.check_sentence(self.model_in("picture", "--rows", "x.npy", "--output", output), output, ".png")
        self.check_nothing_else()

    def test_names_that_are_none(self):
        for option in ("--output", "--labels"):
            self.check_sentence(self.model_in("sample", "-n", "3", option, ""), option, "got nothing")
        self.check_sentence(self.model_in("classify", "--input", "x.npy", "--output", ""), "--output", "got nothing")
        self.check_sentence(self.model_in("picture", "--rows", "x.npy", "--output", ""), "--output", "got nothing")

    def test_standard_output(self):
        for name in ("/dev/stdout", "/dev/fd/1"):
            done = subprocess.run([self.executable, "sample", "-n", "3", "--output", name], capture_output=True)
            self.assertEqual((done.returncode, done.stdout[:6]), (0, b"\x93NUMPY"))

    def test_before_the_work(self):
        """The input is not there, and the output is what is told of."""
        self.write("file.npy").chmod(0o444)
        for output, word in (("none/y.npy", "no such directory"), (".", "directory"), ("file.npy", "read-only"),
                             ("y.csv", ".npy")):
            with self.unchanged("file.npy"):
                self.check_sentence(self.model_in("classify", "--input", "none.npy", "--output", output), output, word)

    def test_limits(self):
        self.write("y.npy")
        with self.unchanged("y.npy"):
            done = subprocess.run([self.executable, "sample", "-n", "1000", "--output", "y.npy"], cwd=self.folder,
                                  capture_output=True, text=True, preexec_fn=lambda: limit_files(1000))
            self.assertEqual((done.returncode, done.stderr), (1, "y.npy: error: cannot be written: file too large\n"))


if __name__ == "__main__":
    harness.main()
