#pragma once
// Numbers only, for <charconv> and <system_error>; there is no errno: errors are values here.
#define EDOM 33
#define EINVAL 22
#define EILSEQ 84
#define EOVERFLOW 75
#define ERANGE 34
