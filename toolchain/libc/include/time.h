#pragma once
// libc++ imports these names; nothing defines the functions.
#include <stddef.h>
typedef long clock_t;
typedef long time_t;
struct tm {
    int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst;
};
struct timespec {
    time_t tv_sec;
    long tv_nsec;
};
extern "C" {
char* asctime(const tm*);
clock_t clock();
char* ctime(const time_t*);
double difftime(time_t, time_t);
tm* gmtime(const time_t*);
tm* localtime(const time_t*);
time_t mktime(tm*);
size_t strftime(char*, size_t, const char*, const tm*);
time_t time(time_t*);
int timespec_get(timespec*, int);
}
