// Random sequences of leaf functions, ENCLS and ENCLU as they come, on one small enclave (emulator_leaf_world.h). After
// each, the invariants of the architecture must hold:
//
//   - a leaf that faults or reports an error leaves no trace;
//   - W never without R; TCS and TRIM without permissions; PENDING only of regular pages, MODIFIED only of TCS and
//     TRIM, PR only of regular ones;
//   - a page becomes writable and executable at once only by EADD, EACCEPTCOPY or EMODPE that asks for it;
//   - the host's protection of a page is never more than EPCM and VMA allow together;
//   - a page that was just added by EAUG reads as zero;
//   - a thread that can be entered has CSSA <= NSSA; one thread is active exactly when the processor is inside.
//
// Input: a byte of attributes, then operations of eight bytes:
//   leaf | page | second page | third page | flags (2) | low bits of the addresses | value
#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>

#include "unit/emulator_leaf_world.h"

namespace {

using namespace twine;
using host::emulator::ExitEvent;
using host::emulator::Outcome;
using sgx::Enclu;
using sgx::PageType;
using test::World;
using test::emulator::EpcmEntry;

constexpr uint64_t kPages = World::kSize / sgx::kEpcPageSize;

enum class Operation : uint8_t {
  eadd,
  eextend,
  eremove,
  eaug,
  emodpr,
  emodt,
  etrack,
  edbgrd,
  edbgwr,
  eenter,
  eresume,
  aex,
  enclu,
  map,
  write,  // by code inside, of what it may write
  count,
};

struct Step {
  Operation operation;
  uint8_t page[3];
  uint16_t flags;
  uint8_t low;
  uint8_t value;
};

[[noreturn]] void fail(const char* what, uint64_t page = 0) {
  std::fprintf(stderr, "invariant broken: %s (page %llu)\n", what, static_cast<unsigned long long>(page));
  std::abort();
}

class Fuzz {
 public:
  explicit Fuzz(uint8_t attributes) {
    constexpr uint64_t kChoices[] = {0, sgx::kAttributeDebug, sgx::kAttributeAexNotify,
                                     sgx::kAttributeKss | sgx::kAttributeProvisionKey};
    constexpr World::Stage kStages[] = {World::Stage::built, World::Stage::initialised, World::Stage::entered,
                                        World::Stage::exited};
    world.reach(kStages[attributes / 4 % 4], sgx::kAttributeMode64Bit | kChoices[attributes % 4]);
  }

  void carry_out(const Step& step) {
    prepare(step);
    const World::Snapshot before = world.snapshot();
    const Outcome outcome = act(step);
    const World::Snapshot after = world.snapshot();
    if (!outcome.ok()) {
      const std::string changed = World::difference(before, after, outcome.kind == Outcome::Kind::error);
      if (!changed.empty()) fail(("a leaf that failed changed: " + changed).c_str());
    }
    check(step, before, after);
  }

 private:
  [[nodiscard]] uint64_t address(const Step& step, size_t operand, uint64_t alignment) const {
    const uint64_t low = step.low % 16 == 0 ? step.low : 0;  // seldom unaligned
    return world.at(step.page[operand] % (kPages + 2) * sgx::kEpcPageSize) + low % alignment;
  }

  [[nodiscard]] static sgx::Secinfo secinfo_of(const Step& step) {
    return {.flags = step.flags & uint64_t{0xfff}, .reserved = {}};
  }

  // The operands in registers and memory.
  void prepare(const Step& step) {
    host::emulator::Registers& registers = world.registers();
    const bool entry = step.operation == Operation::eenter || step.operation == Operation::eresume;
    if (entry && !world.cpu.in_enclave()) {
      registers.rbx = address(step, 0, 4096);
      registers.rcx = World::kAep;
    }
    if (step.operation != Operation::enclu || !world.cpu.in_enclave()) return;
    registers.rax = step.value % 11;
    registers.rbx = address(step, 0, 4096);
    registers.rcx = address(step, 1, 4096);
    registers.rdx = address(step, 2, 4096);
    // SECINFO or KEYREQUEST, where there is a page to hold it.
    const uint64_t page = registers.rbx & ~uint64_t{4095};
    if (world.enclave.in_elrange(page) && host_may_write(page)) {
      const sgx::Secinfo secinfo = secinfo_of(step);
      std::memcpy(reinterpret_cast<void*>(page), &secinfo, sizeof secinfo);
    }
  }

  // As code inside would find it: the access is made only where it is allowed, and through the page tables.
  bool host_may_write(uint64_t page) {
    return world.enclave.access(page, host::emulator::Access::write).ok();
  }

  Outcome act(const Step& step) {
    host::emulator::Enclave& enclave = world.enclave;
    const uint64_t page = address(step, 0, 4096);
    switch (step.operation) {
      case Operation::eadd: {
        if (!enclave.in_elrange(page) || enclave.epcm.at(page).valid || !enclave.take_epc_page()) break;
        world.page.fill(0);
        world.page[28] = step.value;  // TCS.NSSA
        const Outcome outcome = host::emulator::eadd(enclave, page, world.page, secinfo_of(step));
        if (outcome.ok())
          enclave.epcm.at(page).max_protection = PROT_READ | PROT_WRITE | PROT_EXEC;
        else
          enclave.epc.give();
        return outcome;
      }
      case Operation::eextend:
        return host::emulator::eextend(enclave, address(step, 0, 512));
      case Operation::eremove:
        return host::emulator::eremove(enclave, page);
      case Operation::eaug: {
        const Outcome outcome = host::emulator::eaug(enclave, page);
        if (outcome.ok()) check_zero(page);
        return outcome;
      }
      case Operation::emodpr:
        return host::emulator::emodpr(enclave, page, secinfo_of(step));
      case Operation::emodt:
        return host::emulator::emodt(enclave, page, secinfo_of(step));
      case Operation::etrack:
        return host::emulator::etrack(enclave);
      case Operation::edbgrd:
        return host::emulator::edbgrd(enclave, page, world.value);
      case Operation::edbgwr:
        return host::emulator::edbgwr(enclave, page, step.value);
      case Operation::eenter:
      case Operation::eresume:
        if (world.cpu.in_enclave()) break;
        return step.operation == Operation::eenter ? host::emulator::eenter(world.cpu, enclave)
                                                   : host::emulator::eresume(world.cpu, enclave);
      case Operation::aex:
        if (world.cpu.in_enclave()) {
          host::emulator::asynchronous_exit(
              world.cpu, step.value % 4 == 0 ? ExitEvent::interrupt()
                                             : ExitEvent::exception(static_cast<sgx::Vector>(step.value % 22),
                                                                    step.flags, page));
        }
        break;
      case Operation::enclu:
        if (!world.cpu.in_enclave()) break;
        return host::emulator::enclu(world.cpu);
      case Operation::map: {
        const uint64_t whole = page & ~uint64_t{4095};
        if (enclave.memory.contains(whole))
          static_cast<void>(enclave.memory.map(whole, 4096, step.value % 8));
        break;
      }
      case Operation::write:
        if (world.cpu.in_enclave() && enclave.in_elrange(page) && host_may_write(page))
          *reinterpret_cast<uint8_t*>(page) = step.value;
        break;
      case Operation::count:
        break;
    }
    return test::emulator::done();
  }

  void check_zero(uint64_t page) {
    std::array<uint8_t, sgx::kEpcPageSize> content;
    if (!world.enclave.memory.read(page, content.data(), content.size()))
      fail("an added page cannot be read");
    for (const uint8_t byte : content) {
      if (byte != 0) fail("an added page is not zero", (page - world.base) / sgx::kEpcPageSize);
    }
  }

  static bool is_wx(const EpcmEntry& entry) { return entry.valid && entry.w && entry.x; }

  static void check_entry(const EpcmEntry& entry, uint64_t page) {
    if (!entry.valid) return;
    const bool regular = entry.is(PageType::reg);
    if (!regular && !entry.is(PageType::tcs) && !entry.is(PageType::trim)) fail("page type", page);
    if (entry.w && !entry.r) fail("W without R", page);
    if (!regular && entry.rwx() != 0) fail("permissions of a TCS or TRIM page", page);
    if (entry.pending && !regular) fail("PENDING of a page that is not regular", page);
    if (entry.modified && regular) fail("MODIFIED of a regular page", page);
    if (entry.pr && !regular) fail("PR of a page that is not regular", page);
  }

  void check(const Step& step, const World::Snapshot& before, const World::Snapshot& after) {
    const bool may_ask =
        step.operation == Operation::eadd || (step.operation == Operation::enclu &&
                                              (step.value % 11 == static_cast<unsigned>(Enclu::eacceptcopy) ||
                                               step.value % 11 == static_cast<unsigned>(Enclu::emodpe)));
    uint64_t valid = 0;
    uint64_t active = 0;
    for (uint64_t page = 0; page < kPages; ++page) {
      EpcmEntry& entry = world.entry(page * sgx::kEpcPageSize);
      check_entry(entry, page);
      if (is_wx(after.epcm[page]) && !is_wx(before.epcm[page]) && !may_ask)
        fail("W and X without being asked", page);
      const int allowed = world.enclave.memory.effective_protection(world.at(page * sgx::kEpcPageSize));
      if ((static_cast<int>(entry.host_protection) & ~allowed) != 0)
        fail("the host's protection exceeds", page);
      if (!entry.valid) continue;
      ++valid;
      if (!entry.is(PageType::tcs)) continue;
      const auto& state = world.enclave.tcs_at(world.at(page * sgx::kEpcPageSize));
      active += state.active ? 1 : 0;
      if (!entry.modified && state.tcs.cssa > state.tcs.nssa) fail("CSSA beyond NSSA", page);
    }
    if (valid != world.enclave.epcm.pages()) fail("the EPCM's count");
    if (active > 1 || (active == 1 && !after.inside))
      fail("more threads are active than processors are inside");
  }

  World world;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  Fuzz fuzz(data[0]);
  const std::span<const uint8_t> steps(data + 1, size - 1);
  for (size_t at = 0; at + 8 <= steps.size(); at += 8) {
    const auto byte = [&](size_t i) { return steps[at + i]; };
    fuzz.carry_out({.operation = static_cast<Operation>(byte(0) % static_cast<uint8_t>(Operation::count)),
                    .page = {byte(1), byte(2), byte(3)},
                    .flags = static_cast<uint16_t>(byte(4) | byte(5) << 8),
                    .low = byte(6),
                    .value = byte(7)});
  }
  return 0;
}
