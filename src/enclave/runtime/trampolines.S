// The ways between the runtime's stack and the guest's. guest_thread.h draws them.
//
//   runtime → guest   twine_enter_guest     a call of the runtime's, returns once the guest has returned or was left
//   guest → runtime   twine_runtime_NAME    one stub a runtime entry (abi.h), in the guest's calling convention: System V, R13 = context
//   guest ⇥ runtime   twine_leave_guest     never returns: ends the innermost twine_enter_guest
//
// Both find the ThreadContext in thread-local storage, not in R13: what the guest can write, they do not follow.
// Labels: twine_<direction>_<what>.
//
// Stack of the runtime while the guest runs (16-byte aligned; runtime stubs call from here):
//
// A debugger finds its way over the switch by a link: the first word on the new stack is RSP of the old one, and the call-frame
// information (.debug_frame; nothing inside reads it) follows it.
//
//   ThreadContext::activation →  Activation: outer activation, outer guest RSP, outer runtime RSP
//                                R15 R14 R13 R12 RBX RBP, return address of twine_enter_guest

#define RUNTIME_RSP 0   // offsets in abi::ThreadContext; guest_thread.cc asserts them
#define GUEST_RSP 8
#define ACTIVATION 48

        .cfi_sections .debug_frame

// CFA = the link at the top of the stack + \offset: DW_OP_breg7 0, DW_OP_deref, DW_OP_plus_uconst.
.macro CFA_BY_LINK offset
        .cfi_escape 0x0f, 5, 0x77, 0, 0x06, 0x23, \offset
.endm

        .text

// uint64_t twine_enter_guest(RDI = callee's context, RSI = code, RDX = entry thunk)
// Returns 0 when the function returned, 1 when it was left by twine_leave_guest.
        .globl  twine_enter_guest
        .hidden twine_enter_guest
        .type   twine_enter_guest, @function
twine_enter_guest:
        .cfi_startproc
        push    %rbp
        .cfi_adjust_cfa_offset 8
        push    %rbx
        .cfi_adjust_cfa_offset 8
        push    %r12
        .cfi_adjust_cfa_offset 8
        push    %r13
        .cfi_adjust_cfa_offset 8
        push    %r14
        .cfi_adjust_cfa_offset 8
        push    %r15
        .cfi_adjust_cfa_offset 8
        mov     %fs:twine_current_thread@tpoff, %rax
        push    RUNTIME_RSP(%rax)
        .cfi_adjust_cfa_offset 8
        push    GUEST_RSP(%rax)
        .cfi_adjust_cfa_offset 8
        push    ACTIVATION(%rax)
        .cfi_adjust_cfa_offset 8
        mov     %rsp, ACTIVATION(%rax)
        mov     %rsp, RUNTIME_RSP(%rax)         // return address and nine pushes: aligned
        mov     GUEST_RSP(%rax), %rsp           // top of the guest stack, or below the frames of an outer call
        and     $-16, %rsp
        push    RUNTIME_RSP(%rax)               // the link, twice: aligned
        push    RUNTIME_RSP(%rax)
        .cfi_remember_state
        CFA_BY_LINK 80                          // ten words above: nine pushes and the return address
        mov     %rdi, %r13
        mov     %rsi, %rdi
        xor     %ebp, %ebp
        .type   __morestack, @function
__morestack:                                    // gdb admits that a stack goes on elsewhere under this name alone (split stacks)
        call    *%rdx
        .globl  twine_guest_returned
        .hidden twine_guest_returned
twine_guest_returned:                           // a backtrace ends where it finds this return address
        xor     %eax, %eax
        .size   __morestack, . - __morestack
.Lunwind_activation:
        mov     %fs:twine_current_thread@tpoff, %rcx
        mov     ACTIVATION(%rcx), %rsp
        .cfi_restore_state
        pop     ACTIVATION(%rcx)
        pop     GUEST_RSP(%rcx)
        pop     RUNTIME_RSP(%rcx)
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbx
        pop     %rbp
        ret
        .cfi_endproc
        .size   twine_enter_guest, . - twine_enter_guest

// [[noreturn]] void twine_leave_guest()
        .globl  twine_leave_guest
        .hidden twine_leave_guest
        .type   twine_leave_guest, @function
twine_leave_guest:
        mov     $1, %eax
        jmp     .Lunwind_activation
        .size   twine_leave_guest, . - twine_leave_guest

// A runtime entry: the arguments stay where they are, the result too. The C++ function twine_entry_NAME takes R13 as its
// swift_context and keeps it, so it is the caller's again when the stub returns.
.macro runtime_stub name
        .globl  twine_runtime_\name
        .hidden twine_runtime_\name
        .type   twine_runtime_\name, @function
twine_runtime_\name:
        .cfi_startproc
        mov     %fs:twine_current_thread@tpoff, %rax
        mov     %rsp, GUEST_RSP(%rax)
        mov     %rsp, %r10
        mov     RUNTIME_RSP(%rax), %rsp
        push    %r10                            // the link, twice: aligned
        push    %r10
        .cfi_remember_state
        CFA_BY_LINK 8
        call    twine_entry_\name
        mov     %fs:twine_current_thread@tpoff, %rcx
        mov     GUEST_RSP(%rcx), %rsp
        .cfi_restore_state
        ret
        .cfi_endproc
        .size   twine_runtime_\name, . - twine_runtime_\name
.endm

        runtime_stub host_call
        runtime_stub memory_grow
        runtime_stub memory_copy
        runtime_stub memory_fill
        runtime_stub memory_init
        runtime_stub data_drop
        runtime_stub table_get
        runtime_stub table_set
        runtime_stub table_grow
        runtime_stub table_fill
        runtime_stub table_copy
        runtime_stub table_init
        runtime_stub elem_drop
        runtime_stub interrupted

        .section .note.GNU-stack, "", @progbits
