/* A disk in trouble and a clock that leaps, for one process and while it runs: preloaded before libc (LD_PRELOAD).
 *
 * TROUBLES names a file of four 64-bit numbers that tests/chaos/troubles.py changes from outside; every call looks:
 *   0  errno of a write: ENOSPC fails only what would make a file longer, as a full disk does; EROFS also refuses to open
 *      a file for writing or to remove one; any other fails every write
 *   1  errno of a flush
 *   2  errno of a read
 *   3  seconds that CLOCK_REALTIME is away from the truth
 * TROUBLES_BELOW: only files below this folder have trouble.
 *
 * Not modelled: shared memory maps (SQLite's -shm is filled through one and enlarged by a write), and a write that is
 * carried out in part before it fails.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { WRITE, FLUSH, READ, CLOCK, NUMBERS };

static const volatile int64_t *told;
static const char *below;
static size_t below_length;

/* The constructor may come after the first call of another library's: until then nothing is wrong. */
__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("TROUBLES");
    below = getenv("TROUBLES_BELOW");
    below_length = below ? strlen(below) : 0;
    if (!name) return;
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    void *page = fd < 0 ? MAP_FAILED : mmap(NULL, NUMBERS * sizeof *told, PROT_READ, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) { dprintf(2, "troubles: cannot read %s\n", name); abort(); }
    close(fd);
    told = page;
}

#define REAL(type, name, declared) \
    static type(*real) declared; \
    if (!real) *(void **)(&real) = dlsym(RTLD_NEXT, name)

static int inside(const char *path) {
    return below && strncmp(path, below, below_length) == 0 && path[below_length] == '/';
}

static int watched(int fd) {
    char link[40], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return inside(path);
}

/* The errno that this call is to fail with, 0 for none. `end`: how long the file is afterwards, -1 where it only grows. */
static int refused(int which, int fd, off64_t end) {
    if (!told || !told[which] || !watched(fd)) return 0;
    if (which == WRITE && told[which] == ENOSPC && end >= 0) {
        struct stat64 now;
        if (fstat64(fd, &now) == 0 && end <= now.st_size) return 0;
    }
    return (int)told[which];
}

#define FAIL(which, fd, end) \
    do { int why = refused(which, fd, end); if (why) { errno = why; return -1; } } while (0)

static off64_t after(int fd, size_t length) {
    return fcntl(fd, F_GETFL) & O_APPEND ? -1 : lseek64(fd, 0, SEEK_CUR) + (off64_t)length;
}

/* ---------------------------------------------------------------- files */
ssize_t write(int fd, const void *bytes, size_t length) {
    REAL(ssize_t, "write", (int, const void *, size_t));
    if (told && told[WRITE]) FAIL(WRITE, fd, after(fd, length));
    return real(fd, bytes, length);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", (int, const struct iovec *, int));
    FAIL(WRITE, fd, -1);
    return real(fd, parts, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    REAL(ssize_t, "pwrite64", (int, const void *, size_t, off64_t));
    FAIL(WRITE, fd, at + (off64_t)length);
    return real(fd, bytes, length, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }

int ftruncate64(int fd, off64_t length) {
    REAL(int, "ftruncate64", (int, off64_t));
    FAIL(WRITE, fd, length);
    return real(fd, length);
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int fsync(int fd) {
    REAL(int, "fsync", (int));
    FAIL(FLUSH, fd, 0);
    return real(fd);
}

int fdatasync(int fd) {
    REAL(int, "fdatasync", (int));
    FAIL(FLUSH, fd, 0);
    return real(fd);
}

ssize_t read(int fd, void *bytes, size_t length) {
    REAL(ssize_t, "read", (int, void *, size_t));
    FAIL(READ, fd, 0);
    return real(fd, bytes, length);
}

ssize_t pread64(int fd, void *bytes, size_t length, off64_t at) {
    REAL(ssize_t, "pread64", (int, void *, size_t, off64_t));
    FAIL(READ, fd, 0);
    return real(fd, bytes, length, at);
}

ssize_t pread(int fd, void *bytes, size_t length, off_t at) { return pread64(fd, bytes, length, at); }

/* ---------------------------------------------------------------- names */
/* A full disk has no room for a new name either; a read-only one lets no file be opened for writing. */
static int no_entry(const char *name, int flags) {
    if (!told || !told[WRITE] || !inside(name)) return 0;
    if (told[WRITE] == EROFS && (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC))) return EROFS;
    if (told[WRITE] == ENOSPC && (flags & O_CREAT) && access(name, F_OK) != 0) return ENOSPC;
    return 0;
}

#define MODE_OF(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | __O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); } \
    int why = no_entry(name, flags); \
    if (why) { errno = why; return -1; } \
    REAL(int, "openat64", (int, const char *, int, ...))

int open(const char *name, int flags, ...) { MODE_OF(flags); return real(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE_OF(flags); return real(AT_FDCWD, name, flags | O_LARGEFILE, mode); }
int openat(int at, const char *name, int flags, ...) { MODE_OF(flags); return real(at, name, flags, mode); }
int openat64(int at, const char *name, int flags, ...) { MODE_OF(flags); return real(at, name, flags | O_LARGEFILE, mode); }

int unlink(const char *name) {
    REAL(int, "unlink", (const char *));
    if (told && told[WRITE] == EROFS && inside(name)) { errno = EROFS; return -1; }
    return real(name);
}

int rename(const char *from, const char *to) {
    REAL(int, "rename", (const char *, const char *));
    if (told && told[WRITE] && inside(to)) { errno = (int)told[WRITE]; return -1; }
    return real(from, to);
}

/* ---------------------------------------------------------------- the clock on the wall */
int clock_gettime(clockid_t which, struct timespec *now) {
    REAL(int, "clock_gettime", (clockid_t, struct timespec *));
    int result = real(which, now);
    if (result == 0 && told && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) now->tv_sec += told[CLOCK];
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    REAL(int, "gettimeofday", (struct timeval *restrict, void *restrict));
    int result = real(now, zone);
    if (result == 0 && told) now->tv_sec += told[CLOCK];
    return result;
}

time_t time(time_t *into) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (into) *into = now.tv_sec;
    return now.tv_sec;
}
