// Finding a function in the vDSO that the kernel mapped into this process.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace twine::host::sgx {

// The address of the dynamic function symbol `name` in the vDSO that AT_SYSINFO_EHDR names; null if there is
// none.
[[nodiscard]] const void* find_in_vdso(std::string_view name);

struct VdsoSymbol {
  std::string_view name;
  uint64_t address;
};
// All functions of the vDSO at `base`; names live as long as it does.
[[nodiscard]] std::vector<VdsoSymbol> vdso_functions(uint64_t base);

}  // namespace twine::host::sgx
