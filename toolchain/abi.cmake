# The Xen ABI is the one thing that the lowest room and the highest share: `#include "hypercalls/abi.hpp"` works
# everywhere, though the rest of hypercalls/ is seen by nobody below it. <xen/...> alone is taken from /usr/include.
find_path(BASALT_XEN_HEADERS xen/xen.h REQUIRED NO_CMAKE_FIND_ROOT_PATH PATHS /usr/include DOC "libxen-dev")
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/rooms/abi/hypercalls ${CMAKE_BINARY_DIR}/generated/xen-headers)
foreach(header abi basalt_calls)
    file(CREATE_LINK ${CMAKE_SOURCE_DIR}/hypercalls/${header}.hpp
        ${CMAKE_BINARY_DIR}/rooms/abi/hypercalls/${header}.hpp SYMBOLIC)
endforeach()
file(CREATE_LINK ${BASALT_XEN_HEADERS}/xen ${CMAKE_BINARY_DIR}/generated/xen-headers/xen SYMBOLIC)
add_library(room-abi INTERFACE)
target_include_directories(room-abi INTERFACE ${CMAKE_BINARY_DIR}/rooms/abi)
target_include_directories(room-abi SYSTEM INTERFACE ${CMAKE_BINARY_DIR}/generated/xen-headers)

# GNU's multiboot2.h is in no binary package; toolchain/packages takes it from the source package of GRUB.
set(build ${CMAKE_SOURCE_DIR}/build)
if(DEFINED ENV{BASALT_BUILD})
    set(build $ENV{BASALT_BUILD})
endif()
set(BASALT_MULTIBOOT2_INCLUDE ${build}/packages/include CACHE PATH "folder of multiboot2.h")
if(NOT BASALT_HOST)
    if(NOT EXISTS ${BASALT_MULTIBOOT2_INCLUDE}/multiboot2.h)
        execute_process(COMMAND ${CMAKE_SOURCE_DIR}/toolchain/packages fetch COMMAND_ERROR_IS_FATAL ANY)
    endif()
    add_library(room-multiboot2 INTERFACE)
    target_include_directories(room-multiboot2 SYSTEM INTERFACE ${BASALT_MULTIBOOT2_INCLUDE})
endif()
