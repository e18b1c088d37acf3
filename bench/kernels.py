#!/usr/bin/env python3
"""Runs the kernels of bench/kernels natively, in Twine and in other engines, and compares their times.

    bench/kernels.py [--runs 5] [--engines all] [--quick] [--twine build/bin/twine] [--twine-flags "..."] [--guest-flags "..."]
                     [--markdown] [--svg FILE] [--json FILE] [--csv FILE] [KERNEL ...]

Each kernel (see kernels/kernel.h) measures its own work with the monotonic clock, so launching, compiling and preparing are not
in its time; the whole process is measured too. One round runs every engine once on a kernel before the next kernel begins, and rounds
follow each other (A B A B ...), so that a slow spell of the machine hits all engines alike. The table shows medians over the rounds
and ratios to native-v3; then stand the bars (report.py) and whether they hold.

    engine      is
    native      clang-19 -O3, baseline x86-64
    native-v3   clang-19 -O3 -march=x86-64-v3, the processor level that `twine compile` uses by default
    unfused     native-v3 with -ffp-contract=off: like WebAssembly, without fused multiply-adds
    wasm2c      the WASI module, translated to C by wabt's wasm2c and compiled with clang-19 -O3 -march=x86-64-v3
    node        the WASI module in Node's V8
    twine       the WASI module (clang-19 --target=wasm32-wasi -O3) run by `twine run` in the enclave; compiled ahead of time, in a
                warm-up run that is not measured
    twine-simd, node-simd   the same with a module compiled with -msimd128

--markdown prints the table and the bars in Markdown, as docs/performance.md has them.

--quick builds small inputs and runs them once, to compare checksums: without the sqlite group, whose library takes a minute to compile and has a
suite of its own (scripts/sqlite.sh).

A kernel passes when all engines give its checksum. The last line is `N passed, N failed`; times are never judged by it.
"""

import argparse
import concurrent.futures
import math
import os
import pathlib
import platform
import shlex
import shutil
import statistics
import subprocess
import sys

from engines import ROOT, BenchError, all_kernels, make_engines
from report import Result, plot, print_bars, print_markdown, print_table, write_csv, write_json

DEFAULT_ENGINES = "native,native-v3,twine"
CHECKSUM_TOLERANCE = 1e-9  # relative, for checksums that are not integers; see kernel.h


def agree(a, b):
    """Whether two checksums are of the same result."""
    if a == b:
        return True
    x, y = float(a), float(b)
    both_integers = x.is_integer() and y.is_integer()
    return not both_integers and math.isclose(x, y, rel_tol=CHECKSUM_TOLERANCE)


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


EXPECTED = (BenchError, OSError, ValueError, subprocess.TimeoutExpired)


def build_all(kernels, engines, faults):
    """Artefacts by kernel and engine; what cannot be built is a fault of its kernel."""
    artefacts = {}

    def build(kernel, engine):
        artefacts[kernel.name, engine.name] = engine.build(kernel)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = {pool.submit(build, kernel, engine): kernel for kernel in kernels for engine in engines}
        for done, future in enumerate(concurrent.futures.as_completed(futures), 1):
            progress(f"built {done} of {len(futures)}")
            try:
                future.result()
            except EXPECTED as fault:
                faults[futures[future].name].append(str(fault))
    return artefacts


def measure(kernels, engines, runs):
    """Builds everything, warms up, then measures in rounds."""
    samples = {kernel.name: {engine.name: [] for engine in engines} for kernel in kernels}
    faults = {kernel.name: [] for kernel in kernels}
    artefacts = build_all(kernels, engines, faults)

    def each(what, sound, act):
        for kernel in kernels:
            if faults[kernel.name]:
                continue
            progress(f"{what}: {kernel.name}")
            try:
                for engine in filter(sound, engines):
                    act(kernel.name, engine, engine.sample(artefacts[kernel.name, engine.name]))
            except EXPECTED as fault:
                faults[kernel.name].append(str(fault))

    each("warming up", lambda engine: engine.warm_up, lambda *_: None)
    for number in range(1, runs + 1):
        each(f"round {number} of {runs}", lambda _: True, lambda kernel, engine, sample: samples[kernel][engine.name].append(sample))
    progress("")

    results = []
    for kernel in kernels:
        by_engine = samples[kernel.name]
        checksums = {(engine, sample.checksum) for engine, runs in by_engine.items() for sample in runs}
        reference = next((sample.checksum for runs in by_engine.values() for sample in runs), "")
        for engine, checksum in sorted(checksums):
            if not agree(reference, checksum):
                faults[kernel.name].append(f"{engine} has checksum {checksum}, not {reference}")

        def medians(of, by_engine=by_engine):
            return {engine: statistics.median(getattr(run, of) for run in runs) for engine, runs in by_engine.items() if runs}

        results.append(Result(kernel.name, kernel.group, medians("work"), medians("process"), faults[kernel.name]))
    return results


def processor():
    """The processor's name, as the kernel gives it."""
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def choose_kernels(parser, options):
    known = all_kernels()
    unknown = [name for name in options.kernel if name not in known]
    if unknown:
        parser.error(f"there is no kernel {unknown[0]}; there are {', '.join(known)}")
    chosen = [known[name] for name in options.kernel or known]
    if options.quick and not options.kernel:
        chosen = [kernel for kernel in chosen if kernel.group != "sqlite"]
        print("--quick: without the sqlite group; scripts/sqlite.sh tests SQLite")
    return chosen


def choose_engines(parser, options):
    known = make_engines(options)
    names = list(known) if options.engines == "all" else options.engines.split(",")
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"there is no engine {unknown[0]}; there are {', '.join(known)}, and all")
    for name, program, remedy in (("twine", shlex.split(options.twine)[0], "build it with scripts/build.sh, or name it with --twine"),
                                  ("wasm2c", "wasm2c", "scripts/bootstrap.sh installs it (package wabt)"),
                                  ("node", "node", "scripts/bootstrap.sh installs it (package nodejs)")):
        if any(engine.startswith(name) for engine in names) and shutil.which(program) is None:
            sys.exit(f"bench: {program} is not a program; {remedy}")
    return [known[name] for name in names]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, help="rounds; the table shows medians [5; with --quick 1]")
    parser.add_argument("--engines", default=DEFAULT_ENGINES, help="which, separated by commas, or all [%(default)s]")
    parser.add_argument("--quick", action="store_true", help="small inputs, to compare checksums")
    parser.add_argument("--twine", default=str(ROOT / "build/bin/twine"), help="the twine program")
    parser.add_argument("--twine-flags", default="", help="more flags for `twine run`")
    parser.add_argument("--guest-flags", default="", help="more flags for the Wasm build")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/bench", help="where kernels are built")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    parser.add_argument("--svg", type=pathlib.Path, help="draw the ratios into this file")
    parser.add_argument("--json", type=pathlib.Path, help="write all figures to this file")
    parser.add_argument("--csv", type=pathlib.Path, help="write all figures to this file")
    parser.add_argument("kernel", nargs="*", help="only these kernels")
    options = parser.parse_args()
    runs = options.runs if options.runs is not None else 1 if options.quick else 5
    if runs < 1:
        parser.error("--runs must be at least 1")

    engines = choose_engines(parser, options)
    kernels = choose_kernels(parser, options)
    names = [engine.name for engine in engines]
    print(f"{processor()}, {os.cpu_count()} processors; medians of {runs}")
    results = measure(kernels, engines, runs)
    if options.markdown:
        print()
        print_markdown(results, names)
    else:
        print_table(results, names)
        if not options.quick:
            print_bars(results)
    if any(name.startswith("twine") for name in names):
        print("Twine runs inside the enclave; on a machine without SGX that is an emulated one, whose times are not SGX's.")
    for result in results:
        for fault in result.faults:
            print(f"FAILED {result.kernel}: {fault}")
    if options.svg:
        options.svg.write_text(plot(results, names, f"Twine in the enclave and others against native code; {processor()}, medians of {runs}"))
    if options.json:
        write_json(options.json, results, {"processor": processor(), "runs": runs, "guest_flags": options.guest_flags})
    if options.csv:
        write_csv(options.csv, results, names)
    failed = sum(bool(result.faults) for result in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
