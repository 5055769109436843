#pragma once
// Types and constants that libc++'s headers name; there is no floating point in the hypervisor.
typedef float float_t;
typedef double double_t;
#define FP_INFINITE 0
#define FP_NAN 1
#define FP_NORMAL 2
#define FP_SUBNORMAL 3
#define FP_ZERO 4
#define HUGE_VAL __builtin_huge_val()
#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")
