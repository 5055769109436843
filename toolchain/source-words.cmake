cmake_minimum_required(VERSION 3.25)

# Writes OUTPUT, assembler that holds which source in TREE an image of VERSION is made from, and when that was committed.
# SOURCE_DATE_EPOCH in the environment is a date that counts instead. The clock does not: two builds of one source are the same.
# TREE has to be the repository itself, not a folder that a repository of something else has in it.
set(git git --no-optional-locks -C ${TREE})
execute_process(COMMAND ${git} rev-parse --show-prefix --short=12 HEAD RESULT_VARIABLE failed OUTPUT_VARIABLE commit ERROR_QUIET)
if(failed OR NOT commit MATCHES "^\n([0-9a-f]+)\n$")
    set(commit unknown)
else()
    set(commit ${CMAKE_MATCH_1})
    execute_process(COMMAND ${git} status --porcelain -- CHANGELOG.md CMakeLists.txt CMakePresets.json boot hypercalls hypervisor
        toolchain OUTPUT_VARIABLE changed)
    if(changed)
        string(APPEND commit -dirty)
    endif()
    if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
        execute_process(COMMAND ${git} log -1 --format=%ct OUTPUT_VARIABLE seconds OUTPUT_STRIP_TRAILING_WHITESPACE)
        set(ENV{SOURCE_DATE_EPOCH} ${seconds})
    endif()
endif()
if(DEFINED ENV{SOURCE_DATE_EPOCH})
    string(TIMESTAMP date "%Y-%m-%d %H:%M:%S UTC" UTC)
endif()

# As large as their fields in the ABI, so that nothing moves when they change; written only when they do.
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT "    .section .rodata.source, \"a\"
    .globl source_name, source_date
    .hidden source_name, source_date
    .balign 64
source_name:
    .asciz \"Basalt @VERSION@ git:@commit@\"
    .org source_name + 64
source_date:
    .asciz \"@date@\"
    .org source_date + 32
")
