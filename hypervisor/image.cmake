# The image: every room whole (the linker drops what nothing reaches), at the addresses that basalt.ld fixes.
file(GLOB libc_sources CONFIGURE_DEPENDS machine/libc/*.cpp)
add_library(libc STATIC ${libc_sources})
target_compile_options(libc PRIVATE -fno-builtin)     # memset is not to be compiled into a call of memset
target_link_libraries(libc PRIVATE freestanding libcxx warnings)

get_property(rooms GLOBAL PROPERTY BASALT_ROOMS)
offsets_header()


set(script ${CMAKE_CURRENT_SOURCE_DIR}/basalt.ld)
set(with_sources)
foreach(room IN LISTS rooms)
    get_target_property(kind room-${room} TYPE)
    if(kind STREQUAL STATIC_LIBRARY)
        list(APPEND with_sources room-${room})
    endif()
endforeach()

file(WRITE ${CMAKE_BINARY_DIR}/generated/empty.S "")
add_executable(basalt ${CMAKE_BINARY_DIR}/generated/empty.S)
set_target_properties(basalt PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR} LINK_DEPENDS ${script}
    LINKER_LANGUAGE CXX)
target_link_options(basalt PRIVATE LINKER:-T,${script} LINKER:-Map,${CMAKE_BINARY_DIR}/basalt.map)
target_link_libraries(basalt PRIVATE freestanding thin_lto "$<LINK_LIBRARY:WHOLE_ARCHIVE,${with_sources}>" libc)
