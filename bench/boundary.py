#!/usr/bin/env python3
"""What crossing the enclave's boundary costs, in ns and in multiples of getppid().

    bench/boundary.py [--runs 5 | --quick] [--twine build/bin/twine] [--json FILE]

    operation                 is
    getppid                   the cheapest system call, directly: the unit
    EENTER + EEXIT            one entry of an enclave that adds two numbers and leaves
    AEX + ERESUME             an instruction that faults, the asynchronous exit, the host told of it, resumed
    exception, handled        AEX, the enclave's handler entered and left, resumed behind the instruction, EEXIT
    EACCEPT of a new page     EENTER, EACCEPT, for which the host adds the page (fault, EAUG), EEXIT
    empty host call           a WASI call of a guest that the enclave passes to the host (clock_time_get): marshalling, EEXIT, the host's
                              dispatcher, EENTER, checks

The first five are build/bench/boundary_bench's, without Twine's own code; the last is seen by a guest in the real image. Medians over the
rounds of one run. Where there is no SGX all of it is emulated (build/bench/boundary_bench always), and no time here is SGX's.
Checks that all of it ran and is dearer than a system call; the last line is `N passed, N failed`.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
NAMES = {
    "getppid": "getppid",
    "call": "EENTER + EEXIT",
    "aex_resume": "AEX + ERESUME",
    "exception": "exception, handled",
    "accept": "EACCEPT of a new page",
    "host_call": "empty host call",
}
CALLS = 20000


def run(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command} exited with {done.returncode}: {done.stderr}")
    return done


def host_call_ns(twine, guest):
    return int(run([twine, "run", "--invoke", "calls", guest, CALLS]).stdout.split()[-1]) / CALLS


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="1 round, for the tests")
    parser.add_argument("--twine", type=pathlib.Path, default=ROOT / "build/bin/twine")
    parser.add_argument("--json", type=pathlib.Path, help="write the numbers there")
    options = parser.parse_args()

    bench = options.twine.parent.parent / "bench/boundary_bench"
    samples = {name: [] for name in NAMES}
    with tempfile.TemporaryDirectory() as folder:
        guest = pathlib.Path(folder) / "guest.wasm"
        run(["wat2wasm", HERE / "launch/guest.wat", "-o", guest])
        warm_up = run([options.twine, "run", "--stats=json", "--invoke", "calls", guest, 1])
        emulated = json.loads(warm_up.stderr.strip().splitlines()[-1])["emulated"]
        for _ in range(1 if options.quick else options.runs):
            for name, nanoseconds in json.loads(run([bench]).stdout).items():
                samples[name].append(nanoseconds)
            samples["host_call"].append(host_call_ns(options.twine, guest))

    medians = {name: statistics.median(values) for name, values in samples.items()}
    print("the boundary (emulated SGX: not the costs of SGX)" if emulated else "the boundary (host call: SGX; all else: emulated)")
    for name, title in NAMES.items():
        print(f"  {title:<24}{medians[name]:10.0f} ns{medians[name] / medians['getppid']:8.1f} x getppid")
    if options.json:
        options.json.write_text(json.dumps({"emulated": emulated, "ns": medians}, indent=1))
    crossings = [name for name in NAMES if name != "getppid"]
    dearer = [name for name in crossings if medians[name] > medians["getppid"]]
    print(f"{len(dearer)} passed, {len(crossings) - len(dearer)} failed")
    return 0 if len(dearer) == len(crossings) else 1


if __name__ == "__main__":
    sys.exit(main())
