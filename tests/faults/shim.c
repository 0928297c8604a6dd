/* Between a program and the C library: counts, fails or records what a program asks of the file system.

   Loaded with LD_PRELOAD by tests/faults/forge.py; does nothing until armed. Only calls on paths below a prefix count.
   Armed to fail, the n-th call of a kind gives an error (and, for a short write, all that follow as well, as on a full
   disk). Armed to record, every change and every sync goes to a log, in order, from which tests/faults/powercut.py
   makes the images a power cut could leave. What is written through a map is not seen; nothing of ours is. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { NONE, WRITE, SYNC, NAME, UNLINK, OPEN, SIZE, SHORT };

static char prefix[PATH_MAX];
static int kind = NONE, error_number = 0, hit = 0, log_fd = -1;
static long left = 0;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;


void shim_arm(const char *below, int what, long nth, int error) {
    snprintf(prefix, sizeof prefix, "%s", below);
    kind = what; left = nth; error_number = error; hit = 0;
}

void shim_record(const char *below, const char *log) {
    snprintf(prefix, sizeof prefix, "%s", below);
    log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

int shim_hit(void) { return hit; }

static int below(const char *path) {
    size_t size = strlen(prefix);
    return size && path && strncmp(path, prefix, size) == 0 && (path[size] == '/' || path[size] == 0);
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return below(path);
}

static void absolute(int dir, const char *path, char *out) {
    if (path[0] == '/') { snprintf(out, PATH_MAX, "%s", path); return; }
    char base[PATH_MAX] = "";
    if (dir == AT_FDCWD) { if (!getcwd(base, sizeof base)) base[0] = 0; }
    else path_of(dir, base);
    size_t size = strlen(base);
    memcpy(out, base, size);
    snprintf(out + size, PATH_MAX - size, "/%s", path);
}

/* Whether this call, of a kind that is counted, is to fail. */
static int fails(int what) {
    int yes = 0;
    if (kind == NONE || (kind != what && !(kind == SHORT && (what == WRITE || what == SIZE)))) return 0;
    pthread_mutex_lock(&lock);
    if (--left == 0) { hit = yes = 1; }
    else if (kind == SHORT && left < 0) yes = 1;
    pthread_mutex_unlock(&lock);
    if (yes) errno = error_number;
    return yes;
}

static void note(const char *head, const void *data, size_t size) {
    if (log_fd < 0) return;
    char sized[PATH_MAX * 2 + 128];
    int length = snprintf(sized, sizeof sized, "%s\t%zu\n", head, size);
    pthread_mutex_lock(&lock);
    syscall(SYS_write, log_fd, sized, (size_t)length);
    const char *at = data;
    size_t rest = size;
    while (rest) {
        ssize_t done = syscall(SYS_write, log_fd, at, rest);
        if (done <= 0) break;
        at += done; rest -= (size_t)done;
    }
    syscall(SYS_write, log_fd, "\n", 1);
    pthread_mutex_unlock(&lock);
}

void shim_mark(const char *text) {
    char head[PATH_MAX];
    snprintf(head, sizeof head, "MARK\t%s", text);
    note(head, NULL, 0);
}

static unsigned long inode(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 ? (unsigned long)status.st_ino : 0;
}

static void note_write(int fd, const void *data, ssize_t done, off_t at) {
    char head[128];
    if (log_fd < 0 || done <= 0) return;
    int flags = fcntl(fd, F_GETFL);
    snprintf(head, sizeof head, "WRITE\t%lu\t%lld\t%d", inode(fd), (long long)at, (flags & O_DSYNC) ? 1 : 0);
    note(head, data, (size_t)done);
}

static off_t position(int fd) {
    struct stat status;
    int flags = fcntl(fd, F_GETFL);
    if (flags & O_APPEND) return fstat(fd, &status) == 0 ? status.st_size : 0;
    return lseek(fd, 0, SEEK_CUR);
}

/* --- writing --- */

/* A full disk has room for what is written over; only what makes a file longer is refused. */
static int longer(int fd, off_t at, size_t size) {
    struct stat status;
    return kind != SHORT || fstat(fd, &status) != 0 || at + (off_t)size > status.st_size;
}

static ssize_t half(int fd, const void *data, size_t size, off_t at) {
    /* What a full disk does: a part of the first write arrives. */
    if (kind != SHORT || left != 0 || size < 2) return -1;
    ssize_t done = at < 0 ? syscall(SYS_write, fd, data, size / 2) : syscall(SYS_pwrite64, fd, data, size / 2, at);
    return done;
}

ssize_t write(int fd, const void *data, size_t size) {
    char path[PATH_MAX];
    if ((kind || log_fd >= 0) && fd != log_fd && path_of(fd, path)) {
        if (longer(fd, position(fd), size) && fails(WRITE)) return half(fd, data, size, -1);
        off_t at = position(fd);
        ssize_t done = syscall(SYS_write, fd, data, size);
        note_write(fd, data, done, at);
        return done;
    }
    return syscall(SYS_write, fd, data, size);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) {
    char path[PATH_MAX];
    if ((kind || log_fd >= 0) && path_of(fd, path)) {
        if (longer(fd, at, size) && fails(WRITE)) return half(fd, data, size, at);
        ssize_t done = syscall(SYS_pwrite64, fd, data, size, at);
        note_write(fd, data, done, at);
        return done;
    }
    return syscall(SYS_pwrite64, fd, data, size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return pwrite64(fd, data, size, at); }

static ssize_t vector(int fd, const struct iovec *parts, int count, off_t at) {
    /* Counted as one call; recorded, and done, part by part. */
    char path[PATH_MAX];
    if (!((kind || log_fd >= 0) && path_of(fd, path)))
        return at < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, at, 0);
    size_t all = 0;
    for (int part = 0; part < count; part++) all += parts[part].iov_len;
    if (longer(fd, at < 0 ? position(fd) : at, all) && fails(WRITE)) return count ? half(fd, parts[0].iov_base, parts[0].iov_len, at) : -1;
    ssize_t total = 0;
    off_t place = at < 0 ? position(fd) : at;
    for (int part = 0; part < count; part++) {
        ssize_t done = at < 0 ? syscall(SYS_write, fd, parts[part].iov_base, parts[part].iov_len)
                              : syscall(SYS_pwrite64, fd, parts[part].iov_base, parts[part].iov_len, place);
        if (done < 0) return total ? total : -1;
        note_write(fd, parts[part].iov_base, done, place);
        total += done; place += done;
        if ((size_t)done < parts[part].iov_len) break;
    }
    return total;
}

ssize_t writev(int fd, const struct iovec *parts, int count) { return vector(fd, parts, count, -1); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return vector(fd, parts, count, at); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) { return vector(fd, parts, count, at); }

/* --- syncs and sizes --- */

static int sync_with(int fd, long call) {
    char path[PATH_MAX], head[64];
    int ours = (kind || log_fd >= 0) && path_of(fd, path);
    if (ours && fails(SYNC)) return -1;
    int status = (int)syscall(call, fd);
    if (ours && status == 0 && log_fd >= 0) {
        snprintf(head, sizeof head, "SYNC\t%lu", inode(fd));
        note(head, path, strlen(path));
    }
    return status;
}

int fsync(int fd) { return sync_with(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_with(fd, SYS_fdatasync); }

static int resize(int fd, off_t size, long call) {
    char path[PATH_MAX], head[96];
    struct stat status;
    int ours = (kind || log_fd >= 0) && path_of(fd, path);
    if (ours && fails(SIZE)) return -1;
    int done = call == SYS_ftruncate ? (int)syscall(SYS_ftruncate, fd, size)
                                     : (int)syscall(SYS_fallocate, fd, 0, (off_t)0, size);
    if (ours && done == 0 && log_fd >= 0 && fstat(fd, &status) == 0) {
        snprintf(head, sizeof head, "SIZE\t%lu\t%lld", inode(fd), (long long)status.st_size);
        note(head, NULL, 0);
    }
    return done;
}

int ftruncate64(int fd, off_t size) { return resize(fd, size, SYS_ftruncate); }
int ftruncate(int fd, off_t size) { return resize(fd, size, SYS_ftruncate); }
int posix_fallocate64(int fd, off_t at, off_t size) {
    return resize(fd, at + size, SYS_fallocate) == 0 ? 0 : errno;
}
int posix_fallocate(int fd, off_t at, off_t size) { return posix_fallocate64(fd, at, size); }

/* A disk whose writes come short says that nothing is free. */

static void none_free(struct statvfs *about) {
    if (kind == SHORT && left <= 0) about->f_bfree = about->f_bavail = 0;
}

int statvfs(const char *path, struct statvfs *about) {
    static int (*real)(const char *, struct statvfs *) = NULL;
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "statvfs");
    int status = real(path, about);
    if (status == 0) none_free(about);
    return status;
}

int statvfs64(const char *path, struct statvfs64 *about) { return statvfs(path, (struct statvfs *)about); }

/* --- names --- */

static int opened(int dir, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX], head[64];
    struct stat status;
    if (!kind && log_fd < 0) return (int)syscall(SYS_openat, dir, name, flags, mode);
    absolute(dir, name, path);
    if (!below(path)) return (int)syscall(SYS_openat, dir, name, flags, mode);
    if (fails(OPEN)) return -1;
    int there = syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;
    int fd = (int)syscall(SYS_openat, dir, name, flags, mode);
    int anonymous = (flags & O_TMPFILE) == O_TMPFILE;
    if (fd >= 0 && log_fd >= 0 && !anonymous && fstat(fd, &status) == 0) {
        if (!there && (flags & O_CREAT)) {
            snprintf(head, sizeof head, "CREATE\t%lu", (unsigned long)status.st_ino);
            note(head, path, strlen(path));
        } else if (flags & O_TRUNC) {
            snprintf(head, sizeof head, "SIZE\t%lu\t0", (unsigned long)status.st_ino);
            note(head, NULL, 0);
        }
    }
    return fd;
}

#define OPENING(name, dir, given) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); } \
    return opened(dir, given, flags, mode);

int open(const char *path, int flags, ...) { OPENING(open, AT_FDCWD, path) }
int open64(const char *path, int flags, ...) { OPENING(open64, AT_FDCWD, path) }
int openat(int dir, const char *path, int flags, ...) { OPENING(openat, dir, path) }
int openat64(int dir, const char *path, int flags, ...) { OPENING(openat64, dir, path) }

static int two_names(const char *what, int from_dir, const char *from, int to_dir, const char *to, int flags, int linking) {
    char source[PATH_MAX], target[PATH_MAX], both[PATH_MAX * 2 + 2];
    int ours = 0;
    if (kind || log_fd >= 0) {
        absolute(from_dir, from, source);
        absolute(to_dir, to, target);
        ours = below(source) || below(target);
    }
    if (ours && fails(NAME)) return -1;
    int status = linking ? (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags)
                         : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
    if (ours && status == 0 && log_fd >= 0) {
        int size = snprintf(both, sizeof both, "%s\n%s", source, target);
        note(what, both, (size_t)size);
    }
    return status;
}

int rename(const char *from, const char *to) { return two_names("RENAME", AT_FDCWD, from, AT_FDCWD, to, 0, 0); }
int renameat(int a, const char *from, int b, const char *to) { return two_names("RENAME", a, from, b, to, 0, 0); }
int link(const char *from, const char *to) { return two_names("LINK", AT_FDCWD, from, AT_FDCWD, to, 0, 1); }
int linkat(int a, const char *from, int b, const char *to, int flags) {
    return two_names("LINK", a, from, b, to, flags, 1);
}

static int gone(int dir, const char *name, int flags) {
    char path[PATH_MAX];
    int ours = 0;
    if (kind || log_fd >= 0) { absolute(dir, name, path); ours = below(path); }
    if (ours && fails(UNLINK)) return -1;
    int status = (int)syscall(SYS_unlinkat, dir, name, flags);
    if (ours && status == 0) note("UNLINK", path, strlen(path));
    return status;
}

int unlink(const char *path) { return gone(AT_FDCWD, path, 0); }
int unlinkat(int dir, const char *path, int flags) { return gone(dir, path, flags); }
int rmdir(const char *path) { return gone(AT_FDCWD, path, AT_REMOVEDIR); }

static int made(int dir, const char *name, mode_t mode) {
    char path[PATH_MAX];
    int ours = 0;
    if (kind || log_fd >= 0) { absolute(dir, name, path); ours = below(path); }
    if (ours && fails(NAME)) return -1;
    int status = (int)syscall(SYS_mkdirat, dir, name, mode);
    if (ours && status == 0) note("MKDIR", path, strlen(path));
    return status;
}

int mkdir(const char *path, mode_t mode) { return made(AT_FDCWD, path, mode); }
int mkdirat(int dir, const char *path, mode_t mode) { return made(dir, path, mode); }
