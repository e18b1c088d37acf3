#!/usr/bin/env python3
"""Preview1, check by check: programs with many named checks each, natively and in Twine.

    tests/wasi/run.py [--twine build/bin/twine] [--work build/wasi] [--list] [FILTER …]

Sources beside this file, and what is right for them:

    posix.c, cpp.cc, rust.rs   the same source built natively. Each check prints a section "== SENTENCE" and works in a directory
                               cN of its own; sections must be equal, and on a host directory the trees left behind, too
    rules.c                    what is written in witx: each section must be "holds"
    table.wat                  a line "check: FUNCTION = VALUE: SENTENCE" or "trap: FUNCTION: SENTENCE" an exported function
    launches.py                arguments, environment, standard streams, exit statuses, mounts: a launch each

The first four run on a host directory and, as far as they can, on a mount in enclave memory. A filter is part of a sentence.
The last line is `N passed, N failed`; the exit status is 0 when none failed.
"""

import argparse
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE))
import launches  # noqa: E402

TIMEOUT_SECONDS = 300
TRAP_STATUS = 134
MEMORY_MOUNT = "/:256M"


class Suite:
    """Counts, and says what failed."""

    def __init__(self, options):
        self.twine = options.twine.resolve()
        self.work = options.work.resolve()
        self.filters = options.filters
        self.listing = options.list
        self.passed = 0
        self.failed = 0

    def report(self, where, sentence, fault):
        """One test: `fault` says what is wrong, or is empty."""
        if self.filters and not any(part in sentence for part in self.filters):
            return
        if self.listing:
            print(f"{where}: {sentence}")
        if fault:
            self.failed += 1
            print(f"FAILED: {where}: {sentence}\n{fault}", flush=True)
        else:
            self.passed += 1

    def directory(self, name):
        path = self.work / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def run_twine(self, *arguments, **options):
        return subprocess.run([self.twine, "run", "-O1", *map(str, arguments)], capture_output=True, timeout=TIMEOUT_SECONDS,
                              check=False, **options)


def build(command, output, *sources):
    """Runs `command` unless `output` is newer than its sources and this file."""
    newest = max(path.stat().st_mtime for path in (*sources, pathlib.Path(__file__)))
    if not output.exists() or output.stat().st_mtime < newest:
        output.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([str(word) for word in command], check=True)
    return output


def sections(output):
    """{sentence: text}, in order."""
    result = {}
    for part in re.split(rb"(?m)^== ", output)[1:]:
        sentence, _, text = part.partition(b"\n")
        result[sentence.decode()] = text.decode(errors="backslashreplace")
    return result


def tree(root):
    """{path: what it is} of everything beneath `root`."""
    found = {}
    for directory, directories, files in os.walk(root):
        for name in directories + files:
            path = pathlib.Path(directory, name)
            status = path.lstat()
            if path.is_symlink():
                told = f"-> {os.readlink(path)}"
            elif path.is_dir():
                told = "directory"
            else:
                told = f"{status.st_size} bytes {path.read_bytes()[:4096]!r}" if status.st_size < 1 << 26 else f"{status.st_size} bytes"
            found[str(path.relative_to(root))] = told
    return found


def difference(expected, got):
    return "\n".join(difflib.unified_diff(expected.splitlines(), got.splitlines(), "native", "twine", lineterm="", n=1))


def compare(suite, name, native, module):
    """A program of check.h's kind, on both kinds of mounts."""
    native_directory = suite.directory(f"{name}-native")
    reference = subprocess.run([native], cwd=native_directory, capture_output=True, timeout=TIMEOUT_SECONDS, check=True)
    expected = sections(reference.stdout)
    expected_tree = tree(native_directory)
    for kind in ("host", "memory"):
        directory = suite.directory(f"{name}-{kind}")
        mount = ["--dir", f"{directory}::/"] if kind == "host" else ["--tmp", MEMORY_MOUNT]
        ran = suite.run_twine(*mount, module)
        got = sections(ran.stdout)
        fault = "" if ran.returncode == 0 else f"status {ran.returncode}\n{ran.stderr.decode(errors='replace')[-2000:]}"
        suite.report(f"{name} on {kind}", f"{name} ends with status 0", fault)
        got_tree = tree(directory) if kind == "host" else expected_tree
        for number, (sentence, text) in enumerate(expected.items()):
            if sentence not in got:
                suite.report(f"{name} on {kind}", sentence, "the check did not run")
                continue
            fault = difference(text, got[sentence])
            own = re.compile(rf"c{number}(/|$)")
            for path in sorted(path for path in expected_tree.keys() | got_tree.keys() if own.match(path)):
                if expected_tree.get(path) != got_tree.get(path):
                    fault += f"\n{path}: native {expected_tree.get(path)}, twine {got_tree.get(path)}"
            suite.report(f"{name} on {kind}", sentence, fault)


def run_rules(suite, module):
    for kind in ("host", "memory"):
        directory = suite.directory(f"rules-{kind}")
        mount = ["--dir", f"{directory}::/"] if kind == "host" else ["--tmp", MEMORY_MOUNT]
        ran = suite.run_twine(*mount, module)
        where = f"rules on {kind}"
        fault = "" if ran.returncode == 0 else f"status {ran.returncode}\n{ran.stderr.decode(errors='replace')[-2000:]}"
        suite.report(where, "the rules run to their end", fault)
        for sentence, text in sections(ran.stdout).items():
            suite.report(where, sentence, "" if text.strip() == "holds" else text.strip())


def run_table(suite, source, module):
    """Exported functions of a WAT file, each in a launch of its own."""
    lines = re.findall(r"^\s*;; (check|trap): (\S+?)(?: = (\S+))?: (.*)$", source.read_text(), re.MULTILINE)
    if not lines:
        raise SystemExit(f"{source} has no check")
    for kind, function, value, sentence in lines:
        directory = suite.directory("table")
        (directory / "file").write_bytes(b"0123456789")
        (directory / "sub").mkdir()
        ran = suite.run_twine("--dir", f"{directory}::/", "--invoke", function, module)
        fault = ""
        if kind == "check":
            got = ran.stdout.decode().strip()
            if ran.returncode != 0 or got != value:
                fault = f"{got!r} and status {ran.returncode} instead of {value!r}\n{ran.stderr.decode(errors='replace')[-1000:]}"
        else:
            if ran.returncode != TRAP_STATUS or b"out of bounds memory access" not in ran.stderr:
                fault = f"status {ran.returncode}\n{ran.stderr.decode(errors='replace')[-1000:]}"
            if ran.stdout or tree(directory) != {"file": "10 bytes b'0123456789'", "sub": "directory"}:
                fault += f"\nit had an effect: {ran.stdout!r} {tree(directory)}"
        suite.report(source.name, sentence, fault)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--twine", type=pathlib.Path, default=ROOT / "build/bin/twine")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/wasi")
    parser.add_argument("--list", action="store_true", help="name the checks as they run")
    parser.add_argument("filters", nargs="*")
    options = parser.parse_args()
    suite = Suite(options)
    made = suite.work / "bin"

    wasm = ["--target=wasm32-wasi", "-O1", "-Wall", "-Wextra", "-Werror"]
    header = HERE / "check.h"

    def source(name):
        return HERE / name

    compare(suite, "posix",
            build(["clang-19", "-O1", "-Wall", "-Wextra", "-Werror", source("posix.c"), "-o", made / "posix"], made / "posix",
                  source("posix.c"), header),
            build(["clang-19", *wasm, source("posix.c"), "-o", made / "posix.wasm"], made / "posix.wasm", source("posix.c"), header))
    if source("cpp.cc").exists():
        cpp = ["-std=c++20", "-fno-exceptions", "-stdlib=libc++"]
        compare(suite, "cpp",
                build(["clang++-19", "-std=c++20", "-fno-exceptions", "-O1", source("cpp.cc"), "-o", made / "cpp"], made / "cpp", source("cpp.cc")),
                build(["clang++-19", *wasm, *cpp, source("cpp.cc"), "-o", made / "cpp.wasm"], made / "cpp.wasm", source("cpp.cc")))
    if source("rust.rs").exists():
        # Debian's, which has the standard library for wasm32-wasi; another rustc may stand before it in PATH.
        rust = ["/usr/bin/rustc", "--edition=2021", "-O", "-D", "warnings", source("rust.rs")]
        compare(suite, "rust", build([*rust, "-o", made / "rust"], made / "rust", source("rust.rs")),
                build([*rust, "--target=wasm32-wasi", "-o", made / "rust.wasm"], made / "rust.wasm", source("rust.rs")))
    run_rules(suite, build(["clang-19", *wasm, source("rules.c"), "-o", made / "rules.wasm"], made / "rules.wasm", source("rules.c")))
    run_table(suite, source("table.wat"),
              build(["wat2wasm", source("table.wat"), "-o", made / "table.wasm"], made / "table.wasm", source("table.wat")))
    launches.run(suite, made, build)

    print(f"{suite.passed} passed, {suite.failed} failed")
    return 1 if suite.failed else 0


if __name__ == "__main__":
    sys.exit(main())
