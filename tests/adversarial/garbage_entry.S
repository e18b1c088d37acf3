// EENTER with every register that the host controls set to what a caller chose, and what it finds in them after the EEXIT.
// The structure is GarbageEntry (garbage_entry.h), which asserts the offsets.
#define FUNCTION 0
#define ENTRY 8
#define RUN 16
#define FLAGS 24
#define IN 32               // RDI RSI RDX R8 R9 R10 R11 R12 R13 R14 R15
#define OUT 120             // the same
#define FLAGS_OUT 208
#define SAVED_STATE 256
#define GARBAGE_STATE (SAVED_STATE + 8192)
#define STATE_OUT (GARBAGE_STATE + 8192)
#define RUN_USER_DATA 32

    .text
// int garbage_entry(GarbageEntry*)
    .globl  garbage_entry
    .type   garbage_entry, @function
garbage_entry:
    pushq   %rbp
    pushq   %rbx
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    subq    $8, %rsp
    movq    %rdi, (%rsp)
    movq    %rdi, %rbx
    movl    $0xe7, %eax         // x87, SSE, AVX, AVX-512; PKRU would take the test's own memory away
    xorl    %edx, %edx
    xsave64 SAVED_STATE(%rbx)
    xrstor64 GARBAGE_STATE(%rbx)
    movq    ENTRY(%rbx), %rax
    movl    FUNCTION(%rbx), %ecx
    movq    IN + 0(%rbx), %rdi
    movq    IN + 8(%rbx), %rsi
    movq    IN + 16(%rbx), %rdx
    movq    IN + 24(%rbx), %r8
    movq    IN + 32(%rbx), %r9
    movq    IN + 40(%rbx), %r10
    movq    IN + 48(%rbx), %r11
    movq    IN + 56(%rbx), %r12
    movq    IN + 64(%rbx), %r13
    movq    IN + 72(%rbx), %r14
    movq    IN + 80(%rbx), %r15
    subq    $8, %rsp
    pushq   RUN(%rbx)
    pushq   FLAGS(%rbx)
    popfq
    call    *%rax
    pushq   $0x2
    popfq
    addq    $16, %rsp
    movl    %eax, %ecx
    movq    (%rsp), %rbx
    movl    $0xe7, %eax
    xorl    %edx, %edx
    xrstor64 SAVED_STATE(%rbx)
    movl    %ecx, %eax
    addq    $8, %rsp
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbx
    popq    %rbp
    ret
    .size   garbage_entry, . - garbage_entry

// sgx_enclave_run.user_handler: before any compiled code runs. run->user_data is the GarbageEntry.
    .globl  garbage_exit
    .type   garbage_exit, @function
garbage_exit:
    pushfq
    movq    16(%rsp), %rax
    movq    RUN_USER_DATA(%rax), %rax
    popq    FLAGS_OUT(%rax)
    movq    %rdi, OUT + 0(%rax)
    movq    %rsi, OUT + 8(%rax)
    movq    %rdx, OUT + 16(%rax)
    movq    %r8, OUT + 24(%rax)
    movq    %r9, OUT + 32(%rax)
    movq    %r10, OUT + 40(%rax)
    movq    %r11, OUT + 48(%rax)
    movq    %r12, OUT + 56(%rax)
    movq    %r13, OUT + 64(%rax)
    movq    %r14, OUT + 72(%rax)
    movq    %r15, OUT + 80(%rax)
    movq    %rax, %rcx
    movl    $0xe7, %eax
    xorl    %edx, %edx
    xsave64 STATE_OUT(%rcx)
    xorl    %eax, %eax
    ret
    .size   garbage_exit, . - garbage_exit

    .section .note.GNU-stack, "", @progbits
