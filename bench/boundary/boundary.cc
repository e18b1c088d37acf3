// What crossing the boundary costs, without Twine's own code on either side: transitions of the emulator's small
// test enclave (tests/unit/emulator_test_enclave.h), which does nothing else.
//
// Prints one line of JSON: nanoseconds, medians over rounds in which every operation has its turn, so that a slow
// spell of the machine hits all alike.
//
//   operation          is
//   getppid            the cheapest system call: the unit of the ratios
//   call               EENTER, one addition, EEXIT
//   aex_resume         ERESUME to an instruction that faults, AEX, the entry function's report
//   exception          AEX, EENTER of the handler in the enclave, EEXIT, ERESUME past the instruction, EEXIT
//   accept             EENTER, EACCEPT of a page that is not there (so: fault, EAUG, resume), EEXIT
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "emulator_test_enclave.h"

namespace {

using namespace twine;
using namespace twine::test;

constexpr int kRounds = 15;
constexpr int kRepeats = 2000;
constexpr uint64_t kMemory = uint64_t{1} << 32;  // offset of fresh pages, for `accept`
constexpr uint64_t kUd2Size = 2;

struct Operation {
  const char* name;
  std::function<void()> run;
  std::vector<double> nanoseconds;
};

double time_of(const std::function<void()>& operation) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kRepeats; ++i) operation();
  const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
  return taken.count() / kRepeats;
}

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void expect(bool held, const char* what) {
  if (held) return;
  std::fprintf(stderr, "boundary_bench: %s\n", what);
  std::exit(1);
}

}  // namespace

int main() {
  const auto enclave = TestEnclave::make({.size = uint64_t{1} << 36});
  expect(enclave != nullptr, "the test enclave could not be built");
  expect(enclave->driver().map(enclave->at(kMemory), uint64_t{1} << 32, 3) == 0, "no memory could be mapped");
  const uint64_t secinfo = enclave->put_secinfo(sgx::secinfo_page_type(sgx::PageType::reg) | sgx::kSecinfoR |
                                                sgx::kSecinfoW | sgx::kSecinfoPending);
  // The second TCS stays at its UD2 for ever.
  expect(enclave->enter(Do::ud2, 0, 0, 0, 0, kSecondTcs).vector == 6, "UD2 did not leave the enclave");

  uint64_t fresh = kMemory;
  std::array<Operation, 5> operations = {{
      {"getppid", [] { syscall(SYS_getppid); }, {}},
      {"call", [&] { enclave->enter(Do::echo, 1, 2); }, {}},
      {"aex_resume", [&] { enclave->resume(kSecondTcs); }, {}},
      {"exception",
       [&] {
         enclave->enter(Do::ud2);
         enclave->handle(kUd2Size);
         enclave->resume();
       },
       {}},
      {"accept",
       [&] {
         enclave->enclu(sgx::Enclu::eaccept, secinfo, enclave->at(fresh));
         fresh += sgx::kEpcPageSize;
       },
       {}},
  }};
  for (int round = 0; round < kRounds; ++round) {
    for (Operation& operation : operations) operation.nanoseconds.push_back(time_of(operation.run));
  }
  expect(enclave->resume(kSecondTcs).vector == 6, "the second thread is not where it was");

  std::string line = "{";
  for (Operation& operation : operations) {
    if (line.size() > 1) line += ", ";
    line += "\"" + std::string(operation.name) + "\": " + std::to_string(median(operation.nanoseconds));
  }
  std::puts((line + "}").c_str());
}
