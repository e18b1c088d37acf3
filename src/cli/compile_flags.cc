#include "cli/compile_flags.h"

namespace twine::cli {

void CompileFlags::add_to(CLI::App& command) {
  command.add_option("-O,--optimize", level, "Optimisation level, 0 to 3 (2)")->type_name("LEVEL");
  command.add_option("--cpu", cpu, "native, x86-64-v2, -v3 or -v4 (v3 where this machine has it, else v2)")
      ->type_name("CPU");
  command.add_option("-j,--jobs", jobs, "Threads to compile on (as many as there are processors)")
      ->type_name("N");
}

Result<api::CompileOptions> CompileFlags::to_options() const {
  api::CompileOptions options;
  if (auto set = options.set_level(level); !set) return std::unexpected(to_error(set.error()));
  if (!cpu.empty()) {
    if (auto set = options.set_cpu(cpu); !set) return std::unexpected(to_error(set.error()));
  }
  options.set_jobs(jobs);
  options.set_fuel(counts_fuel);
  return options;
}

Error to_error(const api::Error& error) {
  // twine.h numbers them from 1, in the same order.
  return {static_cast<ErrorCode>(error.code() - 1), error.message()};
}

}  // namespace twine::cli
