"""Differential fuzzing: run.py N SEED [--keep DIR]; scripts/fuzz-diff.sh is how it is meant to be called.

Modules come in turn from generate.py and from binaryen (wasm-opt --translate-to-fuzz, NaNs taken out). Node's V8 runs their
exports; what it answered becomes a script in wast2json's form, with assertions of results, traps and states. Twine runs that script
in the enclave, many modules a launch, and wabt's interpreter runs it too. An assertion that fails is a difference.

Where V8 exhausts its stack, the script ends with that call: how deep a stack is, no specification says.
"""

import argparse
import collections
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import generate  # noqa: E402

BATCH = 50
SUPPORT = """(module (func (export "log-i32") (param i32)) (func (export "log-i64") (param i64))
  (func (export "log-f32") (param f32)) (func (export "log-f64") (param f64)))"""
# What V8 says, and the specification's words. Others are matched as "some trap", among them "table index is out of bounds", by which V8 means
# two of them.
TRAPS = {
    "divide by zero": "integer divide by zero",
    "remainder by zero": "integer divide by zero",
    "divide result unrepresentable": "integer overflow",
    "memory access out of bounds": "out of bounds memory access",
    "unreachable": "unreachable",
}
FEATURES = ["--mvp-features", "--enable-sign-ext", "--enable-mutable-globals", "--enable-nontrapping-float-to-int",
            "--enable-bulk-memory", "--enable-multivalue"]


def binaryen_module(seed, path):
    """A module by wasm-opt from random bytes, its exports' calls, or nothing where wasm-opt fails."""
    rand = random.Random(seed)
    source = path.with_suffix(".bytes")
    source.write_bytes(rand.randbytes(rand.randint(500, 6000)))
    done = subprocess.run(["wasm-opt", str(source), "-ttf", "--denan", *FEATURES, "-o", str(path)], capture_output=True)
    if done.returncode != 0:
        return None
    text = subprocess.run(["wasm-objdump", "-x", str(path)], capture_output=True, text=True).stdout
    types = dict(re.findall(r"^ - type\[(\d+)\] (.*)$", text, re.M))
    signatures = {int(i): types[s] for i, s in re.findall(r"^ - func\[(\d+)\] sig=(\d+)", text, re.M)}
    calls = []
    for index, name in re.findall(r'^ - func\[(\d+)\] <[^>]*> -> "([^"]*)"$', text, re.M):
        params, results = signatures[int(index)].split(" -> ")
        params, results = (re.findall(r"[if](?:32|64)|v128|\w+ref", part) for part in (params, results))
        if any(kind not in ("i32", "i64", "f32", "f64") for kind in params + results):
            continue
        if name == "hangLimitInitializer":
            continue
        limits = {"i32": 32, "i64": 64, "f32": 32, "f64": 64}
        calls.append(("hangLimitInitializer", [], []))
        # Floats as small ones: bits of a signalling NaN would not come through JavaScript.
        calls.append((name, [[kind, str(rand.getrandbits(limits[kind]) if kind[0] == "i" else 0)] for kind in params], results))
    return calls + [("hashMemory", [], ["i32"])] if any(c[0] == "hashMemory" for c in calls) else calls


def make(number, seed, directory):
    path = directory / ("m%d.wasm" % number)
    if number % 3 == 2:
        calls = binaryen_module(seed * 1000003 + number, path)
        if calls is not None:
            return path, calls
    module, calls = generate.make_module(seed * 1000003 + number)
    path.write_bytes(module)
    return path, calls


def commands(number, path, calls, answers):
    """The script of a module, one line number a module and call: module * 1000 + call."""
    line = (number + 1) * 1000
    if isinstance(answers, dict):
        if "error" in answers:
            raise SystemExit("fuzz-diff: %s: V8 refuses it: %s" % (path, answers["error"]))
        if answers["kind"] == "RangeError":
            return []
        return [{"type": "assert_uninstantiable", "line": line, "filename": path.name, "text": "", "module_type": "binary"}]
    result = [{"type": "module", "line": line, "filename": path.name}]
    for index, (call, answer) in enumerate(zip(calls, answers)):
        action = {"type": "invoke", "field": call[0],
                  "args": [{"type": kind, "value": bits} for kind, bits in call[1]]}
        # wabt reads members in wast2json's order and no other.
        where = {"line": line + 1 + index, "action": action}
        if "values" in answer:
            result.append({"type": "assert_return"} | where | {"expected": answer["values"]})
        elif answer["kind"] == "RuntimeError":
            text = TRAPS.get(answer["trap"], "")
            result.append({"type": "assert_trap"} | where | {"text": text, "expected": []})
        else:
            return result  # its stack is exhausted, or JavaScript cannot pass a value
    return result


def main():
    parser = argparse.ArgumentParser(usage="fuzz-diff.sh N SEED [--keep DIR]")
    parser.add_argument("count", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("--keep", help="where to leave modules and scripts of batches that differ")
    options = parser.parse_args()
    passed = failed = 0
    reference_differs = 0
    kinds = collections.Counter()
    for begin in range(0, options.count, BATCH):
        directory = Path(tempfile.mkdtemp(prefix="fuzz-diff."))
        numbers = range(begin, min(begin + BATCH, options.count))
        modules = [make(number, options.seed, directory) for number in numbers]
        jobs = [{"file": str(path), "calls": calls} for path, calls in modules]
        oracle = subprocess.run(
            ["node", "--stack-size=900", "--experimental-wasm-return_call", str(Path(__file__).with_name("oracle.js"))],
            input=json.dumps(jobs), capture_output=True, text=True, check=True)
        support = directory / "support.wat"
        support.write_text(SUPPORT)
        subprocess.run(["wat2wasm", str(support), "-o", str(directory / "support.wasm")], check=True)
        script = [{"type": "module", "line": 1, "name": "$support", "filename": "support.wasm"},
                  {"type": "register", "line": 1, "name": "$support", "as": "fuzzing-support"}]
        for number, (path, calls), answers in zip(numbers, modules, json.loads(oracle.stdout)):
            script += commands(number, path, calls, answers)
        kinds.update(command["type"] for command in script)
        source = directory / "batch.json"
        source.write_text(json.dumps({"source_filename": "batch.wast", "commands": script}))
        twine = subprocess.run(["build/tests/wast-in-enclave", *os.environ.get("TWINE_FUZZ_OPTIONS", "").split(), str(source)],
                               capture_output=True, text=True)
        wabt = subprocess.run(["spectest-interp", "--enable-tail-call", str(source)], capture_output=True, text=True)
        problems = [line for line in twine.stdout.splitlines() if re.match(r".*\.wast:\d+: ", line)]
        bad = {int(re.search(r"\.wast:(\d+): ", line)[1]) // 1000 - 1 for line in problems}
        if twine.returncode != 0 and not bad:
            print(twine.stdout, twine.stderr)
            bad = set(numbers)
        differs = {int(n) // 1000 - 1 for n in re.findall(r"batch\.wast:(\d+): (?!\w+ passed)", wabt.stdout + wabt.stderr)}
        if not re.search(r"\d+/\d+ tests passed", wabt.stdout):
            raise SystemExit("fuzz-diff: wabt's interpreter did not run the script: " + wabt.stdout + wabt.stderr)
        reference_differs += len(differs)
        for line in problems:
            print(line)
        for number in sorted(differs):
            print("note: module %d: wabt's interpreter and V8 differ" % number)
        failed += len(bad)
        passed += len(numbers) - len(bad)
        if options.keep and (bad or differs):
            shutil.copytree(directory, Path(options.keep) / str(begin), dirs_exist_ok=True)
        shutil.rmtree(directory)
    print("note: %d calls returned, %d trapped" % (kinds["assert_return"], kinds["assert_trap"]))
    print("note: seed %d; %d modules on which wabt's interpreter differs from V8" % (options.seed, reference_differs))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
