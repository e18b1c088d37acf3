// The host module `spectest` that the specification's test suite imports from. Script mode only; its
// functions print nothing, since no test looks at what they print.
#pragma once

#include "common/result.h"
#include "enclave/runtime/instance.h"
#include "enclave/runtime/linker.h"

namespace twine::enclave {

class Spectest {
 public:
  Spectest() = default;
  Spectest(const Spectest&) = delete;  // instances hold addresses of its members
  Spectest& operator=(const Spectest&) = delete;
  ~Spectest();

  // Makes the module's table, memory and globals and lets `linker` find them. Errors: limit, out_of_memory.
  Result<void> define(Store& store, Linker& linker);

 private:
  std::unique_ptr<TableInstance> table_;
  MemoryInstance memory_;
  abi::Value i32_{};
  abi::Value i64_{};
  abi::Value f32_{};
  abi::Value f64_{};
};

}  // namespace twine::enclave
