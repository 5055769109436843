# Debian's static decoder libraries, for the start-up code that unpacks kernels: link `room-decoders` (a room lists it as
# `decoders`). Only their headers are made visible, not the rest of /usr/include. The linker script puts their text
# and data among what is given back after start-up.
#
# They were compiled for ordinary programs. Before the first call: SSE on (CR4.OSFXSR and OSXMMEXCPT, CR0.EM and TS
# clear), FS base at a readable block (stack guard at 40), stack aligned to 16, interrupts off and NMI on a stack of its
# own (red zone), constructors run. Whoever links them supplies malloc, calloc, free and __stack_chk_fail.
add_library(room-decoders INTERFACE)
set(headers ${CMAKE_BINARY_DIR}/generated/decoders)
file(MAKE_DIRECTORY ${headers})
foreach(header lzma.h lzma zlib.h zconf.h zstd.h zstd_errors.h lz4.h)
    find_path(folder_of_header ${header} REQUIRED NO_CACHE NO_DEFAULT_PATH
        PATHS /usr/include /usr/include/x86_64-linux-gnu)
    file(CREATE_LINK ${folder_of_header}/${header} ${headers}/${header} SYMBOLIC)
    unset(folder_of_header)
endforeach()
target_include_directories(room-decoders SYSTEM INTERFACE ${headers})
target_compile_definitions(room-decoders INTERFACE $<$<COMPILE_LANGUAGE:CXX>:Z_SOLO>)
foreach(decoder lzma zstd z lz4)
    find_library(archive lib${decoder}.a REQUIRED NO_CACHE NO_DEFAULT_PATH PATHS /usr/lib/x86_64-linux-gnu)
    target_link_libraries(room-decoders INTERFACE ${archive})
    unset(archive)
endforeach()
target_link_options(room-decoders INTERFACE LINKER:--undefined=ZSTD_trace_decompress_begin)    # in libc, see there
