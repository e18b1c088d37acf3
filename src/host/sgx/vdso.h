// Finding a function in the vDSO that the kernel mapped into this process.
#pragma once

#include <string_view>

namespace twine::host::sgx {

// The address of the dynamic function symbol `name` in the vDSO that AT_SYSINFO_EHDR names; null if there is
// none.
[[nodiscard]] const void* find_in_vdso(std::string_view name);

}  // namespace twine::host::sgx
