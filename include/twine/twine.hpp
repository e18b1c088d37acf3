// A thin C++ face of twine.h: the same functions, with owners that delete and std::expected for errors.
//
//   const auto enclave = twine::api::Enclave::load();
//   const auto module = twine::api::Module::read("app.wasm");
//   if (!enclave || !module) …
//   twine::api::Launch launch(*module);
//   launch.add_argument("app.wasm");
//   const auto result = launch.run(*enclave);
//
// Whatever twine.h says holds here. Nothing throws but std::bad_alloc.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "twine/twine.h"

namespace twine::api {

using Digest = std::array<uint8_t, 32>;

class Error {
 public:
  explicit Error(twine_error* error) : error_(error) {}
  [[nodiscard]] twine_error_code code() const { return twine_error_get_code(error_.get()); }
  [[nodiscard]] const char* message() const { return twine_error_message(error_.get()); }

 private:
  struct Delete {
    void operator()(twine_error* error) const { twine_error_delete(error); }
  };
  std::unique_ptr<twine_error, Delete> error_;
};

template <typename T>
using Result = std::expected<T, Error>;

// What a C function returned, as a Result.
inline Result<void> to_result(twine_error* error) {
  if (error != nullptr) return std::unexpected(Error(error));
  return {};
}

class Enclave {
 public:
  static Result<Enclave> load(const std::optional<std::string>& path = {}, twine_sgx sgx = TWINE_SGX_AUTO) {
    twine_enclave* enclave = nullptr;
    if (twine_error* error = twine_enclave_load(path ? path->c_str() : nullptr, sgx, &enclave)) {
      return std::unexpected(Error(error));
    }
    return Enclave(enclave);
  }
  static Result<Enclave> load_debug(const std::optional<std::string>& path = {},
                                    twine_sgx sgx = TWINE_SGX_AUTO) {
    twine_enclave* enclave = nullptr;
    if (twine_error* error = twine_enclave_load_debug(path ? path->c_str() : nullptr, sgx, &enclave)) {
      return std::unexpected(Error(error));
    }
    return Enclave(enclave);
  }
  [[nodiscard]] Digest mrenclave() const {
    Digest digest;
    twine_enclave_mrenclave(get(), digest.data());
    return digest;
  }
  [[nodiscard]] Digest mrsigner() const {
    Digest digest;
    twine_enclave_mrsigner(get(), digest.data());
    return digest;
  }
  [[nodiscard]] uint16_t isv_svn() const { return twine_enclave_isv_svn(get()); }
  [[nodiscard]] bool is_debug() const { return twine_enclave_is_debug(get()); }
  [[nodiscard]] bool is_emulated() const { return twine_enclave_is_emulated(get()); }
  [[nodiscard]] const twine_enclave* get() const { return enclave_.get(); }

 private:
  explicit Enclave(twine_enclave* enclave) : enclave_(enclave) {}
  struct Delete {
    void operator()(twine_enclave* enclave) const { twine_enclave_delete(enclave); }
  };
  std::unique_ptr<twine_enclave, Delete> enclave_;
};

class CompileOptions {
 public:
  CompileOptions() : options_(twine_compile_options_new()) {}
  Result<void> set_level(int level) { return to_result(twine_compile_options_set_level(get(), level)); }
  Result<void> set_cpu(const std::string& cpu) {
    return to_result(twine_compile_options_set_cpu(get(), cpu.c_str()));
  }
  void set_jobs(unsigned jobs) { twine_compile_options_set_jobs(get(), jobs); }
  void set_fuel(bool enabled) { twine_compile_options_set_fuel(get(), enabled); }
  void set_cache(bool enabled) { twine_compile_options_set_cache(get(), enabled); }
  void set_signing_key(const std::string& path) {
    twine_compile_options_set_signing_key(get(), path.c_str());
  }
  void set_enclave(const Digest& mrenclave) { twine_compile_options_set_enclave(get(), mrenclave.data()); }
  void set_progress(twine_progress* progress, void* context) {
    twine_compile_options_set_progress(get(), progress, context);
  }
  [[nodiscard]] twine_compile_options* get() const { return options_.get(); }

 private:
  struct Delete {
    void operator()(twine_compile_options* options) const { twine_compile_options_delete(options); }
  };
  std::unique_ptr<twine_compile_options, Delete> options_;
};

class Module {
 public:
  static Result<Module> read(const std::string& path) { return read(path.c_str(), nullptr); }
  static Result<Module> read(const std::string& path, const CompileOptions& options) {
    return read(path.c_str(), options.get());
  }
  [[nodiscard]] std::span<const uint8_t> bytes() const {
    size_t size = 0;
    const uint8_t* const data = twine_module_bytes(get(), &size);
    return {data, size};
  }
  [[nodiscard]] Digest wasm_sha256() const {
    Digest digest;
    twine_module_wasm_sha256(get(), digest.data());
    return digest;
  }
  [[nodiscard]] Digest signer() const {
    Digest key;
    twine_module_signer(get(), key.data());
    return key;
  }
  // Empty if there is none.
  [[nodiscard]] std::string_view warning() const {
    const char* const text = twine_module_warning(get());
    return text == nullptr ? std::string_view() : text;
  }
  [[nodiscard]] const twine_module* get() const { return module_.get(); }

 private:
  explicit Module(twine_module* module) : module_(module) {}
  static Result<Module> read(const char* path, const twine_compile_options* options) {
    twine_module* module = nullptr;
    if (twine_error* error = twine_module_read(path, options, &module)) return std::unexpected(Error(error));
    return Module(module);
  }
  struct Delete {
    void operator()(twine_module* module) const { twine_module_delete(module); }
  };
  std::unique_ptr<twine_module, Delete> module_;
};

class LaunchResult {
 public:
  explicit LaunchResult(twine_result* result) : result_(result) {}
  [[nodiscard]] uint32_t exit_status() const { return twine_result_exit_status(get()); }
  [[nodiscard]] bool trapped() const { return twine_result_trap(get()) != nullptr; }
  // Of a guest that trapped; null otherwise.
  [[nodiscard]] const char* trap() const { return twine_result_trap(get()); }
  [[nodiscard]] const char* backtrace() const { return twine_result_backtrace(get()); }
  [[nodiscard]] const char* values() const { return twine_result_values(get()); }
  [[nodiscard]] const char* confinement() const { return twine_result_confinement(get()); }
  [[nodiscard]] std::string_view output(twine_stream stream) const {
    size_t size = 0;
    const uint8_t* const data = twine_result_output(get(), stream, &size);
    return size == 0 ? std::string_view() : std::string_view(reinterpret_cast<const char*>(data), size);
  }
  [[nodiscard]] twine_statistics statistics() const {
    twine_statistics statistics{};
    statistics.size = sizeof(statistics);
    twine_error_delete(twine_result_statistics(get(), &statistics));  // fails only without a size
    return statistics;
  }
  [[nodiscard]] const twine_result* get() const { return result_.get(); }

 private:
  struct Delete {
    void operator()(twine_result* result) const { twine_result_delete(result); }
  };
  std::unique_ptr<twine_result, Delete> result_;
};

class SharedEnclave {
 public:
  // `enclave` must outlive it.
  static Result<SharedEnclave> start(const Enclave& enclave) {
    twine_shared_enclave* shared = nullptr;
    if (twine_error* error = twine_enclave_share(enclave.get(), &shared))
      return std::unexpected(Error(error));
    return SharedEnclave(shared);
  }
  [[nodiscard]] twine_shared_enclave* get() const { return shared_.get(); }

 private:
  explicit SharedEnclave(twine_shared_enclave* shared) : shared_(shared) {}
  struct Delete {
    void operator()(twine_shared_enclave* shared) const { twine_shared_enclave_delete(shared); }
  };
  std::unique_ptr<twine_shared_enclave, Delete> shared_;
};

class Launch {
 public:
  explicit Launch(const Module& module) : launch_(twine_launch_new(module.get())) {}
  void add_preload(const std::string& name, const Module& module) {
    twine_launch_add_preload(get(), name.c_str(), module.get());
  }
  void set_invoke(const std::string& name) { twine_launch_set_invoke(get(), name.c_str()); }
  void add_argument(const std::string& argument) { twine_launch_add_argument(get(), argument.c_str()); }
  Result<void> add_environment(const std::string& variable) {
    return to_result(twine_launch_add_environment(get(), variable.c_str()));
  }
  void add_directory(const std::string& host_path, const std::string& guest_path, bool read_only) {
    twine_launch_add_directory(get(), host_path.c_str(), guest_path.c_str(), read_only);
  }
  void add_memory_directory(const std::string& guest_path, uint64_t bytes) {
    twine_launch_add_memory_directory(get(), guest_path.c_str(), bytes);
  }
  // The port it listens on.
  Result<uint16_t> add_listener(const std::string& address) {
    uint16_t port = 0;
    if (twine_error* error = twine_launch_add_listener(get(), address.c_str(), &port))
      return std::unexpected(Error(error));
    return port;
  }
  Result<void> add_socket(int descriptor) { return to_result(twine_launch_add_socket(get(), descriptor)); }
  Result<void> allow_network(const std::string& rule) {
    return to_result(twine_launch_allow_network(get(), rule.c_str()));
  }
  void set_table_limit(uint64_t elements) { twine_launch_set_table_limit(get(), elements); }
  void set_instance_limit(uint64_t instances) { twine_launch_set_instance_limit(get(), instances); }
  void set_wall_time(uint64_t not_before, uint64_t not_after) {
    twine_launch_set_wall_time(get(), not_before, not_after);
  }
  void set_timeout(uint64_t nanoseconds) { twine_launch_set_timeout(get(), nanoseconds); }
  void set_fuel(uint64_t units) { twine_launch_set_fuel(get(), units); }
  void set_memory_limit(uint64_t bytes) { twine_launch_set_memory_limit(get(), bytes); }
  void set_confinement(twine_confinement confinement) { twine_launch_set_confinement(get(), confinement); }
  void set_exitless(twine_exitless exitless) { twine_launch_set_exitless(get(), exitless); }
  void set_debug_info(bool enabled) { twine_launch_set_debug_info(get(), enabled); }
  void set_perf_map(bool enabled) { twine_launch_set_perf_map(get(), enabled); }
  void trust_key(const Digest& key) { twine_launch_trust_key(get(), key.data()); }
  void set_standard_files(int input, int output, int error) {
    twine_launch_set_standard_files(get(), input, output, error);
  }
  void capture_output() { twine_launch_capture_output(get()); }
  [[nodiscard]] Result<LaunchResult> run(const Enclave& enclave) const {
    twine_result* result = nullptr;
    if (twine_error* error = twine_launch_run(get(), enclave.get(), &result))
      return std::unexpected(Error(error));
    return LaunchResult(result);
  }
  [[nodiscard]] Result<LaunchResult> run(const SharedEnclave& enclave) const {
    twine_result* result = nullptr;
    if (twine_error* error = twine_launch_run_shared(get(), enclave.get(), &result))
      return std::unexpected(Error(error));
    return LaunchResult(result);
  }

 private:
  [[nodiscard]] twine_launch* get() const { return launch_.get(); }
  struct Delete {
    void operator()(twine_launch* launch) const { twine_launch_delete(launch); }
  };
  std::unique_ptr<twine_launch, Delete> launch_;
};

}  // namespace twine::api
