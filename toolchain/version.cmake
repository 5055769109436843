# What the image tells of itself. The number is CHANGELOG.md's: its newest one, with a plus where something is listed
# above it as unreleased. The commit and its date are asked for at each build; only the object that holds these words is
# made again when they change.
set(changelog ${CMAKE_SOURCE_DIR}/CHANGELOG.md)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${changelog})
file(STRINGS ${changelog} headings REGEX "^## ")
list(GET headings 0 newest)
if(NOT "${headings}" MATCHES "## (([0-9]+)\\.([0-9]+)\\.[0-9]+)")
    message(FATAL_ERROR "CHANGELOG.md has no heading with a version number")
endif()
set(BASALT_VERSION ${CMAKE_MATCH_1})
set(BASALT_VERSION_MAJOR ${CMAKE_MATCH_2})
set(BASALT_VERSION_MINOR ${CMAKE_MATCH_3})
if(NOT newest MATCHES "^## [0-9]")
    string(APPEND BASALT_VERSION +)
endif()

# Adds to `target` the object that holds them.
function(tells_its_source target)
    set(words ${CMAKE_BINARY_DIR}/generated/source_words.S)
    if(NOT TARGET source_words)
        add_custom_target(source_words BYPRODUCTS ${words} VERBATIM
            COMMAND ${CMAKE_COMMAND} -DTREE=${CMAKE_SOURCE_DIR} -DVERSION=${BASALT_VERSION} -DOUTPUT=${words}
                -P ${CMAKE_SOURCE_DIR}/toolchain/source-words.cmake)
    endif()
    set_source_files_properties(${words} PROPERTIES GENERATED TRUE)
    target_sources(${target} PRIVATE ${words})
    add_dependencies(${target} source_words)
endfunction()
