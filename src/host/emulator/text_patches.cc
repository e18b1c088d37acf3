#include "host/emulator/text_patches.h"

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <mutex>
#include <utility>

#include "host/emulator/enclave.h"

namespace twine::host::emulator {

using sgx::kEpcPageSize;

namespace {

constexpr uint8_t kHlt = 0xf4;

using x86::InstructionClass;

// Code and the sites in it, by offset.
struct Scanned {
  std::vector<uint8_t> code;
  std::vector<TextPatches::Site> sites;
};

// Most processes that build several enclaves build the same one again, and disassembling takes a third of that: what was scanned last is kept.
std::shared_ptr<const Scanned> scan(std::vector<uint8_t> code) {
  static std::mutex mutex;
  static std::shared_ptr<const Scanned> last;
  const std::lock_guard lock(mutex);
  if (last != nullptr && last->code == code) return last;
  auto scanned = std::make_shared<Scanned>();
  x86::disassemble(code, [&](uint64_t offset, const ZydisDecodedInstruction& instruction) {
    const InstructionClass kind = x86::classify(instruction);
    if (kind != InstructionClass::enclu && kind != InstructionClass::illegal &&
        kind != InstructionClass::umip)
      return;
    scanned->sites.push_back({.address = offset, .original = code[offset], .kind = kind});
  });
  scanned->code = std::move(code);
  last = std::move(scanned);
  return last;
}

}  // namespace

void TextPatches::add_sites(uint64_t address, std::vector<uint8_t> code) {
  const std::shared_ptr<const Scanned> scanned = scan(std::move(code));
  for (Site site : scanned->sites) {
    site.address += address;
    sites_.push_back(site);
  }
}

bool TextPatches::apply(Enclave& enclave) {
  const uint64_t end = enclave.secs.baseaddr + enclave.secs.size;
  const auto executable = [&](uint64_t page) {
    return page < end && enclave.epcm.at(page).valid && enclave.epcm.at(page).x;
  };
  uint64_t page = enclave.epcm.next_valid(enclave.secs.baseaddr, end);
  while (page < end) {
    uint64_t run_end = page;
    while (executable(run_end)) run_end += kEpcPageSize;
    if (run_end != page) {
      std::vector<uint8_t> code(run_end - page);
      if (!enclave.memory.read(page, code.data(), code.size())) return false;
      add_sites(page, std::move(code));
    }
    page = enclave.epcm.next_valid(std::max(run_end, page + kEpcPageSize), end);
  }
  return std::all_of(sites_.begin(), sites_.end(), [&](const Site& site) {
    return enclave.memory.write(site.address, &kHlt, sizeof kHlt);
  });
}

const TextPatches::Site* TextPatches::find(uint64_t address) const {
  const auto site = std::lower_bound(sites_.begin(), sites_.end(), address,
                                     [](const Site& each, uint64_t wanted) { return each.address < wanted; });
  return site != sites_.end() && site->address == address ? &*site : nullptr;
}

template <typename From, typename To>
void TextPatches::replace_bytes(uint64_t address, uint64_t& bytes, From from, To to) const {
  auto content = std::bit_cast<std::array<uint8_t, sizeof bytes>>(bytes);
  auto site = std::lower_bound(sites_.begin(), sites_.end(), address,
                               [](const Site& each, uint64_t wanted) { return each.address < wanted; });
  for (; site != sites_.end() && site->address < address + content.size(); ++site) {
    uint8_t& byte = content[site->address - address];
    if (byte == from(*site)) byte = to(*site);
  }
  bytes = std::bit_cast<uint64_t>(content);
}

void TextPatches::conceal(uint64_t address, uint64_t& bytes) const {
  replace_bytes(
      address, bytes, [](const Site&) { return kHlt; }, [](const Site& site) { return site.original; });
}

void TextPatches::restore(uint64_t address, uint64_t& bytes) const {
  replace_bytes(
      address, bytes, [](const Site& site) { return site.original; }, [](const Site&) { return kHlt; });
}

void TextPatches::reveal(Enclave& enclave, const Site& site) const {
  if (!enclave.memory.write(site.address, &site.original, sizeof site.original))
    std::abort();  // it was written before
}

void TextPatches::hide(Enclave& enclave, const Site& site) const {
  if (!enclave.memory.write(site.address, &kHlt, sizeof kHlt)) std::abort();  // it was written before
}

}  // namespace twine::host::emulator
