#!/usr/bin/env python3
"""Checks that fuel counts what it says it counts, at every optimisation level, and stops where it must.

    tests/e2e/fuel/run.py [--twine build/bin/twine] [--work build/fuel]

counts.wat says beside each function what it uses, counted by hand; docs/abi.md has the rules. The last line is `N passed, N failed`.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
VARIANTS = [("-O0",), ("-O1",), ("-O2",), ("-O3",), ("-O2", "--cpu", "x86-64-v2")]
PLENTY = 10_000_000
CONSUMED = "all fuel consumed"

# export, argument, result or the trap's name (None: nothing), fuel
COUNTS = [
    ("nothing", None, None, 0), ("nops", None, None, 0), ("straight", None, "3", 3), ("drop", None, None, 2),
    ("if", 1, "1", 3), ("if", 0, "6", 5), ("br_if", 1, "7", 3), ("br_if", 0, "8", 5),
    ("br_table", 0, "10", 4), ("br_table", 1, "11", 6), ("br_table", 9, "12", 3),
    ("loop", 1, "1", 10), ("loop", 10, "55", 91), ("endless", None, CONSUMED, PLENTY),
    ("call", None, "10", 14), ("call_indirect", 0, "7", 7), ("call_indirect", 1, "10", 15),
    ("call_indirect", 5, "uninitialized element", 4), ("tail", 0, "5", 5), ("tail", 4, "5", 33), ("tail", 1_000_000, "5", 7_000_005),
    ("recurse", 0, "0", 3), ("recurse", 5, "15", 43),
    ("fill", 0, None, 4), ("fill", 63, None, 4), ("fill", 64, None, 5), ("fill", 131072, None, 2052),
    ("fill", 131073, "out of bounds memory access", 2052), ("fill", 4294967295, CONSUMED, PLENTY),
    ("copy", 6400, None, 104), ("init", 64, None, 5), ("table_fill", 7, None, 4), ("table_fill", 8, None, 5), ("table_copy", 16, None, 6),
    ("table_init", 16, None, 6), ("table_grow", 80, None, 14), ("is_null", None, "1", 3), ("unreachable", None, "unreachable", 3),
    ("divide", 1, "2", 5), ("divide", 0, "integer divide by zero", 5), ("load", 0, "1", 4),
    ("load", 131072, "out of bounds memory access", 4), ("sum", 1000, "0", 15001), ("walk", 131072, None, 360448),
    ("walk", 131076, "out of bounds memory access", 360459),
]


class Suite:
    """What was found, and the program under test."""

    def __init__(self, twine, work):
        self.twine = twine
        self.work = work
        self.outcomes = []

    def check(self, what, holds, detail=""):
        self.outcomes.append(bool(holds))
        print(f"{'ok    ' if holds else 'FAILED'} {what}" + (f"\n    {detail}" if detail and not holds else ""), flush=True)

    def run(self, *words):
        return subprocess.run([*self.twine, *map(str, words)], capture_output=True, text=True, timeout=120, check=False)

    def assemble(self, name):
        module = self.work / f"{name}.wasm"
        subprocess.run(["wat2wasm", "--enable-tail-call", HERE / f"{name}.wat", "-o", module], check=True)
        return module

    def compile(self, module, name, *flags):
        output = self.work / name
        done = self.run("compile", *flags, module, "-o", output)
        if done.returncode != 0:
            raise SystemExit(f"fuel: twine compile {module.name}: {done.stderr}")
        return output


def fuel_used(done):
    line = next((line for line in done.stderr.splitlines() if line.startswith("{")), "{}")
    return json.loads(line).get("fuel_used")


def trap_of(done):
    match = re.search(r"trap: (.*)", done.stderr)
    return match[1] if match else None


def check_counts(suite, module):
    """Every row of COUNTS with every way to compile."""
    compiled = {variant: suite.compile(module, f"counts{number}.twm", "--fuel", *variant) for number, variant in enumerate(VARIANTS)}

    def measure(task):
        variant, (export, argument, expected, fuel) = task
        words = [] if argument is None else [argument]
        done = suite.run("run", "--fuel", PLENTY, "--stats=json", "--invoke", export, compiled[variant], *words)
        found = trap_of(done) or done.stdout.strip() or None
        return found == expected and fuel_used(done) == fuel, f"{found}, fuel {fuel_used(done)}; {done.stderr[-400:]}"

    tasks = [(variant, row) for row in COUNTS for variant in VARIANTS]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (variant, row), (holds, detail) in zip(tasks, pool.map(measure, tasks)):
            export, argument, expected, fuel = row
            call = f"{export}({'' if argument is None else argument})"
            suite.check(f"{call} uses {fuel} with {' '.join(variant)}, and gives {expected}", holds, detail)
    return compiled[VARIANTS[2]]


def check_limits(suite, module, compiled):
    """Where a budget ends, and what is left behind."""
    for budget, trap in ((91, None), (90, CONSUMED), (0, CONSUMED), (2**63, None), (2**64 - 1, None)):
        done = suite.run("run", "--fuel", budget, "--stats=json", "--invoke", "loop", compiled, 10)
        suite.check(f"loop(10) with a budget of {budget} ends with {trap}",
                    trap_of(done) == trap and done.returncode == (134 if trap else 0) and fuel_used(done) == min(budget, 91), done.stderr)
    done = suite.run("run", "--fuel", 0, "--invoke", "nothing", compiled)
    suite.check("what needs no fuel runs without", done.returncode == 0, done.stderr)
    done = suite.run("run", "--fuel", 50, "--invoke", "recurse", compiled, 100)
    suite.check("the backtrace of a guest without fuel names its functions", done.stderr.count("recurse") == 7, done.stderr)

    speaker = suite.assemble("speaker")
    for budget, output in ((28, "one\ntwo\n"), (27, "one\n"), (16, "one\n"), (15, "one\n"), (14, "one\n"), (13, ""), (0, "")):
        done = suite.run("run", "--fuel", budget, speaker)
        suite.check(f"a budget of {budget} is enough to say {output!r}", done.stdout == output, f"{done.stdout!r} {done.stderr}")

    caller = suite.assemble("caller")
    done = suite.run("run", "--fuel", 1000, "--stats=json", "--preload", f"lib={module}", "--invoke", "both", caller, 10)
    suite.check("all modules of a launch use the same fuel", done.stdout == "56\n" and fuel_used(done) == 95, done.stdout + done.stderr)
    done = suite.run("run", "--fuel", 94, "--preload", f"lib={module}", "--invoke", "both", caller, 10)
    suite.check("and end together", trap_of(done) == CONSUMED, done.stderr)


def check_refusals(suite, module, compiled):
    """What cannot be limited, and what is no limit."""
    plain = suite.compile(module, "plain.twm")
    done = suite.run("run", "--fuel", 10, "--invoke", "nothing", plain)
    suite.check("code that does not count is refused when there is a limit, by name and with the remedy",
                done.returncode == 125 and "does not count" in done.stderr and "twine compile --fuel" in done.stderr, done.stderr)
    done = suite.run("run", "--stats=json", "--invoke", "loop", compiled, 10)
    suite.check("code that counts runs without a limit", done.stdout == "55\n" and fuel_used(done) is None, done.stderr)
    suite.check("inspect tells which code counts", "counts fuel" in suite.run("inspect", compiled).stdout
                and "counts fuel" not in suite.run("inspect", plain).stdout)
    for text in ("-1", "ten", "1e9", "18446744073709551616"):
        done = suite.run("run", f"--fuel={text}", "--invoke", "nothing", compiled)
        suite.check(f"--fuel={text} is refused", done.returncode not in (0, 134) and "--fuel" in done.stderr, done.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--twine", default=str(ROOT / "build/bin/twine"), help="the twine program")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/fuel", help="where modules go")
    options = parser.parse_args()
    suite = Suite(shlex.split(options.twine), options.work)
    for program, remedy in ((suite.twine[0], "build it with scripts/build.sh"), ("wat2wasm", "scripts/bootstrap.sh installs it")):
        if shutil.which(program) is None:
            raise SystemExit(f"fuel: {program} is not a program; {remedy}")
    options.work.mkdir(parents=True, exist_ok=True)
    module = suite.assemble("counts")
    compiled = check_counts(suite, module)
    check_limits(suite, module, compiled)
    check_refusals(suite, module, compiled)
    print(f"{sum(suite.outcomes)} passed, {len(suite.outcomes) - sum(suite.outcomes)} failed")
    return 0 if all(suite.outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
