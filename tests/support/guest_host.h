// A runtime for compiled modules in a plain process, for tests of the compiler: maps a .twm, links instances,
// runs functions, catches traps by signal. It follows docs/abi.md and checks nothing; the runtime that users
// rely on is src/enclave/runtime.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "codegen/llvm/compile.h"
#include "common/abi.h"
#include "common/result.h"
#include "common/twm.h"
#include "wasm/constant_expression.h"
#include "wasm/module.h"

namespace twine::test {

struct Trap {
  abi::TrapKind kind = abi::TrapKind::unreachable;
  uint32_t wasm_offset = 0;  // of the operator, when the trap happened in compiled code

  bool operator==(const Trap&) const = default;
};

using Values = std::vector<wasm::RawValue>;
using Outcome = std::variant<Values, Trap>;

// Something that can be imported or exported.
struct Extern {
  wasm::ExternalKind kind = wasm::ExternalKind::function;
  abi::FunctionRecord* function = nullptr;
  wasm::FunctionType function_type;
  abi::TableDescriptor* table = nullptr;
  wasm::TableType table_type;
  abi::MemoryDescriptor* memory = nullptr;
  abi::Value* global = nullptr;
  wasm::GlobalType global_type;
};

class Instance;
struct RuntimeEntries;

// What a test calls a host function with: arguments, and room for the results.
using HostFunction = std::function<std::variant<Values, Trap>(const Values&)>;

class Host {
 public:
  explicit Host(codegen::CompileOptions options = {});
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // Imports are looked up in here.
  std::map<std::pair<std::string, std::string>, Extern>& externs() { return externs_; }

  void add_function(const std::string& module, const std::string& field, wasm::FunctionType type,
                    HostFunction function);
  void add_global(const std::string& module, const std::string& field, wasm::GlobalType type,
                  wasm::RawValue value);
  void add_table(const std::string& module, const std::string& field, uint32_t min, uint32_t max);
  void add_memory(const std::string& module, const std::string& field, uint32_t min, uint32_t max);

  // Compiles, links and instantiates; runs the start function. An instance that traps while it is made lives
  // on, for others may hold what it has exported to their tables. Errors: link, and the compiler's.
  struct Instantiation {
    Instance* instance = nullptr;
    std::optional<Trap> trap;
  };
  Result<Instantiation> instantiate(std::vector<uint8_t> wasm);
  // The same for a module that was compiled before.
  Result<Instantiation> instantiate_compiled(std::vector<uint8_t> wasm, std::span<const uint8_t> twm);

  // Compiles without running, under this host's options.
  Result<std::vector<uint8_t>> compile(std::span<const uint8_t> wasm) const;

  // The null reference of a type.
  [[nodiscard]] uint64_t null_of(wasm::ValueType type) const;

  // Calls what a reference points to.
  Outcome call(const abi::FunctionRecord& function, const wasm::FunctionType& type, const Values& arguments);

 private:
  friend class Instance;
  friend struct RuntimeEntries;
  uint32_t type_id(const wasm::FunctionType& type);
  abi::MemoryDescriptor* new_memory(const wasm::Limits& limits);
  abi::TableDescriptor* new_table(const wasm::TableType& type);

  codegen::CompileOptions options_;
  std::unique_ptr<codegen::Signer> signer_;
  std::vector<wasm::FunctionType> types_;
  abi::FunctionRecord null_function_{};
  std::unique_ptr<abi::ThreadContext> thread_;
  std::map<std::pair<std::string, std::string>, Extern> externs_;
  std::deque<abi::MemoryDescriptor> memories_;
  std::deque<abi::TableDescriptor> tables_;
  std::deque<std::vector<uint64_t>> elements_;
  std::deque<abi::Value> globals_;
  std::deque<abi::FunctionRecord> records_;
  std::vector<std::shared_ptr<void>> host_functions_;
  std::vector<std::unique_ptr<Instance>> instances_;
};

class Instance {
 public:
  Instance(Host& host, std::vector<uint8_t> wasm) : host_(host), wasm_(std::move(wasm)) {}
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  [[nodiscard]] const wasm::Module& module() const { return module_; }
  [[nodiscard]] std::span<const uint8_t> code() const { return {image_, code_size_}; }
  std::optional<Extern> find_export(const std::string& field);
  // An exported function by name; the name must exist.
  Outcome invoke(const std::string& field, const Values& arguments);
  [[nodiscard]] wasm::RawValue global(const std::string& field);
  std::span<uint8_t> memory();

 private:
  friend class Host;
  friend struct RuntimeEntries;
  Result<void> load(std::span<const uint8_t> twm);
  Result<void> link();
  std::optional<Trap> initialise();
  [[nodiscard]] uint32_t wasm_offset(uint32_t code_offset) const;
  Result<wasm::RawValue> evaluate(const wasm::ConstantExpression& expression) const;

  template <typename T>
  T* at(uint64_t offset) const {
    return reinterpret_cast<T*>(context_.get() + offset);
  }

  Host& host_;
  std::vector<uint8_t> wasm_;
  wasm::Module module_;
  abi::ContextLayout layout_{};
  std::unique_ptr<uint8_t[]> context_;
  uint8_t* image_ = nullptr;
  size_t image_size_ = 0;
  size_t code_size_ = 0;
  std::vector<uint32_t> functions_;
  std::vector<TwmThunks> thunks_;
  std::vector<TwmTail> tails_;
  std::vector<TwmLocation> locations_;
  std::vector<bool> dropped_data_;
  std::vector<bool> dropped_elements_;
};

// wat2wasm on the text; the test fails when the text is wrong.
std::vector<uint8_t> assemble(const std::string& wat);

}  // namespace twine::test
