/* SPDX-License-Identifier: Apache-2.0 */
/* faults: makes one call of a program's libc fail, by LD_PRELOAD.
 *
 * The file that FAULT_CONTROL names is mapped by the program and by the test: `kind` says what shall fail, `at` which
 * call of that kind, counted from the moment at which both were written; `seen` counts them, `fired` says that it has
 * happened, and `whose` which program or library had asked.  One failure, then the program is left alone: what is
 * looked for is what it does after it.
 *
 * Memory fails as it does when there is none, a socket as when the peer is gone, anything else that is read or written
 * with EIO.  System calls are made directly, because what is preloaded may not ask the loader for the real ones: that
 * takes memory. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define WHOSE_MAX 64

enum fault_kind { FAULT_NONE, FAULT_MALLOC, FAULT_SEND, FAULT_RECV, FAULT_CONNECT };

/* As tests/faults/preload.py packs it. */
struct control {
    _Atomic uint32_t kind;
    _Atomic uint32_t at;
    _Atomic uint32_t seen;
    _Atomic uint32_t fired;
    char whose[WHOSE_MAX];
};

static struct control *control;

__attribute__((constructor)) static void faults_open(void)
{
    const char *path = getenv("FAULT_CONTROL");
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped != MAP_FAILED)
        control = mapped;
}

static void whose_note(void *caller)
{
    Dl_info info;
    const char *name = dladdr(caller, &info) != 0 ? info.dli_fname : "?";
    const char *slash = strrchr(name, '/');

    strncpy(control->whose, slash != NULL ? slash + 1 : name, WHOSE_MAX - 1);
}

/* Whether this is the call that fails; `caller` is an address in whoever makes it. */
static bool fault_due(enum fault_kind kind, void *caller)
{
    if (control == NULL || control->kind != (uint32_t)kind || control->fired != 0)
        return false;
    if (atomic_fetch_add(&control->seen, 1) + 1 != control->at)
        return false;
    whose_note(caller);
    control->fired = 1;
    return true;
}

static bool memory_fails(void *caller)
{
    if (!fault_due(FAULT_MALLOC, caller))
        return false;
    errno = ENOMEM;
    return true;
}

static bool stream_fails(enum fault_kind kind, int fd, void *caller)
{
    struct stat file;

    if (!fault_due(kind, caller))
        return false;
    if (fstat(fd, &file) == 0 && S_ISSOCK(file.st_mode)) {
        syscall(SYS_shutdown, fd, SHUT_RDWR); /* a line that is gone is gone for both, now and later */
        errno = ECONNRESET;
    } else {
        errno = EIO;
    }
    return true;
}

#define CALLER __builtin_return_address(0)

/* What glibc offers to those who stand in front of its allocator. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
    return memory_fails(CALLER) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return memory_fails(CALLER) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return memory_fails(CALLER) ? NULL : __libc_realloc(old, size);
}

/* These two ask for the memory themselves, or it would be libc's wish. */
char *strndup(const char *text, size_t most)
{
    size_t size = strnlen(text, most);
    char *copy = memory_fails(CALLER) ? NULL : __libc_malloc(size + 1);

    if (copy != NULL) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

char *strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memory_fails(CALLER) ? NULL : __libc_malloc(size);

    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

ssize_t write(int fd, const void *data, size_t size)
{
    return stream_fails(FAULT_SEND, fd, CALLER) ? -1 : syscall(SYS_write, fd, data, size);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return stream_fails(FAULT_SEND, fd, CALLER) ? -1 : syscall(SYS_writev, fd, parts, count);
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    return stream_fails(FAULT_SEND, fd, CALLER) ? -1 : syscall(SYS_sendto, fd, data, size, flags, NULL, 0);
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t to_size)
{
    return stream_fails(FAULT_SEND, fd, CALLER) ? -1 : syscall(SYS_sendto, fd, data, size, flags, to, to_size);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    return stream_fails(FAULT_SEND, fd, CALLER) ? -1 : syscall(SYS_sendmsg, fd, message, flags);
}

ssize_t read(int fd, void *data, size_t size)
{
    return stream_fails(FAULT_RECV, fd, CALLER) ? -1 : syscall(SYS_read, fd, data, size);
}

ssize_t readv(int fd, const struct iovec *parts, int count)
{
    return stream_fails(FAULT_RECV, fd, CALLER) ? -1 : syscall(SYS_readv, fd, parts, count);
}

ssize_t recv(int fd, void *data, size_t size, int flags)
{
    return stream_fails(FAULT_RECV, fd, CALLER) ? -1 : syscall(SYS_recvfrom, fd, data, size, flags, NULL, NULL);
}

ssize_t recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *from_size)
{
    return stream_fails(FAULT_RECV, fd, CALLER) ? -1 : syscall(SYS_recvfrom, fd, data, size, flags, from, from_size);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    return stream_fails(FAULT_RECV, fd, CALLER) ? -1 : syscall(SYS_recvmsg, fd, message, flags);
}

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    if (fault_due(FAULT_CONNECT, CALLER)) {
        errno = ECONNREFUSED;
        return -1;
    }
    return (int)syscall(SYS_connect, fd, address, size);
}

/* The names under which programs built with _FORTIFY_SOURCE ask for the same. */
ssize_t __read_chk(int fd, void *data, size_t size, size_t room);
ssize_t __recv_chk(int fd, void *data, size_t size, size_t room, int flags);

ssize_t __read_chk(int fd, void *data, size_t size, size_t room)
{
    if (size > room)
        abort();
    return read(fd, data, size);
}

ssize_t __recv_chk(int fd, void *data, size_t size, size_t room, int flags)
{
    if (size > room)
        abort();
    return recv(fd, data, size, flags);
}
