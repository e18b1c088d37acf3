// What enclave code may not execute: each instruction of the SDM's list faults as on silicon, and the handler finds
// its own bytes there.
#include <gtest/gtest.h>

#include <Zydis/Zydis.h>

#include <array>
#include <cstring>

#include "emulator_test_enclave.h"
#include "host/x86/enclave_instructions.h"

extern "C" const uint8_t test_enclave_code[];

namespace twine::test {
namespace {

using host::x86::InstructionClass;

class EmulatorInstructions : public testing::TestWithParam<size_t> {};

TEST_P(EmulatorInstructions, FaultInsideAndTheHandlerSeesTheirBytes) {
  const TrappingInstruction& instruction = trapping_instructions()[GetParam()];
  SCOPED_TRACE(instruction.text);
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  uint16_t bytes = 0;
  std::memcpy(&bytes, test_enclave_code + instruction.offset, sizeof bytes);
  for (int turn = 0; turn < 2; ++turn) {  // the second time the trap must stand again
    const Exit exit = enclave->enter(Do::trapping, instruction.offset);
    EXPECT_EQ(exit.function, kEresume);
    EXPECT_EQ(exit.vector, instruction.vector);
    const Exit handled = enclave->handle(instruction.length);
    EXPECT_EQ(handled.rdi, sgx::kExitinfoValid | sgx::kExitinfoTypeHardware | instruction.vector);
    EXPECT_EQ(handled.rsi, enclave->at(instruction.offset));
    EXPECT_EQ(handled.r9, bytes);
    EXPECT_EQ(enclave->resume().rdi, 81U);
  }
}

INSTANTIATE_TEST_SUITE_P(Of, EmulatorInstructions, testing::Range(size_t{0}, trapping_instructions().size()),
                         [](const auto& parameter) {
                           std::string name = trapping_instructions()[parameter.param].text;
                           for (char& letter : name)
                             if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
                           return std::to_string(parameter.param) + "_" + name;
                         });

InstructionClass class_of(std::initializer_list<uint8_t> bytes) {
  std::array<uint8_t, 16> code{};
  std::copy(bytes.begin(), bytes.end(), code.begin());
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  ZydisDecodedInstruction instruction;
  EXPECT_TRUE(
      ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, nullptr, code.data(), code.size(), &instruction)));
  return host::x86::classify(instruction);
}

TEST(EnclaveInstructions, WhatLooksLikeAnIllegalOneIsNot) {
  EXPECT_EQ(class_of({0x8c, 0xd8}), InstructionClass::ordinary);        // mov eax, ds
  EXPECT_EQ(class_of({0x58}), InstructionClass::ordinary);              // pop rax
  EXPECT_EQ(class_of({0x0f, 0xa0}), InstructionClass::ordinary);        // push fs
  EXPECT_EQ(class_of({0xcc}), InstructionClass::ordinary);              // int3
  EXPECT_EQ(class_of({0x0f, 0x31}), InstructionClass::ordinary);        // rdtsc
  EXPECT_EQ(class_of({0x0f, 0x01, 0xf9}), InstructionClass::ordinary);  // rdtscp
  EXPECT_EQ(class_of({0x0f, 0xc7, 0xf0}), InstructionClass::ordinary);  // rdrand eax
  EXPECT_EQ(class_of({0xc3}), InstructionClass::ordinary);              // ret
  EXPECT_EQ(class_of({0xff, 0x10}), InstructionClass::ordinary);        // call [rax]
}

TEST(EnclaveInstructions, PrefixesDoNotHideOne) {
  EXPECT_EQ(class_of({0x66, 0x8e, 0xd8}), InstructionClass::illegal);          // mov ds, ax
  EXPECT_EQ(class_of({0x48, 0x0f, 0x05}), InstructionClass::illegal);          // rex.w syscall
  EXPECT_EQ(class_of({0x2e, 0x0f, 0xa2}), InstructionClass::illegal);          // cs cpuid
  EXPECT_EQ(class_of({0xf3, 0x0f, 0xae, 0xd0}), InstructionClass::sensitive);  // wrfsbase eax
  EXPECT_EQ(class_of({0x0f, 0xae, 0x28}), InstructionClass::sensitive);        // xrstor [rax]
  EXPECT_EQ(class_of({0x0f, 0x01, 0xef}), InstructionClass::sensitive);        // wrpkru
}

}  // namespace
}  // namespace twine::test
