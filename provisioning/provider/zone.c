/* SPDX-License-Identifier: Apache-2.0 */
/* Why: Lisans Zone writes expiry times without a zone, and an expiry that is
 * hours off refuses a renewal or lets one pass.
 *
 * libcurl's resolver threads read the environment while we change TZ.  In glibc
 * only *adding* a name moves the environment's table; replacing a value swaps one
 * pointer and never frees the old text.  So zone_prepare() makes sure that TZ
 * exists while there is one thread, and later only its value is replaced.
 *
 * Owns nothing; puts TZ back as it was. */
#include "provider/zone.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"

#define ZONE_FOLDER   "/usr/share/zoneinfo/"
#define ZONE_UNSET    ":/etc/localtime" /* what glibc does without TZ */
#define ZONE_NAME_MAX 64

void zone_prepare(void)
{
    int failed = setenv("TZ", ZONE_UNSET, 0);

    assert(failed == 0);
}

/* glibc takes an unknown zone for UTC without a word. */
static bool zone_known(const char *zone)
{
    char path[sizeof ZONE_FOLDER + ZONE_NAME_MAX];

    if (zone[0] == '\0' || zone[0] == '/' || strlen(zone) > ZONE_NAME_MAX || strstr(zone, "..") != NULL)
        return false;
    snprintf(path, sizeof path, ZONE_FOLDER "%s", zone);
    return access(path, R_OK) == 0;
}

static time_t local_seconds(struct tm *local, const char *zone)
{
    const char *set = getenv("TZ");
    char *before = heap_strdup(set != NULL ? set : ZONE_UNSET);
    time_t seconds;

    local->tm_isdst = -1;
    setenv("TZ", zone, 1);
    seconds = mktime(local);
    setenv("TZ", before, 1);
    tzset();
    free(before);
    return seconds;
}

static bool number_read(const char **text, int digits, char behind, int *out)
{
    int value = 0;

    for (int i = 0; i < digits; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return false;
        value = value * 10 + (**text - '0');
    }
    if (**text != behind)
        return false;
    if (behind != '\0')
        (*text)++;
    *out = value;
    return true;
}

static bool local_read(const char *text, struct tm *local)
{
    *local = (struct tm){0};
    if (!number_read(&text, 4, '-', &local->tm_year) || !number_read(&text, 2, '-', &local->tm_mon) ||
        !number_read(&text, 2, ' ', &local->tm_mday) || !number_read(&text, 2, ':', &local->tm_hour) ||
        !number_read(&text, 2, ':', &local->tm_min) || !number_read(&text, 2, '\0', &local->tm_sec))
        return false;
    if (local->tm_hour > 23 || local->tm_min > 59 || local->tm_sec > 59 || local->tm_year < 1970)
        return false;
    local->tm_year -= 1900;
    local->tm_mon -= 1;
    return true;
}

int64_t zone_parse(const char *text, const char *zone)
{
    struct tm local;
    int asked_month;
    time_t seconds;

    if (!local_read(text, &local))
        return clock_parse_rfc3339(text);
    if (zone == NULL || !zone_known(zone))
        return INT64_MIN;
    asked_month = local.tm_mon;
    seconds = local_seconds(&local, zone);
    /* mktime turns the 31st of February into a day in March. */
    if (seconds == -1 || local.tm_mon != asked_month)
        return INT64_MIN;
    return (int64_t)seconds * 1000;
}
