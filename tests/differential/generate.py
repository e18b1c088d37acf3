"""Random WebAssembly modules for comparing engines: make_module(seed) gives bytes and what is to be called.

Every regular operator of src/wasm/opcode.def can occur, vectors included, with calls, indirect and tail calls, blocks,
bounded loops, globals, memory near its end, bulk memory and tables. Two engines must agree on everything, so

  - what makes a NaN is followed by operators that make it the canonical one (the specification leaves its bits open);
  - exports take and give i32 and i64 alone, which JavaScript passes without loss;
  - `state` hashes the memory and every global.

Relaxed operators are left out: engines may differ there.
"""

import random
import re
import struct
from pathlib import Path

OPCODES = Path(__file__).resolve().parents[2] / "src/wasm/opcode.def"
I32, I64, F32, F64, V128 = "iIfFv"
CODES = {I32: 0x7F, I64: 0x7E, F32: 0x7D, F64: 0x7C, V128: 0x7B}
PAGES = {"plain": b"", "bulk": b"\xfc", "simd": b"\xfd"}
MEMORY_PAGES = 1


def unsigned(value):
    out = bytearray()
    while True:
        byte = value & 0x7F
        value >>= 7
        out.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(out)


def signed(value):
    out = bytearray()
    while True:
        byte = value & 0x7F
        value >>= 7
        done = (value == 0 and not byte & 0x40) or (value == -1 and byte & 0x40)
        out.append(byte | (0 if done else 0x80))
        if done:
            return bytes(out)


def vector(items):
    return unsigned(len(items)) + b"".join(items)


def section(number, contents):
    return bytes([number]) + unsigned(len(contents)) + contents


class Operator:
    def __init__(self, page, code, text, immediates, signature, width):
        self.code = PAGES[page] + (bytes([code]) if page == "plain" else unsigned(code))
        self.text, self.immediates, self.width = text, immediates, width
        self.operands, self.result = signature.split(":")


def read_operators():
    row = re.compile(r'TWINE_(MEMORY_)?OPCODE\(\w+, (\w+), (\w+), "([^"]+)", (\w+), "([^"]+)", (\w+)(?:, (\d+))?\)')
    operators = []
    for match in row.finditer(OPCODES.read_text()):
        _, page, code, text, immediates, signature, feature, width = match.groups()
        kinds = ("none", "memory_access", "memory_lane", "lane2", "lane4", "lane8", "lane16", "shuffle", "memory_memory",
                 "memory")
        if signature == "*" or feature != "core" or immediates not in kinds or text in ("nop", "memory.grow"):
            continue
        operators.append(Operator(page, int(code, 0), text, immediates, signature, int(width or 0)))
    return operators


OPERATORS = read_operators()
BY_RESULT = {kind: [op for op in OPERATORS if op.result == kind] for kind in (I32, I64, F32, F64, V128)}
EFFECTS = [op for op in OPERATORS if op.result == ""]

# Operators whose NaNs are the operand's own bits, or that make none.
KEEPS_NAN = re.compile(r"(abs|neg|copysign|pmin|pmax|splat|eq|ne|[lg][te])$|(reinterpret|load|extract|replace)")


def float_shape(op):
    """The shape of what an operator with a NaN of its own gives: "f32", "f64", "f32x4", "f64x2" or none."""
    shape = op.text.split(".")[0]
    if not shape.startswith("f") or op.result not in (F32, F64, V128) or KEEPS_NAN.match(op.text.split(".")[1]):
        return None
    return shape


INTERESTING = [0, 1, 2, 7, 8, 31, 32, 63, 64, 127, 128, 255, 256, 32767, 32768, 65535, 65520, 65536, 2**31 - 1, 2**31,
               2**32 - 1, 2**32, 2**52, 2**53, 2**63 - 1, 2**63, 2**64 - 1]
FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, 0.1, 1e10, -1e10, 2147483647.0, 2147483648.0, -2147483649.0, 4294967295.0,
          4294967296.0, 9.2e18, 1.8e19, 1e38, 1e-40, 1e300, 5e-324, float("inf"), float("-inf"), float("nan")]


class FunctionMaker:
    """Builds one body. Locals: the parameters, four of each type, one to make NaNs canonical with, loop counters."""

    def __init__(self, module, index, params, result):
        self.module, self.random, self.index = module, module.random, index
        self.params, self.result = params, result
        self.locals = list(params)
        for kind in (I32, I64, F32, F64, V128):
            self.locals += [kind] * 3
        self.scratch = {}
        for kind in (F32, F64, V128):
            self.scratch[kind] = len(self.locals)
            self.locals.append(kind)
        self.counters = []
        self.usable = len(self.locals)
        self.loops = 0

    def constant(self, kind):
        r = self.random
        bits = r.choice(INTERESTING) if r.random() < 0.7 else r.getrandbits(64)
        if kind == I32:
            return b"\x41" + signed(struct.unpack("<i", struct.pack("<I", bits & 0xFFFFFFFF))[0])
        if kind == I64:
            return b"\x42" + signed(struct.unpack("<q", struct.pack("<Q", bits))[0])
        number = r.choice(FLOATS) if r.random() < 0.8 else r.uniform(-1000, 1000)
        if kind == F32:
            if abs(number) > 3e38 and abs(number) != float("inf"):
                number = 3e38
            return b"\x43" + struct.pack("<f", number)
        if kind == F64:
            return b"\x44" + struct.pack("<d", number)
        lanes = r.choice(["16b", "floats", "doubles", "words"])
        if lanes == "16b":
            data = bytes(r.choice([0, 1, 127, 128, 255, r.randrange(256)]) for _ in range(16))
        elif lanes == "floats":
            data = b"".join(self.constant(F32)[1:] for _ in range(4))
        elif lanes == "doubles":
            data = b"".join(self.constant(F64)[1:] for _ in range(2))
        else:
            data = struct.pack("<QQ", r.choice(INTERESTING), r.choice(INTERESTING))
        return b"\xfd\x0c" + data

    def get(self, kind):
        choices = [i for i in range(self.usable) if self.locals[i] == kind and i not in self.scratch.values()]
        return b"\x20" + unsigned(self.random.choice(choices))

    def address(self, depth):
        r = self.random
        if r.random() < 0.85:  # mostly inside
            return self.expression(I32, depth - 1) + b"\x41" + signed(0x3FF8) + b"\x71"
        if r.random() < 0.5:
            return b"\x41" + signed(65536 - r.randrange(24))
        return self.expression(I32, depth - 1)

    def canonical(self, shape):
        kind = {"f32": F32, "f64": F64}.get(shape, V128)
        get = b"\x20" + unsigned(self.scratch[kind])
        nan32, nan64 = struct.pack("<I", 0x7FC00000), struct.pack("<Q", 0x7FF8 << 48)
        tee = b"\x22" + unsigned(self.scratch[kind])
        if shape == "f32":
            return tee + b"\x43" + nan32 + get + get + b"\x5b\x1b"
        if shape == "f64":
            return tee + b"\x44" + nan64 + get + get + b"\x61\x1b"
        nans, equal = (nan32 * 4, 0x41) if shape == "f32x4" else (nan64 * 2, 0x47)
        return tee + b"\xfd\x0c" + nans + get + get + b"\xfd" + unsigned(equal) + b"\xfd\x52"

    def apply(self, op, depth):
        r = self.random
        code = b""
        for number, kind in enumerate(op.operands):
            is_address = number == 0 and op.immediates in ("memory_access", "memory_lane")
            if op.immediates in ("memory_memory", "memory") and r.random() < 0.9:
                code += self.expression(kind, depth - 1) + b"\x41" + signed(0x1FFF) + b"\x71"
            else:
                code += self.address(depth) if is_address else self.expression(kind, depth - 1)
        code += op.code
        if op.immediates in ("memory_access", "memory_lane"):
            offset = r.choice([0, 0, 0, 1, 3, 8, 16, 255, 4096, 65535, 2**31 - 1 if r.random() < 0.05 else 0])
            code += unsigned(r.randint(0, op.width)) + unsigned(offset)
            if op.immediates == "memory_lane":
                code += bytes([r.randrange(16 >> op.width)])
        elif op.immediates.startswith("lane"):
            code += bytes([r.randrange(int(op.immediates[4:]))])
        elif op.immediates == "shuffle":
            code += bytes(r.randrange(32) for _ in range(16))
        elif op.immediates == "memory":
            code += b"\x00"
        elif op.immediates == "memory_memory":
            code += b"\x00\x00"
        shape = float_shape(op)
        return code + (self.canonical(shape) if shape else b"")

    def call(self, kind, depth):
        r = self.random
        callees = [f for f in self.module.functions[: self.index] if f.result == kind]
        if not callees or self.loops > 1:
            return None
        callee = r.choice(callees)
        code = b"".join(self.expression(p, depth - 1) for p in callee.params)
        if r.random() < 0.3:
            return code + b"\x41" + signed(callee.index + (1 if r.random() < 0.05 else 0)) + b"\x11" + unsigned(
                callee.type) + b"\x00"
        return code + b"\x10" + unsigned(callee.index)

    def expression(self, kind, depth):
        r = self.random
        if depth <= 0:
            return self.get(kind) if r.random() < 0.6 else self.constant(kind)
        choice = r.random()
        if choice < 0.1:
            return self.get(kind)
        if choice < 0.15:
            return self.constant(kind)
        if choice < 0.2:
            return b"\x23" + unsigned(r.choice([i for i, k in enumerate(self.module.globals) if k == kind]))
        if choice < 0.25:
            call = self.call(kind, depth)
            if call:
                return call
        if choice < 0.3:
            types = b"\x1c\x01" + bytes([CODES[kind]]) if r.random() < 0.5 else b"\x1b"
            return self.expression(kind, depth - 1) + self.expression(kind, depth - 1) + self.expression(
                I32, depth - 1) + types
        if choice < 0.35:
            return self.expression(I32, depth - 1) + b"\x04" + bytes([CODES[kind]]) + self.statements(
                depth - 1, 1) + self.expression(kind, depth - 1) + b"\x05" + self.expression(kind, depth - 1) + b"\x0b"
        return self.apply(r.choice(BY_RESULT[kind]), depth)

    def loop(self, depth):
        counter = len(self.locals)
        self.locals.append(I32)
        rounds = self.random.choice([1, 3, 17, 100])
        self.loops += 1
        body = self.statements(depth - 1, 2)
        self.loops -= 1
        get, value = b"\x20" + unsigned(counter), unsigned(counter)
        # Strides over memory, so that the optimiser sees what it likes to vectorise.
        op = self.random.choice([o for o in EFFECTS if o.immediates == "memory_access"])
        stride = get + b"\x41" + signed(1 << op.width) + b"\x6c\x41" + signed(self.random.choice([0, 8, 64, 65000])) + b"\x6a"
        store = stride + self.expression(op.operands[1], 1) + op.code + b"\x00\x00"
        return (b"\x41" + signed(0) + b"\x21" + value + b"\x03\x40" + body + store + get + b"\x41\x01\x6a\x22" + value +
                b"\x41" + signed(rounds) + b"\x48\x0d\x00\x0b")

    def statements(self, depth, count):
        r = self.random
        code = b""
        for _ in range(r.randint(0, count)):
            kind = r.choice([I32, I64, F32, F64, V128])
            choice = r.random()
            if choice < 0.35:
                get = self.get(kind)
                code += self.expression(kind, depth) + b"\x21" + get[1:]
            elif choice < 0.5:
                code += self.expression(kind, depth) + b"\x24" + unsigned(
                    r.choice([i for i, k in enumerate(self.module.globals) if k == kind]))
            elif choice < 0.8:
                code += self.apply(r.choice(EFFECTS), depth)
            elif choice < 0.87 and self.loops < 2:
                code += self.loop(depth)
            elif choice < 0.93:
                code += b"\x02\x40" + self.expression(I32, depth - 1) + b"\x0d\x00" + self.statements(depth - 1, 2) + b"\x0b"
            elif choice < 0.95:
                code += self.expression(kind, depth) + b"\x1a"  # dead, but it may trap
            elif choice < 0.97 and self.loops == 0:
                code += self.expression(I32, depth - 1) + b"\x04\x40" + self.expression(self.result, depth - 1) + b"\x0f\x0b"
        return code

    def body(self):
        code = self.statements(4, 8) + self.expression(self.result, 4)
        callees = [f for f in self.module.functions[: self.index]
                   if f.result == self.result and not set(f.params) - {I32, I64}]
        if callees and self.random.random() < 0.2:  # a tail call instead
            callee = self.random.choice(callees)
            code += b"\x1a" + b"".join(self.expression(p, 2) for p in callee.params) + b"\x12" + unsigned(callee.index)
        declared = vector([b"\x01" + bytes([CODES[kind]]) for kind in self.locals[len(self.params):]])
        return declared + code + b"\x0b"


class Function:
    def __init__(self, index, params, result, type_index):
        self.index, self.params, self.result, self.type = index, params, result, type_index


def state_body(globals_):
    """A hash over memory and globals: (h * prime) ^ word for each 8 bytes."""
    mix = b"\x42" + signed(0x100000001B3) + b"\x7e"
    code = b"\x41\x00\x21\x00\x42\x01\x21\x01\x03\x40\x20\x01" + mix + b"\x20\x00\x29\x03\x00\x85\x21\x01"
    code += b"\x20\x00\x41\x08\x6a\x22\x00\x41" + signed(MEMORY_PAGES * 65536) + b"\x49\x0d\x00\x0b"
    for index, kind in enumerate(globals_):
        get = b"\x23" + unsigned(index)
        words = {I32: [get + b"\xad"], I64: [get], F32: [get + b"\xbc\xad"], F64: [get + b"\xbd"],
                 V128: [get + b"\xfd\x1d\x00", get + b"\xfd\x1d\x01"]}[kind]
        for word in words:
            code += b"\x20\x01" + mix + word + b"\x85\x21\x01"
    return b"\x02\x01\x7f\x01\x7e" + code + b"\x20\x01\x0b"


class Module:
    def __init__(self, seed):
        self.random = random.Random(seed)
        r = self.random
        self.globals = [I32, I64, F32, F64, V128] + r.choices([I32, I64, F32, F64, V128], k=3)
        self.types, self.functions, bodies = [], [], []
        for index in range(r.randint(2, 6)):
            exported = index % 2 == 1
            kinds = [I32, I64] if exported else [I32, I64, F32, F64, V128]
            params, result = tuple(r.choices(kinds, k=r.randint(0, 4))), r.choice(kinds)
            if (params, result) not in self.types:
                self.types.append((params, result))
            self.functions.append(Function(index, params, result, self.types.index((params, result))))
        for function in self.functions:
            maker = FunctionMaker(self, function.index, function.params, function.result)
            bodies.append(maker.body())
        if ((), I64) not in self.types:
            self.types.append(((), I64))
        state = Function(len(self.functions), (), I64, self.types.index(((), I64)))
        bodies.append(state_body(self.globals))
        everything = self.functions + [state]
        exports = [("f%d" % f.index, f.index) for f in self.functions if f.index % 2 == 1] + [("state", state.index)]
        zero = {I32: b"\x41\x00", I64: b"\x42\x00", F32: b"\x43" + bytes(4), F64: b"\x44" + bytes(8),
                V128: b"\xfd\x0c" + bytes(16)}
        data = bytes(r.randrange(256) for _ in range(64))
        self.bytes = (
            b"\0asm\x01\0\0\0" +
            section(1, vector([b"\x60" + vector([bytes([CODES[p]]) for p in params]) + vector([bytes([CODES[result]])])
                               for params, result in self.types])) +
            section(3, vector([unsigned(f.type) for f in everything])) +
            section(4, b"\x01\x70\x00" + unsigned(len(everything))) +
            section(5, b"\x01\x01" + unsigned(MEMORY_PAGES) + unsigned(MEMORY_PAGES + 1)) +
            section(6, vector([bytes([CODES[kind]]) + b"\x01" + zero[kind] + b"\x0b" for kind in self.globals])) +
            section(7, vector([unsigned(len(name)) + name.encode() + b"\x00" + unsigned(index) for name, index in exports])) +
            section(9, b"\x01\x00\x41\x00\x0b" + vector([unsigned(f.index) for f in everything[:-1]])) +
            section(10, vector([unsigned(len(body)) + body for body in bodies])) +
            section(11, b"\x02" + b"\x00\x41\x10\x0b" + unsigned(len(data)) + data +
                    b"\x00\x41" + signed(0x3FC0) + b"\x0b" + unsigned(len(data)) + data[::-1]))
        self.calls = []
        for function in self.functions:
            if function.index % 2 == 1:
                for _ in range(3):
                    self.calls.append(("f%d" % function.index, [
                        [{I32: "i32", I64: "i64"}[p], str(r.choice(INTERESTING) % (2**32 if p == I32 else 2**64))]
                        for p in function.params]))
                    self.calls.append(("state", []))


def make_module(seed):
    module = Module(seed)
    return module.bytes, module.calls
