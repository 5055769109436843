# libc++'s headers as a freestanding subset: its own headers unchanged, in front of them a __config_site with
# everything switched off that needs an operating system, behind them the few libc declarations in libc/include.
find_path(BASALT_LIBCXX __config_site REQUIRED NO_DEFAULT_PATH
    PATHS /usr/lib/llvm-${BASALT_LLVM}/include/c++/v1 DOC "libc++ headers")
file(READ ${BASALT_LIBCXX}/__config_site site)
foreach(absent THREADS MONOTONIC_CLOCK FILESYSTEM RANDOM_DEVICE LOCALIZATION WIDE_CHARACTERS
        TIME_ZONE_DATABASE TERMINAL)
    string(REPLACE "/* #undef _LIBCPP_HAS_NO_${absent} */" "#define _LIBCPP_HAS_NO_${absent}" site "${site}")
endforeach()
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/libcxx/__config_site CONTENT "${site}" @ONLY)

add_library(libcxx INTERFACE)
foreach(folder ${CMAKE_BINARY_DIR}/generated/libcxx ${BASALT_LIBCXX} ${CMAKE_CURRENT_LIST_DIR}/libc/include)
    target_compile_options(libcxx INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-isystem${folder}>)
endforeach()
