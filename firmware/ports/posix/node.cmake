# The node as a process. The portable parts have CMake lists of their own.
function(metalraft_posix_node)
  foreach(part base flash frame kv node)
    if(NOT TARGET mr_${part})
      add_subdirectory(${CMAKE_CURRENT_SOURCE_DIR}/${part} ${CMAKE_CURRENT_BINARY_DIR}/parts/${part})
    endif()
  endforeach()
  # The second is for the tests: it fails when it is told to (node_main.c).
  foreach(program metalraft-node metalraft-node-faults)
    add_executable(${program}
      ports/posix/node_main.c ports/posix/node_options.c ports/posix/datagrams.c ports/posix/flash_file.c)
    target_compile_options(${program} PRIVATE -Wall -Wextra -Werror)
    target_compile_definitions(${program} PRIVATE _POSIX_C_SOURCE=200809L)
    target_link_libraries(${program} PRIVATE mr_node metalraft)
  endforeach()
  target_compile_definitions(metalraft-node-faults PRIVATE METALRAFT_NODE_FAULTS=1)

  # Boards in one process, on the real core, with a network that a test moves by hand (tests/firmware/late-snapshot.test.ts).
  add_executable(metalraft-late-snapshot-test
    node/test/late_snapshot_test.c node/test/cluster.c flash/test/nor_model.c)
  target_include_directories(metalraft-late-snapshot-test PRIVATE flash/test)
  target_compile_options(metalraft-late-snapshot-test PRIVATE -Wall -Wextra -Werror -pedantic)
  target_link_libraries(metalraft-late-snapshot-test PRIVATE mr_node metalraft)
endfunction()
