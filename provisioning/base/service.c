/* SPDX-License-Identifier: Apache-2.0 */
/* service: libsystemd's small side, sd-daemon, and nothing else of it.
 *
 * Owns nothing: the manager's addresses are in the environment, which stays as it
 * is but for the sockets', which must not reach a child. */
#include "base/service.h"

#include <inttypes.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#define PULSES_PER_DEADLINE 3

void service_ready(void)
{
    (void)sd_notify(0, "READY=1");
}

void service_reloading(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
                     (int64_t)now.tv_sec * 1000000 + (int64_t)now.tv_nsec / 1000);
}

void service_stopping(void)
{
    (void)sd_notify(0, "STOPPING=1");
}

void service_watchdog_init(struct service_watchdog *watchdog)
{
    uint64_t deadline_us = 0;

    *watchdog = (struct service_watchdog){0};
    if (sd_watchdog_enabled(0, &deadline_us) <= 0)
        return;
    watchdog->every_ms = (int64_t)(deadline_us / 1000 / PULSES_PER_DEADLINE);
    if (watchdog->every_ms == 0)
        watchdog->every_ms = 1;
}

void service_pulse(struct service_watchdog *watchdog, int64_t now_ms)
{
    if (watchdog->every_ms == 0 || now_ms - watchdog->said_ms < watchdog->every_ms)
        return;
    watchdog->said_ms = now_ms;
    (void)sd_notify(0, "WATCHDOG=1");
}

int64_t service_wait_ms(const struct service_watchdog *watchdog, int64_t wait_ms)
{
    return watchdog->every_ms > 0 && watchdog->every_ms < wait_ms ? watchdog->every_ms : wait_ms;
}

int service_socket(void)
{
    int count = sd_listen_fds(1);

    if (count == 0)
        return -1;
    return count == 1 && sd_is_socket(SD_LISTEN_FDS_START, AF_UNSPEC, SOCK_STREAM, 1) > 0 ? SD_LISTEN_FDS_START : -2;
}
