/* A disk that forgets, and a disk that is slow, for one process: preloaded before libc (LD_PRELOAD).
 *
 * FAULTS_BELOW + FAULTS_STATE: before a file below the first folder is changed, what was there is appended to an undo
 * journal in the second; fsync or fdatasync of that file empties its journal. After the process has been killed,
 * tests/faults/power_cut.py plays the journals backwards: what was not flushed was never there.
 * FAULTS_FSYNC_US: every flush takes so much longer.
 *
 * Left out on purpose: SQLite's -shm (shared memory, built anew from the log), and the order of directory entries: a
 * name made, removed or renamed stays so. A call that would change a watched file behind our back ends the process.
 * One process at a time writes below the folder; its threads may be many.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MAGIC 0x4f444e55u /* "UNDO" */

/* As tests/faults/power_cut.py reads it; `before` bytes of old content follow. */
struct record {
    uint32_t magic;
    uint32_t kind;         /* 'W' bytes written, 'T' length changed */
    uint64_t offset;       /* where the change begins */
    uint64_t length;       /* W: bytes that are to be written; T: the new length of the file */
    uint64_t before;       /* bytes of old content that follow */
    uint64_t size_before;  /* of the whole file */
};

static const char *below, *state;
static long extra_us;
static size_t below_length;
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_ftruncate)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);
static int (*real_unlinkat)(int, const char *, int);
static int (*real_rename)(const char *, const char *);

static void stop(const char *why) {
    dprintf(2, "faults shim: %s\n", why);
    abort();
}

#define FIND(variable, name) \
    do { *(void **)(&(variable)) = dlsym(RTLD_NEXT, name); if (!(variable)) stop("no " name); } while (0)

__attribute__((constructor)) static void begin(void) {
    if (real_open) return;
    FIND(real_openat, "openat64"); FIND(real_write, "write"); FIND(real_pwrite, "pwrite64");
    FIND(real_ftruncate, "ftruncate64"); FIND(real_fsync, "fsync"); FIND(real_fdatasync, "fdatasync");
    FIND(real_unlink, "unlink"); FIND(real_unlinkat, "unlinkat"); FIND(real_rename, "rename");
    const char *us = getenv("FAULTS_FSYNC_US");
    extra_us = us ? atol(us) : 0;
    below = getenv("FAULTS_BELOW");
    state = getenv("FAULTS_STATE");
    if (below && !state) stop("FAULTS_BELOW needs FAULTS_STATE");
    below_length = below ? strlen(below) : 0;
    FIND(real_open, "open64");
}

/* ---------------------------------------------------------------- which file, which journal */
static int watched(const char *path) {
    size_t length = strlen(path);
    if (strncmp(path, below, below_length) != 0 || path[below_length] != '/') return 0;
    return !(length > 4 && strcmp(path + length - 4, "-shm") == 0);
}

/* The path of an open file into `path`; false where it is not watched. A removed file ends in " (deleted)" and is
 * nobody's any more. */
static int path_of(int fd, char path[PATH_MAX]) {
    char link[40];
    if (!real_open) begin();
    if (!below) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return watched(path) && !strstr(path, " (deleted)");
}

/* A name as open and unlink get it, made absolute through its folder. */
static int path_at(int folder, const char *name, char path[PATH_MAX]) {
    char given[PATH_MAX], whole[PATH_MAX], *slash;
    if (!real_open) begin();
    if (!below) return 0;
    int written = name[0] == '/' || folder == AT_FDCWD ? snprintf(given, sizeof given, "%s", name)
                                                       : snprintf(given, sizeof given, "/proc/self/fd/%d/%s", folder, name);
    if (written >= (int)sizeof given) return 0;
    slash = strrchr(given, '/');
    const char *last = slash ? slash + 1 : given;
    char keep[NAME_MAX + 1];
    if (snprintf(keep, sizeof keep, "%s", last) >= (int)sizeof keep) return 0;
    if (slash) slash[slash == given ? 1 : 0] = 0;
    if (!realpath(slash ? given : ".", whole)) return 0;
    if (snprintf(path, PATH_MAX, "%s/%s", whole, keep) >= PATH_MAX) return 0;
    return watched(path);
}

/* Nothing is kept open, so a fork, a closed descriptor or a journal emptied from outside confuses nobody. */
static void journal_of(const char *path, char journal[PATH_MAX]) {
    const char *relative = path + below_length + 1;
    int length = snprintf(journal, PATH_MAX, "%s/%s.undo", state, relative);
    if (length >= PATH_MAX) stop("path too long");
    for (char *at = journal + strlen(state) + 1; *at; at++)
        if (*at == '/') *at = '%';
}

static void forget(const char *path) {
    char journal[PATH_MAX];
    journal_of(path, journal);
    if (truncate(journal, 0) != 0 && errno != ENOENT) stop("cannot empty a journal");
}

/* Append what is about to be lost. A record cut short by the kill is the last one, and its change never began. */
static void remember(const char *path, uint32_t kind, uint64_t offset, uint64_t length) {
    char journal[PATH_MAX];
    struct stat64 now;
    int from = real_open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0 || fstat64(from, &now) != 0) stop("cannot read a watched file");
    uint64_t size = (uint64_t)now.st_size, end = kind == 'T' ? size : offset + length;
    uint64_t first = kind == 'T' ? length : offset;
    uint64_t before = first >= size ? 0 : (end < size ? end : size) - first;
    struct record record = {MAGIC, kind, first, length, before, size};
    char *old = malloc(before ? before : 1);
    if (!old) stop("no memory");
    for (uint64_t done = 0; done < before;) {
        ssize_t got = pread64(from, old + done, before - done, (off64_t)(first + done));
        if (got <= 0) stop("cannot read what was there");
        done += (uint64_t)got;
    }
    close(from);
    journal_of(path, journal);
    int to = real_open(journal, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    struct iovec parts[2] = {{&record, sizeof record}, {old, before}};
    ssize_t (*real_writev)(int, const struct iovec *, int);
    FIND(real_writev, "writev");
    if (to < 0 || real_writev(to, parts, 2) != (ssize_t)(sizeof record + before)) stop("cannot write a journal");
    close(to);
    free(old);
}

/* ---------------------------------------------------------------- changes */
static ssize_t change(int fd, const void *bytes, size_t length, off64_t offset, int placed) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return placed ? real_pwrite(fd, bytes, length, offset) : real_write(fd, bytes, length);
    pthread_mutex_lock(&one_at_a_time);
    if (!placed) {
        struct stat64 now;
        int appends = (fcntl(fd, F_GETFL) & O_APPEND) != 0;
        offset = appends && fstat64(fd, &now) == 0 ? now.st_size : lseek64(fd, 0, SEEK_CUR);
    }
    remember(path, 'W', (uint64_t)offset, length);
    ssize_t written = placed ? real_pwrite(fd, bytes, length, offset) : real_write(fd, bytes, length);
    int kept = errno;
    pthread_mutex_unlock(&one_at_a_time);
    errno = kept;
    return written;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    return change(fd, bytes, length, 0, 0);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    return change(fd, bytes, length, offset, 1);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    return change(fd, bytes, length, offset, 1);
}

int ftruncate64(int fd, off64_t length) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return real_ftruncate(fd, length);
    pthread_mutex_lock(&one_at_a_time);
    remember(path, 'T', 0, (uint64_t)length);
    int result = real_ftruncate(fd, length), kept = errno;
    pthread_mutex_unlock(&one_at_a_time);
    errno = kept;
    return result;
}

int ftruncate(int fd, off_t length) {
    return ftruncate64(fd, length);
}

/* An open that empties a file changes it. */
static int opened(int folder, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    if (!real_open) begin();
    if (!(flags & O_TRUNC) || !path_at(folder, name, path) || access(path, F_OK) != 0) return real_openat(folder, name, flags, mode);
    pthread_mutex_lock(&one_at_a_time);
    remember(path, 'T', 0, 0);
    int fd = real_openat(folder, name, flags, mode), kept = errno;
    pthread_mutex_unlock(&one_at_a_time);
    errno = kept;
    return fd;
}

#define MODE_OF(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | __O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }

int open(const char *name, int flags, ...) { MODE_OF(flags) return opened(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE_OF(flags) return opened(AT_FDCWD, name, flags | O_LARGEFILE, mode); }
int openat(int folder, const char *name, int flags, ...) { MODE_OF(flags) return opened(folder, name, flags, mode); }
int openat64(int folder, const char *name, int flags, ...) { MODE_OF(flags) return opened(folder, name, flags | O_LARGEFILE, mode); }
int creat(const char *name, mode_t mode) { return opened(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *name, mode_t mode) { return opened(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC | O_LARGEFILE, mode); }

/* ---------------------------------------------------------------- names: durable at once, and their records with them */
static void settle(int folder, const char *name) {
    char path[PATH_MAX];
    if (!path_at(folder, name, path)) return;
    pthread_mutex_lock(&one_at_a_time);
    forget(path);
    pthread_mutex_unlock(&one_at_a_time);
}

int unlink(const char *name) {
    if (!real_open) begin();
    int result = real_unlink(name);
    if (result == 0) settle(AT_FDCWD, name);
    return result;
}

int unlinkat(int folder, const char *name, int flags) {
    if (!real_open) begin();
    int result = real_unlinkat(folder, name, flags);
    if (result == 0 && !(flags & AT_REMOVEDIR)) settle(folder, name);
    return result;
}

int rename(const char *from, const char *to) {
    char path[PATH_MAX];
    if (path_at(AT_FDCWD, from, path) || path_at(AT_FDCWD, to, path)) stop("rename of a watched file is not modelled");
    return real_rename(from, to);
}

/* ---------------------------------------------------------------- flushes */
static int flushed(int fd, int (*really)(int)) {
    char path[PATH_MAX];
    if (extra_us) {
        struct timespec rest = {extra_us / 1000000, (extra_us % 1000000) * 1000};
        while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {}
    }
    if (!path_of(fd, path)) return really(fd);
    pthread_mutex_lock(&one_at_a_time);
    int result = really(fd), kept = errno;
    if (result == 0) forget(path);
    pthread_mutex_unlock(&one_at_a_time);
    errno = kept;
    return result;
}

int fsync(int fd) { if (!real_open) begin(); return flushed(fd, real_fsync); }
int fdatasync(int fd) { if (!real_open) begin(); return flushed(fd, real_fdatasync); }

/* ---------------------------------------------------------------- calls that would go past the journal */
#define GUARDED(type, name, declared, given) \
    type name declared { \
        char path[PATH_MAX]; \
        type(*real) declared; \
        if (path_of(fd, path)) stop(#name " on a watched file is not modelled"); \
        FIND(real, #name); \
        return real given; \
    }
GUARDED(ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
GUARDED(ssize_t, pwritev, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
GUARDED(ssize_t, pwritev64, (int fd, const struct iovec *parts, int count, off64_t at), (fd, parts, count, at))
GUARDED(int, fallocate, (int fd, int mode, off_t at, off_t length), (fd, mode, at, length))
GUARDED(int, fallocate64, (int fd, int mode, off64_t at, off64_t length), (fd, mode, at, length))
GUARDED(int, posix_fallocate, (int fd, off_t at, off_t length), (fd, at, length))
GUARDED(int, posix_fallocate64, (int fd, off64_t at, off64_t length), (fd, at, length))
