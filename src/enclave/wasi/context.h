// What one program sees of the world: its arguments, environment and descriptors.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/manifest.h"
#include "enclave/fs/memory_tree.h"
#include "enclave/fs/small_transfers.h"
#include "enclave/hostcall/clocks.h"
#include "enclave/hostcall/handle.h"
#include "enclave/net/policy.h"
#include "enclave/wasi/resource_table.h"

namespace twine::wasi {

struct WasiConfig {
  std::vector<std::string> arguments{};    // the program's name first
  std::vector<std::string> environment{};  // "NAME=VALUE"
  std::vector<Mount> mounts{};             // descriptors 3, 4, …
  Network network{};                       // its sockets are the descriptors after those
  WallTimeRange wall_time{.not_before = 0, .not_after = ~uint64_t{0}};
};

// Strings as args_get and environ_get hand them over: each NUL-terminated, one after the other.
class StringList {
 public:
  explicit StringList(std::vector<std::string> strings) : strings_(std::move(strings)) {
    for (const std::string& text : strings_) bytes_ += text.size() + 1;
  }
  [[nodiscard]] std::span<const std::string> strings() const { return strings_; }
  [[nodiscard]] uint64_t bytes() const { return bytes_; }  // terminators included

 private:
  std::vector<std::string> strings_;
  uint64_t bytes_ = 0;
};

class WasiContext {
 public:
  // Opens descriptors 0, 1 and 2 on the host's standard streams the mounts from 3 on, and then the sockets. `config` comes from
  // a manifest that check_manifest has passed.
  explicit WasiContext(WasiConfig config);
  ~WasiContext();
  WasiContext(const WasiContext&) = delete;
  WasiContext& operator=(const WasiContext&) = delete;

  // The program has ended, however: writes what is held back. Errors: io, when a write could not be stored and no call of the program has told it.
  Result<void> finish();

  hostcall::HandleLedger handles;  // before all that may hold one
  hostcall::WallTimeBounds wall_time;
  StringList arguments;
  StringList environment;
  fs::SmallTransfers small_transfers;                         // before the files that it serves
  std::vector<std::unique_ptr<fs::MemoryTree>> memory_trees;  // before the descriptors that lie in them
  net::Policy network;
  ResourceTable resources;
};

}  // namespace twine::wasi
