// The store of a launch (core specification 2.0, section 4.2.3): every module, every instance, and the one
// thread that runs them. What compiled code reaches by pointer lives here.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/manifest.h"
#include "common/result.h"
#include "enclave/runtime/compiled_module.h"
#include "enclave/runtime/guest_thread.h"
#include "enclave/runtime/instance.h"
#include "enclave/runtime/type_registry.h"
#include "enclave/wasi/wasi.h"

namespace twine::enclave {

class Store {
 public:
  // `wasi` serves the guests' WASI calls and must outlive the store.
  Store(const Limits& limits, wasi::WasiContext& wasi);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store();

  [[nodiscard]] const Limits& limits() const { return limits_; }
  [[nodiscard]] wasi::WasiContext& wasi() const { return wasi_; }
  [[nodiscard]] TypeRegistry& types() { return types_; }
  [[nodiscard]] GuestThread& guest_thread() { return *thread_; }
  [[nodiscard]] abi::ThreadContext& thread() { return thread_->context; }
  // What null function references point to: its type matches none.
  [[nodiscard]] const abi::FunctionRecord* null_function() const { return &null_function_; }

  // Maps the code of an accepted module and gives its types their canonical numbers. Errors: limit,
  // out_of_memory.
  Result<CompiledModule*> add(std::unique_ptr<CompiledModule> module);

  // Adds an instance that is still to be initialised (instantiate.h); a module has one. Errors: limit.
  Result<Instance*> add_instance(CompiledModule& module);

  // Takes an instance out whose instantiation failed before anything outside could refer to it, and its
  // module with it.
  void discard(Instance& instance);

  // Takes an instance and its module out, where nothing else can hold a reference into them: the caller says
  // that it is not linked to, and the instance imports no table, no mutable reference and no other guest's
  // function, through which its own functions could have got out. Returns whether it did; the instance stays
  // otherwise.
  bool release(Instance& instance);

  // The module whose code holds this address, or null.
  [[nodiscard]] const CompiledModule* module_at(uint64_t address) const;

  [[nodiscard]] uint64_t linear_memory_bytes() const;
  // Units of fuel that code which counts them has used; no more than the limit.
  [[nodiscard]] uint64_t fuel_used() const;

 private:
  Limits limits_;
  wasi::WasiContext& wasi_;
  TypeRegistry types_;
  abi::FunctionRecord null_function_{};
  std::unique_ptr<GuestThread> thread_;
  std::vector<std::unique_ptr<CompiledModule>> modules_;  // ascending by address of code
  std::vector<std::unique_ptr<Instance>> instances_;
};

}  // namespace twine::enclave
