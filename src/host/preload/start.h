// What happens when libtwine-sgx.so is loaded, before the program's main().
#pragma once

#include <cstdint>

namespace twine::host::preload {

// The address of the vDSO image; 0 before it is made, and when the library gave up.
[[nodiscard]] uint64_t vdso_base();

}  // namespace twine::host::preload
