// An enclave that has been taken over: what its guest says goes to the host as it is, by any host call, with any bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "host/services/services.h"
#include "ways_out.h"

namespace twine::test {

inline constexpr size_t kSubvertedOperations = 16;

class SubvertedEnclave {
 public:
  // Opens the services on the house's three mounts. Everything after that may run confined.
  explicit SubvertedEnclave(const House& house);
  ~SubvertedEnclave();
  SubvertedEnclave(const SubvertedEnclave&) = delete;
  SubvertedEnclave& operator=(const SubvertedEnclave&) = delete;

  // Tries operation number `operation` with `path`, from each mount.
  void attempt(size_t operation, const std::string& path);
  [[nodiscard]] static const char* name(size_t operation);
  // `count` requests of random words, calls that do not exist and buffers that lie anywhere included.
  void noise(uint64_t seed, uint64_t count);

  // Every byte that the host has answered.
  [[nodiscard]] const std::string& loot() const { return loot_; }

 private:
  void serve();

  std::unique_ptr<host::Services> services_;
  std::string loot_;
  int null_;
};

}  // namespace twine::test
