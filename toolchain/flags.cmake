# Every compiler and linker flag of the tree. Rooms and tests add none of their own.
option(BASALT_CHECKED "undefined behaviour traps, lock order is checked" OFF)
option(BASALT_LTO "ThinLTO: calls across rooms cost nothing" OFF)

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON)     # Xen's domctl.h refuses strict ISO mode

add_library(warnings INTERFACE)
target_compile_options(warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:
    -Wall -Wextra -Werror -Wvla -Wundef -Wextra-semi -Wimplicit-fallthrough -Wnon-virtual-dtor
    -Wshorten-64-to-32 -Wold-style-cast -Wcast-qual -Wzero-as-null-pointer-constant
    -Wno-missing-designated-field-initializers>)     # a member left out takes its default: that is meant

# The image lies outside the top 2 GiB, so the kernel code model cannot reach it; all addressing is relative to
# RIP, and the linker settles the rest. Soft float, not merely "no SSE": libc++'s headers name long double, and
# with this feature any use of floating point is an undefined symbol instead of an instruction. No stack frame is
# larger than the guard page below the stack, or it could step over it.
#
# The image names no folder of the machine that built it: one source makes one image, byte for byte. Debuggers find
# files from the root of the tree, and headers of rooms from the build folder.
if(NOT BASALT_HOST)
    file(CREATE_LINK ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/tree SYMBOLIC)
    set_property(GLOBAL PROPERTY RULE_LAUNCH_COMPILE "\"${CMAKE_SOURCE_DIR}/toolchain/compile\" \"${CMAKE_SOURCE_DIR}\"")
endif()
add_library(freestanding INTERFACE)
target_compile_options(freestanding INTERFACE
    -fdebug-compilation-dir=. -fdebug-prefix-map=${CMAKE_SOURCE_DIR}/= -fdebug-prefix-map=${CMAKE_BINARY_DIR}/= -ffile-prefix-map=tree/=
    -g -O2 -ffreestanding -mcmodel=small -fpie -fvisibility=hidden -fdirect-access-external-data
    -mno-red-zone -fcf-protection=none -ffunction-sections -fdata-sections -nostdlibinc
    $<$<NOT:$<COMPILE_LANGUAGE:ASM>>:
        -mno-mmx -mno-sse "SHELL:-Xclang -target-feature" "SHELL:-Xclang +soft-float" -mcx16
        -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -ftrivial-auto-var-init=zero>
    $<$<COMPILE_LANGUAGE:CXX>:
        -fno-exceptions -fno-rtti -fno-threadsafe-statics -nostdinc++ -Wframe-larger-than=4096>
    $<$<AND:$<BOOL:${BASALT_CHECKED}>,$<COMPILE_LANGUAGE:CXX>>:
        -fsanitize=undefined -fno-sanitize=function -fsanitize-trap=undefined>)
target_compile_definitions(freestanding INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_FAST>)
target_link_options(freestanding INTERFACE
    -nostdlib -static --ld-path=/usr/bin/ld.lld-${BASALT_LLVM}
    LINKER:-z,max-page-size=4096 LINKER:-z,noexecstack LINKER:--gc-sections
    LINKER:--build-id=$<IF:$<BOOL:$<TARGET_PROPERTY:HAS_BUILD_ID>>,sha1,none>)

add_library(thin_lto INTERFACE)
if(BASALT_LTO)
    target_compile_options(thin_lto INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-flto=thin>)
    # A static image is not position independent in the linker's eyes; code made at the link must be all the same.
    target_link_options(thin_lto INTERFACE -flto=thin LINKER:-mllvm,-relocation-model=pic
        LINKER:--thinlto-cache-dir=${CMAKE_BINARY_DIR}/thinlto)
endif()

add_library(hosted INTERFACE)
target_compile_options(hosted INTERFACE -g -O1 -fno-omit-frame-pointer -mcx16
    -fsanitize=address,undefined -fno-sanitize-recover=all $<$<COMPILE_LANGUAGE:CXX>:-stdlib=libc++>)
target_compile_definitions(hosted INTERFACE _LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_EXTENSIVE)
target_link_options(hosted INTERFACE -fsanitize=address,undefined -stdlib=libc++
    --ld-path=/usr/bin/ld.lld-${BASALT_LLVM})

# For the host as well, with a note of each branch taken, for libFuzzer, which brings main() and needs the other C++ library.
# A decoder's file has functions that no test links all of.
add_library(fuzzed INTERFACE)
target_link_libraries(fuzzed INTERFACE hosted)
target_compile_options(fuzzed INTERFACE -fsanitize=fuzzer-no-link -ffunction-sections -fdata-sections)
target_link_options(fuzzed INTERFACE -fsanitize=fuzzer LINKER:--gc-sections)
target_link_libraries(fuzzed INTERFACE -l:libstdc++.so.6)

# For the host, with a call for each atomic access, so that a test decides which CPU makes the next one. (The calls
# are those of ThreadSanitizer, without it.) Their test library has none.
add_library(unsanitized INTERFACE)
target_compile_options(unsanitized INTERFACE -g -O2 -mcx16 -stdlib=libc++)
target_link_options(unsanitized INTERFACE -stdlib=libc++ --ld-path=/usr/bin/ld.lld-${BASALT_LLVM})
add_library(stepwise INTERFACE)
target_link_libraries(stepwise INTERFACE unsanitized)
target_compile_options(stepwise INTERFACE -fsanitize=thread
    "SHELL:-mllvm -tsan-instrument-memory-accesses=0" "SHELL:-mllvm -tsan-instrument-func-entry-exit=0"
    "SHELL:-mllvm -tsan-instrument-memintrinsics=0")

# What the code itself may ask about its build, as constants: `#include <toolchain/configuration.hpp>`.
if(BASALT_CHECKED OR BASALT_HOST)
    set(checked_build true)
else()
    set(checked_build false)
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/configuration.hpp.in
    ${CMAKE_BINARY_DIR}/generated/toolchain/configuration.hpp @ONLY)
add_library(configuration INTERFACE)
target_include_directories(configuration INTERFACE ${CMAKE_BINARY_DIR}/generated)
