/* SPDX-License-Identifier: Apache-2.0 */
/* service: what a program tells the service manager that started it, and what it
 * gets from there (sd_notify(3), sd_listen_fds(3)).  Without one all of it does
 * nothing. */
#ifndef BASE_SERVICE_H
#define BASE_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

void service_ready(void);     /* the work can begin, or goes on after a reload */
void service_reloading(void); /* until service_ready */
void service_stopping(void);

/* The watchdog: service_pulse, called in each round of a program's loop, says
 * often enough that the loop turns; a loop that hangs misses it and the manager
 * ends the process.  A round may wait at most service_wait_ms. */
struct service_watchdog {
    int64_t every_ms; /* 0: nobody watches */
    int64_t said_ms;
};
void service_watchdog_init(struct service_watchdog *watchdog);
void service_pulse(struct service_watchdog *watchdog, int64_t now_ms);
int64_t service_wait_ms(const struct service_watchdog *watchdog, int64_t wait_ms);

/* The descriptor of the one listening stream socket that was passed: -1 when none
 * was, -2 when what was passed is something else.  Asked once. */
int service_socket(void);

#endif
