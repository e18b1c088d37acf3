// The window of a launch's arena, in which pages of a file are shown to the enclave (file_show).
//
// The enclave copies what it reads from the kernel's own pages, so that a long read is one copy, as it is for any process. The mapping
// is read-only and shared: it follows the file. A page that vanishes after the reply (the file is cut, the disk fails) is a fault of the
// enclave's at a page of the window, which EnclaveThread mends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "common/result.h"
#include "common/wasi_types.h"
#include "host/services/handle_table.h"

namespace twine::host {

class FileWindow {
 public:
  FileWindow();

  // Where it is: whole pages of a private mapping. Before this nothing can be shown.
  void set_memory(std::span<std::byte> memory) { memory_ = memory; }

  // Shows the file from `position`, a multiple of the page size, on: `size` bytes, at most the window's, or as many as it has there;
  // the result is how many. Errors: `notsup`, the file cannot be mapped or has holes; `io`, not all of it can be read; `nomem`.
  wasi::IoResult<uint64_t> show(const OpenFile& file, uint64_t position, uint64_t size);

  // Lets go of the file, whose space on the disk could not be freed before.
  void forget(const OpenFile& file);

 private:
  void clear();
  // Has the first `size` bytes mapped now, not at the first access of each page; false if one of them cannot be read.
  bool touch(uint64_t size);

  std::span<std::byte> memory_;
  UniqueFd touched_;                 // a file of a few bytes in memory
  const OpenFile* shown_ = nullptr;  // compared, never followed
};

}  // namespace twine::host
