// Entry to and exit from the emulator's traps, and the function that host code enters enclaves by.
//
// State at the two ends of the signal path:
//   in_enclave = 0   FS, GS are the host's; nothing to switch
//   in_enclave = 1   FS, GS are the enclave's: on the way in they are stored and the host's loaded; on the way out (the flag may have
//                    changed in between: EENTER and ERESUME set it, EEXIT and AEX clear it) the enclave's are loaded
//                    as the last thing before rt_sigreturn. Every signal is masked all the while, so nobody sees half a switch.

// Offsets in ThreadContext (thread_context.h asserts them).
#define IN_ENCLAVE 0
#define ENCLAVE_FS 8
#define ENCLAVE_GS 16
#define HOST_FS 24
#define HOST_GS 32
#define STACK 40
#define NEXT 48
#define SELECTOR 56

#define UC_STACK_SP 16          // ucontext_t.uc_stack.ss_sp
#define SYS_RT_SIGRETURN 15
#define DISPATCH_ALLOW 0
#define DISPATCH_BLOCK 1

// struct sgx_enclave_run (<asm/sgx.h>) and leaf numbers.
#define RUN_TCS 0
#define RUN_FUNCTION 8
#define RUN_VECTOR 12
#define RUN_ERROR_CODE 14
#define RUN_ADDRESS 16
#define RUN_USER_HANDLER 24
#define RUN_RESERVED 40
#define RUN_RESERVED_SIZE 216
#define EENTER 2
#define ERESUME 3
#define EEXIT 4
#define MINUS_EINVAL -22

    .text
    .globl twine_emulator_trap_text
    .hidden twine_emulator_trap_text
twine_emulator_trap_text:

// EDI = signal, RSI = siginfo_t*, RDX = ucontext_t*, RSP = frame. No register needs to be kept: rt_sigreturn restores all.
    .globl twine_emulator_signal_entry
    .hidden twine_emulator_signal_entry
    .type twine_emulator_signal_entry, @function
    .balign 16
twine_emulator_signal_entry:
    pushq   $0x2                // the kernel leaves AC as the interrupted code had it, and C++ accesses unaligned words
    popfq
    movq    %rsp, %rbx
    movq    UC_STACK_SP(%rdx), %rax
    movq    twine_emulator_threads(%rip), %r12
.Lsearch:
    testq   %r12, %r12
    jz      .Lin_host
    cmpq    STACK(%r12), %rax
    je      .Lfound
    movq    NEXT(%r12), %r12
    jmp     .Lsearch
.Lfound:
    cmpq    $0, IN_ENCLAVE(%r12)
    je      .Lin_host
    rdfsbase %rax
    movq    %rax, ENCLAVE_FS(%r12)
    rdgsbase %rax
    movq    %rax, ENCLAVE_GS(%r12)
    movq    HOST_FS(%r12), %rax
    wrfsbase %rax
    movq    HOST_GS(%r12), %rax
    wrgsbase %rax
    movb    $DISPATCH_ALLOW, SELECTOR(%r12)
.Lin_host:
    movq    %r12, %rcx
    andq    $-16, %rsp
    call    twine_emulator_trap
    movq    %rax, %r12          // the thread may have got its context just now
    movq    %rbx, %rsp
    testq   %r12, %r12
    jz      .Lsigreturn
    cmpq    $0, IN_ENCLAVE(%r12)
    je      .Lsigreturn
    movq    ENCLAVE_FS(%r12), %rax
    wrfsbase %rax
    movq    ENCLAVE_GS(%r12), %rax
    wrgsbase %rax
    movb    $DISPATCH_BLOCK, SELECTOR(%r12)
.Lsigreturn:
    addq    $8, %rsp            // past the return address that the kernel pushed, as `ret` would leave it
    movl    $SYS_RT_SIGRETURN, %eax
    syscall
    ud2                         // rt_sigreturn does not return
    .size twine_emulator_signal_entry, . - twine_emulator_signal_entry

// int twine_emulator_enter_enclave(rdi, rsi, rdx, ecx = function, r8, r9, run on the stack)
//
// Position independent and self-contained from its first byte to twine_emulator_enter_end: libtwine-sgx.so copies it into a
// vDSO image (../preload/vdso_image.h), and the trap layer knows every copy (register_entry_function).
//
// Register use: RBP anchors the frame through the enclave, which must give it back, as it must RSP where there is a handler.
// RBX, RCX, RAX are ENCLU's operands. All else passes through.
    .globl twine_emulator_enter_enclave
    .hidden twine_emulator_enter_enclave
    .type twine_emulator_enter_enclave, @function
    .balign 16
twine_emulator_enter_enclave:
    pushq   %rbp
    movq    %rsp, %rbp
    pushq   %rbx
    movl    %ecx, %eax
.Lenter:
    // EENTER or ERESUME only, and nothing set that a later kernel may give a meaning.
    leal    -EENTER(%rax), %ebx
    cmpl    $(ERESUME - EENTER), %ebx
    ja      .Linvalid
    movq    16(%rbp), %rcx
    movl    $RUN_RESERVED_SIZE, %ebx
.Lreserved:
    cmpq    $0, RUN_RESERVED - 8(%rcx, %rbx)
    jne     .Linvalid
    subl    $8, %ebx
    jnz     .Lreserved
    movq    RUN_TCS(%rcx), %rbx
    leaq    twine_emulator_enclu(%rip), %rcx

    .globl twine_emulator_enclu
    .hidden twine_emulator_enclu
twine_emulator_enclu:           // ENCLU, and the asynchronous exit pointer: after an AEX it stands ready with EAX = ERESUME
    hlt
    nop
    nop

    // EEXIT comes here: EENTER gave this address to the enclave in RCX.
    movq    16(%rbp), %rbx
    movl    $EEXIT, RUN_FUNCTION(%rbx)
.Lreport:
    movq    RUN_USER_HANDLER(%rbx), %rax
    testq   %rax, %rax
    jnz     .Lcall_handler
    xorl    %eax, %eax
.Lreturn:
    cld
    movq    -8(%rbp), %rbx
    leave
    ret
.Linvalid:
    movl    $MINUS_EINVAL, %eax
    jmp     .Lreturn

    .globl twine_emulator_exception
    .hidden twine_emulator_exception
twine_emulator_exception:
    movq    16(%rbp), %rbx
    movl    %eax, RUN_FUNCTION(%rbx)
    movw    %di, RUN_VECTOR(%rbx)
    movw    %si, RUN_ERROR_CODE(%rbx)
    movq    %rdx, RUN_ADDRESS(%rbx)
    jmp     .Lreport

// int handler(rdi, rsi, rdx, rsp, r8, r9, run): RCX carries the stack pointer as the enclave left it, to which it is put back.
.Lcall_handler:
    movq    %rsp, %rcx
    andq    $-16, %rsp
    pushq   %rcx
    pushq   %rbx                // the seventh argument; the stack is aligned again
    cld
    call    *%rax
    movq    8(%rsp), %rsp
    testl   %eax, %eax
    jg      .Lenter             // the handler asks for another EENTER or ERESUME
    jmp     .Lreturn
    .size twine_emulator_enter_enclave, . - twine_emulator_enter_enclave
    .globl twine_emulator_enter_end
    .hidden twine_emulator_enter_end
twine_emulator_enter_end:

    .globl twine_emulator_trap_text_end
    .hidden twine_emulator_trap_text_end
twine_emulator_trap_text_end:

    .section .note.GNU-stack, "", @progbits
