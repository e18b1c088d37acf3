// Making the process believe in SGX: the vDSO image, its place in the auxiliary vector, CPUID, the signal handlers.
#include "host/preload/start.h"

#include <elf.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/emulator/platform.h"
#include "host/emulator/signals.h"
#include "host/emulator/trap_entry.h"
#include "host/preload/cpuid.h"
#include "host/preload/device_table.h"
#include "host/preload/epc_size.h"
#include "host/preload/vdso_image.h"
#include "host/sgx/vdso.h"

namespace twine::host::preload {
namespace {

constexpr unsigned long kHwcap2Fsgsbase = 1UL << 1;

constinit uint64_t image_base = 0;

[[noreturn]] void refuse(std::string_view reason) {
  const std::string text = "libtwine-sgx: " + std::string(reason) + "\n";
  static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size()));
  _exit(127);
}

// Maps a vDSO image and tells the trap layer of the entry function in it.
uint64_t map_vdso(uint64_t kernels) {
  std::vector<VdsoFunction> functions;
  for (const sgx::VdsoSymbol& each : sgx::vdso_functions(kernels)) {
    // A kernel with SGX has one of its own.
    if (each.name != "__vdso_sgx_enter_enclave")
      functions.push_back({.name = std::string(each.name), .address = each.address});
  }
  const auto code = reinterpret_cast<uint64_t>(&twine_emulator_enter_enclave);
  const auto code_end = reinterpret_cast<uint64_t>(&twine_emulator_enter_end);
  const VdsoImage image = make_vdso_image({std::bit_cast<const uint8_t*>(code), code_end - code}, functions);
  void* const place =
      mmap(nullptr, image.bytes.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) refuse("no memory for the vDSO image");
  std::memcpy(place, image.bytes.data(), image.bytes.size());
  mprotect(place, image.bytes.size(), PROT_READ | PROT_EXEC);
  const auto base = std::bit_cast<uint64_t>(place);
  emulator::register_entry_function(base + image.entry_function);
  return base;
}

// The auxiliary vector lies behind the environment's terminating null, where programs walk to it.
void announce(char** environment, uint64_t base) {
  while (*environment != nullptr) ++environment;
  for (auto* entry = std::bit_cast<Elf64_auxv_t*>(environment + 1); entry->a_type != AT_NULL; ++entry) {
    if (entry->a_type == AT_SYSINFO_EHDR) entry->a_un.a_val = base;
  }
}

[[gnu::constructor]] void start(int /*argc*/, char** /*argv*/, char** environment) {
  if ((getauxval(AT_HWCAP2) & kHwcap2Fsgsbase) == 0)
    refuse("the emulator needs the FSGSBASE instructions in user mode (Linux 5.9, a processor of 2013)");
  const char* const text = std::getenv("TWINE_SGX_EPC");
  const std::optional<uint64_t> epc_bytes = text == nullptr ? kDefaultEpc : parse_epc_size(text);
  if (!epc_bytes)
    refuse("TWINE_SGX_EPC='" + std::string(text) + "' is no size from 1M to 1024G such as 128M or 4G");
  set_epc_size(*epc_bytes);
  image_base = map_vdso(getauxval(AT_SYSINFO_EHDR));
  announce(environment, image_base);

  emulator::install_signal_handlers();
  sigset_t mask;
  sigemptyset(&mask);  // whatever signals this process was started with blocked: those of faults cannot be
  emulator::set_signal_mask(SIG_BLOCK, &mask, &mask);
  emulator::set_signal_mask(SIG_SETMASK, &mask, nullptr);

  emulator::set_host_trap_hook(answer_cpuid);
  // Only what CPUID tells: the platform with this user's secret is made when a device is opened.
  constexpr std::array<uint8_t, 32> kNoSecret{};
  trap_cpuid(*new emulator::Platform(kNoSecret), *epc_bytes);
}

}  // namespace

uint64_t vdso_base() {
  return image_base;
}

}  // namespace twine::host::preload
