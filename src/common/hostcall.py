#!/usr/bin/env python3
"""Generates both sides' marshalling of host calls from hostcall.def, whose head describes the language.

    hostcall.py hostcall.def OUTPUT_DIRECTORY

    common/hostcall_table.h            both sides   numbers, names, errno sets; a row a call for tests and fuzzers
    enclave/hostcall/hostcalls.{h,cc}  enclave      one function a call: stage, commit, collect
    enclave/hostcall/any_call.h        tests        every call behind one function, its arguments from a source
    host/services/host_calls.{h,cc}    host         the interface to implement, and the dispatcher that reads the arena

The output depends on the table alone, so the enclave's measurement does not depend on where it is built.
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

MAX_WORDS = 8  # ArenaHeader::args
MAX_CALLS = 50  # docs/decisions/0007: without sockets it was 40
MAX_REPLY_BUFFERS = 2
WORDS = {"u32": "uint32_t", "u64": "uint64_t", "handle": "Handle"}


class TableError(Exception):
    pass


@dataclass
class Argument:
    direction: str  # "in" or "out"
    name: str
    kind: str  # a key of WORDS, or "path", "bytes", "array", "struct"
    element: str = ""  # of array and struct
    slot: int = 0  # first word in ArenaHeader::args

    @property
    def is_word(self):
        return self.kind in WORDS


@dataclass
class Call:
    number: int
    name: str
    arguments: list = field(default_factory=list)
    result: str = ""  # "none", "handle", "length", "range"
    length_of: str = ""
    low: str = "0"
    high: str = "0"
    errors: list = field(default_factory=list)
    duty: list = field(default_factory=list)
    exits: bool = False  # always

    def argument(self, name):
        return next(a for a in self.arguments if a.name == name)


# ---------------------------------------------------------------- the table


def strip_note(text):
    """Cuts the explanation, which stands after two spaces or more."""
    return re.split(r"\s{2,}", text.strip())[0]


def parse_argument(direction, text):
    words = strip_note(text).split()
    name, kind = words[0], words[1]
    if kind in WORDS or kind in ("path", "bytes"):
        if direction == "out" and kind != "bytes":
            raise TableError(f"`{name}`: an output is bytes, an array or a struct")
        return Argument(direction, name, kind)
    if kind == "array":
        return Argument(direction, name, "array", words[2])
    if direction == "in":
        raise TableError(f"`{name}`: unknown type {kind}")
    return Argument(direction, name, "struct", kind)


def parse_result(call, text):
    text = strip_note(text)
    if text in ("none", "handle"):
        call.result = text
    elif text.startswith("length "):
        call.result, call.length_of = text.split()
    elif ".." in text:
        call.result = "range"
        call.low, call.high = (bound.strip() for bound in text.split(".."))
    else:
        raise TableError(f"call {call.name}: result `{text}` is none of none, handle, length X, A .. B")


def check(call):
    slot = 0
    for argument in call.arguments:
        argument.slot = slot
        slot += 1 if argument.is_word else 2
    if slot > MAX_WORDS:
        raise TableError(f"call {call.name}: needs {slot} argument words, the arena has {MAX_WORDS}")
    if not call.result:
        raise TableError(f"call {call.name}: no result")
    if "io" not in call.errors:
        call.errors.append("io")  # what an honest host turns an unexpected errno into
    for argument in call.arguments:
        # A buffer that may be cut short needs a result that says how much of it counts.
        if argument.kind == "bytes" and call.length_of != argument.name:
            raise TableError(f"call {call.name}: the result must be the length of `{argument.name}`")


def parse(source):
    sets, calls, call, prose = {}, [], None, None
    for line_number, line in enumerate(source.splitlines(), 1):
        line = line.split("//")[0].rstrip()
        if not line.strip():
            continue
        keyword, _, rest = line.strip().partition(" ")
        try:
            if keyword == "errors" and not line.startswith(" "):
                name, _, members = rest.partition("=")
                sets[name.strip()] = members.split()
            elif keyword == "call":
                number, name = rest.split()
                call = Call(int(number), name)
                calls.append(call)
            elif call is None:
                raise TableError(f"`{keyword}` stands before the first call")
            elif keyword in ("in", "out"):
                call.arguments.append(parse_argument(keyword, rest))
            elif keyword == "result":
                parse_result(call, rest)
            elif keyword == "errors":
                for name in rest.split():
                    call.errors += [e for e in sets.get(name, [name]) if e not in call.errors]
            elif keyword == "exit" and prose is not call:
                call.exits = True
            elif keyword == "enclave":
                call.duty = [rest.strip()]
                prose = call
            elif prose is call:
                call.duty.append(line.strip())
            else:
                raise TableError(f"unknown keyword `{keyword}`")
        except TableError as error:
            raise TableError(f"line {line_number}: {error}") from error
    for call in calls:
        check(call)
    numbers = [call.number for call in calls]
    if numbers != sorted(set(numbers)):
        raise TableError("call numbers must ascend and be used once")
    if len(calls) >= MAX_CALLS:
        raise TableError(f"{len(calls)} calls: the door stays under {MAX_CALLS}")
    return calls


# ---------------------------------------------------------------- output

BANNER = "// Generated by src/common/hostcall.py from src/common/hostcall.def; change those.\n"


def duty_comment(call):
    return "".join(f"// {line}\n" for line in call.duty)


def parameters(call, bytes_in, bytes_out, array_in, array_out, struct_out):
    """The C++ parameter list of a call; the five functions spell the types one side uses for buffers."""
    result = []
    for a in call.arguments:
        if a.is_word:
            result.append(f"{WORDS[a.kind]} {a.name}")
        elif a.kind == "path":
            result.append(f"std::string_view {a.name}")
        elif a.kind == "bytes":
            result.append(f"{bytes_in if a.direction == 'in' else bytes_out} {a.name}")
        elif a.kind == "array":
            result.append(f"{(array_in if a.direction == 'in' else array_out)(a.element)} {a.name}")
        else:
            result.append(f"{struct_out(a.element)} {a.name}")
    return ", ".join(result)


def bound(text):
    """A bound of the table as C++: numbers become 64 bits wide, `1<<63` included."""
    return re.sub(r"\b\d+(?=<<|$)", lambda number: f"uint64_t{{{number.group()}}}", text)


def result_bounds(call):
    """The bounds of a result that is no errno, as C++."""
    if call.result == "none":
        return "0", "0"
    if call.result == "handle":
        return "0", "kMaxHandles - 1"
    if call.result == "length":
        return "0", f"{call.length_of}_window.size"
    return bound(call.low), bound(call.high)


def reply_buffers(call):
    """The buffers that a reply fills, as initialisers of ReplyBuffer."""
    replies = [a for a in call.arguments if a.direction == "out"]
    if len(replies) > MAX_REPLY_BUFFERS:
        raise TableError(f"call {call.name}: a reply fills {MAX_REPLY_BUFFERS} buffers at most")
    types = [a.kind if a.kind == "bytes" else a.element + ("[]" if a.kind == "array" else "") for a in replies]
    return ", ".join(f'{{{a.slot}, "{kind}"}}' for a, kind in zip(replies, types))


def table_header(calls):
    out = [BANNER, '#pragma once\n\n#include <array>\n#include <cstdint>\n#include <string_view>\n\n#include "common/hostcall.h"\n\n']
    out.append("namespace twine::hostcall {\n\nenum class Call : uint64_t {\n")
    out += [f"  {c.name} = {c.number},\n" for c in calls]
    out.append("};\n\n")
    out.append(
        "class ErrnoSet {\n"
        " public:\n"
        "  template <typename... E>\n"
        "  explicit constexpr ErrnoSet(E... errnos) {\n"
        "    ((bits_[static_cast<uint16_t>(errnos) / 64] |= uint64_t{1} << static_cast<uint16_t>(errnos) % 64), ...);\n"
        "  }\n"
        "  [[nodiscard]] constexpr bool contains(uint64_t number) const {\n"
        "    return number < wasi::kErrnoCount && (bits_[number / 64] >> number % 64 & 1) != 0;\n"
        "  }\n\n"
        " private:\n"
        "  uint64_t bits_[(wasi::kErrnoCount + 63) / 64] = {};\n"
        "};\n\n"
        "// A buffer that a reply fills.\n"
        "struct ReplyBuffer {\n"
        "  int slot = -1;               // the first of its two argument words; -1: there is none\n"
        "  std::string_view type = {};  // \"bytes\", a struct's name, or that and [] for an array\n"
        "};\n\n"
        "// A row of the table, for what is not generated: messages, tests, fuzzers.\n"
        "struct CallRow {\n"
        "  Call call;\n"
        "  std::string_view name;\n"
        "  ErrnoSet errnos;\n"
        "  uint64_t low, high;  // bounds of a result that is no errno\n"
        "  int length_slot;     // -1, or the bound is the size of the buffer whose two argument words start here\n"
        "  std::array<ReplyBuffer, 2> replies;  // what a reply fills beside the result\n"
        "};\n\n"
    )
    out.append(f"inline constexpr std::array<CallRow, {len(calls)}> kCalls = {{{{\n")
    for c in calls:
        errnos = ", ".join(f"wasi::Errno::{e}" for e in c.errors)
        length_slot = c.argument(c.length_of).slot if c.result == "length" else -1
        low, high = ("0", "~uint64_t{0}") if c.result == "length" else result_bounds(c)
        out.append(
            f'    {{Call::{c.name}, "{c.name}", ErrnoSet({errnos}), {low}, {high}, {length_slot}, '
            f'{{{{{reply_buffers(c)}}}}}}},\n'
        )
    out.append("}};\n\n")
    out.append(
        "constexpr const CallRow& row(Call call) {\n"
        "  for (const CallRow& candidate : kCalls) {\n"
        "    if (candidate.call == call) return candidate;\n"
        "  }\n"
        "  __builtin_unreachable();  // every enumerator has its row\n"
        "}\n\n"
    )
    out.append("}  // namespace twine::hostcall\n")
    return "".join(out)


def enclave_signature(call):
    reply = "void" if call.result == "none" else "Handle" if call.result == "handle" else "uint64_t"
    arguments = parameters(
        call, "Gather", "Scatter", lambda t: f"std::span<const {t}>", lambda t: f"std::span<{t}>", lambda t: f"{t}&"
    )
    return f"IoResult<{reply}> {call.name}({arguments})"


def enclave_header(calls):
    out = [BANNER, '#pragma once\n\n#include "enclave/hostcall/exchange.h"\n\nnamespace twine::hostcall {\n\n']
    for c in calls:
        out.append(f"{duty_comment(c)}{enclave_signature(c)};\n\n")
    out.append("}  // namespace twine::hostcall\n")
    return "".join(out)


def stage(argument):
    a = argument
    if a.is_word:
        return f"  exchange.word({a.slot}, {a.name});\n"
    if a.kind == "path":
        return (
            f"  if (!exchange.stage_whole({a.slot}, as_bytes({a.name}), kMaxPath)) "
            "return std::unexpected(Errno::nametoolong);\n"
        )
    if a.kind == "bytes" and a.direction == "in":
        return f"  const Window {a.name}_window = exchange.stage({a.slot}, {a.name});\n"
    if a.kind == "bytes":
        return f"  const Window {a.name}_window = exchange.reserve({a.slot}, total_size({a.name}));\n"
    if a.kind == "array" and a.direction == "in":
        return (
            f"  if (!exchange.stage_whole({a.slot}, std::as_bytes({a.name}), kMaxArrayBytes)) "
            "return std::unexpected(Errno::inval);\n"
        )
    size = f"sizeof({a.element})" if a.kind == "struct" else f"{a.name}.size_bytes()"
    return (
        f"  const Window {a.name}_window = exchange.reserve({a.slot}, {size});\n"
        f"  if ({a.name}_window.size != {size}) return std::unexpected(Errno::inval);\n"
    )


def collect(argument):
    a = argument
    if a.kind == "bytes":
        return f"  exchange.copy_in({a.name}_window, *result, {a.name});\n"
    copied = f"std::as_writable_bytes(std::span(&{a.name}, 1))" if a.kind == "struct" else f"std::as_writable_bytes({a.name})"
    return f"  exchange.copy_in({a.name}_window, {copied});\n  check_reply(exchange.call(), {a.name});\n"


def enclave_source(calls):
    out = [BANNER, '#include "enclave/hostcall/hostcalls.h"\n\nnamespace twine::hostcall {\n\nusing wasi::Errno;\n\n']
    for c in calls:
        low, high = result_bounds(c)
        door = "exit" if c.exits else "any"
        out.append(f"{enclave_signature(c)} {{\n  Exchange exchange(Call::{c.name});\n")
        out += [stage(a) for a in c.arguments]
        out.append(f"  exchange.commit(Door::{door});\n  const IoResult<uint64_t> result = exchange.collect({low}, {high});\n")
        out.append("  if (!result) return std::unexpected(result.error());\n")
        out += [collect(a) for a in c.arguments if a.direction == "out"]
        out.append(
            {"none": "  return {};\n", "handle": "  return static_cast<Handle>(*result);\n"}.get(c.result, "  return *result;\n")
        )
        out.append("}\n\n")
    out.append("}  // namespace twine::hostcall\n")
    return "".join(out)


def any_call_header(calls):
    out = [
        BANNER,
        '#pragma once\n\n#include "enclave/hostcall/hostcalls.h"\n\nnamespace twine::hostcall {\n\n',
        "// Makes `call` with arguments from `source`, which offers word<T>(), path(), gather(), scatter(), array<T>() and object<T>().\n"
        "// The errno, or success.\n"
        "template <typename Source>\nwasi::Errno make_call(Call call, Source& source) {\n  switch (call) {\n",
    ]
    for c in calls:
        arguments = []
        for a in c.arguments:
            if a.is_word:
                arguments.append(f"source.template word<{WORDS[a.kind]}>()")
            elif a.kind == "path":
                arguments.append("source.path()")
            elif a.kind == "bytes":
                arguments.append("source.gather()" if a.direction == "in" else "source.scatter()")
            else:
                arguments.append(f"source.template {'array' if a.kind == 'array' else 'object'}<{a.element}>()")
        out.append(f"    case Call::{c.name}: {{\n      const auto reply = {c.name}({', '.join(arguments)});\n")
        out.append("      return reply ? wasi::Errno::success : reply.error();\n    }\n")
    out.append("  }\n  return wasi::Errno::nosys;\n}\n\n}  // namespace twine::hostcall\n")
    return "".join(out)


def host_signature(call):
    arguments = parameters(
        call,
        "std::span<const std::byte>",
        "std::span<std::byte>",
        lambda t: f"std::span<const {t}>",
        lambda t: f"std::span<{t}>",
        lambda t: f"{t}&",
    )
    return f"IoResult<uint64_t> {call.name}({arguments})"


def host_header(calls):
    out = [
        BANNER,
        "#pragma once\n\n#include <cstddef>\n#include <span>\n#include <string_view>\n\n",
        '#include "common/entry.h"\n#include "common/hostcall_table.h"\n\nnamespace twine::hostcall {\n\nusing wasi::IoResult;\n\n',
        "// What the host must be able to do. The result of a call without one is 0. Buffers lie in the arena.\n",
        "class HostCalls {\n public:\n  virtual ~HostCalls() = default;\n\n",
    ]
    out += [f"  virtual {host_signature(c)} = 0;\n" for c in calls]
    out.append(
        "};\n\n"
        "// Serves the request that stands in `arena` (kArenaSize bytes, page-aligned) and writes the result there. The enclave\n"
        "// may be faulty or subverted: offsets and sizes are checked; an impossible request answers `inval`. An errno that the\n"
        "// table does not admit for the call becomes `io`.\n"
        "void serve(HostCalls& calls, std::span<std::byte> arena);\n\n"
        "}  // namespace twine::hostcall\n"
    )
    return "".join(out)


def host_argument(a):
    if a.is_word:
        return f"request.word<{WORDS[a.kind]}>({a.slot})"
    if a.kind == "path":
        return f"request.path({a.slot})"
    if a.kind == "bytes":
        return f"request.bytes({a.slot})"
    if a.kind == "array":
        return f"request.{'array' if a.direction == 'in' else 'room'}<{a.element}>({a.slot})"
    return f"request.object<{a.element}>({a.slot})"


def host_source(calls):
    out = [BANNER, '#include "host/services/host_calls.h"\n\n#include "host/services/request.h"\n\nnamespace twine::hostcall {\n\n']
    out.append("namespace {\n\nIoResult<uint64_t> dispatch(HostCalls& calls, const Request& request) {\n")
    out.append("  switch (request.call()) {\n")
    for c in calls:
        out.append(f"    case Call::{c.name}: {{\n")
        for a in c.arguments:
            declaration = "auto&" if a.kind == "struct" else "const auto"
            out.append(f"      {declaration} {a.name} = {host_argument(a)};\n")
        names = ", ".join(a.name for a in c.arguments)
        out.append("      if (!request.valid()) break;\n")
        out.append(f"      return calls.{c.name}({names});\n    }}\n")
    out.append("  }\n  return std::unexpected(wasi::Errno::inval);\n}\n\n}  // namespace\n\n")
    out.append(
        "void serve(HostCalls& calls, std::span<std::byte> arena) {\n"
        "  Request request(arena);\n"
        "  request.answer(dispatch(calls, request));\n"
        "}\n\n"
        "}  // namespace twine::hostcall\n"
    )
    return "".join(out)


def main():
    table, output = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        calls = parse(table.read_text(encoding="utf-8"))
    except TableError as error:
        sys.exit(f"{table.name}: {error}")
    for name, text in {
        "common/hostcall_table.h": table_header(calls),
        "enclave/hostcall/hostcalls.h": enclave_header(calls),
        "enclave/hostcall/hostcalls.cc": enclave_source(calls),
        "enclave/hostcall/any_call.h": any_call_header(calls),
        "host/services/host_calls.h": host_header(calls),
        "host/services/host_calls.cc": host_source(calls),
    }.items():
        path = output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
