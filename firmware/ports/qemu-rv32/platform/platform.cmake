# What WAMR's build asks of a platform (its SHARED_PLATFORM_CONFIG): the include folders and PLATFORM_SHARED_SOURCE.

include_directories(${CMAKE_CURRENT_LIST_DIR} ${SHARED_DIR}/platform/include)
set(PLATFORM_SHARED_SOURCE ${CMAKE_CURRENT_LIST_DIR}/platform.c)
