// The code page of the tiny enclave (tiny.h). RDI = function, RSI = address, RDX = operand, RCX = where EENTER came from.
//   0  load    *(uint64_t*)RDX = *(uint64_t*)RSI
//   1  store   *(uint64_t*)RSI = RDX
//   2  spin    until *(uint32_t*)RSI is not 0
    .section .rodata
    .balign 4096
    .globl tiny_code
tiny_code:
    cmpq    $1, %rdi
    je      1f
    ja      2f
    movq    (%rsi), %rax
    movq    %rax, (%rdx)
    jmp     9f
1:  movq    %rdx, (%rsi)
    jmp     9f
2:  pause
    cmpl    $0, (%rsi)
    je      2b
9:  movq    %rcx, %rbx
    movl    $4, %eax            // EEXIT
    .byte   0x0f, 0x01, 0xd7    // ENCLU
    .balign 4096, 0xcc

    .section .note.GNU-stack, "", @progbits
