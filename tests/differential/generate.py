"""Random WebAssembly modules for comparing engines: make_module(seed) gives bytes and what is to be called.

Every regular operator of src/wasm/opcode.def can occur, vectors included, with calls, indirect and tail calls (in the middle
too), functions and blocks of several parameters and results, bounded loops, globals, memory near its end and growing, bulk memory, and three
tables: one that never changes, one of functions and one of external references that do. Two engines must agree on everything, so

  - what makes a NaN is followed by operators that make it the canonical one (the specification leaves its bits open);
  - exports take and give i32 and i64 alone, which JavaScript passes without loss;
  - `state` hashes the memory, every global, and the sizes of the tables and where they are null.

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
FUNCREF, EXTERNREF = 0x70, 0x6F
MEMORY_PAGES = 1
# The tables that change: their reference type, size and maximum. Table 0 holds every function but `state`.
TABLES = {1: (FUNCREF, 8, 14), 2: (EXTERNREF, 4, 9)}
PASSIVE_SEGMENT = 1  # of elements; 0 fills table 0


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

    def __init__(self, module, index, params, results):
        self.module, self.random, self.index = module, module.random, index
        self.params, self.results = params, results
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
        callees = [f for f in self.module.functions[: self.index] if f.results == (kind,)]
        if not callees or self.loops > 1:
            return None
        return self.call_of(r.choice(callees), depth, b"\x10", b"\x11")

    def call_of(self, callee, depth, direct, indirect):
        """Calls `callee` with new arguments, by the opcode `direct` or, through a table, `indirect`."""
        r = self.random
        code = b"".join(self.expression(p, depth - 1) for p in callee.params)
        choice = r.random()
        if choice < 0.3:  # sometimes the neighbour, whose type may be another
            at = signed(callee.index + (1 if r.random() < 0.05 else 0))
            return code + b"\x41" + at + indirect + unsigned(callee.type) + b"\x00"
        if choice < 0.4:  # whatever is there
            return code + b"\x41" + signed(r.randrange(8)) + indirect + unsigned(callee.type) + b"\x01"
        return code + direct + unsigned(callee.index)

    def tail_call(self, depth):
        """Instructions that return what another function returns, or nothing where there is none."""
        callees = [f for f in self.module.functions[: self.index] if f.results == self.results]
        return self.call_of(self.random.choice(callees), depth, b"\x12", b"\x13") if callees else None

    def set_all(self, kinds):
        """Takes values of these kinds from the stack, into locals."""
        return b"".join(b"\x21" + self.get(kind)[1:] for kind in reversed(kinds))

    def several(self, depth):
        """A block with parameters and results, or a call of a function with more than one; the results go into locals."""
        r = self.random
        callees = [f for f in self.module.functions[: self.index] if len(f.results) > 1]
        if callees and self.loops < 2 and r.random() < 0.5:
            callee = r.choice(callees)
            return self.call_of(callee, depth, b"\x10", b"\x11") + self.set_all(callee.results)
        kinds = [I32, I64, F32, F64, V128]
        params, results = tuple(r.choices(kinds, k=r.randint(0, 2))), tuple(r.choices(kinds, k=r.randint(1, 3)))
        code = b"".join(self.expression(kind, depth - 1) for kind in params)
        code += b"\x02" + signed(self.module.type_of(params, results)) + self.set_all(params) + self.statements(depth - 1, 1)
        code += b"".join(self.expression(kind, depth - 1) for kind in results)
        code += self.expression(I32, depth - 1) + b"\x0d\x00" + b"\x0b"  # a branch that carries the results
        return code + self.set_all(results)

    def reference(self, table, depth):
        """An operand for a table: null, a function, or an element of the same table."""
        r = self.random
        kind = TABLES[table][0]
        if r.random() < 0.3:
            return self.small(depth, 7) + b"\x25" + unsigned(table)
        if kind == FUNCREF and r.random() < 0.7:
            return b"\xd2" + unsigned(r.randrange(len(self.module.functions)))
        return b"\xd0" + bytes([kind])

    def small(self, depth, mask):
        """An i32 from 0 to the mask, or sometimes any."""
        if self.random.random() < 0.05:
            return self.expression(I32, depth - 1)
        return self.expression(I32, depth - 1) + b"\x41" + signed(mask) + b"\x71"

    def table_value(self, depth):
        """An i32 that depends on a table, or on growing one or the memory."""
        r = self.random
        table = r.choice([1, 2])
        choice = r.random()
        if choice < 0.4:
            return self.small(depth, 7) + b"\x25" + unsigned(table) + b"\xd1"  # is the element null?
        if choice < 0.6:
            return b"\xfc\x10" + unsigned(r.choice([0, 1, 2]))
        if choice < 0.85:
            return self.reference(table, depth) + self.small(depth, 3) + b"\xfc\x0f" + unsigned(table)
        return self.small(depth, 1) + b"\x40\x00"

    def table_effect(self, depth):
        r = self.random
        table = r.choice([1, 2])
        choice = r.random()
        if choice < 0.4:
            return self.small(depth, 7) + self.reference(table, depth) + b"\x26" + unsigned(table)
        if choice < 0.6:
            return self.small(depth, 3) + self.reference(table, depth) + self.small(depth, 3) + b"\xfc\x11" + unsigned(table)
        three = self.small(depth, 3) + self.small(depth, 3) + self.small(depth, 3)
        if choice < 0.8:
            source = r.choice([0, 1]) if table == 1 else 2
            return three + b"\xfc\x0e" + unsigned(table) + unsigned(source)
        if choice < 0.97:
            return three + b"\xfc\x0c" + unsigned(PASSIVE_SEGMENT) + unsigned(1)
        return b"\xfc\x0d" + unsigned(PASSIVE_SEGMENT)

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
        if choice < 0.38 and kind == I32:
            return self.table_value(depth)
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
            elif choice < 0.72:
                code += self.apply(r.choice(EFFECTS), depth)
            elif choice < 0.77:
                code += self.table_effect(depth)
            elif choice < 0.82:
                code += self.several(depth)
            elif choice < 0.87 and self.loops < 2:
                code += self.loop(depth)
            elif choice < 0.93:
                code += b"\x02\x40" + self.expression(I32, depth - 1) + b"\x0d\x00" + self.statements(depth - 1, 2) + b"\x0b"
            elif choice < 0.95:
                code += self.expression(kind, depth) + b"\x1a"  # dead, but it may trap
            elif choice < 0.99 and self.loops == 0:
                leave = self.tail_call(depth) if r.random() < 0.4 else None
                code += self.expression(I32, depth - 1) + b"\x04\x40" + (leave or self.values(depth - 1) + b"\x0f") + b"\x0b"
        return code

    def values(self, depth):
        return b"".join(self.expression(kind, depth) for kind in self.results)

    def body(self):
        code = self.statements(4, 8)
        code += (self.tail_call(2) if self.random.random() < 0.2 else None) or self.values(4)
        declared = vector([b"\x01" + bytes([CODES[kind]]) for kind in self.locals[len(self.params):]])
        return declared + code + b"\x0b"


class Function:
    def __init__(self, index, params, results, type_index):
        self.index, self.params, self.results, self.type = index, params, results, type_index


def state_body(globals_):
    """A hash over memory, globals and tables: (h * prime) ^ word for each 8 bytes, value, size and element."""
    mix = b"\x42" + signed(0x100000001B3) + b"\x7e"
    code = b"\x41\x00\x21\x00\x42\x01\x21\x01\x03\x40\x20\x01" + mix + b"\x20\x00\x29\x03\x00\x85\x21\x01"
    code += b"\x20\x00\x41\x08\x6a\x22\x00\x3f\x00\x41\x10\x74\x49\x0d\x00\x0b"
    for table in TABLES:
        size = b"\xfc\x10" + unsigned(table)
        null = b"\x20\x00\x25" + unsigned(table) + b"\xd1\xad"
        code += b"\x20\x01" + mix + size + b"\xad\x85\x21\x01"
        code += b"\x41\x00\x21\x00\x03\x40\x20\x01" + mix + null + b"\x85\x21\x01"
        code += b"\x20\x00\x41\x01\x6a\x22\x00" + size + b"\x49\x0d\x00\x0b"
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
        self.types, self.functions = [], []
        for index in range(r.randint(2, 6)):
            exported = index % 2 == 1
            kinds = [I32, I64] if exported else [I32, I64, F32, F64, V128]
            params, results = tuple(r.choices(kinds, k=r.randint(0, 4))), (r.choice(kinds),)
            if not exported and r.random() < 0.3:
                results = tuple(r.choices(kinds, k=r.randint(2, 3)))
            self.functions.append(Function(index, params, results, self.type_of(params, results)))
        bodies = [FunctionMaker(self, f.index, f.params, f.results).body() for f in self.functions]
        state = Function(len(self.functions), (), (I64,), self.type_of((), (I64,)))
        bodies.append(state_body(self.globals))
        everything = self.functions + [state]
        exports = [("f%d" % f.index, f.index) for f in self.functions if f.index % 2 == 1] + [("state", state.index)]
        zero = {I32: b"\x41\x00", I64: b"\x42\x00", F32: b"\x43" + bytes(4), F64: b"\x44" + bytes(8),
                V128: b"\xfd\x0c" + bytes(16)}
        data = bytes(r.randrange(256) for _ in range(64))
        self.bytes = (
            b"\0asm\x01\0\0\0" +
            section(1, vector([b"\x60" + vector([bytes([CODES[p]]) for p in params]) + vector([bytes([CODES[p]]) for p in results])
                               for params, results in self.types])) +
            section(3, vector([unsigned(f.type) for f in everything])) +
            section(4, vector([b"\x70\x00" + unsigned(len(everything))] +
                              [bytes([kind, 1]) + unsigned(size) + unsigned(most) for kind, size, most in TABLES.values()])) +
            section(5, b"\x01\x01" + unsigned(MEMORY_PAGES) + unsigned(MEMORY_PAGES + 1)) +
            section(6, vector([bytes([CODES[kind]]) + b"\x01" + zero[kind] + b"\x0b" for kind in self.globals])) +
            section(7, vector([unsigned(len(name)) + name.encode() + b"\x00" + unsigned(index) for name, index in exports])) +
            section(9, b"\x02\x00\x41\x00\x0b" + vector([unsigned(f.index) for f in everything[:-1]]) +
                    b"\x01\x00" + vector([unsigned(r.choice(self.functions).index) for _ in range(6)])) +
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

    def type_of(self, params, results):
        if (params, results) not in self.types:
            self.types.append((params, results))
        return self.types.index((params, results))


def make_module(seed):
    module = Module(seed)
    return module.bytes, module.calls
