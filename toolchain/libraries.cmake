# Headers of packages that a room may list as if they were one.

# Xen's public headers, <xen/...> alone of /usr/include. hypervisor/abi includes them in parts; tools' interfaces (domctl, sysctl,
# platform_op and parts of others) are declared for whoever says that he is one.
find_path(BASALT_XEN_HEADERS xen/xen.h REQUIRED NO_CMAKE_FIND_ROOT_PATH PATHS /usr/include DOC "libxen-dev")
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated/xen-headers)
file(CREATE_LINK ${BASALT_XEN_HEADERS}/xen ${CMAKE_BINARY_DIR}/generated/xen-headers/xen SYMBOLIC)
add_library(room-xen INTERFACE)
target_include_directories(room-xen SYSTEM INTERFACE ${CMAKE_BINARY_DIR}/generated/xen-headers)
target_compile_definitions(room-xen INTERFACE __XEN_TOOLS__=1)

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
