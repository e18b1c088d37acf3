// gdb's JIT interface (gdb manual, "JIT Compilation Interface"): code that has no file announces itself.
//
// A list of symbol files hangs at __jit_debug_descriptor, and gdb has a breakpoint in __jit_debug_register_code, which does nothing.
// lldb knows the interface too.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace twine::host::debug {

// A symbol file (symbol_file.h) that the debugger knows of for as long as this lives.
class GdbRegistration {
 public:
  explicit GdbRegistration(std::vector<uint8_t> symbol_file);
  GdbRegistration(const GdbRegistration&) = delete;
  GdbRegistration& operator=(const GdbRegistration&) = delete;
  ~GdbRegistration();

 private:
  struct Entry;
  std::unique_ptr<Entry> entry_;
};

// Whether a debugger or tracer is attached to this process.
bool is_traced();

}  // namespace twine::host::debug
