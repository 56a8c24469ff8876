# The posix port: one process, for tests, for development and to join a cluster from a PC.

set(WAMR_BUILD_PLATFORM linux)
if(APPLE)
  set(WAMR_BUILD_PLATFORM darwin)
endif()

# Room for many nodes in one process. WAMR maps linear memory here, so that the arenas are not in its pool.
add_compile_definitions(METALRAFT_ARENA_BYTES=16777216 METALRAFT_STACK_BYTES=65536 METALRAFT_POOL_BYTES=2097152)

include(${CMAKE_CURRENT_LIST_DIR}/node.cmake)

function(metalraft_port)
  add_executable(metalraft-posix ports/posix/main.c ports/posix/options.c ports/posix/bench.c)
  target_compile_options(metalraft-posix PRIVATE -Wall -Wextra -Werror)
  target_compile_definitions(metalraft-posix PRIVATE _POSIX_C_SOURCE=200809L)
  target_link_libraries(vmlib PUBLIC pthread m)
  target_link_libraries(metalraft-posix PRIVATE metalraft)
  metalraft_posix_node()
endfunction()
