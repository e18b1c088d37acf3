#!/usr/bin/env python3
"""Runs every program of tests/e2e/cases natively and in Twine, and compares what they did.

    tests/e2e/run.py [--twine build/bin/twine] [--work build/e2e] [-j N] [--list] [FILTER ...]

A case is one C or C++ file. The first lines of its leading comment say what it shows; `key: value` lines after them, all
optional, say how it is run:

    args:    one "two words"       arguments, in shell quoting
    env:     NAME=value            one environment variable (may be repeated)
    stdin:   b"text\\n" * 3         standard input, a Python bytes literal, perhaps repeated; empty when not given
    file:    NAME b"content"       a file to make in the working directory beforehand (may be repeated; NAME may hold /)
    symlink: NAME TARGET           a symbolic link to make there (may be repeated)
    outside: NAME b"content"       a file beside the working directory, which the guest must not reach (may be repeated)
    mount:   ro | none | A::B[:ro] map the working directory read-only or not at all, or (may be repeated) its directory A as
                                   the guest's B; by default the working directory is the guest's /
    flags:   -msimd128             more compiler flags for the Wasm build
    exit:    3                     the exit status; 0 when not given
    trap:    NAME in F, G          the program traps: status 134, `trap: NAME` and the guest functions F and G on stderr
    stdout:  text                  a line of the expected output (may be repeated). The program is then not run natively

Without `stdout` and `trap` the same source is built natively and run in a working directory of the same content; standard output,
exit status and every file left behind must be equal. A case that traps has only its `stdout` lines compared, none meaning none.
The files outside must be untouched in every case.

The last line is `N passed, N failed`; the exit status is 0 when none failed.
"""

import argparse
import ast
import concurrent.futures
import dataclasses
import difflib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CASES = HERE / "cases"
TIMEOUT_SECONDS = 300  # compiling included
# As the architecture page promises.
TRAP_STATUS = 134
SETUP_FAILURE_STATUS = 125
MOST_FILES_SHOWN = 5
COMMON_FLAGS = ["-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"]


class CaseError(Exception):
    """A case that is written wrongly, or that cannot be built."""


@dataclasses.dataclass
class Case:
    """A program and how to run it."""

    path: pathlib.Path
    args: list = dataclasses.field(default_factory=list)
    env: dict = dataclasses.field(default_factory=dict)
    stdin: bytes = b""
    files: dict = dataclasses.field(default_factory=dict)
    symlinks: dict = dataclasses.field(default_factory=dict)
    outside: dict = dataclasses.field(default_factory=dict)
    mounts: list = dataclasses.field(default_factory=list)  # of --dir's argument, relative to the working directory
    mount_nothing: bool = False
    flags: list = dataclasses.field(default_factory=list)
    exit: int = 0
    trap: str | None = None
    trap_functions: list = dataclasses.field(default_factory=list)
    stdout: bytes | None = None

    @property
    def name(self):
        return self.path.stem

    @property
    def native(self):
        """Whether the native build says what is right."""
        return self.stdout is None and self.trap is None


def bytes_literal(text):
    """b"ab" or b"ab" * 3 as bytes."""
    match = re.fullmatch(r"(b\".*\"|b'.*')(?:\s*\*\s*(\d+))?", text.strip(), re.DOTALL)
    if not match:
        raise CaseError(f"{text!r} is not a bytes literal; write b\"...\", perhaps followed by * N")
    return ast.literal_eval(match[1]) * int(match[2] or 1)


def parse(path):
    """The case in `path`, from its leading comment."""
    case = Case(path)
    keys = "args|env|stdin|file|symlink|outside|mount|flags|exit|trap|stdout"
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.startswith("//"):
            break
        match = re.match(rf"// ?({keys}): ?(.*)$", line)
        if not match:
            continue
        key, value = match[1], match[2].strip()
        try:
            if key == "args":
                case.args = shlex.split(value)
            elif key == "env":
                name, _, content = value.partition("=")
                case.env[name] = content
            elif key == "stdin":
                case.stdin = bytes_literal(value)
            elif key in ("file", "outside"):
                name, _, content = value.partition(" ")
                (case.files if key == "file" else case.outside)[name] = bytes_literal(content)
            elif key == "symlink":
                name, target = value.split()
                case.symlinks[name] = target
            elif key == "mount":
                if value == "none":
                    case.mount_nothing = True
                elif value == "ro":
                    case.mounts.append(".::/:ro")
                elif re.fullmatch(r"[^:/][^:]*::/[^:]*(:ro)?", value):
                    case.mounts.append(value)
                else:
                    raise CaseError(f"mount is {value!r}; write ro, none or DIRECTORY::/GUEST, perhaps with :ro")
            elif key == "flags":
                case.flags = shlex.split(value)
            elif key == "exit":
                case.exit = int(value)
            elif key == "trap":
                case.trap, _, functions = value.partition(" in ")
                case.trap_functions = [function.strip() for function in functions.split(",") if function.strip()]
                case.exit = TRAP_STATUS
            elif key == "stdout":
                case.stdout = (case.stdout or b"") + match[2].encode() + b"\n"
        except (CaseError, ValueError, SyntaxError) as fault:
            raise CaseError(f"{path}:{number}: {fault}") from fault
    return case


def is_fresh(output, source):
    """Whether `output` was built after its source, the shared header and this file last changed."""
    inputs = [source, CASES / "check.h", pathlib.Path(__file__)]
    return output.exists() and output.stat().st_mtime > max(path.stat().st_mtime for path in inputs)


def build(case, directory):
    """Builds the case; returns the native program (or None) and the Wasm module."""
    is_c = case.path.suffix == ".c"
    compiler = ["clang-19", "-std=gnu17"] if is_c else ["clang++-19", "-std=c++23", "-fno-exceptions"]
    linker = compiler[:1]
    native, wasm = directory / case.name, directory / f"{case.name}.wasm"

    def run(*command):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CaseError(f"{shlex.join(command)}\n{done.stderr}")

    if case.native and not is_fresh(native, case.path):
        run(*compiler, *COMMON_FLAGS, str(case.path), "-o", str(native), "-lm")
    if not is_fresh(wasm, case.path):
        # Two commands: a link with -O would run wasm-opt, which drops the names that backtraces show.
        target = "--target=wasm32-wasi"
        run(*compiler, target, *COMMON_FLAGS, *case.flags, "-c", str(case.path), "-o", f"{wasm}.o")
        run(*linker, target, f"{wasm}.o", "-o", str(wasm))
    return (native if case.native else None), wasm


@dataclasses.dataclass
class Outcome:
    """What one run did."""

    status: int
    stdout: bytes
    stderr: bytes
    tree: dict  # path -> content, link target or None for a directory
    outside: dict


def snapshot(directory):
    """Everything beneath `directory`, without following links."""
    tree = {}
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        if path.is_symlink():
            tree[name] = ("link", os.readlink(path))
        elif path.is_dir():
            tree[name] = ("directory", None)
        else:
            tree[name] = ("file", path.read_bytes())
    return tree


def execute(case, command, environment):
    """Runs `command(work)` in a fresh place; see the head of this file for what is in it."""
    with tempfile.TemporaryDirectory(prefix="twine-e2e-") as place:
        place = pathlib.Path(place)
        work = place / "work"
        work.mkdir()
        for base, files in ((work, case.files), (place, case.outside)):
            for name, content in files.items():
                (base / name).parent.mkdir(parents=True, exist_ok=True)
                (base / name).write_bytes(content)
        for name, target in case.symlinks.items():
            (work / name).symlink_to(target)
        try:
            done = subprocess.run(command(work), input=case.stdin, capture_output=True, cwd=work, env=environment,
                                  timeout=TIMEOUT_SECONDS, check=False)
        except subprocess.TimeoutExpired as expired:
            raise CaseError(f"still running after {TIMEOUT_SECONDS} s; stopped") from expired
        tree = snapshot(work)
        shutil.rmtree(work)
        return Outcome(done.returncode, done.stdout, done.stderr, tree, snapshot(place))


def differences(case, expected, actual):
    """The ways in which `actual` is not `expected` (None: as the case's comment says), in words."""
    if actual.status == SETUP_FAILURE_STATUS != case.exit:
        return ["twine could not run it"]  # its reason is on standard error
    faults = []
    if actual.status != case.exit:
        faults.append(f"exit status {actual.status}, not {case.exit}")
    if expected and expected.status != case.exit:
        faults.append(f"the native program's exit status is {expected.status}, not {case.exit}")

    wanted = expected.stdout if expected else case.stdout or b""
    if actual.stdout != wanted:
        faults.append("stdout differs (- expected, + actual)\n" + text_difference(wanted, actual.stdout))

    if expected and expected.tree != actual.tree:
        names = sorted(expected.tree.keys() | actual.tree.keys())
        names = [name for name in names if expected.tree.get(name) != actual.tree.get(name)]
        for name in names[:MOST_FILES_SHOWN]:
            faults.append(f"file {name} differs: expected {clip(expected.tree.get(name))}, actual {clip(actual.tree.get(name))}")
        if len(names) > MOST_FILES_SHOWN:
            faults.append(f"and {len(names) - MOST_FILES_SHOWN} more files")
    if {name: content for name, (_, content) in actual.outside.items()} != case.outside:
        faults.append(f"files outside the mapped directory changed: {sorted(actual.outside)}")

    if case.trap:
        stderr = actual.stderr.decode(errors="replace")
        if f"trap: {case.trap}" not in stderr:
            faults.append(f"stderr does not say `trap: {case.trap}`")
        faults += [f"the backtrace does not name {name}" for name in case.trap_functions if not re.search(rf"\b{name}\b", stderr)]
    return faults


def text_difference(expected, actual, most=20):
    """The lines that differ, the first `most` of them."""
    lines = [text.decode(errors="backslashreplace").splitlines() for text in (expected, actual)]
    changed = [line for line in difflib.unified_diff(*lines, n=0, lineterm="") if not re.match(r"(---|\+\+\+|@@)", line)]
    more = [f"and {len(changed) - most} more"] if len(changed) > most else []
    return "\n".join(f"      {line[:400]}" for line in changed[:most] + more)


def clip(value, most=400):
    """A short form of a value for a message, around its beginning."""
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}... ({len(text)} characters)"


def check(case, twine, directory):
    """Builds and runs a case; returns its faults, and the guest's stderr where there are some."""
    try:
        native, wasm = build(case, directory)
        expected = None
        if native:
            expected = execute(case, lambda work: [str(native), *case.args], case.env)

        mounts = [] if case.mount_nothing else case.mounts or [".::/"]
        variables = [word for name, value in case.env.items() for word in ("--env", f"{name}={value}")]

        def command(work):
            directories = [word for mount in mounts for word in ("--dir", f"{work}/{mount}")]
            return [*twine, "run", *directories, *variables, str(wasm), *case.args]

        actual = execute(case, command, os.environ)
    except CaseError as fault:
        return [str(fault)], ""
    faults = differences(case, expected, actual)
    return faults, actual.stderr.decode(errors="replace") if faults else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--twine", default=str(ROOT / "build/bin/twine"), help="the twine program, perhaps with words before `run`")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/e2e", help="where programs are built")
    parser.add_argument("-j", type=int, default=os.cpu_count(), dest="jobs", help="cases at a time")
    parser.add_argument("--list", action="store_true", help="print the cases' names and stop")
    parser.add_argument("filter", nargs="*", help="run only cases whose names contain one of these")
    options = parser.parse_args()

    sources = sorted(path for path in CASES.iterdir() if path.suffix in (".c", ".cc"))
    sources = [path for path in sources if not options.filter or any(word in path.stem for word in options.filter)]
    if options.list:
        print("\n".join(path.stem for path in sources))
        return 0
    twine = shlex.split(options.twine)
    if shutil.which(twine[0]) is None:
        sys.exit(f"e2e: {twine[0]} is not a program; build it with scripts/build.sh, or name it with --twine")
    if not sources:
        sys.exit(f"e2e: no case matches {' '.join(options.filter)}; --list shows their names")

    options.work.mkdir(parents=True, exist_ok=True)
    cases = [parse(path) for path in sources]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for case, (faults, stderr) in zip(cases, pool.map(lambda each: check(each, twine, options.work), cases)):
            print(f"{'FAILED' if faults else 'ok    '} {case.name}", flush=True)
            for fault in faults:
                print(f"    {fault}")
            if stderr:
                print("    stderr: " + "\n            ".join(stderr.splitlines()[:20]))
            failed += bool(faults)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
