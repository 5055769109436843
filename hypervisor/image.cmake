# The image: every object of every room (the linker drops what nothing reaches), at the addresses that basalt.ld fixes.
file(GLOB libc_sources CONFIGURE_DEPENDS machine/libc/*.cpp)
add_library(libc STATIC ${libc_sources})
target_compile_options(libc PRIVATE -fno-builtin)     # memset is not to be compiled into a call of memset
target_link_libraries(libc PRIVATE freestanding libcxx warnings)

offsets_header()

get_property(rooms GLOBAL PROPERTY BASALT_ROOMS)
set(objects)
foreach(room IN LISTS rooms)
    get_target_property(kind room-${room} TYPE)
    if(kind STREQUAL STATIC_LIBRARY)
        list(APPEND objects $<TARGET_OBJECTS:room-${room}>)
    endif()
endforeach()
set(script ${CMAKE_CURRENT_SOURCE_DIR}/basalt.ld)

function(image name)
    add_executable(${name} ${ARGN})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}
        LINKER_LANGUAGE CXX LINK_DEPENDS ${script} HAS_BUILD_ID TRUE)
    target_link_options(${name} PRIVATE LINKER:-T,${script})
    tells_its_source(${name})
    target_link_libraries(${name} PRIVATE freestanding thin_lto room-decoders libc)
endfunction()

# Linked twice: the first image says where each function is, the second carries their names, for stack traces.
set(names ${CMAKE_BINARY_DIR}/generated/symbols.S)
set(symbols_py ${CMAKE_SOURCE_DIR}/toolchain/basalt/symbols.py)
find_program(BASALT_NM llvm-nm-${BASALT_LLVM} REQUIRED)
image(basalt-without-names ${objects})
add_custom_command(OUTPUT ${names}
    COMMAND ${symbols_py} table ${BASALT_NM} $<TARGET_FILE:basalt-without-names> ${names}
    DEPENDS basalt-without-names ${symbols_py} COMMENT "names for stack traces" VERBATIM)
image(basalt ${objects} ${names})
target_link_options(basalt PRIVATE LINKER:-Map,${CMAKE_BINARY_DIR}/basalt.map)
add_custom_command(TARGET basalt POST_BUILD VERBATIM
    COMMAND ${symbols_py} compare ${BASALT_NM} $<TARGET_FILE:basalt-without-names> $<TARGET_FILE:basalt>
    COMMAND ${CMAKE_SOURCE_DIR}/toolchain/names-no-folder.py $<TARGET_FILE:basalt> ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
