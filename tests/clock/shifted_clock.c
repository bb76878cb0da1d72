/* A wall clock that a test moves while a server runs: put before the C library by LD_PRELOAD, it adds
   what the first eight bytes of a file say, in milliseconds, to CLOCK_REALTIME. Every other clock stays
   as it is. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile const long long *offset;

__attribute__((constructor)) static void set_up(void) {
    const char *path = getenv("SHIFTED_CLOCK_FILE");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *memory = file < 0 ? MAP_FAILED : mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
    offset = memory == MAP_FAILED ? 0 : memory;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && clock == CLOCK_REALTIME && offset) {
        long long milliseconds = *offset;
        long long nanoseconds = time->tv_nsec + (milliseconds % 1000) * 1000000LL;
        time->tv_sec += milliseconds / 1000 + (nanoseconds >= 1000000000LL) - (nanoseconds < 0);
        time->tv_nsec = (nanoseconds + 1000000000LL) % 1000000000LL;
    }
    return result;
}
