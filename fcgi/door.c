/* SPDX-License-Identifier: Apache-2.0 */
/* door: drives libfcgi from an epoll loop.
 *
 * libfcgi is made for a thread per connection; four facts let one thread do:
 * - the listening socket is ours and non-blocking, so FCGX_Accept_r comes back
 *   when there is nobody (EAGAIN);
 * - a parked FCGX_Request needs no thread until it is answered;
 * - a kept connection (ipcFd >= 0, read here, never written) is watched with
 *   EPOLLONESHOT, and FCGX_Accept_r on the same object reads its next request;
 * - at end of file FCGX_Accept_r would silently accept another connection into
 *   the object, so one byte is peeked at first, and FCGX_Free closes instead.
 *
 * nginx closes the connection of a request whose client has gone.  libfcgi does
 * not look before it writes, so the connection of a request that waits long is
 * watched as well, and whoever waits is told.
 *
 * Owns the sockets and the request objects, which are reused and freed only at
 * the end.  Knows nothing of HTTP.  A crash leaves the socket file behind; the
 * next start takes it over. */
#include "fcgi/door.h"

#include <errno.h>
#include <fastcgi.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

#define DOOR_BACKLOG     4096
#define DOOR_ACCEPTS_MAX 64 /* per round, so that answers are not kept waiting */
#define DOOR_PEER_WAIT_S 2  /* for a peer that stops in the middle of a request or an answer */

struct door {
    struct loop *loop;
    struct watch watch;
    door_handle_fn *handle;
    void *ctx;
    int listen_fd;
    char path[sizeof((struct sockaddr_un *)0)->sun_path]; /* "": passed to us, not ours to remove */
    struct stat made;                                     /* tells our socket file from a successor's */
    bool draining;
    bool paused;
    size_t busy;
    struct request *free;
    struct request *made_first;
};

/* A peer that connects and then stops in the middle of its first parameters
 * would hold the loop for ever, before there is a descriptor to set a timeout
 * on: a timer's signal breaks the read, and libfcgi gives the connection up. */
static void accept_guard(bool on)
{
    struct itimerval timer = {0};
    if (on) {
        timer.it_value.tv_sec = DOOR_PEER_WAIT_S;
        timer.it_interval.tv_sec = 1; /* again, should it fall between two reads */
    }
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void accept_guard_hit(int number)
{
    (void)number;
}

static void accept_guard_init(void)
{
    struct sigaction action = {.sa_handler = accept_guard_hit}; /* no SA_RESTART: that is the point */
    sigaction(SIGALRM, &action, NULL);
}

static void peer_timeouts_set(int fd)
{
    struct timeval wait = {.tv_sec = DOOR_PEER_WAIT_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
}

static void connection_ready(void *ctx, uint32_t events);

static struct request *request_take(struct door *door)
{
    struct request *request = door->free;

    if (request != NULL) {
        door->free = request->next_free;
        return request;
    }
    request = heap_alloc(sizeof *request);
    FCGX_InitRequest(&request->fcgi, door->listen_fd, FCGI_FAIL_ACCEPT_ON_INTR);
    request->door = door;
    request->watch = (struct watch){connection_ready, request};
    request->next_made = door->made_first;
    door->made_first = request;
    arena_init(&request->arena);
    return request;
}

/* The connection is gone: the object waits for another one. */
static void request_give_back(struct request *request)
{
    request->phase = REQUEST_FREE;
    request->next_free = request->door->free;
    request->door->free = request;
}

static void connection_close(struct request *request)
{
    if (request->fcgi.ipcFd >= 0)
        FCGX_Free(&request->fcgi, 1);
    request_give_back(request);
}

static void request_serve(struct request *request)
{
    struct door *door = request->door;

    request_clear(request);
    if (!request_read(request)) {
        request_clear(request);
        connection_close(request);
        return;
    }
    request->phase = REQUEST_BUSY;
    door->busy++;
    door->handle(door->ctx, request);
}

/* The next record looked at: whether there is one, nothing yet, an end, or the end of what was asked. */
enum peek { PEEK_DATA, PEEK_NOTHING, PEEK_END, PEEK_ABORT };

static enum peek connection_peek(const struct request *request)
{
    unsigned char head[2]; /* version and type */
    ssize_t got = recv(request->fcgi.ipcFd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);

    if (got == (ssize_t)sizeof head && head[1] == FCGI_ABORT_REQUEST)
        return PEEK_ABORT;
    if (got > 0)
        return PEEK_DATA;
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? PEEK_NOTHING : PEEK_END;
}

static void connection_watch(struct request *request)
{
    loop_watch(request->door->loop, request->fcgi.ipcFd, EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, &request->watch);
}

static void connection_idle(struct request *request)
{
    request->phase = REQUEST_IDLE;
    connection_watch(request);
}

/* Serves what has been asked on a kept connection, or closes it. */
static void connection_step(struct request *request)
{
    enum peek peek = connection_peek(request);

    if (peek == PEEK_NOTHING && !request->door->draining) {
        connection_idle(request);
        return;
    }
    int fd = request->fcgi.ipcFd;
    if (peek != PEEK_DATA) {
        connection_close(request);
    } else if (FCGX_Accept_r(&request->fcgi) < 0) {
        request_give_back(request);
    } else {
        /* After a broken request libfcgi may have taken a new connection. */
        if (request->fcgi.ipcFd != fd)
            peer_timeouts_set(request->fcgi.ipcFd);
        request_serve(request);
    }
}

/* Something came while an answer is due.  Another request is none of our business yet. */
static void peer_look(struct request *request)
{
    enum peek peek = connection_peek(request);

    if (peek == PEEK_NOTHING) {
        connection_watch(request);
    } else if (peek != PEEK_DATA) {
        door_left_fn *left = request->left;
        request->left = NULL;
        left(request->left_ctx);
    }
}

static void connection_ready(void *ctx, uint32_t events)
{
    struct request *request = ctx;
    (void)events;
    if (request->phase == REQUEST_IDLE)
        connection_step(request);
    else if (request->phase == REQUEST_BUSY && request->left != NULL)
        peer_look(request);
}

static void listener_pause(struct door *door, int error)
{
    log_warn("door.accept_failed", log_str("error", strerror(error)));
    loop_unwatch(door->loop, door->listen_fd);
    door->paused = true;
}

static void listener_watch(struct door *door)
{
    loop_watch(door->loop, door->listen_fd, EPOLLIN, &door->watch);
    door->paused = false;
}

/* Accepts whoever waits, up to a number; false when nobody is left. */
static bool listener_accept(struct door *door, int most)
{
    for (int i = 0; i < most; i++) {
        struct request *request = request_take(door);
        accept_guard(true);
        int result = FCGX_Accept_r(&request->fcgi);
        accept_guard(false);
        if (result < 0) {
            request_give_back(request);
            if (result == -EMFILE || result == -ENFILE || result == -ENOBUFS || result == -ENOMEM)
                listener_pause(door, -result);
            return false;
        }
        peer_timeouts_set(request->fcgi.ipcFd);
        request_serve(request);
    }
    return true;
}

static void listener_ready(void *ctx, uint32_t events)
{
    struct door *door = ctx;
    (void)events;
    if (!door->draining)
        listener_accept(door, DOOR_ACCEPTS_MAX);
}

void door_finish(struct request *request)
{
    struct door *door = request->door;
    bool spoilt = request->spoilt;

    door->busy--;
    FCGX_Finish_r(&request->fcgi);
    request_clear(request);
    if (request->fcgi.ipcFd < 0)
        request_give_back(request);
    else if (spoilt)
        connection_close(request);
    else
        connection_idle(request);
    /* A drain may have begun while the answer was due. */
    if (door->draining && request->phase == REQUEST_IDLE)
        connection_step(request);
}

void door_mind(struct request *request, door_left_fn *left, void *ctx)
{
    request->left = left;
    request->left_ctx = ctx;
    connection_watch(request);
}

static void door_listen_end(struct door *door)
{
    struct stat now;

    if (door->listen_fd < 0)
        return;
    if (door->path[0] != '\0' && stat(door->path, &now) == 0 && now.st_ino == door->made.st_ino &&
        now.st_dev == door->made.st_dev)
        unlink(door->path);
    loop_unwatch(door->loop, door->listen_fd);
    close(door->listen_fd); /* never shutdown(): that would end it for those who share it */
    door->listen_fd = -1;
}

void door_drain(struct door *door)
{
    if (door->draining)
        return;
    /* Whoever has connected already has been promised an answer. */
    while (listener_accept(door, DOOR_ACCEPTS_MAX))
        ;
    door->draining = true;
    for (struct request *request = door->made_first; request != NULL; request = request->next_made)
        if (request->phase == REQUEST_IDLE)
            connection_step(request);
    door_listen_end(door);
}

void door_tick(struct door *door)
{
    if (door->paused && !door->draining)
        listener_watch(door);
}

size_t door_busy(const struct door *door)
{
    return door->busy;
}

static bool fail(char error[DOOR_ERROR_MAX], const char *what, const char *path)
{
    snprintf(error, DOOR_ERROR_MAX, "%s %s: %s", what, path, strerror(errno));
    return false;
}

/* Whether somebody still listens there; a dead socket file is removed. */
static bool stale_remove(const struct sockaddr_un *address, char error[DOOR_ERROR_MAX])
{
    struct stat file;
    const char *path = address->sun_path;

    if (lstat(path, &file) != 0)
        return errno == ENOENT || fail(error, "cannot look at", path);
    errno = EEXIST;
    if (!S_ISSOCK(file.st_mode))
        return fail(error, "will not replace", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int result = fd < 0 ? -1 : connect(fd, (const struct sockaddr *)address, sizeof *address);
    int reason = errno;
    if (fd >= 0)
        close(fd);
    if (result == 0 || reason != ECONNREFUSED) {
        errno = result == 0 ? EADDRINUSE : reason;
        return fail(error, "another program listens on", path);
    }
    return unlink(path) == 0 || fail(error, "cannot remove", path);
}

static bool listener_open(struct door *door, const struct door_options *options, char error[DOOR_ERROR_MAX])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int flags = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

    if (options->path == NULL) {
        int old = fcntl(options->passed, F_GETFL);
        if (old < 0 || fcntl(options->passed, F_SETFL, old | O_NONBLOCK) < 0)
            return fail(error, "cannot use", "the socket passed by the service manager");
        door->listen_fd = options->passed;
        return true;
    }
    errno = ENAMETOOLONG;
    if (strlen(options->path) >= sizeof address.sun_path)
        return fail(error, "cannot listen on", options->path);
    memcpy(address.sun_path, options->path, strlen(options->path) + 1);
    if (!stale_remove(&address, error))
        return false;
    door->listen_fd = socket(AF_UNIX, flags, 0);
    if (door->listen_fd < 0)
        return fail(error, "cannot make a socket for", options->path);
    /* The mode is on the file before it appears. */
    mode_t old = umask(~options->mode & 0777);
    int bound = bind(door->listen_fd, (const struct sockaddr *)&address, sizeof address);
    umask(old);
    if (bound != 0 || listen(door->listen_fd, DOOR_BACKLOG) != 0)
        return fail(error, "cannot listen on", options->path);
    memcpy(door->path, options->path, strlen(options->path) + 1);
    return stat(door->path, &door->made) == 0 || fail(error, "cannot look at", door->path);
}

struct door *door_open(const struct door_options *options, char error[DOOR_ERROR_MAX])
{
    struct door *door = heap_alloc(sizeof *door);

    door->loop = options->loop;
    door->handle = options->handle;
    door->ctx = options->ctx;
    door->listen_fd = -1;
    door->watch = (struct watch){listener_ready, door};
    /* Both are waits of libfcgi that would hold the loop: for the first byte of
     * a new connection, and for the peer's end when one is closed. */
    setenv("LIBFCGI_IS_AF_UNIX_KEEPER_POLL_TIMEOUT", "200", 0);
    setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "50", 0);
    errno = EINVAL;
    if (FCGX_Init() != 0) {
        fail(error, "cannot start", "libfcgi");
        door_close(&door);
        return NULL;
    }
    accept_guard_init();
    if (!listener_open(door, options, error)) {
        door_close(&door);
        return NULL;
    }
    listener_watch(door);
    return door;
}

void door_close(struct door **door)
{
    struct door *old = *door;

    *door = NULL;
    door_listen_end(old);
    while (old->made_first != NULL) {
        struct request *request = old->made_first;
        old->made_first = request->next_made;
        if (request->fcgi.ipcFd >= 0)
            FCGX_Free(&request->fcgi, 1);
        request_clear(request);
        free(request);
    }
    free(old);
}
