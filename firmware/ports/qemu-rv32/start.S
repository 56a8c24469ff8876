/*
 * Start of the emulated board: protects memory, sets up the C environment, calls main and leaves through semihosting.
 * Assumes machine mode on one hart, as `qemu-system-riscv32 -M virt -cpu lowrisc-ibex -bios none` starts it.
 */

  .option arch, +zicsr

/* What unused stack holds, so that its high-water mark can be read; also in board.c. */
#define STACK_PAINT 0x5ac5ac5a

/* pmpcfg bytes (privileged specification 3.7.1): locked, so that they bind machine mode too; top of range (TOR). */
#define PMP_FLASH 0x8d /* L, TOR, X, R */
#define PMP_RAM   0x8b /* L, TOR, W, R */
#define PMP_NONE  0x88 /* L, TOR */

  .section .text.start, "ax"
  .globl _start
_start:
  .option push
  .option norelax
  la gp, __global_pointer$
  .option pop
  la t0, trap_entry
  csrw mtvec, t0

  /* Regions by their upper ends: below flash untouched, then flash, RAM, and nothing behind it. */
  la t0, flash_start
  srli t0, t0, 2
  csrw pmpaddr0, t0
  la t0, flash_limit
  srli t0, t0, 2
  csrw pmpaddr1, t0
  la t0, ram_end
  srli t0, t0, 2
  csrw pmpaddr2, t0
  li t0, -1
  csrw pmpaddr3, t0
  li t0, (PMP_NONE << 24) | (PMP_RAM << 16) | (PMP_FLASH << 8)
  csrw pmpcfg0, t0
  csrw mcountinhibit, zero

  la t0, stack_bottom
  la t1, stack_top
  li t2, STACK_PAINT
1:
  sw t2, 0(t0)
  addi t0, t0, 4
  bltu t0, t1, 1b
  mv sp, t1

  la t0, data_load
  la t1, data_start
  la t2, data_end
  beq t1, t2, 3f
2:
  lw t3, 0(t0)
  sw t3, 0(t1)
  addi t0, t0, 4
  addi t1, t1, 4
  bltu t1, t2, 2b
3:
  la t0, bss_start
  la t1, bss_end
  beq t0, t1, 5f
4:
  sw zero, 0(t0)
  addi t0, t0, 4
  bltu t0, t1, 4b
5:
  call main
  call semihosting_exit

/* A fault of the hart. The stack may be what overflowed, and nothing goes on from here: it is begun anew. */
  .balign 4
trap_entry:
  la sp, stack_top
  csrr a0, mcause
  csrr a1, mepc
  csrr a2, mtval
  call board_fault

/* long semihosting_call(long operation, const void *arguments): the sequence that the specification asks for. */
  .section .text.semihosting_call, "ax"
  .globl semihosting_call
  .balign 16
  .option push
  .option norvc
semihosting_call:
  slli x0, x0, 0x1f
  ebreak
  srai x0, x0, 7
  ret
  .option pop

/* uint64_t board_instructions(void): instructions retired since the start. */
  .section .text.board_instructions, "ax"
  .globl board_instructions
board_instructions:
  csrr a1, minstreth
  csrr a0, minstret
  csrr t0, minstreth
  bne a1, t0, board_instructions
  ret
