#pragma once
#include <bits/types/mbstate_t.h>
#include <stddef.h>
typedef unsigned wint_t;
#define WEOF (~0u)
