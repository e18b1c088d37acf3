// The enclave of the emulator's tests: one page of position-independent code, run as it stands at offset 0 of the enclave.
//
// Entry with CSSA = 0: RDI selects what to do, RSI, RDX, R8, R9 are its operands; the result leaves in RDI, RSI.
// Entry with CSSA > 0: RSI is added to the RIP of the interrupted frame; leaves with RDI = EXITINFO, RSI = RIP (before), RDX = EXINFO.MADDR,
// R8 = EXINFO.ERRCD, R9 = the two bytes at RIP. When RDI is 1, it leaves without touching the frame's RIP and faults (UD2) first; when
// RDI is 2, it drops the frame (EDECCSSA) and leaves with RDI = RAX.
// The SSA frames of one page each follow the TCS page.
#define EEXIT 4
#define SSA_RIP (4096 - 184 + 136)
#define SSA_EXITINFO (4096 - 184 + 160)
#define SSA_MADDR (4096 - 184 - 16)
#define SSA_ERRCD (4096 - 184 - 8)

#define CASE(number, label) cmpl $number, %edi; je label

    .section .rodata
    .balign 4096
    .globl test_enclave_code
test_enclave_code:
    testl   %eax, %eax
    jnz     .Lexception
    movq    %rcx, %r10              // where EEXIT goes
    CASE(0, .Lecho)
    CASE(1, .Lleaf)
    CASE(2, .Lload)
    CASE(3, .Lstore)
    CASE(4, .Lud2)
    CASE(5, .Ldivide)
    CASE(6, .Lcpuid)
    CASE(7, .Lsyscall)
    CASE(8, .Lcall)
    CASE(9, .Lspin)
    CASE(10, .Lbases)
    CASE(11, .Lint3)
    CASE(12, .Lhlt)
    CASE(13, .Lregisters)
    CASE(14, .Lmemory)
    CASE(15, .Lvectors)
    CASE(16, .Lcount)
    CASE(17, .Ltrapping)
    ud2

.Lecho:                             // RDI = RSI + RDX
    leaq    (%rsi, %rdx), %rdi
    jmp     .Lexit
.Lleaf:                             // ENCLU[R8] with RBX = RSI, RCX = RDX, RDX = R9; result RAX, RFLAGS
    movq    %r8, %rax
    movq    %rsi, %rbx
    movq    %rdx, %rcx
    movq    %r9, %rdx
    enclu
    pushfq                          // on the host's stack: this is a test
    popq    %rsi
    movq    %rax, %rdi
    jmp     .Lexit
.Lload:
    movzbl  (%rsi), %edi
    jmp     .Lexit
.Lstore:
    movb    %dl, (%rsi)
    xorl    %edi, %edi
    jmp     .Lexit
.Lud2:
    ud2
    movl    $77, %edi
    jmp     .Lexit
.Ldivide:
    xorl    %ecx, %ecx
    xorl    %edx, %edx
    movl    $1, %eax
    divl    %ecx
    movl    $78, %edi
    jmp     .Lexit
.Lcpuid:
    xorl    %eax, %eax
    cpuid
    movl    %eax, %edi
    jmp     .Lexit
.Lsyscall:
    movl    $39, %eax               // getpid
    syscall
    movl    %eax, %edi
    jmp     .Lexit
.Lcall:                             // on a stack inside: the host's is overwritten when the code called leaves by AEX
    movq    %rsp, %r15
    rdfsbase %rsp
    addq    $4096, %rsp
    xorl    %eax, %eax
    call    *%rsi
    movq    %r15, %rsp
    movq    %rax, %rdi
    jmp     .Lexit
.Lspin:                             // until the byte at RSI is not 0; RDI = turns, XMM9, R15 kept as a canary
    movq    $0x5eed, %r15
    movq    %r15, %xmm9
    xorl    %edi, %edi
1:  incq    %rdi
    cmpb    $0, (%rsi)
    je      1b
    movq    %xmm9, %rdx
    movq    %r15, %rsi
    jmp     .Lexit
.Lbases:
    rdfsbase %rdi
    rdgsbase %rsi
    jmp     .Lexit
.Lint3:
    int3
    movl    $79, %edi
    jmp     .Lexit
.Lhlt:
    hlt
    movl    $80, %edi
    jmp     .Lexit
.Lregisters:                        // every register changed, then UD2, then all compared
    movq    $0x1111, %rax
    movq    $0x2222, %rbx
    movq    $0x3333, %rcx
    movq    $0x4444, %rdx
    movq    $0x5555, %rsi
    movq    $0x6666, %r12
    movq    $0x7777, %r14
    stc
    ud2
    setc    %dil
    movzbl  %dil, %edi
    addq    %rax, %rdi
    addq    %rbx, %rdi
    addq    %rcx, %rdi
    addq    %rdx, %rdi
    addq    %rsi, %rdi
    addq    %r12, %rdi
    addq    %r14, %rdi
    jmp     .Lexit
.Lmemory:                           // copies RDX bytes from R8 to RSI
    movq    %rsi, %rdi
    movq    %r8, %rsi
    movq    %rdx, %rcx
    rep movsb
    xorl    %edi, %edi
    jmp     .Lexit
.Lvectors:                          // YMM11 all ones over an exception; RDI = its lowest, RSI = its highest quadword
    vpcmpeqd %ymm11, %ymm11, %ymm11
    ud2
    vmovq   %xmm11, %rdi
    vextracti128 $1, %ymm11, %xmm10
    vpextrq $1, %xmm10, %rsi
    vzeroupper
    jmp     .Lexit
.Lcount:                            // RSI turns of a loop, a load from RDX each
    xorl    %edi, %edi
1:  addq    (%rdx), %rdi
    decq    %rsi
    jnz     1b

.Ldrop:                             // EDECCSSA: the interrupted frame is forgotten
    movq    %rcx, %r10
    movl    $9, %eax
    enclu
    movq    %rax, %rdi              // stays
    jmp     .Lexit
.Ltrapping:                         // the instruction at offset RSI of the code page; then 81
    leaq    test_enclave_code(%rip), %rax
    addq    %rax, %rsi
    xorl    %eax, %eax
    xorl    %ecx, %ecx
    leaq    .Lscratch(%rip), %rdx
    jmp     *%rsi

.Lexit:
    movq    %r10, %rbx
    movl    $EEXIT, %eax
    enclu
    ud2

.Lexception:
    cmpl    $2, %edi
    je      .Ldrop
    testq   %rdi, %rdi
    jz      2f
    xorl    %edi, %edi
    ud2
2:  movq    %rcx, %r10
    movl    %eax, %r11d             // frame = TCS + 4096 * CSSA
    shlq    $12, %r11
    addq    %rbx, %r11
    movl    SSA_EXITINFO(%r11), %edi
    movq    SSA_MADDR(%r11), %rdx
    movl    SSA_ERRCD(%r11), %r8d
    movq    SSA_RIP(%r11), %rcx
    movzwl  (%rcx), %r9d
    addq    %rsi, SSA_RIP(%r11)
    movq    %rcx, %rsi
    jmp     .Lexit

// One instruction, preceded by its entry in the table of instructions that fault in an enclave: offset, length, vector, text.
// Operands that a processor would follow if it executed them point to readable memory, and registers are zero.
.macro TRAPS vector:req, instruction:vararg
1:  \instruction
2:  movl    $81, %edi
    jmp     .Lexit
    .pushsection .data.rel.ro, "aw"
    .quad   1b - test_enclave_code, 2b - 1b, \vector, 3f
    .popsection
    .pushsection .rodata.trapping, "a"
3:  .asciz  "\instruction"
    .popsection
.endm
    .pushsection .data.rel.ro, "aw"
    .balign 8
    .globl test_trapping_instructions
test_trapping_instructions:
    .popsection

    TRAPS 6, cpuid
    TRAPS 6, getsec
    TRAPS 6, rdpmc
    TRAPS 6, sgdt (%rdx)
    TRAPS 6, sidt (%rdx)
    TRAPS 6, sldt %eax
    TRAPS 6, sldt (%rdx)
    TRAPS 6, str %eax
    TRAPS 6, vmcall
    TRAPS 6, vmfunc
    TRAPS 6, inb $0x80, %al
    TRAPS 6, inl %dx, %eax
    TRAPS 6, insb
    TRAPS 6, rep insl
    TRAPS 6, outb %al, $0x80
    TRAPS 6, outw %ax, %dx
    TRAPS 6, outsb
    TRAPS 6, rep outsl
    TRAPS 6, lcalll *(%rdx)
    TRAPS 6, ljmpl *(%rdx)
    TRAPS 6, ljmpq *(%rdx)
    TRAPS 6, lretq
    TRAPS 6, lretl $8
    TRAPS 6, int $0x80
    TRAPS 6, int $4
    TRAPS 6, iretq
    TRAPS 6, iretl
    TRAPS 6, lfsl (%rdx), %eax
    TRAPS 6, lgsl (%rdx), %eax
    TRAPS 6, lssl (%rdx), %eax
    TRAPS 6, movl %eax, %ds
    TRAPS 6, movl %eax, %es
    TRAPS 6, movw (%rdx), %fs
    TRAPS 6, movl %eax, %gs
    TRAPS 6, movl %eax, %ss
    TRAPS 6, popq %fs
    TRAPS 6, popq %gs
    TRAPS 6, syscall
    TRAPS 6, sysenter
    TRAPS 13, smsw %eax
    TRAPS 13, cli
    TRAPS 13, sti
    TRAPS 13, hlt
    TRAPS 13, invd
    TRAPS 13, wbinvd
    TRAPS 13, clts
    TRAPS 13, movq %cr0, %rax
    TRAPS 13, movq %rax, %cr3
    TRAPS 13, movq %dr7, %rax
    TRAPS 13, rdmsr
    TRAPS 13, wrmsr
    TRAPS 13, lgdt (%rdx)
    TRAPS 13, lidt (%rdx)
    TRAPS 13, ltr %ax
    TRAPS 13, swapgs
    TRAPS 13, invlpg (%rdx)
    TRAPS 13, sysretq
    TRAPS 6, encls
    TRAPS 6, stac

    .pushsection .data.rel.ro, "aw"
    .globl test_trapping_instructions_end
test_trapping_instructions_end:
    .popsection

    .balign 16
.Lscratch:
    .fill   16, 1, 0

    .balign 4096, 0xcc
    .globl test_enclave_code_end
test_enclave_code_end:

    .section .note.GNU-stack, "", @progbits
