# CMake toolchain of the emulated board: Debian's bare metal RISC-V compiler, the instruction set of an ESP32-C3 (rv32imc:
# multiplication and compressed instructions, no atomics, no floating point), and picolibc as the C library, of which the
# variant that was built for speed: the other one copies memory byte by byte.

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR riscv32)
set(CMAKE_C_COMPILER riscv64-unknown-elf-gcc)
set(CMAKE_ASM_COMPILER riscv64-unknown-elf-gcc)

# There is nothing to link a test program with before the linker script is given.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

set(METALRAFT_ARCH -march=rv32imc -mabi=ilp32)
set(METALRAFT_LIBC --specs=picolibc.specs --picolibc-buildtype=release)
