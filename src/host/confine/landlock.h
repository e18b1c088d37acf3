// The version of Landlock that the kernel offers.
#pragma once

namespace twine::host {

// 0: none, or not enabled.
[[nodiscard]] int landlock_abi();

}  // namespace twine::host
