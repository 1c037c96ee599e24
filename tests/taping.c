/* Takes down what a process does to the files of one folder, in the order in which it is done.

   Loaded by LD_PRELOAD into a process that has TAPED_FOLDER (a real path) and TAPE (a file) in its
   environment. Each entry: one letter, two lengths and a number (native 64 bits), a path, bytes.
   Letters: C created, W written at, T cut to, S synced, R renamed to, U removed, M folder made.
   What SQLite shares among processes (-shm) holds nothing that outlives them and is left out. */
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
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t turn = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static char folder[PATH_MAX];
static size_t folder_length;
static int tape = -1;

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define BEGIN pthread_mutex_lock(&turn)
#define END(result) do { int kept = errno; pthread_mutex_unlock(&turn); errno = kept; return result; } while (0)

__attribute__((constructor)) static void begin(void) {
    const char *where = getenv("TAPED_FOLDER"), *what = getenv("TAPE");
    if (!where || !what) return;
    strncpy(folder, where, sizeof folder - 1);
    folder_length = strlen(folder);
    tape = syscall(SYS_openat, AT_FDCWD, what, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static void put(const void *bytes, size_t left) {
    const char *at = bytes;
    while (left) {
        long done = syscall(SYS_write, tape, at, left);
        if (done <= 0) abort();
        at += done;
        left -= done;
    }
}

static int ours(const char *path) {
    size_t length = strlen(path);
    if (tape < 0 || strncmp(path, folder, folder_length)) return 0;
    if (path[folder_length] && path[folder_length] != '/') return 0;
    if (length > 4 && !strcmp(path + length - 4, "-shm")) return 0;
    return !(length > 10 && !strcmp(path + length - 10, " (deleted)"));
}

static void note(char letter, const char *path, int64_t number, const void *bytes, size_t size) {
    int64_t head[3] = {(int64_t)strlen(path), (int64_t)size, number};
    put(&letter, 1);
    put(head, sizeof head);
    put(path, head[0]);
    put(bytes, size);
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return ours(path);
}

static int path_at(int fd, const char *name, char *path) {
    if (name[0] == '/') {
        strncpy(path, name, PATH_MAX - 1);
        path[PATH_MAX - 1] = 0;
        return ours(path);
    }
    char base[PATH_MAX];
    if (fd == AT_FDCWD) {
        if (!getcwd(base, sizeof base)) return 0;
    } else {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        long length = readlink(link, base, sizeof base - 1);
        if (length < 0) return 0;
        base[length] = 0;
    }
    if (snprintf(path, PATH_MAX, "%s/%s", base, name) >= PATH_MAX) return 0;
    return ours(path);
}

static int opened(int fd, int at, const char *name, int flags, int there, off_t size) {
    char path[PATH_MAX];
    if (fd >= 0 && (flags & (O_CREAT | O_TRUNC)) && path_of(fd, path)) {
        if (!there) note('C', path, 0, "", 0);
        else if ((flags & O_TRUNC) && size) note('T', path, 0, "", 0);
    }
    return fd;
}

#define OPEN(at, name, flags, call) do { \
        struct stat before; \
        BEGIN; \
        int there = !fstatat(at, name, &before, 0); \
        int fd = opened(call, at, name, flags, there, there ? before.st_size : 0); \
        END(fd); \
    } while (0)
#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | __O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }

int open(const char *name, int flags, ...) { REAL(open); MODE(flags) OPEN(AT_FDCWD, name, flags, real(name, flags, mode)); }
int open64(const char *name, int flags, ...) { REAL(open64); MODE(flags) OPEN(AT_FDCWD, name, flags, real(name, flags, mode)); }
int openat(int at, const char *name, int flags, ...) { REAL(openat); MODE(flags) OPEN(at, name, flags, real(at, name, flags, mode)); }
int openat64(int at, const char *name, int flags, ...) { REAL(openat64); MODE(flags) OPEN(at, name, flags, real(at, name, flags, mode)); }
int creat(const char *name, mode_t mode) { return open(name, O_CREAT | O_WRONLY | O_TRUNC, mode); }

static off_t place_of(int fd) {
    struct stat now;
    if ((fcntl(fd, F_GETFL) & O_APPEND) && !fstat(fd, &now)) return now.st_size;
    return lseek(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *bytes, size_t size) {
    REAL(write);
    char path[PATH_MAX];
    if (tape < 0 || !path_of(fd, path)) return real(fd, bytes, size);
    BEGIN;
    off_t at = place_of(fd);
    ssize_t done = real(fd, bytes, size);
    if (done > 0) note('W', path, at, bytes, done);
    END(done);
}

static ssize_t placed(int fd, const void *bytes, size_t size, off_t at, ssize_t (*real)(int, const void *, size_t, off_t)) {
    char path[PATH_MAX];
    if (tape < 0 || !path_of(fd, path)) return real(fd, bytes, size, at);
    BEGIN;
    ssize_t done = real(fd, bytes, size, at);
    if (done > 0) note('W', path, at, bytes, done);
    END(done);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { REAL(pwrite); return placed(fd, bytes, size, at, real); }
ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at) { REAL(pwrite64); return placed(fd, bytes, size, at, real); }

static void note_pieces(const char *path, off_t at, const struct iovec *pieces, int count, ssize_t done) {
    for (int one = 0; one < count && done > 0; one++) {
        ssize_t size = (ssize_t)pieces[one].iov_len < done ? (ssize_t)pieces[one].iov_len : done;
        note('W', path, at, pieces[one].iov_base, size);
        at += size;
        done -= size;
    }
}
ssize_t writev(int fd, const struct iovec *pieces, int count) {
    REAL(writev);
    char path[PATH_MAX];
    if (tape < 0 || !path_of(fd, path)) return real(fd, pieces, count);
    BEGIN;
    off_t at = place_of(fd);
    ssize_t done = real(fd, pieces, count);
    note_pieces(path, at, pieces, count, done);
    END(done);
}

static int cut(int fd, off_t size, int (*real)(int, off_t)) {
    char path[PATH_MAX];
    BEGIN;
    int result = real(fd, size);
    if (!result && path_of(fd, path)) note('T', path, size, "", 0);
    END(result);
}
int ftruncate(int fd, off_t size) { REAL(ftruncate); return cut(fd, size, real); }
int ftruncate64(int fd, off_t size) { REAL(ftruncate64); return cut(fd, size, real); }

static int synced(int fd, int (*real)(int)) {
    char path[PATH_MAX];
    BEGIN;
    int result = real(fd);
    if (!result && path_of(fd, path)) note('S', path, 0, "", 0);
    END(result);
}
int fsync(int fd) { REAL(fsync); return synced(fd, real); }
int fdatasync(int fd) { REAL(fdatasync); return synced(fd, real); }

static int moved(int result, int from_at, const char *from, int to_at, const char *to) {
    char before[PATH_MAX], after[PATH_MAX];
    if (!result && path_at(from_at, from, before) && path_at(to_at, to, after))
        note('R', before, 0, after, strlen(after));
    return result;
}
int rename(const char *from, const char *to) { REAL(rename); BEGIN; int done = moved(real(from, to), AT_FDCWD, from, AT_FDCWD, to); END(done); }
int renameat(int fa, const char *from, int ta, const char *to) { REAL(renameat); BEGIN; int done = moved(real(fa, from, ta, to), fa, from, ta, to); END(done); }

static int removed(int result, int at, const char *name) {
    char path[PATH_MAX];
    if (!result && path_at(at, name, path)) note('U', path, 0, "", 0);
    return result;
}
int unlink(const char *name) { REAL(unlink); BEGIN; int done = removed(real(name), AT_FDCWD, name); END(done); }
int unlinkat(int at, const char *name, int flags) { REAL(unlinkat); BEGIN; int done = removed(real(at, name, flags), at, name); END(done); }
int rmdir(const char *name) { REAL(rmdir); BEGIN; int done = removed(real(name), AT_FDCWD, name); END(done); }
int remove(const char *name) { REAL(remove); BEGIN; int done = removed(real(name), AT_FDCWD, name); END(done); }

static int made(int result, int at, const char *name) {
    char path[PATH_MAX];
    if (!result && path_at(at, name, path)) note('M', path, 0, "", 0);
    return result;
}
int mkdir(const char *name, mode_t mode) { REAL(mkdir); BEGIN; int done = made(real(name, mode), AT_FDCWD, name); END(done); }
int mkdirat(int at, const char *name, mode_t mode) { REAL(mkdirat); BEGIN; int done = made(real(at, name, mode), at, name); END(done); }
