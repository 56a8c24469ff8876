# The node as a process. The portable parts have CMake lists of their own.
function(metalraft_posix_node)
  foreach(part base flash frame kv node)
    if(NOT TARGET mr_${part})
      add_subdirectory(${CMAKE_CURRENT_SOURCE_DIR}/${part} ${CMAKE_CURRENT_BINARY_DIR}/parts/${part})
    endif()
  endforeach()
  add_executable(metalraft-node
    ports/posix/node_main.c ports/posix/node_options.c ports/posix/datagrams.c ports/posix/flash_file.c)
  target_compile_options(metalraft-node PRIVATE -Wall -Wextra -Werror)
  target_compile_definitions(metalraft-node PRIVATE _POSIX_C_SOURCE=200809L)
  target_link_libraries(metalraft-node PRIVATE mr_node metalraft)
endfunction()
