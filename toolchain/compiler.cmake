# One compiler for everything: what the host tests show is then shown for the hypervisor's code generator too.
set(BASALT_LLVM 19 CACHE STRING "version of clang, lld and libc++")
foreach(language C ASM)
    set(CMAKE_${language}_COMPILER clang-${BASALT_LLVM})
endforeach()
set(CMAKE_CXX_COMPILER clang++-${BASALT_LLVM})
set(CMAKE_AR /usr/lib/llvm-${BASALT_LLVM}/bin/llvm-ar CACHE FILEPATH "")
set(CMAKE_RANLIB /usr/lib/llvm-${BASALT_LLVM}/bin/llvm-ranlib CACHE FILEPATH "")
