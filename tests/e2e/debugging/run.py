#!/usr/bin/env python3
"""Looks inside debug enclaves with gdb and perf, and sees that of other enclaves nothing is told and no secret gets out.

    tests/e2e/debugging/run.py [--twine build/bin/twine] [--work build/debugging]

The image is copied and signed twice, for release and for debugging. The last line is `N passed, N failed`.
"""

import argparse
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TIMEOUT_SECONDS = 120
ELRANGE = 1 << 38
GDB_SETTINGS = ["set pagination off", "set confirm off", "set width 0"]
SECRET = "CANARY-7f3a9b51e2d0-of-the-owner"

outcomes = []


def check(what, holds, detail=""):
    outcomes.append(bool(holds))
    print(f"{'ok    ' if holds else 'FAILED'} {what}")
    if not holds and detail:
        print("    " + "\n    ".join(detail.strip().splitlines()[-40:]))


def run(command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, errors="replace", timeout=TIMEOUT_SECONDS,
                          check=False, **options)


def build(work, name):
    """A Wasm module with its name section: linking with -O would run wasm-opt, which drops it."""
    target, wasm = work / f"{name}.o", work / f"{name}.wasm"
    flags = ["--target=wasm32-wasi", "-O1", "-fno-optimize-sibling-calls", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(["clang-19", *flags, "-Wno-infinite-recursion", "-c", HERE / f"{name}.c", "-o", target], check=True)
    subprocess.run(["clang-19", "--target=wasm32-wasi", target, "-o", wasm], check=True)
    return wasm


def gdb(commands, command):
    words = ["gdb", "-q", "-nx", "-batch", "-x", ROOT / "scripts/gdb/twine.gdb"]
    for line in [*GDB_SETTINGS, *commands]:
        words += ["-ex", line]
    done = run([*words, "--args", *command])
    return done.stdout + done.stderr


def frames(text):
    """The functions of the first backtrace in gdb's output, innermost first."""
    names = []
    for line in text.splitlines():
        found = re.match(r"#(\d+) +0x[0-9a-f]+ in (.+?) ?\(", line)
        if not found:
            continue
        if int(found[1]) != len(names):
            break
        names.append(found[2])
    return names


def has_in_order(names, wanted):
    rest = iter(names)
    return all(any(name == want or name.startswith(want + "(") for name in rest) for want in wanted)


def check_gdb(twine, wasm):
    outside_in = ["fibonacci", "report", "main", "_start", "twine::enclave::invoke", "twine::enclave_main", "twine_start", "enclave_entry"]
    debugged = [*twine, "--debug-enclave", wasm, "10"]
    text = gdb(["break fibonacci", "run", "backtrace", "x/2i $pc", "delete", "continue"], debugged)
    check("gdb stops at a guest function named before the module was there", re.search(r"Breakpoint 1, 0x[0-9a-f]+ in fibonacci", text), text)
    check("its backtrace goes from the guest's function through the enclave's own to the entry", has_in_order(frames(text), outside_in), text)
    check("gdb reads code inside although the process may not", re.search(r"=> 0x[0-9a-f]+ <fibonacci(\+\d+)?>:\t", text), text)
    check("the guest goes on from the breakpoint and ends as without", "\n55\n" in text and "exited normally" in text, text)

    text = gdb(["break twine_entry_host_call", "run", "backtrace", "delete", "continue"], debugged)
    check("gdb stops at a function of the enclave's runtime", re.search(r"Breakpoint 1, 0x[0-9a-f]+ in twine_entry_host_call", text), text)
    check("its backtrace crosses from the runtime's stack to the guest's and back",
          has_in_order(frames(text), ["twine_entry_host_call", "twine_runtime_host_call", "__main_void", "_start", "twine::enclave_main", "enclave_entry"]),
          text)
    check("the guest goes on from there too", "\n55\n" in text and "exited normally" in text, text)

    text = gdb(["break fibonacci if $hits++ == 5", "set $hits = 0", "run", "stepi", "stepi", "backtrace 1", "delete", "continue"], debugged)
    check("gdb steps single instructions inside", "\n55\n" in text and re.search(r"#0 +0x[0-9a-f]+ in fibonacci", text), text)

    text = gdb(["break fibonacci", "run"], [*twine, wasm, "10"])
    check("of an enclave that is not for debugging gdb learns nothing", "Breakpoint 1, " not in text and "\n55\n" in text, text)
    check("and whoever asks is told why", "the enclave is not a debug enclave: no symbols of what runs inside" in text, text)


LINE = re.compile(r"([0-9a-f]+) ([0-9a-f]+) (\S.*) \[([^\]]+)\]")


def read_map(pid):
    path = pathlib.Path(f"/tmp/perf-{pid}.map")
    rows = [LINE.fullmatch(line) for line in path.read_text().splitlines()]
    path.unlink()
    return [(int(row[1], 16), int(row[2], 16), row[3], row[4]) if row else None for row in rows]


def check_perf_map(twine, wasm, work):
    refused = run([*twine, "--profile", "perfmap", wasm])
    check("a profile of an enclave that is not for debugging is refused", refused.returncode == 125 and "--debug-enclave" in refused.stderr,
          refused.stderr)

    command = [*twine, "--debug-enclave", "--profile=perfmap", wasm]
    text = gdb(["break fibonacci", "run", "print/x $pc", "info inferiors", "delete", "continue"], [*command, "10"])
    counter, pid = re.search(r"\$1 = (0x[0-9a-f]+)", text), re.search(r"process (\d+)", text)
    check("gdb and perf's map can be compared", counter and pid, text)
    if not (counter and pid):
        return
    rows = read_map(pid[1])
    check("every line of perf's map is START SIZE NAME", rows and None not in rows)
    rows = [row for row in rows if row]
    base = rows[0][0] // ELRANGE * ELRANGE
    check("all of it lies in the code of one enclave", all(base <= start and size > 0 and start + size <= base + (2 << 30) for start, size, *_ in rows))
    guest = sorted(row for row in rows if row[3] == wasm.name)
    check("the guest's functions follow one another without overlapping",
          len(guest) > 20 and all(first[0] + first[1] <= second[0] for first, second in zip(guest, guest[1:])))
    here = [name for start, size, name, _ in guest if start <= int(counter[1], 16) < start + size]
    check("where gdb stopped in a function, the map has that function", here == ["fibonacci"], f"{counter[1]}: {here}")
    check("the enclave's own functions are there, readable", any(name.startswith("twine::enclave::invoke(") for *_, name, _ in rows))

    if shutil.which("perf") is None:
        print("note: perf is not installed (Debian: linux-perf), so its samples were not looked up")
        return
    data = work / "perf.data"
    recorded = run(["perf", "record", "-q", "-e", "cpu-clock", "-o", data, *command, "32"])
    if recorded.returncode != 0:
        print(f"note: perf cannot record here, so its samples were not looked up: {recorded.stderr.strip().splitlines()[:1]}")
        return
    reported = run(["perf", "report", "-i", data, "--stdio", "--sort", "symbol"])
    for path in pathlib.Path("/tmp").glob("perf-[0-9]*.map"):
        if f"[{wasm.name}]" in path.read_text(errors="replace"):
            path.unlink()
    check("perf finds the hot function by its name", re.search(r"[\d.]+% +\[\.\] fibonacci \[fibonacci.wasm\]", reported.stdout), reported.stdout[:2000])


def lines_of(twine, module, *flags):
    """What `--debug-info` adds to each function's frame, and what it says below them."""
    text = run([*twine, *flags, module]).stderr
    found = dict(re.findall(r"^ +\d+: (\S+) +\S+\+0x[0-9a-f]+(?: +(at .*))?$", text, re.MULTILINE))
    return found, text


def with_section(wasm, name, change):
    """The module with the contents of its custom section `name` changed."""
    def leb(number):
        out = b""
        while True:
            out += bytes([number & 127 | (128 if number > 127 else 0)])
            number >>= 7
            if not number:
                return out

    def read_leb(at):
        number = shift = 0
        while True:
            number |= (wasm[at] & 127) << shift
            at, shift = at + 1, shift + 7
            if wasm[at - 1] < 128:
                return number, at

    out, at = wasm[:8], 8
    while at < len(wasm):
        kind = wasm[at]
        size, start = read_leb(at + 1)
        body = wasm[start:start + size]
        if kind == 0 and body[0] == len(name) and body[1:1 + len(name)] == name.encode():
            body = body[:1 + len(name)] + change(body[1 + len(name):])
        out += bytes([kind]) + leb(len(body)) + body
        at = start + size
    return out


def check_lines(twine, work):
    """Source lines of a backtrace (--debug-info), for each version of DWARF, and for modules whose DWARF is missing or damaged."""
    expected = {"half": "at lines.c:5:12 in quotient, inlined at lines.c:9:11", "twice": "at lines.c:14:10", "main": "at lines.c:19:18"}
    for flags in (("-O0", "-gdwarf-4"), ("-O1", "-gdwarf-4"), ("-O2", "-gdwarf-5")):
        wasm = work / "lines.wasm"
        target = work / "lines.o"
        subprocess.run(["clang-19", "--target=wasm32-wasi", *flags, "-c", "lines.c", "-o", target.resolve()], check=True, cwd=HERE)
        subprocess.run(["clang-19", "--target=wasm32-wasi", target, "-o", wasm], check=True)
        found, text = lines_of(twine, wasm, "--debug-info")
        seen = {"main" if name in ("__original_main", "main") and "lines.c" in line else name: line for name, line in found.items()}
        check(f"the frames of a program compiled with {' '.join(flags)} have their lines", expected.items() <= seen.items(), text)
    found, text = lines_of(twine, wasm)
    check("without --debug-info there are none", found and not any(found.values()), text)

    bytes_of = wasm.read_bytes()
    broken = work / "broken.wasm"
    damages = {"cut off": lambda body: body[:len(body) // 3], "empty": lambda body: b"", "noise": lambda body: bytes(b ^ 0xA5 for b in body),
               "zeroes": lambda body: bytes(len(body)), "ones": lambda body: b"\xff" * len(body)}
    for section in (".debug_line", ".debug_info", ".debug_abbrev"):
        for what, change in damages.items():
            broken.write_bytes(with_section(bytes_of, section, change))
            done = run([*twine, "--debug-info", broken])
            check(f"a module whose {section} is {what} traps as ever", done.returncode == 134 and "trap: integer divide by zero" in done.stderr
                  and "half" in done.stderr, f"{done.returncode} {done.stderr}")
    bare = work / "bare.wasm"
    bare.write_bytes(with_section(bytes_of, ".debug_info", lambda body: b"").replace(b".debug_line", b".nothing_li"))
    text = run([*twine, "--debug-info", bare]).stderr
    check("of a module without DWARF it is said, with the remedy", "bare.wasm: it has no debug information; compile it with -g" in text, text)


def forms_of_the_secret():
    """As text, and as the number that the guest traps with."""
    number = int.from_bytes(SECRET[:4].encode(), "little")
    numbers = [number, number | 0x40000000]
    texts = [SECRET, SECRET[:12], SECRET[7:19]]
    return texts + [form for value in numbers for form in (f"{value:x}", str(value))]


def check_secrets(twine, wasm, work):
    place = work / "data"
    place.mkdir(exist_ok=True)
    (place / "secret.txt").write_text(SECRET + "\n")

    def command(end, stats="--stats"):
        return [*twine, stats, "--where", "--dir", f"{place}::/", "--env", f"SECRET={SECRET}", wasm, SECRET, end]

    for end, status in (("exit", 3), ("abort", 134), ("address", 134), ("indirect", 134), ("stack", 134)):
        done = run(command(end), input=SECRET + "\n")
        check(f"a guest that ends by {end} ends so", done.returncode == status, f"status {done.returncode}\n{done.stderr}")
        leaked = [form for form in forms_of_the_secret() if form in done.stderr + done.stdout]
        check("and nothing of its secret is in what is printed", not leaked, f"{leaked}\n{done.stderr}")
    json = run(command("exit", "--stats=json"), input=SECRET + "\n")
    check("nor in the statistics for programs", json.returncode == 3 and not any(form in json.stderr for form in forms_of_the_secret()), json.stderr)

    def allow_core_dumps():
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    cores = work / "cores"
    shutil.rmtree(cores, ignore_errors=True)
    cores.mkdir()
    waiting = subprocess.Popen([str(word) for word in command("wait")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, cwd=cores, preexec_fn=allow_core_dumps)
    waiting.stdin.write(SECRET + "\n")
    waiting.stdin.flush()
    started = waiting.stdout.readline()
    memory_is_closed = os.geteuid() == 0 or not os.access(f"/proc/{waiting.pid}/mem", os.R_OK)
    waiting.send_signal(signal.SIGABRT)
    _, status = os.waitpid(waiting.pid, 0)
    waiting.returncode = status
    check("a host process that is killed with a guest inside leaves no core dump",
          started == "waiting\n" and os.WIFSIGNALED(status) and not os.WCOREDUMP(status) and not list(cores.iterdir()) and memory_is_closed,
          f"started {started!r}, status {status}, {list(cores.iterdir())}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--twine", default=str(ROOT / "build/bin/twine"), help="the twine program")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/debugging", help="where programs and copies go")
    options = parser.parse_args()
    for program, remedy in ((options.twine, "build it with scripts/build.sh"), ("gdb", "scripts/bootstrap.sh installs it")):
        if shutil.which(program) is None:
            sys.exit(f"debugging: {program} is not a program; {remedy}")
    options.work.mkdir(parents=True, exist_ok=True)
    image = options.work / "twine-enclave"
    shutil.copy(pathlib.Path(options.twine).resolve().parent / "twine-enclave", image)
    for flag in ([], ["--debug"]):
        subprocess.run([options.twine, "sign", image, *flag], check=True, stdout=subprocess.DEVNULL)
    twine = [options.twine, "run", "--sgx", "emulated", "--enclave", image]
    fibonacci, canary = build(options.work, "fibonacci"), build(options.work, "canary")
    for module in (fibonacci, canary):  # into the cache, so that nothing below compiles
        subprocess.run([options.twine, "compile", module, "-o", module.with_suffix(".twm")], check=True, stdout=subprocess.DEVNULL)

    check_gdb(twine, fibonacci)
    check_perf_map(twine, fibonacci, options.work)
    check_lines(twine, options.work)
    check_secrets(twine, canary, options.work)
    print(f"{sum(outcomes)} passed, {len(outcomes) - sum(outcomes)} failed")
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
