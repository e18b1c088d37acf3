// Every way into the enclave and every way out of it.
//
// The host enters by EENTER, always here (TCS.OENTRY). What the processor sets can be trusted: RAX = CSSA, RBX = the TCS, RCX =
// the address after EENTER, FS and GS bases from the TCS. Every other register, every flag, MXCSR, the x87 control
// word and all extended state are the host's, RSP included.
//
// State machine of a thread (ThreadControlBlock::state), at CSSA = 0:
//
//                start                     exit_host_call()
//      idle ──────────────► running ──────────────────────────► in_host_call
//       ▲                    │  ▲           host_call_done            │
//       └────────────────────┘  └─────────────────────────────────────┘
//        finished, not_ready
//
//   CSSA  state         EnterReason        goes to
//   0     idle          start              .Lcssa0_start        runtime stack, twine_start
//   0     in_host_call  host_call_done     .Lcssa0_resume_call  where exit_host_call() left
//   0     anything else                    .Lviolation          a host attack: the enclave aborts
//   1     any           handle_exception   .Lcssa1_exception    exception stack, twine_handle_exception; EEXIT `resume`
//   1     any           anything else      .Lviolation
//   2     any           any                .Lcssa2_exception    the handler itself faulted: the enclave aborts
//   any   aborted enclave                  .Laborted            EEXIT `dead`, whatever was asked; and so does every exit
//
// One TCS serves one logical processor at a time (the processor marks it busy), so `running` is never met at CSSA = 0 but by a
// host that broke the protocol, and the state needs no atomic access.
//
// Naming rule: .Lcssa<CSSA>_<event>[_<step>] for a path in; .Lleave_<step> for the one path out.
//
// The handler never uses a stack of the code that it interrupts: wherever the host makes the asynchronous exit, between two
// instructions of this file included, CSSA = 1 has a stack of its own, and CSSA = 2 ends the enclave. That is what an attack by
// re-entry (SmashEx, CCS 2021) needs to be otherwise. Not defended here: load value injection, which is the compiler's and
// the microcode's business.
//
// On the way out every general register but RAX (leaf), RBX (target), RDI, RSI (reason, value), RSP and RBP is zero,
// and extended state is initial. RSP and RBP are given back as the SSA frame of this level holds them (URSP, URBP: the
// processor put them there at EENTER), because the vDSO function finds its own frame by them. ERESUME leaves them as they are, so
// the host must resume from the frame it entered from (common/entry.h).
#include "enclave/platform/sgx/thread_offsets.h"

    .cfi_sections .debug_frame
    .section .text.entry, "ax", @progbits

// XRSTOR from an image whose XSTATE_BV is 0 puts every component into its initial state; MXCSR alone is taken from the image.
// Clobbers RAX, RDX.
.macro CLEANSE_EXTENDED_STATE
    movl    twine_extended_state(%rip), %eax
    movl    twine_extended_state+4(%rip), %edx
    xrstor64 initial_extended_state(%rip)
.endm

// With a trusted stack: AC, DF, NT, ID and the arithmetic flags to 0.
.macro CLEANSE_FLAGS
    pushq   $0x2
    popfq
.endm

// Registers that carry nothing into C++ or out to the host.
.macro CLEAR_VOLATILE
    xorl    %ecx, %ecx
    xorl    %edx, %edx
    xorl    %r8d, %r8d
    xorl    %r9d, %r9d
    xorl    %r10d, %r10d
    xorl    %r11d, %r11d
.endm
.macro CLEAR_CALLEE_SAVED
    xorl    %r12d, %r12d
    xorl    %r13d, %r13d
    xorl    %r14d, %r14d
    xorl    %r15d, %r15d
.endm

    .globl  enclave_entry
    .hidden enclave_entry
    .type   enclave_entry, @function
    .p2align 6
enclave_entry:
    .cfi_startproc
    .cfi_undefined rip                             // a debugger's backtrace ends here, whatever the host has on its stack
    cld                                            // AC may be set: only aligned accesses until it is cleared
    leaq    TWINE_THREAD_TCB(%rbx), %r10
    cmpq    $2, %rax
    ja      .Lunreachable_cssa                     // NSSA is 3: the processor refuses EENTER beyond
    movq    %r10, TWINE_TCB_SELF(%r10)
    movq    %rax, TWINE_TCB_LEVEL(%r10)
    movq    %rcx, TWINE_TCB_EXIT_ADDRESS(%r10, %rax, 8)
    cmpl    $0, twine_aborted(%rip)
    jne     .Laborted
    cmpq    $1, %rax
    je      .Lcssa1_exception
    ja      .Lcssa2_exception

.Lcssa0:
    cmpq    $TWINE_ENTER_START, %rdi
    je      .Lcssa0_start
    cmpq    $TWINE_ENTER_HOST_CALL_DONE, %rdi
    je      .Lcssa0_resume_call
    movl    $TWINE_VIOLATION_BAD_REASON, %edi
    jmp     .Lviolation

.Lcssa0_start:
    movl    $TWINE_VIOLATION_NOT_IDLE, %edi
    cmpq    $TWINE_STATE_IDLE, TWINE_TCB_STATE(%r10)
    jne     .Lviolation
    movq    $TWINE_STATE_RUNNING, TWINE_TCB_STATE(%r10)
    leaq    TWINE_THREAD_RUNTIME_STACK_TOP(%rbx), %rsp
    CLEANSE_FLAGS
    movq    %rdx, %r11                             // arena size
    CLEANSE_EXTENDED_STATE
    movq    %r10, %rdi                             // twine_start(thread, arena address, arena size)
    movq    %r11, %r15
    CLEAR_VOLATILE
    movq    %r15, %rdx
    CLEAR_CALLEE_SAVED
    xorl    %eax, %eax
    xorl    %ebx, %ebx
    xorl    %ebp, %ebp
    call    twine_start
    ud2                                            // it does not return

.Lcssa0_resume_call:
    movl    $TWINE_VIOLATION_NO_HOST_CALL, %edi
    cmpq    $TWINE_STATE_IN_HOST_CALL, TWINE_TCB_STATE(%r10)
    jne     .Lviolation
    movq    $TWINE_STATE_RUNNING, TWINE_TCB_STATE(%r10)
    movq    TWINE_TCB_HOST_CALL_RSP(%r10), %rsp
    CLEANSE_FLAGS
    CLEANSE_EXTENDED_STATE
    CLEAR_VOLATILE
    xorl    %eax, %eax
    xorl    %esi, %esi
    xorl    %edi, %edi
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbp
    popq    %rbx
    ret

.Lcssa1_exception:
    movq    %rdi, %r11
    movl    $TWINE_VIOLATION_NOT_AN_EXCEPTION, %edi
    cmpq    $TWINE_ENTER_HANDLE_EXCEPTION, %r11
    jne     .Lviolation
    leaq    TWINE_THREAD_EXCEPTION_STACK_TOP(%rbx), %rsp
    CLEANSE_FLAGS
    CLEANSE_EXTENDED_STATE
    movq    %r10, %rdi                             // twine_handle_exception(thread)
    CLEAR_VOLATILE
    CLEAR_CALLEE_SAVED
    xorl    %eax, %eax
    xorl    %ebx, %ebx
    xorl    %esi, %esi
    xorl    %ebp, %ebp
    call    twine_handle_exception
    movl    $TWINE_EXIT_RESUME, %edi
    xorl    %esi, %esi
    jmp     .Lleave

.Lcssa2_exception:
    leaq    TWINE_THREAD_NESTED_STACK_TOP(%rbx), %rsp
    CLEANSE_FLAGS
    CLEANSE_EXTENDED_STATE
    movq    %r10, %rdi                             // twine_handle_nested_exception(thread)
    xorl    %ebp, %ebp
    call    twine_handle_nested_exception
    ud2

// RDI = EntryViolation. The enclave aborts, so whatever the nested stack held is of no further use.
.Lviolation:
    leaq    TWINE_THREAD_NESTED_STACK_TOP(%rbx), %rsp
    CLEANSE_FLAGS
    CLEANSE_EXTENDED_STATE
    xorl    %ebp, %ebp
    call    twine_entry_violation
    ud2

.Laborted:
    leaq    TWINE_THREAD_NESTED_STACK_TOP(%rbx), %rsp
    CLEANSE_FLAGS
    movl    $TWINE_EXIT_DEAD, %edi
    xorl    %esi, %esi
    jmp     .Lleave

.Lunreachable_cssa:
    ud2
    jmp     .Lunreachable_cssa
    .cfi_endproc

// void exit_host_call(): pushes what the System V convention says a callee keeps, and returns by .Lcssa0_resume_call.
    .globl  twine_exit_host_call
    .hidden twine_exit_host_call
    .type   twine_exit_host_call, @function
    .p2align 4
twine_exit_host_call:
    pushq   %rbx
    pushq   %rbp
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    movq    %gs:TWINE_TCB_SELF, %r10
    movq    %rsp, TWINE_TCB_HOST_CALL_RSP(%r10)
    movq    $TWINE_STATE_IN_HOST_CALL, TWINE_TCB_STATE(%r10)
    movl    $TWINE_EXIT_HOST_CALL, %edi
    xorl    %esi, %esi
    jmp     .Lleave
    .size   twine_exit_host_call, . - twine_exit_host_call

// [[noreturn]] void twine_exit(ExitReason reason, int64_t value), at any level.
    .globl  twine_exit
    .hidden twine_exit
    .type   twine_exit, @function
    .p2align 4
twine_exit:
    cld

// RDI = ExitReason, RSI = value, both go to the host as they are, unless another thread has aborted the enclave meanwhile. Only the
// thread that aborts it may say `starved`.
.Lleave:
    CLEANSE_FLAGS
    cmpl    $0, twine_aborted(%rip)
    je      .Lleave_alive
    xorl    %esi, %esi
    movl    $TWINE_EXIT_DEAD, %eax
    cmpl    $TWINE_EXIT_STARVED, %edi
    cmovnel %eax, %edi
.Lleave_alive:
    CLEANSE_EXTENDED_STATE
    movq    %gs:TWINE_TCB_SELF, %r10
    cmpl    $TWINE_EXIT_FINISHED, %edi
    je      .Lleave_idle
    cmpl    $TWINE_EXIT_NOT_READY, %edi
    jne     .Lleave_level
.Lleave_idle:                                      // the TCS stays busy until EEXIT, so nobody starts it before
    movq    $TWINE_STATE_IDLE, TWINE_TCB_STATE(%r10)
.Lleave_level:
    movq    TWINE_TCB_LEVEL(%r10), %rcx
    movq    TWINE_TCB_EXIT_ADDRESS(%r10, %rcx, 8), %rbx
    movq    %rcx, %rax
    imulq   $TWINE_SSA_FRAME_SIZE, %rax, %rax
    leaq    (TWINE_THREAD_SSA - TWINE_THREAD_TCB)(%r10, %rax), %rax
    movq    %rcx, %rdx
    subq    $1, %rdx
    cmovcq  %rcx, %rdx                             // what ERESUME goes on with: the level below, 0 stays 0
    movq    %rdx, TWINE_TCB_LEVEL(%r10)
    movq    TWINE_SSA_URSP(%rax), %rsp
    movq    TWINE_SSA_URBP(%rax), %rbp
    CLEAR_CALLEE_SAVED
    CLEAR_VOLATILE                                 // the last XOR also fixes the arithmetic flags
    movl    $TWINE_ENCLU_EEXIT, %eax
    enclu                                          // RBX = target
    ud2
    .size   enclave_entry, . - enclave_entry

    .section .rodata.initial_extended_state, "a", @progbits
    .p2align 6
initial_extended_state:                            // SDM vol. 1, "Layout of XSAVE area": legacy region, header
    .short  0x037f                                 // FCW
    .zero   22
    .long   0x1f80                                 // MXCSR
    .long   0                                      // MXCSR_MASK, not read
    .zero   512 - 32
    .zero   64                                     // XSTATE_BV = 0, XCOMP_BV = 0

    .section .data.entry, "aw", @progbits
    .p2align 3
    .globl  twine_extended_state
    .hidden twine_extended_state
twine_extended_state:
    // Until start has read XFRM: all that there is (the processor ANDs it with XFRM), but PKRU, which a software SGX
    // shares with its host.
    .quad   0xfffffffffffffdff
    .globl  twine_aborted
    .hidden twine_aborted
twine_aborted:
    .long   0

    .section .note.GNU-stack, "", @progbits
