// A subverted enclave in a host process that has confined itself, for scripts/containment.sh to watch:
//
//   subverted_enclave DIRECTORY     an empty directory, in which the house of ways_out.h is built
//
// Tries every way out by every operation, then a hundred thousand requests of noise. Says `confined` when the sandbox is on, which is also
// where the watcher begins; `read a secret` and status 1 if one was read.
#include <unistd.h>

#include <cstdio>
#include <string_view>

#include "host/confine/confine.h"
#include "subverted_calls.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: subverted_enclave DIRECTORY\n");
    return 2;
  }
  using namespace twine;
  const test::House house{argv[1]};
  const std::vector<test::WayOut> ways = test::ways_out(house);
  test::SubvertedEnclave enclave(house);
  const auto confinement = host::confine_process({{.path = house.mount().string(), .read_only = false},
                                                  {.path = house.second().string(), .read_only = false},
                                                  {.path = house.read_only().string(), .read_only = true}});
  if (!confinement || !confinement->complete()) {
    std::printf("skipped: this kernel lacks %s\n",
                confinement ? confinement->missing().c_str() : confinement.error().message.c_str());
    return 77;
  }
  std::printf("confined\n");
  std::fflush(stdout);
  for (const test::WayOut& way : ways) {
    for (size_t operation = 0; operation < test::kSubvertedOperations; ++operation)
      enclave.attempt(operation, way.path);
  }
  enclave.noise(/*seed=*/5, 20'000);
  const bool read = enclave.loot().find(test::kSecret) != std::string::npos ||
                    enclave.loot().find("root:x:0:0") != std::string::npos;
  std::printf(read ? "read a secret\n" : "%zu ways by %zu operations\n", ways.size(),
              test::kSubvertedOperations);
  std::fflush(stdout);
  _exit(read ? 1 : 0);
}
