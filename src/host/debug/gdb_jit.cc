#include "host/debug/gdb_jit.h"

#include <fstream>
#include <mutex>
#include <string>
#include <utility>

// Names, types and order of fields are gdb's.
extern "C" {

enum JitActions : uint32_t { JIT_NOACTION = 0, JIT_REGISTER_FN = 1, JIT_UNREGISTER_FN = 2 };

struct jit_code_entry {
  jit_code_entry* next_entry;
  jit_code_entry* prev_entry;
  const char* symfile_addr;
  uint64_t symfile_size;
};

struct jit_descriptor {
  uint32_t version;
  uint32_t action_flag;
  jit_code_entry* relevant_entry;
  jit_code_entry* first_entry;
};

[[gnu::used]] jit_descriptor __jit_debug_descriptor = {  // NOLINT(bugprone-reserved-identifier)
    1, JIT_NOACTION, nullptr, nullptr};

// gdb stops here and reads the descriptor.
[[gnu::noinline, gnu::used]] void __jit_debug_register_code() {  // NOLINT(bugprone-reserved-identifier)
  __asm__ volatile("" ::: "memory");
}

}  // extern "C"

namespace twine::host::debug {
namespace {

std::mutex registration_lock;

void tell(JitActions action, jit_code_entry& entry) {
  __jit_debug_descriptor.relevant_entry = &entry;
  __jit_debug_descriptor.action_flag = action;
  __jit_debug_register_code();
}

}  // namespace

struct GdbRegistration::Entry {
  jit_code_entry link{};
  std::vector<uint8_t> file;
};

GdbRegistration::GdbRegistration(std::vector<uint8_t> symbol_file) : entry_(std::make_unique<Entry>()) {
  entry_->file = std::move(symbol_file);
  jit_code_entry& link = entry_->link;
  link.symfile_addr = reinterpret_cast<const char*>(entry_->file.data());
  link.symfile_size = entry_->file.size();
  const std::lock_guard guard(registration_lock);
  link.next_entry = __jit_debug_descriptor.first_entry;
  if (link.next_entry != nullptr) link.next_entry->prev_entry = &link;
  __jit_debug_descriptor.first_entry = &link;
  tell(JIT_REGISTER_FN, link);
}

GdbRegistration::~GdbRegistration() {
  jit_code_entry& link = entry_->link;
  const std::lock_guard guard(registration_lock);
  (link.prev_entry != nullptr ? link.prev_entry->next_entry : __jit_debug_descriptor.first_entry) =
      link.next_entry;
  if (link.next_entry != nullptr) link.next_entry->prev_entry = link.prev_entry;
  tell(JIT_UNREGISTER_FN, link);
}

bool is_traced() {
  std::ifstream status("/proc/self/status");
  constexpr std::string_view kField = "TracerPid:\t";
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(kField)) return line.substr(kField.size()) != "0";
  }
  return false;
}

}  // namespace twine::host::debug
