/* SPDX-License-Identifier: Apache-2.0 */
/* loop: the one epoll set that everything in the front door waits on. */
#ifndef FCGI_LOOP_H
#define FCGI_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* Belongs to whoever is called; lives as long as it is watched. */
struct watch {
    void (*ready)(void *ctx, uint32_t events);
    void *ctx;
};

struct loop {
    int epoll_fd;
};

/* false: errno says why. */
bool loop_open(struct loop *loop);
void loop_close(struct loop *loop);
/* Watches fd for these EPOLL* events from now on, whether or not it was watched
 * before.  Closing a descriptor ends its watch. */
void loop_watch(struct loop *loop, int fd, uint32_t events, struct watch *watch);
void loop_unwatch(struct loop *loop, int fd);
/* Waits at most timeout_ms and calls what is ready. */
void loop_step(struct loop *loop, int timeout_ms);

#endif
