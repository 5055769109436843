#pragma once
// libc++ imports these names; nothing defines them.
#include <stdarg.h>
#include <stddef.h>
struct FILE;
typedef long fpos_t;
#define EOF (-1)
extern "C" {
int remove(const char*);
int rename(const char*, const char*);
}
