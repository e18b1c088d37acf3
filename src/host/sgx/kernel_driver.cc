// The Driver over the Linux kernel's SGX driver: system calls and the vDSO, nothing else.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/sgx/arch.h"
#include "host/sgx/driver.h"
#include "host/sgx/vdso.h"
#include "host/sgx/vdso_call.h"

namespace twine::host::sgx {
namespace {

using twine::sgx::Enclu;
using twine::sgx::kEpcPageSize;

constexpr char kEnclaveDevice[] = "/dev/sgx_enclave";
constexpr char kProvisionDevice[] = "/dev/sgx_provision";

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

void* pointer(uint64_t address) {
  return std::bit_cast<void*>(address);
}

class KernelDriver final : public Driver {
 public:
  KernelDriver(Descriptor device, vdso_sgx_enter_enclave_t entry)
      : device_(std::move(device)), entry_(entry) {}
  // Unmapping takes the enclave's last references but the descriptor's; closing that ends the enclave.
  ~KernelDriver() override {
    if (size_ != 0) munmap(pointer(base_), size_);
  }

  [[nodiscard]] std::string_view name() const override { return "hardware"; }

  [[nodiscard]] Result<uint64_t> reserve(uint64_t size) override {
    if (size_ != 0)
      return fail(twine::ErrorCode::invalid_argument, "an enclave's address range is reserved once");
    if (!std::has_single_bit(size) || size < 2 * kEpcPageSize) {
      return fail(twine::ErrorCode::invalid_argument,
                  "the size of ELRANGE must be a power of two of at least two pages");
    }
    // The base must be aligned to the size: reserve twice as much and give back what lies around the aligned
    // half.
    void* const area = mmap(nullptr, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area == MAP_FAILED) {
      return fail(
          twine::ErrorCode::out_of_memory,
          fmt::format("the enclave's address range ({} GiB, twice that while it is aligned) cannot be "
                      "reserved: {}; raise ulimit -v",
                      size >> 30, std::strerror(errno)));
    }
    const auto start = std::bit_cast<uint64_t>(area);
    base_ = (start + size - 1) / size * size;
    size_ = size;
    if (base_ != start) munmap(area, base_ - start);
    if (base_ != start + size) munmap(pointer(base_ + size), start + size - base_);
    return base_;
  }

  [[nodiscard]] int create(const sgx_enclave_create& argument) override {
    return control(SGX_IOC_ENCLAVE_CREATE, &argument);
  }

  [[nodiscard]] int add_pages(sgx_enclave_add_pages& argument) override {
    // The kernel stops early for signals and rescheduling and says how far it came; src, offset and length
    // are ours to advance.
    sgx_enclave_add_pages rest = argument;
    argument.count = 0;
    while (rest.length != 0) {
      rest.count = 0;
      const int result = control(SGX_IOC_ENCLAVE_ADD_PAGES, &rest);
      const uint64_t done = rest.count;
      argument.count += done;
      rest.src += done;
      rest.offset += done;
      rest.length -= done;
      if (result != 0 && result != -EINTR) return result;
      if (result == 0 && done == 0) return -EIO;
    }
    pages_ += argument.count / kEpcPageSize;
    return 0;
  }

  [[nodiscard]] int init(const sgx_enclave_init& argument) override {
    int result = 0;
    do {
      result = control(SGX_IOC_ENCLAVE_INIT, &argument);
    } while (result == -EINTR);
    return result;
  }

  [[nodiscard]] int provision() override {
    const Descriptor provision_device(open(kProvisionDevice, O_RDONLY | O_CLOEXEC));
    if (provision_device.get() < 0) return -errno;
    const sgx_enclave_provision argument{.fd = static_cast<uint64_t>(provision_device.get())};
    return control(SGX_IOC_ENCLAVE_PROVISION, &argument);
  }

  [[nodiscard]] int restrict_permissions(sgx_enclave_restrict_permissions& argument) override {
    return in_pieces(SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS, argument);
  }
  [[nodiscard]] int modify_types(sgx_enclave_modify_types& argument) override {
    return in_pieces(SGX_IOC_ENCLAVE_MODIFY_TYPES, argument);
  }
  [[nodiscard]] int remove_pages(sgx_enclave_remove_pages& argument) override {
    const int result = in_pieces(SGX_IOC_ENCLAVE_REMOVE_PAGES, argument);
    pages_ -= argument.count / kEpcPageSize;
    return result;
  }

  [[nodiscard]] int map(uint64_t address, uint64_t length, int protection) override {
    if (!within_reservation(address, length)) return -EINVAL;
    void* const wanted = pointer(address);
    // The driver ignores the file offset; the address alone says which page of the enclave is meant.
    void* const mapped = mmap(wanted, length, protection, MAP_SHARED | MAP_FIXED, device_.get(), 0);
    return mapped == MAP_FAILED ? -errno : 0;
  }

  [[nodiscard]] int protect(uint64_t address, uint64_t length, int protection) override {
    if (!within_reservation(address, length)) return -EINVAL;
    return mprotect(pointer(address), length, protection) == 0 ? 0 : -errno;
  }

  [[nodiscard]] int unmap(uint64_t address, uint64_t length) override {
    if (!within_reservation(address, length)) return -EINVAL;
    // Not munmap: the range must stay reserved, or the next mmap of anything could land inside ELRANGE.
    void* const mapped = mmap(pointer(address), length, PROT_NONE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    return mapped == MAP_FAILED ? -errno : 0;
  }

  [[nodiscard]] int enter(uint64_t rdi, uint64_t rsi, uint64_t rdx, uint32_t function, uint64_t r8,
                          uint64_t r9, sgx_enclave_run* run) override {
    (function == static_cast<uint32_t>(Enclu::eenter) ? enters_ : resumes_)
        .fetch_add(1, std::memory_order_relaxed);
    const int result = call_vdso(entry_, rdi, rsi, rdx, function, r8, r9, run);
    if (run->function == static_cast<uint32_t>(Enclu::eexit)) {
      exits_.fetch_add(1, std::memory_order_relaxed);
    } else if (run->function == static_cast<uint32_t>(Enclu::eresume)) {
      asynchronous_exits_.fetch_add(1, std::memory_order_relaxed);
    }
    return result;
  }

  [[nodiscard]] int set_signal_action(int signal, const struct sigaction* action,
                                      struct sigaction* previous) override {
    return sigaction(signal, action, previous);
  }

  [[nodiscard]] DriverStatistics statistics() const override {
    // Pages that the kernel added on a fault are not told to user space.
    return {.enters = enters_,
            .exits = exits_,
            .resumes = resumes_,
            .asynchronous_exits = asynchronous_exits_,
            .pages_committed = pages_,
            .pages_peak = pages_,
            .exact = false};
  }

 private:
  template <typename Argument>
  int control(unsigned long request, Argument* argument) {
    return ioctl(device_.get(), request, argument) < 0 ? -errno : 0;
  }

  // The SGX2 ioctls also stop early (EAGAIN, EINTR) after `count` bytes, and want count = result = 0 on the
  // way in.
  template <typename Argument>
  int in_pieces(unsigned long request, Argument& argument) {
    Argument rest = argument;
    uint64_t done = 0;
    int result = 0;
    while (done < argument.length) {
      rest.offset = argument.offset + done;
      rest.length = argument.length - done;
      rest.count = 0;
      if constexpr (requires { rest.result; }) rest.result = 0;
      result = control(request, &rest);
      done += rest.count;
      const bool interrupted = result == -EINTR || (result == -EAGAIN && rest.count != 0);
      if (result != 0 && !interrupted) break;
      if (result == 0 && rest.count == 0) return -EIO;
    }
    argument.count = done;
    if constexpr (requires { argument.result; }) argument.result = rest.result;
    return done == argument.length ? 0 : result;
  }

  [[nodiscard]] bool within_reservation(uint64_t address, uint64_t length) const {
    return address >= base_ && length <= size_ && address - base_ <= size_ - length;
  }

  Descriptor device_;
  vdso_sgx_enter_enclave_t entry_;
  uint64_t base_ = 0;
  uint64_t size_ = 0;
  std::atomic<uint64_t> pages_{0};
  std::atomic<uint64_t> enters_{0};
  std::atomic<uint64_t> exits_{0};
  std::atomic<uint64_t> resumes_{0};
  std::atomic<uint64_t> asynchronous_exits_{0};
};

}  // namespace

Result<std::unique_ptr<Driver>> open_kernel_driver() {
  const Probe machine = probe();
  const std::string missing = hardware_missing(machine);
  if (!missing.empty()) {
    const bool only_permission = machine.device_present && !machine.device_readable;
    return fail(only_permission ? twine::ErrorCode::permission : twine::ErrorCode::not_found, missing);
  }
  Descriptor device(open(kEnclaveDevice, O_RDWR | O_CLOEXEC));
  if (device.get() < 0)
    return fail(twine::ErrorCode::io, fmt::format("{}: {}", kEnclaveDevice, std::strerror(errno)));
  const void* const entry = find_in_vdso("__vdso_sgx_enter_enclave");
  return std::make_unique<KernelDriver>(std::move(device), std::bit_cast<vdso_sgx_enter_enclave_t>(entry));
}

}  // namespace twine::host::sgx
