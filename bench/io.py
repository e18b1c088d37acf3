#!/usr/bin/env python3
"""Times file input and output of a guest against the same program natively.

    bench/io.py [--runs 5 | --quick] [--markdown] [--twine build/bin/twine] [--work build/bench-io] [CASE ...]

    case             is
    write_large      64 MiB, sequentially, in blocks of 1 MiB; read_large likewise
    write_blocks     64 MiB, sequentially, in blocks of 4 KiB; read_blocks likewise
    write_random     4 KiB at random places, 4,096 times; read_random likewise
    write_tiny       200,000 writes of 32 bytes, without a library's buffer; read_tiny likewise
    put_characters   16 Mi times putc; get_characters likewise
    write_pieces     16 MiB in writev calls of 16 pieces
    stat_storm       stat of one file, 20,000 times; open_storm: open and close; list_storm: 1,000 entries, 20 times

The program (io/io.c) measures its own case; opening files and launching are not in it. All is in the page cache. One round runs every engine once on a case, and rounds follow
each other. The engines are the native program and Twine three times: with an exit for every host call (--exitless=off), without (on), and as Twine
chooses by itself (auto, the default, to which the bars apply). The table shows medians and ratios to native. A case passes when all engines give one
checksum and leave the same files; times never decide. The last line is `N passed, N failed`.
"""

import argparse
import hashlib
import pathlib
import shutil
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
CASES = ["write_large", "read_large", "write_blocks", "read_blocks", "write_random", "read_random", "write_tiny", "read_tiny", "put_characters",
         "get_characters", "write_pieces", "stat_storm", "list_storm", "open_storm"]
MODES = ["off", "on", "auto"]  # of --exitless; the last is the default
BARS = {"write_large": 1.3, "read_large": 1.3, "write_tiny": 1.5, "put_characters": 1.5}


def build(work, quick):
    """The native program and the module."""
    source = HERE / "io/io.c"
    flags = ["-O2", "-Wall", "-Wextra", "-Werror", *(["-DIO_QUICK"] if quick else [])]
    suffix = "-quick" if quick else ""
    native, wasm = work / f"io{suffix}", work / f"io{suffix}.wasm"
    for output, target in ((native, []), (wasm, ["--target=wasm32-wasi"])):
        if not output.exists() or output.stat().st_mtime < source.stat().st_mtime:
            subprocess.run(["clang-19", *target, "-std=gnu17", *flags, source, "-o", output], check=True)
    return native, wasm


def digest(folder):
    """What stands in the directory, in one number."""
    state = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        state.update(str(path.relative_to(folder)).encode() + b"\0")
        if path.is_file():
            state.update(path.read_bytes())
    return state.hexdigest()[:16]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="small files, one round, for the tests")
    parser.add_argument("--flags", default="", help="more flags for twine run")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--twine", type=pathlib.Path, default=ROOT / "build/bin/twine")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/bench-io")
    parser.add_argument("case", nargs="*", help="only these cases")
    options = parser.parse_args()
    if unknown := set(options.case) - set(CASES):
        raise SystemExit(f"bench-io: no case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    options.work.mkdir(parents=True, exist_ok=True)
    native, wasm = build(options.work, options.quick)
    place = options.work / "place"
    engines = {"native": lambda case: [native, case, place]}
    for mode in MODES:
        engines[mode] = lambda case, mode=mode: [options.twine, "run", f"--exitless={mode}", *options.flags.split(), "--dir", f"{place}::/place", wasm, case, "/place"]

    outcomes = []
    rows = []
    for case in options.case or CASES:
        times = {name: [] for name in engines}
        found = set()
        for _ in range(1 if options.quick else options.runs):
            for name, command in engines.items():
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir()
                done = subprocess.run([str(word) for word in command(case)], capture_output=True, text=True, timeout=600, check=False)
                if done.returncode != 0:
                    print(f"{case}: {name} exited with {done.returncode}: {done.stderr.strip()}")
                    found.add(f"{name} failed")
                    continue
                time, checksum = done.stdout.split()
                times[name].append(int(time))
                found.add((checksum, digest(place)))
        outcomes.append(len(found) == 1)
        if len(found) != 1:
            print(f"FAILED {case}: {found}")
            continue
        medians = {name: statistics.median(values) / 1e6 for name, values in times.items()}
        rows.append((case, medians["native"], [medians[mode] / medians["native"] for mode in MODES]))
    shutil.rmtree(place, ignore_errors=True)

    if options.markdown:
        print("| case | native, ms | exits | without | auto |\n|---|---|---|---|---|")
    for case, native_ms, ratios in rows:
        bar = f"bar {BARS[case]} {'holds' if ratios[-1] <= BARS[case] else 'missed'}" if case in BARS and not options.quick else ""
        if options.markdown:
            print(f"| {case} | {native_ms:.1f} | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + f"{' (' + bar + ')' if bar else ''} |")
        else:
            shown = "   ".join(f"{mode} {ratio:>6.2f}" for mode, ratio in zip(MODES, ratios))
            print(f"{case:<16} native {native_ms:>9.1f} ms   x native: {shown}   {bar}")
    print("Twine runs inside the enclave; on a machine without SGX that is an emulated one, whose times are not SGX's.")
    print(f"{sum(outcomes)} passed, {len(outcomes) - sum(outcomes)} failed")
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
