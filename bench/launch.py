#!/usr/bin/env python3
"""How long a launch takes, from the start of the process to the guest's first instruction, and what large memories cost.

    bench/launch.py [--runs 9 | --quick] [--twine build/bin/twine] [--json FILE]

Launch. The guest's first act is to read the wall clock and to write it; the time before the process was started is taken from it.
One round runs a native hello and the guest under memory limits of 64 MiB, 1 GiB and 4 GiB, one after the other, so that a slow spell
of the machine hits all alike; medians over the rounds, ratios of medians of one run. The phases are `twine run --stats=json`'s of
the same processes:

    phase        is
    process      what the others leave: exec, dynamic linking, command line, the driver's start, confinement
    read         the module's file and, from the cache, its compiled code (compiled in a warm-up that is not measured)
    image        reading the enclave image, laying out its pages
    build+init   ECREATE, EADD, EEXTEND (measurement), EINIT, mapping
    enter        first EENTER, relocation, heap, self-report
    load         the module copied in, hashed, verified, mapped executable
    instantiate  memories, tables, globals, until the guest's first instruction
    processor    not a phase: processor time of the whole process, to its end; what the others say on a busy machine is partly waiting

Memory. The guest touches 256 pages (1 MiB), once side by side and once spread over a memory that it has grown to 4 GiB; time as
the guest sees it, and the pages that the enclave had in the end.

Checks, the last line counts them: a launch under a limit of 4 GiB has as many pages as one under 64 MiB, pages that are touched
far apart cost the enclave as many as neighbours (both but for the ledger's bitmaps), the enclave image is under 2 MiB. The bar for
time, 4 GiB / 64 MiB at most 1.2 (ratio of medians), is printed, and not judged.
Where there is no SGX the enclave is emulated, and its times are not SGX's.
"""

import argparse
import json
import pathlib
import resource
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
LIMITS = {"64 MiB": "64M", "1 GiB": "1G", "4 GiB": "4G"}
PHASES = ["process", "read", "image", "build+init", "enter", "load", "instantiate"]
TOUCHED_PAGES = 256
TOUCHES = {  # name: pages of 64 KiB to grow to, places, bytes between them
    "contiguous": (33, TOUCHED_PAGES, 4096),
    "spread over 4 GiB": (65536, TOUCHED_PAGES, (1 << 32) // TOUCHED_PAGES - 4096),
}
# The ledger keeps a bit a page, 2 KiB of heap for each 64 MiB that a memory spans: 32 pages for 4 GiB; heap grows by 64.
LEDGER_PAGES = 64 + 1
MAX_IMAGE_BYTES = 2 << 20
TIME_BAR = 1.2


def processor_ns():
    """Processor time of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1e9


def spawn(command):
    """Runs a command; returns its output, its standard error, and the wall clock before it was started, ns."""
    before = time.time_ns()
    done = subprocess.run([str(word) for word in command], capture_output=True, timeout=120, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command} exited with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return done.stdout, done.stderr.decode(), before


def first_instruction(command):
    """ns from before the process started to its first act, and what it said on standard error."""
    output, error, before = spawn(command)
    return struct.unpack("<Q", output)[0] - before, error


def stats_of(error):
    return json.loads(error.strip().splitlines()[-1])


def phases_of(total, stats):
    known = {
        "read": stats["read_ns"] + stats["compile_ns"],
        "image": stats["image_ns"],
        "build+init": stats["create_ns"],
        "enter": stats["enter_ns"],
        "load": stats["load_ns"],
        "instantiate": stats["instantiate_ns"],
    }
    return {"process": total - sum(known.values()), **known}


def measure_launches(twine, guest, hello, runs):
    totals = {name: [] for name in ["native", *LIMITS]}
    pages = {}
    phases = {name: [] for name in LIMITS}
    processor = {name: [] for name in LIMITS}
    for _ in range(runs):
        totals["native"].append(first_instruction([hello])[0])
        for name, limit in LIMITS.items():
            used = processor_ns()
            total, error = first_instruction([twine, "run", f"--max-memory={limit}", "--stats=json", guest])
            totals[name].append(total)
            stats = stats_of(error)
            phases[name].append(phases_of(total, stats))
            pages[name] = stats["committed_pages"]
            processor[name].append(processor_ns() - used)
    medians = {name: statistics.median(values) for name, values in totals.items()}
    split = {name: {phase: statistics.median(each[phase] for each in values) for phase in PHASES} for name, values in phases.items()}
    return medians, split, {name: statistics.median(values) for name, values in processor.items()}, pages


def measure_touches(twine, guest, runs):
    times = {name: [] for name in TOUCHES}
    pages = {}
    for _ in range(runs):
        for name, arguments in TOUCHES.items():
            command = [twine, "run", "--stats=json", "--invoke", "touch", guest, *arguments]
            output, error, _ = spawn(command)
            times[name].append(int(output.split()[-1]))
            pages[name] = stats_of(error)["committed_pages"]
    return {name: statistics.median(values) for name, values in times.items()}, pages


def milliseconds(nanoseconds):
    return f"{nanoseconds / 1e6:10.2f}"


def print_launches(medians, split, processor, emulated):
    print(f"launch, ms ({'emulated SGX: not the times of SGX' if emulated else 'SGX'})")
    print(f"  {'memory limit':<14}{'total':>10}" + "".join(f"{phase:>13}" for phase in PHASES) + f"{'processor':>13}")
    for name in LIMITS:
        columns = [split[name][phase] for phase in PHASES] + [processor[name]]
        print(f"  {name:<14}{milliseconds(medians[name])}" + "".join(f"{column / 1e6:13.2f}" for column in columns))
    print(f"  {'native hello':<14}{milliseconds(medians['native'])}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=9, help="rounds (at least 5 tell something)")
    parser.add_argument("--quick", action="store_true", help="3 rounds, for the tests")
    parser.add_argument("--twine", type=pathlib.Path, default=ROOT / "build/bin/twine")
    parser.add_argument("--json", type=pathlib.Path, help="write the numbers there")
    options = parser.parse_args()
    runs = 3 if options.quick else options.runs

    with tempfile.TemporaryDirectory() as folder:
        guest = pathlib.Path(folder) / "guest.wasm"
        hello = pathlib.Path(folder) / "hello"
        spawn(["wat2wasm", HERE / "launch/guest.wat", "-o", guest])
        spawn(["clang-19", "-O2", HERE / "launch/hello.c", "-o", hello])
        _, warm_up, _ = spawn([options.twine, "run", "--stats=json", guest])  # compiles
        spawn([hello])
        emulated = stats_of(warm_up)["emulated"]
        medians, split, processor, launch_pages = measure_launches(options.twine, guest, hello, runs)
        times, pages = measure_touches(options.twine, guest, runs)

    image = options.twine.parent / "twine-enclave"
    image_bytes = image.stat().st_size
    ratio = medians["4 GiB"] / medians["64 MiB"]
    print_launches(medians, split, processor, emulated)
    verdict = "holds" if ratio <= TIME_BAR else "missed"
    print(f"  4 GiB / 64 MiB: {ratio:.2f} (bar {TIME_BAR} {verdict}); twine / native hello: {medians['64 MiB'] / medians['native']:.1f}")
    print(f"first touch of {TOUCHED_PAGES} pages, us")
    for name in TOUCHES:
        print(f"  {name:<20}{times[name] / 1e3:10.0f}   {times[name] / TOUCHED_PAGES / 1e3:6.2f} a page   {pages[name]} pages in the enclave")
    contiguous, spread = TOUCHES
    print(f"  spread / contiguous: time {times[spread] / times[contiguous]:.2f}, pages {pages[spread] / pages[contiguous]:.2f}")
    print(f"enclave image: {image_bytes / 2**20:.2f} MiB")

    checks = {
        "a limit of 4 GiB costs as many pages as one of 64 MiB": launch_pages["4 GiB"] - launch_pages["64 MiB"] <= LEDGER_PAGES,
        "spread pages cost as many pages as contiguous ones": pages[spread] - pages[contiguous] <= LEDGER_PAGES,
        "the enclave image is under 2 MiB": image_bytes < MAX_IMAGE_BYTES,
    }
    for check, holds in checks.items():
        print(f"{'ok    ' if holds else 'FAILED'} {check}")
    if options.json:
        options.json.write_text(json.dumps({"total_ns": medians, "phases_ns": split, "processor_ns": processor, "touch_ns": times, "launch_pages": launch_pages, "pages": pages, "image_bytes": image_bytes}, indent=1))
    failed = sum(not holds for holds in checks.values())
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
