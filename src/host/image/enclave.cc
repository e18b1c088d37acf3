#include "host/image/enclave.h"

#include <cpuid.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "host/image/hex.h"
#include "host/image/sigstruct.h"

namespace twine::image {
namespace {

struct Cpuid {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Cpuid cpuid(uint32_t leaf, uint32_t subleaf) {
  Cpuid result;
  __get_cpuid_count(leaf, subleaf, &result.eax, &result.ebx, &result.ecx,
                    &result.edx);  // zeroes beyond the highest leaf
  return result;
}

bool os_uses_xsave() {
  constexpr uint32_t kOsxsave = 1U << 27;
  return (cpuid(1, 0).ecx & kOsxsave) != 0;
}

uint64_t xcr0() {
  uint32_t low = 0;
  uint32_t high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

// Bytes of an XSAVE area in standard format (SDM vol. 1, "Standard Format of XSAVE Area"): legacy region and
// header, then each component where CPUID.0DH says. The places differ between vendors.
uint64_t xsave_size(uint64_t xfrm) {
  uint64_t size = 576;
  for (uint32_t component = 2; component < 63; ++component) {
    if ((xfrm >> component & 1) == 0) continue;
    const Cpuid place = cpuid(0x0d, component);
    size = std::max<uint64_t>(size, uint64_t{place.ebx} + place.eax);
  }
  return size;
}

int protection_of(const PageRun& run) {
  // SECINFO of a TCS has no permission bits; the processor reads and writes it all the same.
  if ((run.secinfo_flags & sgx::kSecinfoPageTypeMask) == sgx::secinfo_page_type(sgx::PageType::tcs))
    return PROT_READ | PROT_WRITE;
  int protection = PROT_NONE;
  if ((run.secinfo_flags & sgx::kSecinfoR) != 0) protection |= PROT_READ;
  if ((run.secinfo_flags & sgx::kSecinfoW) != 0) protection |= PROT_WRITE;
  if ((run.secinfo_flags & sgx::kSecinfoX) != 0) protection |= PROT_EXEC;
  return protection;
}

uint64_t address_of(const void* pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

Result<void> check(std::string_view call, int result) {
  if (result == 0) return {};
  return fail(result == -ENOMEM ? ErrorCode::out_of_memory : ErrorCode::io,
              host::sgx::describe(call, result));
}

Result<void> add_run(host::sgx::Driver& driver, const PageRun& run) {
  sgx::Secinfo secinfo{};
  secinfo.flags = run.secinfo_flags;
  // The kernel may stop early (a signal, a long run) and says in `count` how far it came.
  for (uint64_t done = 0; done < run.contents.size();) {
    sgx_enclave_add_pages argument{};
    argument.src = address_of(run.contents.data() + done);
    argument.offset = run.offset + done;
    argument.length = run.contents.size() - done;
    argument.secinfo = address_of(&secinfo);
    argument.flags = SGX_PAGE_MEASURE;
    const int result = driver.add_pages(argument);
    done += argument.count;
    if (result == -EINTR || result == -EAGAIN) continue;
    TWINE_TRY(check("SGX_IOC_ENCLAVE_ADD_PAGES", result));
    if (argument.count == 0)
      return fail(ErrorCode::internal, "SGX_IOC_ENCLAVE_ADD_PAGES added nothing and gave no reason");
  }
  return {};
}

std::unexpected<Error> other_image(const EnclaveImage& image, const sgx::Sigstruct& sigstruct) {
  return fail(ErrorCode::signature, fmt::format("the SIGSTRUCT was made for another enclave image: it names "
                                                "MRENCLAVE {}, this image has {}; sign it "
                                                "again with: twine sign",
                                                to_hex(sigstruct.enclavehash), to_hex(image.measure())));
}

}  // namespace

uint64_t choose_xfrm(uint32_t ssa_frame_pages) {
  if (!os_uses_xsave()) return sgx::kXfrmLegacy;
  constexpr uint32_t kCpuidSgx = 1U << 2;  // CPUID.07H:EBX
  uint64_t offered = xcr0();
  if ((cpuid(7, 0).ebx & kCpuidSgx) != 0) {
    const Cpuid sgx_attributes = cpuid(0x12, 1);
    offered &= uint64_t{sgx_attributes.edx} << 32 | sgx_attributes.ecx;
  }
  uint64_t xfrm = sgx::kXfrmLegacy;
  // In this order: AVX-512 needs AVX, and comes as a whole or not at all.
  for (const uint64_t feature : {sgx::kXfrmAvx, sgx::kXfrmAvx512, sgx::kXfrmPkru}) {
    if ((offered & feature) != feature) continue;
    if (feature == sgx::kXfrmAvx512 && (xfrm & sgx::kXfrmAvx) == 0) continue;
    if (xsave_size(xfrm | feature) <= sgx::ssa_exinfo_offset(ssa_frame_pages)) xfrm |= feature;
  }
  return xfrm;
}

Result<Enclave> Enclave::build(std::unique_ptr<host::sgx::Driver> driver, const EnclaveImage& image,
                               const sgx::Sigstruct& sigstruct, const BuildOptions& options) {
  TWINE_TRY(verify_sigstruct(sigstruct));
  if (options.debug && !allows_debug(sigstruct)) {
    return fail(ErrorCode::signature,
                "the SIGSTRUCT does not allow the DEBUG attribute: a debug enclave needs a signature of its "
                "own; make it "
                "with: twine sign --debug");
  }
  Enclave enclave;
  enclave.driver_ = std::move(driver);
  enclave.note_ = image.note();
  enclave.threads_ = image.tcs_offset(0);
  std::ranges::copy(sigstruct.enclavehash, enclave.mrenclave_.begin());  // EINIT compares it
  enclave.attributes_ = {.flags = sgx::kAttributeMode64Bit | (options.debug ? sgx::kAttributeDebug : 0),
                         .xfrm = choose_xfrm(image.note().ssa_frame_pages)};
  host::sgx::Driver& sgx_driver = *enclave.driver_;
  enclave.base_ = TWINE_TRY(sgx_driver.reserve(image.note().elrange_size));

  sgx::Secs secs{};
  secs.size = image.note().elrange_size;
  secs.baseaddr = enclave.base_;
  secs.ssaframesize = image.note().ssa_frame_pages;
  secs.miscselect = sgx::kMiscExinfo;
  secs.attributes = enclave.attributes_;
  const sgx_enclave_create create{.src = address_of(&secs)};
  TWINE_TRY(check("SGX_IOC_ENCLAVE_CREATE", sgx_driver.create(create)));

  for (const PageRun& run : image.runs()) TWINE_TRY(add_run(sgx_driver, run));

  sgx::Sigstruct aligned = sigstruct;
  const sgx_enclave_init init{.sigstruct = address_of(&aligned)};
  if (const int result = sgx_driver.init(init); result != 0) {
    if (result == static_cast<int>(sgx::ErrorCode::invalid_measurement)) return other_image(image, sigstruct);
    TWINE_TRY(check("SGX_IOC_ENCLAVE_INIT", result));
  }

  for (const PageRun& run : image.runs()) {
    TWINE_TRY(check("mmap of the enclave",
                    sgx_driver.map(enclave.base_ + run.offset, run.contents.size(), protection_of(run))));
  }
  return enclave;
}

}  // namespace twine::image
