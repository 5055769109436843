# Toolchain file of the host tests.
include(${CMAKE_CURRENT_LIST_DIR}/compiler.cmake)
set(BASALT_HOST TRUE)
