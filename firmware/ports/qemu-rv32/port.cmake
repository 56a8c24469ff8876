# The emulated board: WAMR, the core and its host in one image for QEMU, without an operating system. Needs
#
#   -DMETALRAFT_PORT=qemu-rv32 -DCMAKE_TOOLCHAIN_FILE=<this folder>/toolchain.cmake
#
# and makes four images:
#   metalraft-board.elf   driven mode, one node in the RAM that the project allows itself
#   metalraft-rig.elf     the same with RAM enough for every node of a simulated world
#   metalraft-bench.elf   what a committed proposal costs, in the RAM of the first
#   metalraft-faults.elf  does what the board's memory protection forbids, for the tests

set(BOARD ${CMAKE_CURRENT_LIST_DIR})

# RAM of the board: what the project allows itself. An image that needs more does not start.
if(METALRAFT_INTERPRETER STREQUAL fast)
  set(BOARD_RAM 110K)
else()
  set(BOARD_RAM 80K)
  # The classic interpreter finds the ends of blocks by reading on, and remembers them here: 6 KB instead of 1.5 halve
  # the instructions that a proposal takes.
  add_compile_definitions(BLOCK_ADDR_CACHE_SIZE=256)
endif()

# Linear memory for the arena of one node of the plan MICRO_CAPACITY (host/core/plan.ts), which takes 13,776 bytes.
set(BOARD_ARENA 14336)

# RAM for a simulated world: thirty-two nodes with windows of a quarter MiB. More of it takes longer to start, as the
# runtime fills it with zeroes.
set(RIG_RAM 16M)
set(RIG_ARENAS 12582912)

# Stacks of C and of the interpreter, in bytes. What was used of the first is printed with the sizes. Of the second,
# simulated worlds take up to 2 KiB with the fast interpreter and 2.5 with the classic one; an overflow stops the node.
set(NATIVE_STACK 4096)
set(INTERPRETER_STACK 4096)

set(CMAKE_C_FLAGS_RELEASE "-Os")
add_compile_options(${METALRAFT_ARCH} ${METALRAFT_LIBC} -g -ffunction-sections -fdata-sections -fno-common -msave-restore)
add_compile_definitions(METALRAFT_STACK_BYTES=${INTERPRETER_STACK} _POSIX_C_SOURCE=200809L)

set(WAMR_BUILD_PLATFORM metalraft)
set(WAMR_BUILD_TARGET RISCV32_ILP32)
set(WAMR_BUILD_STACK_GUARD_SIZE 1024)
set(WAMR_DISABLE_APP_ENTRY 1)
set(SHARED_PLATFORM_CONFIG ${BOARD}/platform/platform.cmake)

set(STRICT -Wall -Wextra -Werror)
set_source_files_properties(${BOARD}/platform/platform.c PROPERTIES
  COMPILE_OPTIONS "${STRICT}" INCLUDE_DIRECTORIES ${BOARD})

# The interpreter's loop is where the time goes: 4 KB more of it run in three quarters of the time.
set_source_files_properties(${WAMR_ROOT}/core/iwasm/interpreter/wasm_interp_${METALRAFT_INTERPRETER}.c PROPERTIES
  COMPILE_OPTIONS -O2)

# An image in RAM bytes (a K or M may follow) of a main file, with compile definitions of its own. Driven mode is compiled
# into it, because its buffers differ.
function(metalraft_image NAME RAM MAIN)
  file(GLOB DRIVEN CONFIGURE_DEPENDS driven/*.c)
  add_executable(${NAME} ${BOARD}/start.S ${BOARD}/board.c ${BOARD}/options.c ${BOARD}/semihosting.c ${BOARD}/${MAIN}
    ${DRIVEN})
  set_target_properties(${NAME} PROPERTIES SUFFIX .elf LINK_DEPENDS ${BOARD}/memory.ld)
  target_include_directories(${NAME} PRIVATE ${BOARD} ${WAMR_ROOT}/core/iwasm/include)
  target_compile_options(${NAME} PRIVATE $<$<COMPILE_LANGUAGE:C>:${STRICT}>)
  target_compile_definitions(${NAME} PRIVATE ${ARGN})
  target_link_options(${NAME} PRIVATE ${METALRAFT_ARCH} ${METALRAFT_LIBC} -DPICOLIBC_INTEGER_PRINTF_SCANF
    -nostartfiles -T ${BOARD}/memory.ld -Wl,--defsym=RAM_LENGTH=${RAM} -Wl,--defsym=STACK_LENGTH=${NATIVE_STACK}
    -Wl,--gc-sections -Wl,-Map=${NAME}.map)
  target_link_libraries(${NAME} PRIVATE metalraft)
endfunction()

function(metalraft_port)
  metalraft_image(metalraft-board ${BOARD_RAM} main.c
    METALRAFT_ARENA_BYTES=${BOARD_ARENA} METALRAFT_DRIVEN_NODES=1 METALRAFT_DRIVEN_BUFFER=256)
  metalraft_image(metalraft-rig ${RIG_RAM} main.c METALRAFT_ARENA_BYTES=${RIG_ARENAS})
  metalraft_image(metalraft-bench ${BOARD_RAM} bench.c METALRAFT_ARENA_BYTES=${BOARD_ARENA})
  metalraft_image(metalraft-faults ${BOARD_RAM} faults.c)
endfunction()
