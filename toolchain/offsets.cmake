# Offsets for the assembler: hypervisor/machine/offsets.cpp lists names and values computed from the real types. It is
# compiled to assembly text, never linked, and what the compiler wrote down becomes <offsets.h> for .S files.
function(offsets_header)
    set(header ${CMAKE_BINARY_DIR}/generated/offsets.h)
    get_property(includes GLOBAL PROPERTY BASALT_ROOM_INCLUDES)
    add_library(offsets OBJECT ${CMAKE_SOURCE_DIR}/hypervisor/machine/offsets.cpp)
    target_compile_options(offsets PRIVATE -S -g0)
    target_include_directories(offsets PRIVATE ${includes})   # layouts come from any room
    target_link_libraries(offsets PRIVATE freestanding libcxx warnings configuration room-xen)
    set(script ${CMAKE_SOURCE_DIR}/toolchain/offsets-to-header.cmake)
    add_custom_command(OUTPUT ${header}
        COMMAND ${CMAKE_COMMAND} -DASSEMBLY=$<TARGET_OBJECTS:offsets> -DHEADER=${header} -P ${script}
        DEPENDS $<TARGET_OBJECTS:offsets> ${script} COMMENT "offsets for the assembler" VERBATIM)
    add_custom_target(offsets_header DEPENDS ${header})
endfunction()
