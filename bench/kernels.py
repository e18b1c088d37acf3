#!/usr/bin/env python3
"""Runs the kernels of bench/kernels natively and in Twine, and compares their times.

    bench/kernels.py [--runs 5] [--engines native,native-v3,twine] [--twine build/bin/twine] [--twine-flags "..."]
                     [--guest-flags "-msimd128"] [--json FILE] [--csv FILE] [KERNEL ...]

Each kernel (see kernels/kernel.h) measures its own work with the monotonic clock, so launching, compiling and preparing are not
in its time; the whole process is measured too. One round runs every engine once on a kernel before the next round begins
(A B A B ...), so that a slow spell of the machine hits all engines alike. The table shows medians over the rounds. An engine's ratio
is its median over native's; the last row has the geometric means.

    engine      is
    native      clang-19 -O3, baseline x86-64
    native-v3   clang-19 -O3 -march=x86-64-v3, the processor level that `twine compile` uses by default
    twine       clang-19 --target=wasm32-wasi -O3, run by `twine run` (compiled ahead of time, in a warm-up run that is not measured)
    node        the same module in Node's V8, for comparison

A kernel passes when all engines give its checksum. The last line is `N passed, N failed`; times are never judged.
"""

import argparse
import csv
import dataclasses
import json
import math
import os
import pathlib
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
TIMEOUT_SECONDS = 600
CHECKSUM_TOLERANCE = 1e-9  # relative, for checksums that are not integers; see kernel.h


class BenchError(Exception):
    """A kernel that cannot be built or run."""


def run(command, **options):
    """Runs a command that must succeed; returns its standard output."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False, **options)
    if done.returncode != 0:
        raise BenchError(f"{shlex.join(map(str, command))} exited with {done.returncode}\n{done.stderr.strip()}")
    return done.stdout


@dataclasses.dataclass
class Sample:
    """One run of a kernel: seconds of its work, seconds of the process, checksum."""

    work: float
    process: float
    checksum: str


class Engine:
    """A way to build a kernel and to run it."""

    def __init__(self, name, build, command, warm_up=False):
        self.name = name
        self.build = build  # (source, directory) -> what command() takes
        self.command = command  # artefact -> argument list
        self.warm_up = warm_up

    def sample(self, artefact):
        started = time.perf_counter()
        output = run(self.command(artefact))
        process = time.perf_counter() - started
        nanoseconds, checksum = output.split()
        return Sample(int(nanoseconds) / 1e9, process, checksum)


def is_fresh(output, source):
    """Whether `output` was built after its source and the common header last changed."""
    inputs = (source, source.parent / "kernel.h", pathlib.Path(__file__))
    return output.exists() and output.stat().st_mtime > max(path.stat().st_mtime for path in inputs)


def build_native(suffix, flags):
    def build(source, directory):
        output = directory / f"{source.stem}{suffix}"
        if not is_fresh(output, source):
            run(["clang-19", "-std=gnu17", "-O3", *flags, str(source), "-o", str(output), "-lm"])
        return output

    return build


def build_guest(flags):
    # A module's name carries its flags, so that builds with different ones do not pass for each other.
    suffix = "".join(flag for flag in "".join(flags) if flag.isalnum())

    def build(source, directory):
        output = directory / f"{source.stem}{'.' + suffix if suffix else ''}.wasm"
        if not is_fresh(output, source):
            # Two commands: a link with -O would run wasm-opt behind our back.
            run(["clang-19", "-std=gnu17", "--target=wasm32-wasi", "-O3", *flags, "-c", str(source), "-o", f"{output}.o"])
            run(["clang-19", "--target=wasm32-wasi", f"{output}.o", "-o", str(output)])
        return output

    return build


def make_engines(options):
    """All engines by name."""
    guest = build_guest(shlex.split(options.guest_flags))
    twine = shlex.split(options.twine)
    flags = shlex.split(options.twine_flags)
    engines = [
        Engine("native", build_native("", []), lambda path: [str(path)]),
        Engine("native-v3", build_native(".v3", ["-march=x86-64-v3"]), lambda path: [str(path)]),
        Engine("twine", guest, lambda path: [*twine, "run", *flags, str(path)], warm_up=True),
        Engine("node", guest, lambda path: ["node", "--no-warnings", str(HERE / "node_wasi.js"), str(path)]),
    ]
    return {engine.name: engine for engine in engines}


def agree(a, b):
    """Whether two checksums are of the same result."""
    if a == b:
        return True
    x, y = float(a), float(b)
    both_integers = x.is_integer() and y.is_integer()
    return not both_integers and math.isclose(x, y, rel_tol=CHECKSUM_TOLERANCE)


@dataclasses.dataclass
class Result:
    """A kernel's medians by engine, and what went wrong."""

    kernel: str
    work: dict
    process: dict
    faults: list

    def ratio(self, engine, of="work"):
        times = getattr(self, of)
        if self.faults or "native" not in times or engine not in times:
            return None
        return times[engine] / times["native"]


def measure(kernels, engines, options):
    """Builds everything, then measures in rounds."""
    options.work.mkdir(parents=True, exist_ok=True)
    samples = {source.stem: {engine.name: [] for engine in engines} for source in kernels}
    faults = {source.stem: [] for source in kernels}
    artefacts = {}
    for source in kernels:
        try:
            for engine in engines:
                artefacts[source.stem, engine.name] = engine.build(source, options.work)
                if engine.warm_up:
                    engine.sample(artefacts[source.stem, engine.name])
        except (BenchError, OSError, ValueError, subprocess.TimeoutExpired) as fault:
            faults[source.stem].append(str(fault))

    for round_number in range(options.runs):
        for source in kernels:
            name = source.stem
            if faults[name]:
                continue
            if sys.stderr.isatty():
                print(f"\r\033[Kround {round_number + 1} of {options.runs}: {name}", end="", file=sys.stderr, flush=True)
            try:
                for engine in engines:
                    samples[name][engine.name].append(engine.sample(artefacts[name, engine.name]))
            except (BenchError, OSError, ValueError, subprocess.TimeoutExpired) as fault:
                faults[name].append(str(fault))
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)

    results = []
    for name, by_engine in samples.items():
        checksums = {(engine, sample.checksum) for engine, runs in by_engine.items() for sample in runs}
        reference = next((sample.checksum for runs in by_engine.values() for sample in runs), "")
        for engine, checksum in sorted(checksums):
            if not agree(reference, checksum):
                faults[name].append(f"{engine} has checksum {checksum}, not {reference}")

        def medians(of, by_engine=by_engine):
            return {engine: statistics.median(getattr(run, of) for run in runs) for engine, runs in by_engine.items() if runs}

        results.append(Result(name, medians("work"), medians("process"), faults[name]))
    return results


def geometric_mean(values):
    values = [value for value in values if value is not None]
    return math.exp(statistics.fmean(map(math.log, values))) if values else None


def print_table(results, engines):
    """Milliseconds of work by engine, then ratios to native: of the work, and of the whole process."""
    names = [engine.name for engine in engines]
    others = [name for name in names if name != "native"]

    def cell(value, form):
        return f"{format(value, form) if value is not None else '-':>11}"

    header = f"{'kernel':<16}" + "".join(f"{name + ' ms':>13}" for name in names)
    header += "".join(f"{name[:11]:>11}" for name in others) + "".join(f"{name[:11]:>11}" for name in others)
    groups = " " * (16 + 13 * len(names)) + f"{'work / native':>{11 * len(others)}}" + f"{'process / native':>{11 * len(others)}}"
    print(groups)
    print(header)
    print("-" * len(header))
    for result in results:
        row = f"{result.kernel:<16}"
        for name in names:
            row += f"{result.work[name] * 1e3:>13.1f}" if name in result.work else f"{'-':>13}"
        row += "".join(cell(result.ratio(name), ".3f") for name in others)
        row += "".join(cell(result.ratio(name, "process"), ".3f") for name in others)
        print(row + ("   FAILED" if result.faults else ""))
    row = f"{'geometric mean':<16}" + " " * (13 * len(names))
    row += "".join(cell(geometric_mean(result.ratio(name) for result in results), ".3f") for name in others)
    row += "".join(cell(geometric_mean(result.ratio(name, "process") for result in results), ".3f") for name in others)
    print(row)


def processor():
    """The processor's name, as the kernel gives it."""
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def write_json(path, results, engines, options):
    document = {
        "processor": processor(),
        "runs": options.runs,
        "guest_flags": options.guest_flags,
        "unit": "seconds",
        "kernels": [dataclasses.asdict(result) for result in results],
        "geometric_mean": {engine.name: geometric_mean(result.ratio(engine.name) for result in results) for engine in engines},
    }
    path.write_text(json.dumps(document, indent=2) + "\n")


def write_csv(path, results, engines):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["kernel", "engine", "work_seconds", "process_seconds", "work_over_native", "process_over_native"])
        for result in results:
            for engine in engines:
                if engine.name in result.work:
                    writer.writerow([result.kernel, engine.name, result.work[engine.name], result.process[engine.name],
                                     result.ratio(engine.name), result.ratio(engine.name, "process")])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="rounds; the table shows medians [5]")
    parser.add_argument("--engines", default="native,native-v3,twine", help="which, separated by commas [%(default)s]")
    parser.add_argument("--twine", default=str(ROOT / "build/bin/twine"), help="the twine program")
    parser.add_argument("--twine-flags", default="", help="more flags for `twine run`")
    parser.add_argument("--guest-flags", default="", help="more flags for the Wasm build")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/bench", help="where kernels are built")
    parser.add_argument("--json", type=pathlib.Path, help="write all figures to this file")
    parser.add_argument("--csv", type=pathlib.Path, help="write all figures to this file")
    parser.add_argument("kernel", nargs="*", help="only these kernels")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs must be at least 1")

    known = make_engines(options)
    unknown = [name for name in options.engines.split(",") if name not in known]
    if unknown:
        parser.error(f"there is no engine {unknown[0]}; there are {', '.join(known)}")
    engines = [known[name] for name in options.engines.split(",")]
    if "twine" in options.engines.split(",") and shutil.which(shlex.split(options.twine)[0]) is None:
        sys.exit(f"bench: {options.twine} is not a program; build it with scripts/build.sh, or name it with --twine")

    sources = {path.stem: path for path in sorted((HERE / "kernels").glob("*.c"))}
    missing = [name for name in options.kernel if name not in sources]
    if missing:
        parser.error(f"there is no kernel {missing[0]}; there are {', '.join(sources)}")
    kernels = [sources[name] for name in options.kernel or sources]

    print(f"{processor()}, {os.cpu_count()} processors; medians of {options.runs}")
    results = measure(kernels, engines, options)
    print_table(results, engines)
    if "twine" in options.engines.split(","):
        print("\nTwine runs inside the enclave; on a machine without SGX that is an emulated one, whose times are not SGX's.")
    for result in results:
        for fault in result.faults:
            print(f"FAILED {result.kernel}: {fault}")
    if options.json:
        write_json(options.json, results, engines, options)
    if options.csv:
        write_csv(options.csv, results, engines)
    failed = sum(bool(result.faults) for result in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
