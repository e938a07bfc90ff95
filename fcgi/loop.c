/* SPDX-License-Identifier: Apache-2.0 */
/* loop: a thin hold on epoll.
 *
 * Owns the epoll descriptor, never the watched ones.  An event may arrive for a
 * descriptor that an earlier event of the same round closed; so whoever is
 * called looks at its own state first. */
#include "fcgi/loop.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"

#define LOOP_EVENTS 256

bool loop_open(struct loop *loop)
{
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return loop->epoll_fd >= 0;
}

void loop_close(struct loop *loop)
{
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    loop->epoll_fd = -1;
}

void loop_watch(struct loop *loop, int fd, uint32_t events, struct watch *watch)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};

    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0)
        return;
    if (errno == ENOENT && epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
        return;
    log_error("loop.watch_failed", log_int("fd", fd), log_str("error", strerror(errno)));
}

void loop_unwatch(struct loop *loop, int fd)
{
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

void loop_step(struct loop *loop, int timeout_ms)
{
    struct epoll_event events[LOOP_EVENTS];
    int count = epoll_wait(loop->epoll_fd, events, LOOP_EVENTS, timeout_ms);

    for (int i = 0; i < count; i++) {
        struct watch *watch = events[i].data.ptr;
        watch->ready(watch->ctx, events[i].events);
    }
}
