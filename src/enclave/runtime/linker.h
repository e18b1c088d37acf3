// Finds what imports name: functions that the enclave provides (WASI, spectest) and exports of other
// instances.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "enclave/runtime/instance.h"
#include "enclave/wasi/host_function.h"
#include "wasm/module.h"

namespace twine::enclave {

class Linker {
 public:
  // The tables are static.
  void add(std::span<const HostFunction> functions) { host_functions_.push_back(functions); }
  void add(std::string_view module, std::string_view field, const Extern& value);
  // All exports of an instance. A later instance hides an earlier one of the same name.
  void add(std::string name, Instance& instance);

  // What satisfies this import of `module`, its type checked (3.4.4 and 4.5.1: "import matching"). Errors:
  // link.
  [[nodiscard]] Result<Extern> resolve(Store& store, const CompiledModule& module,
                                       const wasm::Import& import) const;

 private:
  struct Definition {
    std::string module;
    std::string field;
    Extern value;
  };
  struct NamedInstance {
    std::string name;
    Instance* instance;
  };
  [[nodiscard]] std::optional<Extern> find(std::string_view module, std::string_view field) const;
  [[nodiscard]] bool knows_module(std::string_view module) const;

  std::vector<std::span<const HostFunction>> host_functions_;
  std::vector<Definition> definitions_;
  std::vector<NamedInstance> instances_;
};

// The type that a host function's signature (host_function.h) spells.
[[nodiscard]] wasm::FunctionType type_of(const HostFunction& function);

}  // namespace twine::enclave
