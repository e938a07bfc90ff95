/* SPDX-License-Identifier: Apache-2.0 */
/* clock: the two times a program needs, injectable for tests.
 *
 * Wall time is for what people and signatures mean by time and may jump; boot
 * time only goes forward and is what every timeout uses. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*wall_ms)(void *ctx); /* since 1970-01-01 UTC */
    int64_t (*boot_ms)(void *ctx); /* CLOCK_BOOTTIME */
    void *ctx;
};

extern const struct clock clock_system;

int64_t clock_wall_ms(const struct clock *clock);
int64_t clock_boot_ms(const struct clock *clock);

/* "2026-11-21T18:00:00Z", with offset or fraction too (RFC 3339): milliseconds
 * since 1970, or INT64_MIN when it is not one. */
int64_t clock_parse_rfc3339(const char *s);
#define CLOCK_TEXT_MAX 32
/* RFC 3339 in UTC with seconds. */
void clock_format(int64_t wall_ms, char out[CLOCK_TEXT_MAX]);

#endif
