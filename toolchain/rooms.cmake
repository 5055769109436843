# A room is a folder, and one library, room-<name>:
#
#     room(NAME paging PURE MAY_USE core memory)
#
# Every .cpp and .S below the folder belongs to it, so that a new file needs no line here; a room without
# sources yet is allowed. Its headers are included as "paging/file.hpp", and only by rooms that list it, or list
# one that lists it: each room sees a folder of symbolic links that names just the rooms it may use. PURE rooms are
# built for the host as well. A room that another KEEPS is seen by that one alone, and not by those that use it.
# FOLDER says where the room is, if not in hypervisor/<name>; EXCEPT takes sub-folders out.
set(CMAKE_OPTIMIZE_DEPENDENCIES ON)      # `ninja room-boot` compiles boot, not every room it uses

function(room)
    cmake_parse_arguments(PARSE_ARGV 0 room "PURE" "NAME;FOLDER;EXCEPT" "MAY_USE;KEEPS")
    if(BASALT_HOST AND NOT room_PURE)
        return()
    endif()
    if(NOT room_FOLDER)
        set(room_FOLDER hypervisor/${room_NAME})
    endif()
    foreach(lower IN LISTS room_MAY_USE room_KEEPS)
        if(NOT TARGET room-${lower})
            message(FATAL_ERROR "room ${room_NAME} may not use ${lower}: a room uses rooms that stand before it in the list")
        endif()
    endforeach()
    set(folder ${CMAKE_SOURCE_DIR}/${room_FOLDER})
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/rooms/${room_NAME})
    file(CREATE_LINK ${folder} ${CMAKE_BINARY_DIR}/rooms/${room_NAME}/${room_NAME} SYMBOLIC)

    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.cpp ${folder}/*.S)
    if(room_EXCEPT)
        list(FILTER sources EXCLUDE REGEX "^${folder}/(${room_EXCEPT})")
    endif()
    # The ABI is abi's, in parts: whoever includes Xen's headers past it sees all that they include.
    file(GLOB_RECURSE headers ${folder}/*.hpp)
    foreach(source IN LISTS sources headers)
        file(STRINGS ${source} past REGEX "#include <xen/" LIMIT_COUNT 1)
        if(past AND NOT room_NAME STREQUAL abi)
            message(FATAL_ERROR "${source} includes Xen's headers: they are included as \"abi/...\", hypervisor/abi/README.md names the parts")
        endif()
    endforeach()
    set(target room-${room_NAME})      # with a prefix, because "debug" alone is a keyword of CMake's
    list(TRANSFORM room_MAY_USE PREPEND room- OUTPUT_VARIABLE may_use)
    if(sources)
        add_library(${target} STATIC ${sources})
        set(scope PUBLIC)
        # Assertions name files from the root of the tree, headers as they are included.
        get_property(includes GLOBAL PROPERTY BASALT_ROOM_INCLUDES)
        foreach(folder ${CMAKE_SOURCE_DIR} ${includes} ${CMAKE_BINARY_DIR}/rooms/${room_NAME})
            target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fmacro-prefix-map=${folder}/=>)
        endforeach()
        list(TRANSFORM room_KEEPS PREPEND room- OUTPUT_VARIABLE keeps)
        target_link_libraries(${target} PRIVATE warnings ${keeps})
        if(NOT BASALT_HOST)
            target_link_libraries(${target} PRIVATE thin_lto)
            add_dependencies(${target} offsets_header)
        endif()
    else()
        add_library(${target} INTERFACE)
        set(scope INTERFACE)
    endif()
    target_include_directories(${target} ${scope} ${CMAKE_BINARY_DIR}/rooms/${room_NAME})
    target_link_libraries(${target} ${scope} $<IF:$<BOOL:${BASALT_HOST}>,hosted,freestanding;libcxx>
        configuration ${may_use})
    set_property(GLOBAL APPEND PROPERTY BASALT_ROOMS ${room_NAME})
    set_property(GLOBAL APPEND PROPERTY BASALT_ROOM_INCLUDES ${CMAKE_BINARY_DIR}/rooms/${room_NAME})
endfunction()
