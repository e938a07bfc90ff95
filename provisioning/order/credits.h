/* SPDX-License-Identifier: Apache-2.0 */
/* credits: exact decimals with six places; never floating point.
 *
 * One credit is CREDITS_ONE.  Range: up to CREDITS_MAX either way, which leaves
 * room for a sum of many. */
#ifndef ORDER_CREDITS_H
#define ORDER_CREDITS_H

#include <stdbool.h>
#include <stdint.h>

typedef int64_t credits_t; /* the one integer typedef: a credit must not be mistaken for a count */

#define CREDITS_ONE      INT64_C(1000000)
#define CREDITS_MAX      (INT64_C(1000000000) * CREDITS_ONE)
#define CREDITS_TEXT_MAX 32

/* "4", "4.5", "-0.25": digits with at most six places; no exponent, no sign but
 * '-', no spaces.  false leaves *out alone. */
bool credits_parse(const char *text, credits_t *out);
/* The shortest spelling: "4", "4.5". */
void credits_format(credits_t credits, char out[CREDITS_TEXT_MAX]);
/* false when the product leaves the range. */
bool credits_times(credits_t credits, int count, credits_t *out);

#endif
