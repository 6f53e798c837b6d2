/* Writes down, in order, everything a process does to the files under one directory, so that a
 * test can say what a disk would hold if the power went between any two of these steps.
 *
 * Preloaded (LD_PRELOAD) into a real process. SHIM_ROOT is the directory, SHIM_LOG the file that
 * the journal goes to (outside SHIM_ROOT). SHIM_ROOM, if set, is how many bytes the files may grow
 * before the disk is full.
 *
 * The journal is a list of entries, all numbers little endian:
 *   u8 kind, u32 file, u64 number, u32 length, bytes
 *     O  opened: number is 1 if it was cut to nothing, bytes are the path
 *     W  written: number is the offset, bytes what was written
 *     T  cut or grown: number is the new length
 *     S  synced
 *     R  renamed: bytes are the old path, a zero, the new path
 *     U  removed: bytes are the path
 *     M  directory made: bytes are the path
 *     X  something this file does not understand: bytes say what. The test fails then.
 *
 * Every call is made and written down under one lock, so the journal's order is the real one.
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
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t file_of[FDS]; /* 0: not under the root */
static char is_shm[FDS];      /* SQLite's shared memory: made anew after a loss of power */
static uint32_t files;
static int log_fd = -1;
static const char *root;
static int64_t room = INT64_MAX;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    root = getenv("SHIM_ROOT");
    const char *path = getenv("SHIM_LOG"), *bytes = getenv("SHIM_ROOM");
    if (root == NULL || path == NULL)
        return;
    if (bytes != NULL)
        room = strtoll(bytes, NULL, 10);
    log_fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0)
        abort();
}

static void put(const void *bytes, size_t len) {
    const char *at = bytes;
    while (len > 0) {
        long done = syscall(SYS_write, log_fd, at, len);
        if (done <= 0)
            abort(); /* a journal with a hole proves nothing */
        at += done;
        len -= (size_t)done;
    }
}

static void note(char kind, uint32_t file, uint64_t number, const void *bytes, size_t len) {
    char head[17];
    uint32_t short_len = (uint32_t)len;
    head[0] = kind;
    memcpy(head + 1, &file, 4);
    memcpy(head + 5, &number, 8);
    memcpy(head + 13, &short_len, 4);
    put(head, sizeof head);
    put(bytes, len);
}

static void note_text(char kind, uint32_t file, uint64_t number, const char *text) {
    note(kind, file, number, text, strlen(text));
}

static uint32_t file(int fd) {
    return log_fd >= 0 && fd >= 0 && fd < FDS ? file_of[fd] : 0;
}

/* What could change a file without the calls that are followed. None of it is expected. */
#define STRANGE(fd, name)                                                                          \
    if (file(fd) != 0) {                                                                           \
        pthread_mutex_lock(&lock);                                                                 \
        note_text('X', 0, 0, name);                                                                \
        pthread_mutex_unlock(&lock);                                                               \
    }

/* The path from the root, made whole, if it is under the root; else 0. */
static int under_root(const char *path, char whole[PATH_MAX]) {
    if (log_fd < 0 || path == NULL)
        return 0;
    if (path[0] == '/') {
        snprintf(whole, PATH_MAX, "%s", path);
    } else {
        char here[PATH_MAX];
        if (getcwd(here, sizeof here) == NULL)
            return 0;
        snprintf(whole, PATH_MAX, "%.2000s/%.2000s", here, path);
    }
    size_t len = strlen(root);
    return strncmp(whole, root, len) == 0 && (whole[len] == '/' || whole[len] == 0);
}

static int ends_with(const char *text, const char *end) {
    size_t len = strlen(text), tail = strlen(end);
    return len >= tail && strcmp(text + len - tail, end) == 0;
}

/* Opening. */

static int opened(int fd, const char *path, int flags) {
    char whole[PATH_MAX];
    if (fd >= 0 && fd < FDS) {
        file_of[fd] = 0;
        if (under_root(path, whole)) {
            file_of[fd] = ++files;
            is_shm[fd] = (char)ends_with(whole, "-shm");
            if (flags & (O_DSYNC | O_SYNC) || (flags & O_TMPFILE) == O_TMPFILE)
                note_text('X', 0, 0, "open with O_SYNC or O_TMPFILE");
            note_text('O', files, (flags & O_TRUNC) != 0, whole);
        }
    } else if (fd >= FDS && under_root(path, whole)) {
        note_text('X', 0, 0, "more open files than the shim can follow");
    }
    return fd;
}

#define OPEN_BODY(call)                                                                            \
    mode_t mode = 0;                                                                               \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                           \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode = va_arg(rest, mode_t);                                                               \
        va_end(rest);                                                                              \
    }                                                                                              \
    pthread_mutex_lock(&lock);                                                                     \
    int fd = call;                                                                                 \
    int cause = errno;                                                                             \
    opened(fd, path, flags);                                                                       \
    pthread_mutex_unlock(&lock);                                                                   \
    errno = cause;                                                                                 \
    return fd;

int open(const char *path, int flags, ...) { OPEN_BODY(REAL(open)(path, flags, mode)) }
int open64(const char *path, int flags, ...) { OPEN_BODY(REAL(open64)(path, flags, mode)) }

int openat(int dir, const char *path, int flags, ...) {
    STRANGE(dir, "openat in a directory under the root");
    OPEN_BODY(REAL(openat)(dir, path, flags, mode))
}
int openat64(int dir, const char *path, int flags, ...) {
    STRANGE(dir, "openat64 in a directory under the root");
    OPEN_BODY(REAL(openat64)(dir, path, flags, mode))
}
int creat(const char *path, mode_t mode) { return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int close(int fd) {
    pthread_mutex_lock(&lock);
    if (fd >= 0 && fd < FDS)
        file_of[fd] = 0;
    int done = REAL(close)(fd);
    pthread_mutex_unlock(&lock);
    return done;
}

static int copied(int from, int to) {
    if (to >= 0 && to < FDS) {
        file_of[to] = file(from);
        is_shm[to] = from >= 0 && from < FDS ? is_shm[from] : 0;
    }
    return to;
}
int dup(int fd) { return copied(fd, REAL(dup)(fd)); }
int dup2(int fd, int to) { return copied(fd, REAL(dup2)(fd, to)); }
int dup3(int fd, int to, int flags) { return copied(fd, REAL(dup3)(fd, to, flags)); }

#define FCNTL_BODY(name)                                                                           \
    va_list rest;                                                                                  \
    va_start(rest, command);                                                                       \
    void *argument = va_arg(rest, void *);                                                         \
    va_end(rest);                                                                                  \
    int done = REAL(name)(fd, command, argument);                                                  \
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)                                          \
        copied(fd, done);                                                                          \
    return done;
int fcntl(int fd, int command, ...) { FCNTL_BODY(fcntl) }
int fcntl64(int fd, int command, ...) { FCNTL_BODY(fcntl64) }

/* Writing. */

static int64_t size_of(int fd) {
    struct stat now;
    return fstat(fd, &now) == 0 ? (int64_t)now.st_size : 0;
}

/* Whether the disk has room for a file to reach `end`; takes it if so. */
static int has_room(int fd, int64_t end) {
    int64_t more = end - size_of(fd);
    if (room == INT64_MAX || more <= 0)
        return 1;
    if (more > room) {
        errno = ENOSPC;
        return 0;
    }
    room -= more;
    return 1;
}

static int64_t position(int fd) {
    return fcntl(fd, F_GETFL) & O_APPEND ? size_of(fd) : (int64_t)lseek64(fd, 0, SEEK_CUR);
}

#define WRITE_BODY(at, call)                                                                       \
    if (file(fd) == 0)                                                                             \
        return call;                                                                               \
    pthread_mutex_lock(&lock);                                                                     \
    int64_t from = at;                                                                             \
    ssize_t done = has_room(fd, from + (int64_t)len) ? call : -1;                                  \
    int cause = errno;                                                                             \
    if (done > 0)                                                                                  \
        note('W', file(fd), (uint64_t)from, bytes, (size_t)done);                                  \
    pthread_mutex_unlock(&lock);                                                                   \
    errno = cause;                                                                                 \
    return done;

ssize_t write(int fd, const void *bytes, size_t len) { WRITE_BODY(position(fd), REAL(write)(fd, bytes, len)) }
ssize_t pwrite(int fd, const void *bytes, size_t len, off_t to) { WRITE_BODY(to, REAL(pwrite)(fd, bytes, len, to)) }
ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t to) {
    WRITE_BODY(to, REAL(pwrite64)(fd, bytes, len, to))
}

#define TRUNCATE_BODY(call)                                                                        \
    if (file(fd) == 0)                                                                             \
        return call;                                                                               \
    pthread_mutex_lock(&lock);                                                                     \
    int done = call;                                                                               \
    int cause = errno;                                                                             \
    if (done == 0)                                                                                 \
        note('T', file(fd), (uint64_t)len, "", 0);                                                 \
    pthread_mutex_unlock(&lock);                                                                   \
    errno = cause;                                                                                 \
    return done;

int ftruncate(int fd, off_t len) { TRUNCATE_BODY(REAL(ftruncate)(fd, len)) }
int ftruncate64(int fd, off64_t len) { TRUNCATE_BODY(REAL(ftruncate64)(fd, len)) }

#define SYNC_BODY(call)                                                                            \
    if (file(fd) == 0)                                                                             \
        return call;                                                                               \
    pthread_mutex_lock(&lock);                                                                     \
    int done = call;                                                                               \
    int cause = errno;                                                                             \
    if (done == 0)                                                                                 \
        note('S', file(fd), 0, "", 0);                                                             \
    pthread_mutex_unlock(&lock);                                                                   \
    errno = cause;                                                                                 \
    return done;

int fsync(int fd) { SYNC_BODY(REAL(fsync)(fd)) }
int fdatasync(int fd) { SYNC_BODY(REAL(fdatasync)(fd)) }

/* Names. */

#define NAME_BODY(kind, call)                                                                      \
    char whole[PATH_MAX];                                                                          \
    if (!under_root(path, whole))                                                                  \
        return call;                                                                               \
    pthread_mutex_lock(&lock);                                                                     \
    int done = call;                                                                               \
    int cause = errno;                                                                             \
    if (done == 0)                                                                                 \
        note_text(kind, 0, 0, whole);                                                              \
    pthread_mutex_unlock(&lock);                                                                   \
    errno = cause;                                                                                 \
    return done;

int unlink(const char *path) { NAME_BODY('U', REAL(unlink)(path)) }
int rmdir(const char *path) { NAME_BODY('U', REAL(rmdir)(path)) }
int mkdir(const char *path, mode_t mode) { NAME_BODY('M', REAL(mkdir)(path, mode)) }

int rename(const char *old, const char *new) {
    char from[PATH_MAX], both[2 * PATH_MAX], to[PATH_MAX];
    int old_in = under_root(old, from), new_in = under_root(new, to);
    if (!old_in && !new_in)
        return REAL(rename)(old, new);
    pthread_mutex_lock(&lock);
    int done = REAL(rename)(old, new);
    int cause = errno;
    if (done == 0 && old_in && new_in) {
        size_t len = strlen(from) + 1;
        memcpy(both, from, len);
        strcpy(both + len, to);
        note('R', 0, 0, both, len + strlen(to));
    } else if (done == 0) {
        note_text('X', 0, 0, "rename over the edge of the root");
    }
    pthread_mutex_unlock(&lock);
    errno = cause;
    return done;
}

/* Other ways to change a file. */
#define MAP_BODY(call)                                                                             \
    if ((flags & MAP_SHARED) && (protection & PROT_WRITE) && file(fd) != 0 && !is_shm[fd])         \
        STRANGE(fd, "mmap to write");                                                              \
    return call;
void *mmap(void *at, size_t len, int protection, int flags, int fd, off_t from) {
    MAP_BODY((void *)syscall(SYS_mmap, at, len, protection, flags, fd, from))
}
void *mmap64(void *at, size_t len, int protection, int flags, int fd, off64_t from) {
    MAP_BODY((void *)syscall(SYS_mmap, at, len, protection, flags, fd, from))
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    STRANGE(fd, "writev");
    return REAL(writev)(fd, parts, count);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t to) {
    STRANGE(fd, "pwritev");
    return REAL(pwritev)(fd, parts, count, to);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t to) {
    STRANGE(fd, "pwritev64");
    return REAL(pwritev64)(fd, parts, count, to);
}
int fallocate(int fd, int mode, off_t from, off_t len) {
    STRANGE(fd, "fallocate");
    return REAL(fallocate)(fd, mode, from, len);
}
int fallocate64(int fd, int mode, off64_t from, off64_t len) {
    STRANGE(fd, "fallocate64");
    return REAL(fallocate64)(fd, mode, from, len);
}
int posix_fallocate(int fd, off_t from, off_t len) {
    STRANGE(fd, "posix_fallocate");
    return REAL(posix_fallocate)(fd, from, len);
}
ssize_t copy_file_range(int from, off64_t *at, int fd, off64_t *to, size_t len, unsigned flags) {
    STRANGE(fd, "copy_file_range");
    return REAL(copy_file_range)(from, at, fd, to, len, flags);
}
int sync_file_range(int fd, off64_t from, off64_t len, unsigned flags) {
    STRANGE(fd, "sync_file_range");
    return REAL(sync_file_range)(fd, from, len, flags);
}
