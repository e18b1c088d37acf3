// Numbers that entry.S shares with C++. thread.h asserts that they agree with the structs and the image
// layout; an assembler cannot read either.
#pragma once

// From the TCS to the rest of its thread block (common/image_layout.h, start/layout.h).
#define TWINE_SSA_FRAME_SIZE 0x1000
#define TWINE_THREAD_SSA 0x1000
#define TWINE_THREAD_TCB 0x5000
#define TWINE_THREAD_EXCEPTION_STACK_TOP 0x112000  // for a fault in the guest or the runtime
#define TWINE_THREAD_NESTED_STACK_TOP 0x116000     // for a fault in the handler
#define TWINE_THREAD_RUNTIME_STACK_TOP 0x296000

// ThreadControlBlock.
#define TWINE_TCB_SELF 0x00
#define TWINE_TCB_STATE 0x10
#define TWINE_TCB_HOST_CALL_RSP 0x18
#define TWINE_TCB_LEVEL 0x20
#define TWINE_TCB_CANARY 0x28
#define TWINE_TCB_EXIT_ADDRESS 0x30  // three of them, one a level

// GPRSGX, from the start of an SSA frame (SDM vol. 3D, table "Layout of GPRSGX Portion of the State Save
// Area").
#define TWINE_SSA_GPR (TWINE_SSA_FRAME_SIZE - 184)
#define TWINE_SSA_URSP (TWINE_SSA_GPR + 144)
#define TWINE_SSA_URBP (TWINE_SSA_GPR + 152)

// ThreadState.
#define TWINE_STATE_IDLE 0
#define TWINE_STATE_RUNNING 1
#define TWINE_STATE_IN_HOST_CALL 2

// EnterReason and ExitReason (common/entry.h).
#define TWINE_ENTER_START 1
#define TWINE_ENTER_HOST_CALL_DONE 2
#define TWINE_ENTER_HANDLE_EXCEPTION 3
#define TWINE_EXIT_HOST_CALL 1
#define TWINE_EXIT_FINISHED 2
#define TWINE_EXIT_RESUME 3
#define TWINE_EXIT_DEAD 4
#define TWINE_EXIT_STARVED 5
#define TWINE_EXIT_NOT_READY 6

// EntryViolation (thread.h).
#define TWINE_VIOLATION_NOT_IDLE 1
#define TWINE_VIOLATION_NO_HOST_CALL 2
#define TWINE_VIOLATION_BAD_REASON 3
#define TWINE_VIOLATION_NOT_AN_EXCEPTION 4

#define TWINE_ENCLU_EEXIT 4
