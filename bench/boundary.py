#!/usr/bin/env python3
"""What crossing the enclave's boundary costs, in ns and in multiples of getppid().

    bench/boundary.py [--runs 5 | --quick] [--twine build/bin/twine] [--json FILE]

    operation                 is
    getppid                   the cheapest system call, directly: the unit
    EENTER + EEXIT            one entry of an enclave that adds two numbers and leaves
    AEX + ERESUME             an instruction that faults, the asynchronous exit, the host told of it, resumed
    exception, handled        AEX, the enclave's handler entered and left, resumed behind the instruction, EEXIT
    EACCEPT of a new page     EENTER, EACCEPT, for which the host adds the page (fault, EAUG), EEXIT
    host call by an exit      a WASI call of a guest that the enclave passes to the host (clock_time_get): marshalling, EEXIT, the host's
                              dispatcher, EENTER, checks (--exitless=off)
    host call, exitless       the same call, taken by the serving thread while the enclave goes on (--exitless=on); it can be cheaper
                              than a system call, and dearer than an exit where the thread finds no free processor

The first five are build/bench/boundary_bench's, without Twine's own code; the last two are seen by a guest in the real image. Medians over
the rounds of one run. Where there is no SGX all of it is emulated (build/bench/boundary_bench always), and no time here is SGX's.

Checks that each operation was timed, and by the enclave's own counts that the host calls took the way that their row names. Times are never
judged. The last line is `N passed, N failed`.
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
    "host_call": "host call by an exit",
    "exitless_call": "host call, exitless",
}
CALLS = 20000


def run(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command} exited with {done.returncode}: {done.stderr}")
    return done


def stats_of(done):
    return json.loads(done.stderr.strip().splitlines()[-1])


def host_calls(twine, guest, exitless):
    """ns of one of CALLS host calls, and the launch's counts."""
    done = run([twine, "run", f"--exitless={exitless}", "--stats=json", "--invoke", "calls", guest, CALLS])
    return int(done.stdout.split()[-1]) / CALLS, stats_of(done)


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
        run([options.twine, "run", "--invoke", "calls", guest, 1])  # compiles
        for _ in range(1 if options.quick else options.runs):
            for name, nanoseconds in json.loads(run([bench]).stdout).items():
                samples[name].append(nanoseconds)
            nanoseconds, by_exit = host_calls(options.twine, guest, "off")
            samples["host_call"].append(nanoseconds)
            nanoseconds, without_exit = host_calls(options.twine, guest, "on")
            samples["exitless_call"].append(nanoseconds)
    emulated = by_exit["emulated"]

    medians = {name: statistics.median(values) for name, values in samples.items()}
    print("the boundary (emulated SGX: not the costs of SGX)" if emulated else "the boundary (host call: SGX; all else: emulated)")
    for name, title in NAMES.items():
        print(f"  {title:<24}{medians[name]:10.0f} ns{medians[name] / medians['getppid']:8.1f} x getppid")
    if options.json:
        options.json.write_text(json.dumps({"emulated": emulated, "ns": medians}, indent=1))
    checks = {f"{title} was timed": medians[name] > 0 for name, title in NAMES.items()}
    checks["with --exitless=off every host call left the enclave"] = by_exit["exitless_calls"] == 0 and by_exit["enclave_exits"] > CALLS
    checks["with --exitless=on some host calls did not"] = without_exit["exitless_calls"] > 0
    for check, holds in checks.items():
        if not holds:
            print(f"FAILED {check}")
    failed = sum(not holds for holds in checks.values())
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
