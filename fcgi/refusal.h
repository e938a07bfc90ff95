/* SPDX-License-Identifier: Apache-2.0 */
/* refusal: keeps refused deliveries for the operators, within bounds.
 *
 * Whoever is refused decides how often that happens; so at most
 * REFUSALS_PER_MINUTE are stored per process, and the rest is counted into the
 * next stored one.  Nothing is stored while the database is away. */
#ifndef FCGI_REFUSAL_H
#define FCGI_REFUSAL_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/request.h"

#define REFUSALS_PER_MINUTE 60

struct refusal_meter {
    int64_t minute; /* the one that `kept` counts */
    int kept;
    int64_t suppressed;
};

/* Whether one more may be stored now (boot_ms); *suppressed gets the number
 * that were only counted since the last stored one. */
bool refusal_admit(struct refusal_meter *meter, int64_t boot_ms, int64_t *suppressed);
/* Notes the refusal, logs it and answers the request with it. */
void refusal_reply(struct request *request, const char *source, const struct problem *problem);

#endif
