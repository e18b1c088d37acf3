#include <fmt/format.h>

#include <algorithm>

#include "cli/inspect.h"
#include "host/image/enclave_image.h"
#include "host/image/hex.h"
#include "host/image/sigstruct.h"

namespace twine::cli {
namespace {

std::string bytes(uint64_t size) {
  for (const auto& [shift, unit] : {std::pair{30, "GiB"}, {20, "MiB"}, {10, "KiB"}}) {
    if (size >= uint64_t{1} << shift && size % (uint64_t{1} << shift) == 0)
      return fmt::format("{} {}", size >> shift, unit);
  }
  return fmt::format("{} bytes", grouped(size));
}

std::string region(uint64_t offset, uint64_t size) {
  return fmt::format("at {:#x}, {}", offset, bytes(size));
}

std::string permissions(uint64_t flags) {
  if ((flags & sgx::kSecinfoPageTypeMask) == sgx::secinfo_page_type(sgx::PageType::tcs)) return "TCS";
  return fmt::format("{}{}{}", (flags & sgx::kSecinfoR) != 0 ? 'R' : '-',
                     (flags & sgx::kSecinfoW) != 0 ? 'W' : '-', (flags & sgx::kSecinfoX) != 0 ? 'X' : '-');
}

struct Bit {
  uint64_t mask;
  const char* name;
};

std::string bits(uint64_t value, std::span<const Bit> known) {
  std::string text = fmt::format("{:#x}", value);
  if (value == ~uint64_t{0}) return text + " (all)";
  std::string names;
  for (const Bit& bit : known) {
    if ((value & bit.mask) == bit.mask) names += fmt::format("{}{}", names.empty() ? "" : " ", bit.name);
  }
  return names.empty() ? text : text + " (" + names + ")";
}

constexpr Bit kFlags[] = {{sgx::kAttributeInit, "INIT"},
                          {sgx::kAttributeDebug, "DEBUG"},
                          {sgx::kAttributeMode64Bit, "MODE64BIT"},
                          {sgx::kAttributeProvisionKey, "PROVISIONKEY"},
                          {sgx::kAttributeEinittokenKey, "EINITTOKEN_KEY"},
                          {sgx::kAttributeCet, "CET"},
                          {sgx::kAttributeKss, "KSS"},
                          {sgx::kAttributeAexNotify, "AEXNOTIFY"}};
constexpr Bit kXfrm[] = {{sgx::kXfrmX87, "x87"},       {sgx::kXfrmSse, "SSE"},
                         {sgx::kXfrmAvx, "AVX"},       {sgx::kXfrmBndregs, "BNDREGS"},
                         {sgx::kXfrmBndcsr, "BNDCSR"}, {sgx::kXfrmAvx512, "AVX-512"},
                         {sgx::kXfrmPkru, "PKRU"},     {sgx::kXfrmAmx, "AMX"}};
constexpr Bit kMisc[] = {{sgx::kMiscExinfo, "EXINFO"}};

std::string describe_layout(const ImageNote& note) {
  std::string text;
  text += row("ELRANGE", bytes(note.elrange_size));
  text += row("threads", fmt::format("{}, each {} SSA frames of {} page{}", note.tcs_count, note.nssa,
                                     note.ssa_frame_pages, note.ssa_frame_pages == 1 ? "" : "s"));
  text += row("stacks", fmt::format("runtime {}, exceptions {}, guest {}, guards {}",
                                    bytes(note.runtime_stack_size), bytes(note.exception_stack_size),
                                    bytes(note.guest_stack_size), bytes(note.guard_size)));
  text += row("heap", region(note.heap_offset, note.heap_size));
  text += row("compiled code", region(note.code_offset, note.code_size));
  text += row("linear memories", region(note.wasm_offset, note.wasm_size));
  text += row("ISVPRODID", std::to_string(note.isv_prod_id));
  text += row("ISVSVN", std::to_string(note.isv_svn));
  return text;
}

}  // namespace

Result<std::string> inspect_enclave(std::span<const uint8_t> file) {
  const image::EnclaveImage enclave = TWINE_TRY(image::EnclaveImage::from_elf(file));
  std::string text = fmt::format("enclave image, {} bytes\n", grouped(file.size()));
  text += row("MRENCLAVE", image::to_hex(enclave.measure()));
  text += row("entry point", fmt::format("{:#x}", enclave.entry()));
  text += describe_layout(enclave.note());
  text += row("added at start", fmt::format("{} pages, {}", grouped(enclave.added_bytes() / kPageSize),
                                            bytes(enclave.added_bytes())));
  text += "pages added and measured\n      offset   pages  permissions\n";
  for (const image::PageRun& run : enclave.runs()) {
    text += fmt::format("  {:>#10x}  {:>6}  {}\n", run.offset, run.contents.size() / kPageSize,
                        permissions(run.secinfo_flags));
  }
  return text;
}

Result<std::string> inspect_sigstruct(std::span<const uint8_t> file) {
  const sgx::Sigstruct s = TWINE_TRY(image::parse_sigstruct(file));
  const Result<void> verified = image::verify_sigstruct(s);
  std::string text = "SIGSTRUCT\n";
  text += row("verifies",
              verified ? "yes: header, RSA-3072 signature, Q1, Q2" : "NO: " + verified.error().message);
  text += row("DEBUG", image::allows_debug(s)
                           ? "ALLOWED: an enclave started with it can be read and changed by its host"
                           : "refused");
  text += row("MRSIGNER", image::to_hex(image::mrsigner_of(s)));
  text += row("HEADER", image::to_hex(s.header));
  text += row("VENDOR",
              fmt::format("{:#x}{}", s.vendor, s.vendor == sgx::kSigstructVendorIntel ? " (Intel)" : ""));
  text += row("DATE", fmt::format("{:04x}-{:02x}-{:02x}", s.date >> 16, s.date >> 8 & 0xff, s.date & 0xff));
  text += row("HEADER2", image::to_hex(s.header2));
  text += row("SWDEFINED", fmt::format("{:#x}", s.swdefined));
  text += row("MISCSELECT", bits(s.miscselect, kMisc));
  text += row("MISCMASK", bits(s.miscmask, kMisc));
  text += row("CET_ATTRIBUTES", fmt::format("{:#x}, mask {:#x}", s.cet_attributes, s.cet_attributes_mask));
  text += row("ISVFAMILYID", image::to_hex(s.isvfamilyid));
  text += row("ATTRIBUTES", bits(s.attributes.flags, kFlags));
  text += row("  mask", bits(s.attributemask.flags, kFlags));
  text += row("  XFRM", bits(s.attributes.xfrm, kXfrm));
  text += row("  XFRM mask", fmt::format("{:#x} (free: {})", s.attributemask.xfrm,
                                         bits(~s.attributemask.xfrm & 0x602ff, kXfrm)));
  text += row("ENCLAVEHASH", image::to_hex(s.enclavehash));
  text += row("ISVEXTPRODID", image::to_hex(s.isvextprodid));
  text += row("ISVPRODID", std::to_string(s.isvprodid));
  text += row("ISVSVN", std::to_string(s.isvsvn));
  text += row("EXPONENT", std::to_string(s.exponent));
  // Numbers most significant byte first, as other tools print them.
  const auto number = [](std::span<const uint8_t> little_endian) {
    std::vector<uint8_t> bytes(little_endian.rbegin(), little_endian.rend());
    return image::to_hex(bytes);
  };
  text += row("MODULUS", number(s.modulus));
  text += row("SIGNATURE", number(s.signature));
  text += row("Q1", number(s.q1));
  text += row("Q2", number(s.q2));
  return text;
}

}  // namespace twine::cli
