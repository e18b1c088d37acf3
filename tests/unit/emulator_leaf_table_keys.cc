// EREPORT, EGETKEY.
#include <gtest/gtest.h>

#include "emulator_leaf_table.h"

namespace twine::test {

using Stage = World::Stage;
using emulator::Access;
using emulator::Registers;
using sgx::ErrorCode;
using sgx::KeyName;

namespace {

Leaf ereport_leaf() {
  Leaf leaf {
    .name = "EREPORT", .stage = Stage::entered,
    .arrange =
        TWINE_DO(w.registers().rbx = w.at(World::kOperands); w.registers().rcx = w.at(World::kMoreOperands);
                 w.registers().rdx = w.at(World::kAccepted)),
    .act = [](World& w) { return emulator::ereport(w.cpu); }, .rows = {}
  };
  add_operand_rows(leaf, {"RBX (TARGETINFO)", &Registers::rbx, 512, Access::read});
  const auto reserved = [](void (*change)(sgx::TargetInfo&)) {
    return [=](World& w) { w.change<sgx::TargetInfo>(World::kOperands, change); };
  };
  const std::vector<Row> rows = {
      {"TARGETINFO.CET_ATTRIBUTES is set, which is reserved without CET",
       reserved([](sgx::TargetInfo& t) { t.cet_attributes = 1; }), gp()},
      {"the reserved byte behind CET_ATTRIBUTES is set",
       reserved([](sgx::TargetInfo& t) { t.reserved1 = 1; }), gp()},
      {"a reserved byte behind MISCSELECT is set", reserved([](sgx::TargetInfo& t) { t.reserved2[7] = 1; }),
       gp()},
      {"the last byte of TARGETINFO is set", reserved([](sgx::TargetInfo& t) { t.reserved3[383] = 1; }),
       gp()},
  };
  leaf.rows.insert(leaf.rows.end(), rows.begin(), rows.end());
  add_operand_rows(leaf, {"RCX (REPORTDATA)", &Registers::rcx, 128, Access::read});
  add_operand_rows(leaf, {"RDX (OUTPUTDATA)", &Registers::rdx, 512, Access::write});
  const std::vector<Row> order = {
      {"RBX has no mapping, and RCX is not aligned",
       TWINE_DO(w.unmap(World::kOperands); w.registers().rcx += 8), pf(World::kOperands)},
      {"a reserved byte of TARGETINFO is set, and RCX has no mapping",
       TWINE_DO(w.change<sgx::TargetInfo>(World::kOperands, [](sgx::TargetInfo& t) { t.reserved3[0] = 1; });
                w.unmap(World::kMoreOperands)),
       gp()},
      {"RBX is PENDING, and a reserved byte of TARGETINFO is set",
       TWINE_DO(w.change<sgx::TargetInfo>(World::kOperands, [](sgx::TargetInfo& t) { t.reserved3[0] = 1; });
                w.entry(World::kOperands).pending = 1),
       epcm_pf(World::kOperands)},
      {"RCX is not aligned, and RDX has no mapping",
       TWINE_DO(w.registers().rcx += 8; w.unmap(World::kAccepted)), gp()},
      {"RCX is BLOCKED, and RDX is not aligned",
       TWINE_DO(w.entry(World::kMoreOperands).blocked = 1; w.registers().rdx += 8),
       epcm_pf(World::kMoreOperands)},
      {"all is well: flags and RAX stay",
       TWINE_DO(w.registers().rflags |= emulator::kFlagZf; w.registers().rax = 0), succeeds(),
       TWINE_DO(EXPECT_EQ(w.registers().rflags, 0x202U | emulator::kFlagZf);
                EXPECT_EQ(w.get<sgx::Report>(World::kAccepted).isvsvn, 3))},
  };
  leaf.rows.insert(leaf.rows.end(), order.begin(), order.end());
  return leaf;
}

sgx::KeyRequest base_request() {
  sgx::KeyRequest request{};
  request.keyname = static_cast<uint16_t>(KeyName::seal);
  request.isvsvn = 3;
  return request;
}

// A request that differs from one that is granted.
Mutator request(void (*change)(sgx::KeyRequest&)) {
  return [=](World& w) { w.change<sgx::KeyRequest>(World::kOperands, change); };
}
// The same for the key `name`, of an enclave with the attributes that every key needs.
Mutator request(KeyName name, void (*change)(sgx::KeyRequest&) = [](sgx::KeyRequest&) {}) {
  return [=](World& w) {
    w.flags() |= sgx::kAttributeProvisionKey | sgx::kAttributeEinittokenKey | sgx::kAttributeKss;
    w.change<sgx::KeyRequest>(World::kOperands,
                              [=](sgx::KeyRequest& r) { r.keyname = static_cast<uint16_t>(name); });
    w.change<sgx::KeyRequest>(World::kOperands, change);
  };
}

std::vector<Row> request_rows() {
  using Request = sgx::KeyRequest;
  return {
      {"the reserved byte of KEYREQUEST is set", request([](Request& r) { r.reserved1 = 1; }), gp()},
      {"the last byte of KEYREQUEST is set", request([](Request& r) { r.reserved2[433] = 1; }), gp()},
      {"KEYREQUEST.CET_ATTRIBUTES_MASK is set, which is reserved without CET",
       request([](Request& r) { r.cet_attributes_mask = 1; }), gp()},
      {"a reserved bit of KEYPOLICY is set", request([](Request& r) { r.keypolicy = 1 << 6; }), gp()},
      {"the highest bit of KEYPOLICY is set", request([](Request& r) { r.keypolicy = 1 << 15; }), gp()},
      {"KEYPOLICY.NOISVPRODID without KSS",
       request([](Request& r) { r.keypolicy = sgx::kKeypolicyNoisvprodid; }), gp()},
      {"KEYPOLICY.CONFIGID without KSS", request([](Request& r) { r.keypolicy = sgx::kKeypolicyConfigid; }),
       gp()},
      {"KEYPOLICY.ISVFAMILYID without KSS",
       request([](Request& r) { r.keypolicy = sgx::kKeypolicyIsvfamilyid; }), gp()},
      {"KEYPOLICY.ISVEXTPRODID without KSS",
       request([](Request& r) { r.keypolicy = sgx::kKeypolicyIsvextprodid; }), gp()},
      {"KEYREQUEST.CONFIGSVN without KSS", request([](Request& r) { r.configsvn = 1; }), gp()},
      {"all KEYPOLICY bits with KSS", request(KeyName::seal, [](Request& r) { r.keypolicy = 0x3f; }),
       succeeds()},
      {"KEYNAME is 5", request([](Request& r) { r.keyname = 5; }), code(ErrorCode::invalid_keyname)},
      {"KEYNAME is FFFFH", request([](Request& r) { r.keyname = 0xffff; }), code(ErrorCode::invalid_keyname)},

      {"SEAL: CPUSVN is beyond the processor's", request(KeyName::seal, [](Request& r) { r.cpusvn[0] = 2; }),
       code(ErrorCode::invalid_cpusvn)},
      {"SEAL: one component of CPUSVN is beyond",
       request(KeyName::seal, [](Request& r) { r.cpusvn[15] = 1; }), code(ErrorCode::invalid_cpusvn)},
      {"SEAL: ISVSVN is beyond the enclave's", request(KeyName::seal, [](Request& r) { r.isvsvn = 4; }),
       code(ErrorCode::invalid_isvsvn)},
      {"SEAL: CONFIGSVN is beyond the enclave's", request(KeyName::seal, [](Request& r) { r.configsvn = 1; }),
       code(ErrorCode::invalid_isvsvn)},
      {"SEAL: lower versions", request(KeyName::seal, [](Request& r) { r.isvsvn = 0; }), succeeds()},
      {"REPORT: versions do not matter",
       request(KeyName::report,
               [](Request& r) {
                 r.isvsvn = 9;
                 r.cpusvn[0] = 9;
                 r.configsvn = 9;
               }),
       succeeds()},
      {"EINITTOKEN without ATTRIBUTES.EINITTOKEN_KEY", request([](Request& r) { r.keyname = 0; }),
       code(ErrorCode::invalid_attribute)},
      {"EINITTOKEN: CPUSVN is beyond the processor's",
       request(KeyName::einittoken, [](Request& r) { r.cpusvn[0] = 2; }), code(ErrorCode::invalid_cpusvn)},
      {"EINITTOKEN: ISVSVN is beyond the enclave's",
       request(KeyName::einittoken, [](Request& r) { r.isvsvn = 4; }), code(ErrorCode::invalid_isvsvn)},
      {"EINITTOKEN: all is well", request(KeyName::einittoken), succeeds()},
      {"PROVISION without ATTRIBUTES.PROVISIONKEY", request([](Request& r) { r.keyname = 1; }),
       code(ErrorCode::invalid_attribute)},
      {"PROVISION: CPUSVN is beyond the processor's",
       request(KeyName::provision, [](Request& r) { r.cpusvn[0] = 2; }), code(ErrorCode::invalid_cpusvn)},
      {"PROVISION: ISVSVN is beyond the enclave's",
       request(KeyName::provision, [](Request& r) { r.isvsvn = 4; }), code(ErrorCode::invalid_isvsvn)},
      {"PROVISION: all is well", request(KeyName::provision), succeeds()},
      {"PROVISION_SEAL without ATTRIBUTES.PROVISIONKEY", request([](Request& r) { r.keyname = 2; }),
       code(ErrorCode::invalid_attribute)},
      {"PROVISION_SEAL: CPUSVN is beyond the processor's",
       request(KeyName::provision_seal, [](Request& r) { r.cpusvn[0] = 2; }),
       code(ErrorCode::invalid_cpusvn)},
      {"PROVISION_SEAL: ISVSVN is beyond the enclave's",
       request(KeyName::provision_seal, [](Request& r) { r.isvsvn = 4; }), code(ErrorCode::invalid_isvsvn)},
      {"PROVISION_SEAL: CONFIGSVN is not looked at",
       request(KeyName::provision_seal, [](Request& r) { r.configsvn = 1; }), succeeds()},
  };
}

std::vector<Row> order_rows() {
  using Request = sgx::KeyRequest;
  return {
      {"RBX has no mapping, and RCX is not aligned",
       TWINE_DO(w.unmap(World::kOperands); w.registers().rcx += 8), pf(World::kOperands)},
      {"RCX is BLOCKED, and a reserved byte of KEYREQUEST is set",
       TWINE_DO(w.change<Request>(World::kOperands, [](Request& r) { r.reserved1 = 1; });
                w.entry(World::kMoreOperands).blocked = 1),
       epcm_pf(World::kMoreOperands)},
      {"RCX is not aligned, and RBX's KEYNAME is wrong",
       TWINE_DO(w.change<Request>(World::kOperands, [](Request& r) { r.keyname = 9; });
                w.registers().rcx += 8),
       gp()},
      {"KEYPOLICY needs KSS, and KEYNAME is wrong", request([](Request& r) {
         r.keypolicy = sgx::kKeypolicyConfigid;
         r.keyname = 9;
       }),
       gp()},
      {"ATTRIBUTES lack PROVISIONKEY, and CPUSVN is beyond", request([](Request& r) {
         r.keyname = 1;
         r.cpusvn[0] = 9;
       }),
       code(ErrorCode::invalid_attribute)},
      {"CPUSVN is beyond, and ISVSVN is beyond",
       request(KeyName::seal,
               [](Request& r) {
                 r.cpusvn[0] = 9;
                 r.isvsvn = 9;
               }),
       code(ErrorCode::invalid_cpusvn)},
      {"CPUSVN is beyond, and CONFIGSVN is beyond",
       request(KeyName::seal,
               [](Request& r) {
                 r.cpusvn[0] = 9;
                 r.configsvn = 9;
               }),
       code(ErrorCode::invalid_cpusvn)},
  };
}

Leaf egetkey_leaf() {
  Leaf leaf {
    .name = "EGETKEY", .stage = Stage::entered,
    .arrange =
        TWINE_DO(w.put(World::kOperands, base_request());
                 w.registers().rax = static_cast<uint64_t>(sgx::Enclu::egetkey);
                 w.registers().rbx = w.at(World::kOperands); w.registers().rcx = w.at(World::kMoreOperands)),
    .act = [](World& w) { return emulator::enclu(w.cpu); }, .rows = {}
  };
  add_operand_rows(leaf, {"RBX (KEYREQUEST)", &Registers::rbx, 512, Access::read});
  add_operand_rows(leaf, {"RCX (OUTPUTDATA)", &Registers::rcx, 16, Access::write});
  for (auto part : {request_rows(), order_rows()})
    leaf.rows.insert(leaf.rows.end(), part.begin(), part.end());
  leaf.rows.push_back({
    "all is well: RAX is 0, the status flags are cleared",
        TWINE_DO(w.registers().rflags |= emulator::kFlagsStatus), succeeds(),
        TWINE_DO(EXPECT_EQ(w.registers().rax, 0U); EXPECT_EQ(w.registers().rflags, 0x202U))
  });
  return leaf;
}

}  // namespace

std::vector<Leaf> key_leaves() {
  return {ereport_leaf(), egetkey_leaf()};
}

}  // namespace twine::test
