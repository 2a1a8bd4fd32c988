#!/usr/bin/env python3
"""Runs the examples of the documentation, so that no page shows a command that does not work.

Each page is worked through from top to bottom in an empty directory of its own, with the tools on the PATH and
ESPALIER set to the repository:

  ```toml         behind a line that ends in `NAME.toml`: becomes that file
  ```sh           is run by bash, which stops at the first command that fails; with `# exits with N` as its first
                  line, the block must end with that exit code
  ```sh no-run    is skipped: the commands that set up the very build that is tested
  ```WORD output  is what the last run printed, to standard output or standard error: these lines in this order.
                  `...` stands for anything in a line, and for any number of lines on a line of its own. In a
                  `text output`, 1.2e-07 stands for any number so written: machines differ in the last bits.

  run_examples.py --bin build/release/bin [PAGE.md ...]        default: README.md and docs/*.md
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\S*)[ ]?(.*)$")
MODEL_NAME = re.compile(r"`([\w-]+\.toml)`:$")
EXIT_CODE = re.compile(r"# exits with (\d+)$")
SMALL_NUMBER = re.compile(r"\d(?:\\\.\d+)?e\\?[-+]\d+")
SECONDS_PER_BLOCK = 300


class Failure(Exception):
    """A page and an example do not agree."""


def blocks(text):
    """Yields (line number, language, rest of the fence, line before the fence, content) of every fenced block."""
    before, fence, content = "", None, []
    for number, line in enumerate(text.split("\n"), 1):
        match = FENCE.match(line)
        if fence is None:
            if match:
                fence, content = (number, match[1], match[2].strip()), []
            elif line.strip():
                before = line.strip()
        elif line == "```":
            yield *fence, before, "\n".join(content)
            fence = None
        else:
            content.append(line)
    if fence:
        raise Failure(f"line {fence[0]}: the block is never closed")


def pattern(line, is_text):
    """A regular expression for one line of output; runs of blanks match each other."""
    parts = []
    for part in line.split("..."):
        words = " ".join(re.escape(word) for word in part.split())
        glue = (" " if part[:1].isspace() else "", " " if part[-1:].isspace() else "")
        parts.append(glue[0] + words + glue[1] if words else " " * bool(part))
    expression = ".*".join(parts).strip()
    if is_text:
        expression = SMALL_NUMBER.sub(r"[-+.e\\d]+", expression)
    return re.compile(expression)


def check_output(shown, printed, is_text):
    """Every run of shown lines must be printed as such, behind the run before it."""
    lines = [" ".join(line.split()) for line in printed.split("\n")]
    runs = [[]]
    for line in shown.split("\n"):
        if line.strip() == "...":
            runs.append([])
        else:
            runs[-1].append(pattern(line.strip(), is_text))
    start = 0
    for run in filter(None, runs):
        for first in range(start, len(lines) - len(run) + 1):
            if all(want.fullmatch(line) for want, line in zip(run, lines[first:])):
                start = first + len(run)
                break
        else:
            raise Failure("the output shown is not what was printed:\n" + printed)


def run_block(script, directory, environment):
    """Runs one block; returns what it printed."""
    first = script.split("\n", 1)[0]
    expected = EXIT_CODE.match(first)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=directory, env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=SECONDS_PER_BLOCK, check=False)
    code = int(expected[1]) if expected else 0
    if done.returncode != code:
        raise Failure(f"expects exit code {code}, got {done.returncode}:\n{done.stdout}")
    return done.stdout


def run_page(text, environment):
    """Runs one page; returns how many blocks were run."""
    ran, printed = 0, None
    with tempfile.TemporaryDirectory(prefix="espalier-docs-") as directory:
        for number, language, rest, before, content in blocks(text):
            name = MODEL_NAME.search(before)
            try:
                if language == "toml" and name:
                    pathlib.Path(directory, name[1]).write_text(content + "\n", encoding="utf-8")
                elif language == "sh" and rest == "":
                    printed = run_block(content, directory, environment)
                    ran += 1
                elif rest == "output" and printed is None:
                    raise Failure("there is output before any block was run")
                elif rest == "output":
                    check_output(content, printed, language == "text")
            except (Failure, subprocess.TimeoutExpired) as problem:
                raise Failure(f"line {number}: {problem}") from None
    return ran


def self_test(environment):
    """What must pass passes, and what must fail fails."""
    fence = "```"
    good = f"`a.toml`:\n{fence}toml\nx = 1\n{fence}\n{fence}sh\ncat a.toml; echo y; echo z 2.5e-08 w\n{fence}\n"
    code = f"{fence}sh\n# exits with 3\nexit 3\n{fence}\n"
    passing = [good, code, good + f"{fence}text output\nx = 1\n...\nz   1.2e-07 w\n{fence}\n",
               good + f"{fence}mlir output\nx ...\n{fence}\n", f"{fence}sh no-run\nfalse\n{fence}\n"]
    failing = [f"{fence}sh\nfalse\necho\n{fence}\n", f"{fence}sh\nfalse | true\n{fence}\n", f"{fence}sh\ntrue\n",
               f"{fence}sh\n# exits with 3\ntrue\n{fence}\n", f"{fence}text output\n{fence}\n",
               good + f"{fence}text output\nx = 2\n{fence}\n",
               good + f"{fence}text output\nx = 1\nz 1.2e-07 w\n{fence}\n",
               good + f"{fence}text output\ny\n...\nx = 1\n{fence}\n",
               good + f"{fence}mlir output\nz 1.2e-07 w\n{fence}\n", good + f"{fence}text output\n= 1\n{fence}\n"]
    for page in passing:
        run_page(page, environment)
    for page in failing:
        try:
            run_page(page, environment)
        except Failure:
            continue
        raise Failure("expects this page to fail:\n" + page)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="where espalier and espalier-opt are")
    parser.add_argument("--self-test", action="store_true", help="check this script instead of the documentation")
    parser.add_argument("pages", nargs="*", type=pathlib.Path)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="espalier-python-") as python:
        # Examples say python3 and mean one with numpy: that which runs this script.
        pathlib.Path(python, "python3").symlink_to(sys.executable)
        environment = dict(os.environ, ESPALIER=str(ROOT),
                           PATH=os.pathsep.join([python, str(options.bin.resolve()), os.environ["PATH"]]))
        try:
            if options.self_test:
                self_test(environment)
                return 0
        except Failure as problem:
            print(f"self-test: {problem}", file=sys.stderr)
            return 1
        failed = total = 0
        for page in options.pages or [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
            try:
                ran = run_page(page.read_text(encoding="utf-8"), environment)
                total += ran
                print(f"{page}: {ran} blocks", flush=True)
            except Failure as problem:
                failed += 1
                print(f"{page}: {problem}", file=sys.stderr)
        if not failed and not total:
            print("expects pages with examples, got none", file=sys.stderr)
        return 1 if failed or not total else 0


if __name__ == "__main__":
    sys.exit(main())
