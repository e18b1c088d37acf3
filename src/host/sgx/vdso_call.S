// int twine_sgx_call_vdso(const Call* call); see vdso_call.h. RDI = the eight words of vdso_call.cc's Call.
//
// The frame is found again through RBP, which the vDSO function keeps whatever the enclave does to the other registers.
    .text
    .globl twine_sgx_call_vdso
    .hidden twine_sgx_call_vdso
    .type twine_sgx_call_vdso, @function
    .balign 16
twine_sgx_call_vdso:
    .cfi_startproc
    pushq   %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq    %rsp, %rbp
    .cfi_def_cfa_register %rbp
    pushq   %rbx
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    subq    $8, %rsp
    stmxcsr -48(%rbp)
    fnstcw  -44(%rbp)

    movq    56(%rdi), %rax
    pushq   $0                  // keeps the stack aligned below the seventh argument
    pushq   48(%rdi)
    movq    8(%rdi), %rsi
    movq    16(%rdi), %rdx
    movq    24(%rdi), %rcx
    movq    32(%rdi), %r8
    movq    40(%rdi), %r9
    movq    (%rdi), %rdi
    call    *%rax

.Lreturned:
    cld
    emms                        // the x87 stack as the convention wants it between functions: empty
    ldmxcsr -48(%rbp)
    fldcw   -44(%rbp)
    leaq    -40(%rbp), %rsp
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbx
    popq    %rbp
    .cfi_def_cfa %rsp, 8
    ret

// A signal handler sends a thread here from the asynchronous exit pointer (divert): RBP is the vDSO function's frame, and that leads to ours.
    .globl twine_sgx_diverted
    .hidden twine_sgx_diverted
twine_sgx_diverted:
    movq    (%rbp), %rbp
    movl    $1, %eax            // kDiverted
    jmp     .Lreturned
    .cfi_endproc
    .size twine_sgx_call_vdso, . - twine_sgx_call_vdso

    .section .note.GNU-stack, "", @progbits
