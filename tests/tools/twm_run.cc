// twm-run MODULE.wasm COMPILED.twm: runs a kernel of bench/kernels, compiled by twm-compile, in a plain process: no enclave, so no
// emulated page faults or crossings in its time, and tools that count instructions can follow it:
//
//   valgrind --tool=callgrind --collect-atstart=no build/tests/twm-run K.wasm K.twm
//
// counts what lies between the two readings of the monotonic clock, which is the kernel's own work. It is for work on the compiler. Of WASI there are
// the clock, standard output, exit and an empty environment; every other function fails with ENOSYS.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/guest_host.h"
#include "wasm/module.h"

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_TOGGLE_COLLECT
#endif

namespace {

using twine::test::Instance;
using twine::test::Values;

constexpr uint32_t kErrnoSuccess = 0;
constexpr uint32_t kErrnoBadf = 8;
constexpr uint32_t kErrnoNoSys = 52;
constexpr uint32_t kClockMonotonic = 1;

Instance* guest = nullptr;

std::vector<uint8_t> read_file(const char* path) {
  std::ifstream input(path, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(input)), std::istreambuf_iterator<char>());
  return {bytes.begin(), bytes.end()};
}

template <typename T>
T get(uint64_t address) {
  T value;
  std::memcpy(&value, guest->memory().data() + address, sizeof value);
  return value;
}

template <typename T>
void put(uint64_t address, T value) {
  std::memcpy(guest->memory().data() + address, &value, sizeof value);
}

// (clock, precision, time)
uint32_t clock_time_get(const Values& arguments) {
  if (arguments[0].low == kClockMonotonic) CALLGRIND_TOGGLE_COLLECT;
  put(arguments[2].low, std::chrono::steady_clock::now().time_since_epoch().count());
  return kErrnoSuccess;
}

// (fd, vectors, count, written)
uint32_t fd_write(const Values& arguments) {
  uint32_t written = 0;
  for (uint64_t vector = 0; vector < arguments[2].low; ++vector) {
    const uint64_t at = arguments[1].low + vector * 8;
    const auto length = get<uint32_t>(at + 4);
    const ssize_t done = ::write(STDOUT_FILENO, guest->memory().data() + get<uint32_t>(at), length);
    if (done != static_cast<ssize_t>(length)) return kErrnoNoSys;
    written += length;
  }
  put(arguments[3].low, written);
  return kErrnoSuccess;
}

// (count, bytes)
uint32_t environ_sizes_get(const Values& arguments) {
  put<uint32_t>(arguments[0].low, 0);
  put<uint32_t>(arguments[1].low, 0);
  return kErrnoSuccess;
}

uint32_t answer(const std::string& name, const Values& arguments) {
  if (name == "clock_time_get") return clock_time_get(arguments);
  if (name == "fd_write") return fd_write(arguments);
  if (name == "proc_exit") std::exit(static_cast<int>(arguments[0].low));  // NOLINT(concurrency-mt-unsafe)
  if (name == "environ_sizes_get") return environ_sizes_get(arguments);
  if (name == "fd_prestat_get") return kErrnoBadf;  // no directory
  return kErrnoNoSys;
}

int fail(const std::string& message) {
  (void)std::fprintf(stderr, "twm-run: %s\n", message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    (void)std::fprintf(stderr, "usage: twm-run MODULE.wasm COMPILED.twm\n");
    return 2;
  }
  const std::vector<uint8_t> wasm = read_file(argv[1]);
  const auto module = twine::wasm::load(wasm);
  if (!module) return fail(module.error().message);
  twine::test::Host host;
  for (const twine::wasm::Import& import : module->imports) {
    if (import.kind != twine::wasm::ExternalKind::function) continue;
    const std::string name(import.field);
    const twine::wasm::FunctionType& type = module->function_type(import.index);
    const bool gives_errno = !type.results.empty();
    host.add_function(std::string(import.module), name, type, [name, gives_errno](const Values& arguments) {
      const uint32_t number = answer(name, arguments);
      return gives_errno ? Values{{number, 0}} : Values{};
    });
  }
  const auto made = host.instantiate_compiled(wasm, read_file(argv[2]));
  if (!made) return fail(made.error().message);
  guest = made->instance;
  const auto outcome = guest->invoke("_start", {});
  return std::holds_alternative<Values>(outcome) ? 0 : fail("the guest trapped");
}
