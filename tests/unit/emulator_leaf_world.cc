#include "emulator_leaf_world.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "host/image/signing_key.h"
#include "host/image/sigstruct.h"

namespace twine::test {

using emulator::Outcome;
using sgx::kEpcPageSize;
using sgx::PageType;

namespace {

constexpr uint64_t kEpcBytes = uint64_t{64} * kEpcPageSize;
constexpr uint64_t kReg = sgx::secinfo_page_type(PageType::reg);
constexpr uint64_t kRw = sgx::kSecinfoR | sgx::kSecinfoW;
constexpr size_t kMxcsrOffset = 24;

// A step that must succeed before a leaf is on trial.
void must(const Outcome& outcome) {
  if (!outcome.ok()) {
    ADD_FAILURE() << "the base case cannot be set up";
    std::abort();
  }
}

void must(bool done) {
  must(done ? emulator::done() : emulator::general_protection());
}

const image::SigningKey& signing_key() {
  static const auto key = [] {
    auto generated = image::SigningKey::generate();
    must(generated.has_value());
    return std::make_unique<image::SigningKey>(std::move(*generated));
  }();
  return *key;
}

}  // namespace

World::World(uint8_t secret)
    : platform(std::array<uint8_t, 32>{secret}), epc(kEpcBytes, false), enclave(platform, epc) {
  const auto reserved = enclave.memory.reserve(kSize);
  must(reserved.has_value());
  base = *reserved;
  const uint32_t mxcsr[2] = {0x1f80, 0xffff};
  std::memcpy(extended_.data() + kMxcsrOffset, mxcsr, sizeof mxcsr);
  cpu.extended.area = extended_.data();
  cpu.extended.features = platform.supported_xfrm();
  cpu.registers = {.rax = static_cast<uint64_t>(sgx::Enclu::eenter),
                   .rcx = kAep,
                   .rdx = 0,
                   .rbx = at(kTcs),
                   .rsp = 0x7fff0000,
                   .rbp = 0x7fff1000,
                   .rsi = 1,
                   .rdi = 2,
                   .r8 = 8,
                   .r9 = 9,
                   .r10 = 10,
                   .r11 = 11,
                   .r12 = 12,
                   .r13 = 13,
                   .r14 = 14,
                   .r15 = 15,
                   .rflags = 0x202,
                   .rip = kNextRip,
                   .fsbase = kHostFs,
                   .gsbase = kHostGs};
}

void World::write(uint64_t offset, const void* source, size_t size) {
  must(enclave.memory.write(at(offset), source, size));
}

void World::read(uint64_t offset, void* destination, size_t size) const {
  must(enclave.memory.read(at(offset), destination, size));
}

void World::add(uint64_t offset, uint64_t secinfo_flags, const std::array<uint8_t, kEpcPageSize>& content) {
  must(enclave.take_epc_page());
  must(emulator::eadd(enclave, at(offset), content, {.flags = secinfo_flags, .reserved = {}}));
  entry(offset).max_protection = PROT_READ | PROT_WRITE | PROT_EXEC;
  for (uint64_t chunk = 0; chunk < kEpcPageSize; chunk += sgx::kEextendChunk)
    must(emulator::eextend(enclave, at(offset + chunk)));
}

void World::build() {
  page.fill(0xcc);
  page[0x10] = 0x0f;  // CPUID
  page[0x11] = 0xa2;
  add(kCode, kReg | sgx::kSecinfoR | sgx::kSecinfoX, page);
  page.fill(0);
  for (const uint64_t offset : {kTcs, kSecondTcs}) {
    sgx::Tcs thread{};
    thread.ossa = offset + kEpcPageSize;
    thread.nssa = 3;
    thread.oentry = kCode;
    thread.ofsbasgx = kOperands;
    thread.ogsbasgx = kMoreOperands;
    if ((enclave.secs.attributes.flags & sgx::kAttributeAexNotify) != 0) thread.flags = sgx::kTcsAexnotify;
    std::memcpy(page.data(), &thread, sizeof thread);
    add(offset, sgx::secinfo_page_type(PageType::tcs), page);
    page.fill(0);
    for (uint64_t frame = 1; frame <= thread.nssa; ++frame)
      add(offset + frame * kEpcPageSize, kReg | kRw, page);
  }
  add(kOperands, kReg | kRw, page);
  add(kMoreOperands, kReg | kRw, page);
  add(kReadOnly, kReg | sgx::kSecinfoR, page);
}

void World::add_dynamic_pages() {
  for (uint64_t offset = kPending; offset <= kNewTcs; offset += kEpcPageSize) {
    must(emulator::eaug(enclave, at(offset)));
    if (offset != kPending) entry(offset).pending = 0;  // EACCEPT, whose trial is elsewhere
  }
  std::array<uint8_t, kEpcPageSize> filling;
  filling.fill(0x5a);
  put(kAccepted, filling);
  put(kRestricted, filling);
  sgx::Tcs thread{};
  thread.nssa = 1;
  put(kNewTcs, thread);
  const auto type = [](PageType wanted) {
    return sgx::Secinfo{.flags = sgx::secinfo_page_type(wanted), .reserved = {}};
  };
  must(emulator::emodpr(enclave, at(kRestricted), {.flags = sgx::kSecinfoR, .reserved = {}}));
  must(emulator::emodt(enclave, at(kTrim), type(PageType::trim)));
  must(emulator::emodt(enclave, at(kTrimmed), type(PageType::trim)));
  entry(kTrimmed).modified = 0;
  must(emulator::emodt(enclave, at(kNewTcs), type(PageType::tcs)));
  must(emulator::etrack(enclave));
}

void World::reach(Stage stage, uint64_t attribute_flags) {
  secs.size = kSize;
  secs.baseaddr = base;
  secs.ssaframesize = 1;
  secs.miscselect = sgx::kMiscExinfo;
  secs.attributes = {.flags = attribute_flags, .xfrm = sgx::kXfrmLegacy};
  secinfo.flags = sgx::secinfo_page_type(PageType::secs);
  if (stage == Stage::nothing) return;

  must(enclave.take_epc_page());
  must(emulator::ecreate(enclave, secs, secinfo));
  must(enclave.epcm.open(base, kSize).has_value());
  has_epcm_ = true;
  must(enclave.memory.map(base, 0x20000, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
  secinfo.flags = kReg | kRw;
  linaddr = at(kHole);
  if (stage == Stage::created) return;

  build();
  sigstruct = image::make_sigstruct(enclave.measurement.digest(), {.date = 0x20250101});
  sigstruct.attributes = secs.attributes;
  sigstruct.attributemask = {.flags = ~sgx::kAttributeInit, .xfrm = ~uint64_t{0}};
  sigstruct.miscselect = secs.miscselect;
  sigstruct.miscmask = ~uint32_t{0};
  if (stage == Stage::built) return;

  // EINIT has its own trial: here only what it leaves behind, without a signature's price.
  enclave.secs.attributes.flags |= sgx::kAttributeInit;
  enclave.secs.isvprodid = 9;
  enclave.secs.isvsvn = 3;
  must(enclave.patches.apply(enclave));
  add_dynamic_pages();
  if (stage == Stage::initialised) return;

  must(emulator::eenter(cpu, enclave));
  if (stage == Stage::exited) emulator::asynchronous_exit(cpu, emulator::ExitEvent::interrupt());
}

void World::unmap(uint64_t offset) {
  must(enclave.memory.unmap(at(offset), kEpcPageSize) == 0);
}

void World::protect(uint64_t offset, int protection) {
  must(enclave.memory.protect(at(offset), kEpcPageSize, protection) == 0);
}

void World::remove(uint64_t offset) {
  unmap(offset);
  must(enclave.memory.discard(at(offset)) == 0);
  enclave.erase_page(at(offset));
}

uint64_t World::gpr_offset(uint32_t index) const {
  return kSsa + uint64_t{index} * kEpcPageSize + sgx::ssa_gpr_offset(1);
}

void World::change_gpr(void (*change_it)(sgx::SsaGpr&), uint32_t index) {
  change<sgx::SsaGpr>(gpr_offset(index), change_it);
}

void World::sign() {
  must(signing_key().sign(sigstruct).has_value());
  const auto mrsigner = image::mrsigner_of(sigstruct);
  std::copy(mrsigner.begin(), mrsigner.end(), lepubkeyhash.begin());
}

void World::seal_token() {
  emulator::KeyDependencies dependencies;
  dependencies.keyname = static_cast<uint16_t>(sgx::KeyName::einittoken);
  dependencies.isvprodid = token.isvprodidle;
  dependencies.isvsvn = token.isvsvnle;
  dependencies.attributes = token.maskedattributesle;
  dependencies.miscselect = token.maskedmiscselectle;
  std::copy(lepubkeyhash.begin(), lepubkeyhash.end(), dependencies.mrsigner);
  std::memcpy(dependencies.keyid, token.keyid, sizeof token.keyid);
  std::memcpy(dependencies.cpusvn, token.cpusvnle, sizeof token.cpusvnle);
  constexpr size_t kMaced = 192;
  const auto mac = emulator::aes_cmac(platform.derive_key(dependencies),
                                      std::span(reinterpret_cast<const uint8_t*>(&token), kMaced));
  std::copy(mac.begin(), mac.end(), token.mac);
}

World::Snapshot World::snapshot() {
  Snapshot snapshot{.epcm = {},
                    .threads = {},
                    .active = {},
                    .secs = enclave.secs,
                    .registers = cpu.registers,
                    .inside = cpu.in_enclave()};
  if (has_epcm_) {
    for (uint64_t offset = 0; offset < kSize; offset += kEpcPageSize) {
      emulator::EpcmEntry copy = entry(offset);
      // The host's page, not the processor's entry.
      copy.host_protection = 0;
      copy.guarded = 0;
      copy.touched = 0;
      snapshot.epcm.push_back(copy);
    }
  }
  for (const emulator::TcsState& state : enclave.tcs) {
    snapshot.threads.push_back(state.tcs);
    snapshot.active.push_back(state.active);
  }
  return snapshot;
}

std::string World::difference(const Snapshot& before, const Snapshot& after, bool error) {
  for (size_t page = 0; page < before.epcm.size(); ++page) {
    if (!before.epcm[page].valid) continue;  // the operating system may have added one
    if (std::memcmp(&before.epcm[page], &after.epcm[page], sizeof before.epcm[page]) != 0)
      return "EPCM entry of page " + std::to_string(page);
  }
  if (before.threads.size() != after.threads.size()) return "number of TCSs";
  for (size_t i = 0; i < before.threads.size(); ++i) {
    if (std::memcmp(&before.threads[i], &after.threads[i], sizeof(sgx::Tcs)) != 0)
      return "TCS " + std::to_string(i);
  }
  if (before.active != after.active) return "TCS.STATE";
  if (std::memcmp(&before.secs, &after.secs, sizeof(sgx::Secs)) != 0) return "SECS";
  if (before.inside != after.inside) return "enclave mode";
  emulator::Registers expected = before.registers;
  if (error) {
    expected.rax = after.registers.rax;
    expected.rflags = after.registers.rflags;
  }
  if (std::memcmp(&expected, &after.registers, sizeof expected) != 0) return "registers";
  return "";
}

}  // namespace twine::test
