/* SPDX-License-Identifier: Apache-2.0 */
/* zone: upstream times that are written without a zone.
 *
 * glibc converts local time of the process's zone only, so TZ is set for the
 * moment of a conversion.  One thread may convert. */
#ifndef PROVIDER_ZONE_H
#define PROVIDER_ZONE_H

#include <stdint.h>

/* Once, before any other thread exists. */
void zone_prepare(void);
/* "2026-12-31 23:59:59" in the named zone, or RFC 3339 with its own: wall time
 * in milliseconds; INT64_MIN when it is no such time or the zone is unknown. */
int64_t zone_parse(const char *text, const char *zone);

#endif
