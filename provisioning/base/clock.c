/* SPDX-License-Identifier: Apache-2.0 */
/* clock: see clock.h for the promise.
 *
 * Exists so that no other file asks the system for the time and every test can
 * bring its own.  Owns nothing.  Never uses the local time zone and never
 * guesses: a text that is not RFC 3339 to the letter is no time.  A crash leaves
 * nothing behind. */
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CLOCK_LAST_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

static int64_t clock_read_ms(clockid_t id)
{
    struct timespec now;

    if (clock_gettime(id, &now) != 0)
        abort(); /* a clock this kernel must have */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_wall_ms(void *ctx)
{
    (void)ctx;
    return clock_read_ms(CLOCK_REALTIME);
}

static int64_t system_boot_ms(void *ctx)
{
    (void)ctx;
    return clock_read_ms(CLOCK_BOOTTIME);
}

const struct clock clock_system = {system_wall_ms, system_boot_ms, NULL};

int64_t clock_wall_ms(const struct clock *clock)
{
    return clock->wall_ms(clock->ctx);
}

int64_t clock_boot_ms(const struct clock *clock)
{
    return clock->boot_ms(clock->ctx);
}

/* Exactly count digits within [min, max]; moves *s behind them. */
static bool take_digits(const char **s, int count, int min, int max, int *out)
{
    int value = 0;

    for (; count > 0; count--, (*s)++) {
        if (**s < '0' || **s > '9')
            return false;
        value = value * 10 + (**s - '0');
    }
    *out = value;
    return value >= min && value <= max;
}

static bool take_char(const char **s, char upper, char lower)
{
    if (**s != upper && **s != lower)
        return false;
    (*s)++;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* ".123456" behind the seconds: milliseconds, the rest cut off. */
static bool take_fraction(const char **s, int *ms)
{
    int scale = 100;

    *ms = 0;
    if (**s != '.')
        return true;
    (*s)++;
    if (**s < '0' || **s > '9')
        return false;
    for (; **s >= '0' && **s <= '9'; (*s)++, scale /= 10)
        *ms += (**s - '0') * scale;
    return true;
}

static bool take_offset(const char **s, int *offset_s)
{
    int hours;
    int minutes;

    *offset_s = 0;
    if (take_char(s, 'Z', 'z'))
        return true;
    int sign = **s == '-' ? -1 : 1;
    if (!take_char(s, '+', '-') || !take_digits(s, 2, 0, 23, &hours) || !take_char(s, ':', ':') ||
        !take_digits(s, 2, 0, 59, &minutes))
        return false;
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

int64_t clock_parse_rfc3339(const char *s)
{
    struct tm tm = {0};
    int year;
    int month;
    int ms;
    int offset_s;

    /* Second 60 is refused: a leap second has no place in milliseconds since 1970. */
    if (!take_digits(&s, 4, 0, 9999, &year) || !take_char(&s, '-', '-') || !take_digits(&s, 2, 1, 12, &month) ||
        !take_char(&s, '-', '-') || !take_digits(&s, 2, 1, days_in_month(year, month), &tm.tm_mday) ||
        !take_char(&s, 'T', 't') || !take_digits(&s, 2, 0, 23, &tm.tm_hour) || !take_char(&s, ':', ':') ||
        !take_digits(&s, 2, 0, 59, &tm.tm_min) || !take_char(&s, ':', ':') || !take_digits(&s, 2, 0, 59, &tm.tm_sec) ||
        !take_fraction(&s, &ms) || !take_offset(&s, &offset_s) || *s)
        return INT64_MIN;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    int64_t wall_ms = ((int64_t)timegm(&tm) - offset_s) * 1000 + ms;
    return wall_ms >= 0 && wall_ms <= CLOCK_LAST_MS ? wall_ms : INT64_MIN;
}

void clock_format(int64_t wall_ms, char out[CLOCK_TEXT_MAX])
{
    struct tm tm;
    time_t seconds = (time_t)(wall_ms / 1000 - (wall_ms % 1000 < 0 ? 1 : 0));

    if (!gmtime_r(&seconds, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099) {
        (void)snprintf(out, CLOCK_TEXT_MAX, "-"); /* no date has such a year */
        return;
    }
    (void)strftime(out, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
