/* SPDX-License-Identifier: Apache-2.0 */
/* answer: reads the JSON of an upstream, exactly or not at all.
 *
 * Private to this room.  Nothing here decides what happened: that is verdict.c. */
#ifndef PROVIDER_ANSWER_H
#define PROVIDER_ANSWER_H

#include <jansson.h>
#include <stdbool.h>

#include "provider/provider.h"

#define ANSWER_DEPTH_MAX   16
#define ANSWER_MESSAGE_MAX 500 /* bytes of the upstream's words that are kept */

/* Everything in the answer but seen.body, seen.curl_text and seen.slow is
 * copied into the arena. */
void answer_read(struct answer *answer, const struct provider *provider, enum call_name name,
                 const struct config_account *account, const struct observation *seen, struct arena *arena);

/* For the providers' read functions. */

/* A price or balance: a number or a text of it, not negative, at most six
 * places.  false leaves *out alone. */
bool answer_credits(const struct answer *answer, const json_t *value, credits_t *out);
/* An id as text whatever its JSON type; NULL when it is none. */
const char *answer_id(const json_t *value, struct arena *arena);
/* true, 1, "1", "yes" … as PHP programs write a flag; absent is false. */
bool answer_flag(const json_t *value);

#endif
