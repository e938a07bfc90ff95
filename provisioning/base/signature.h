/* SPDX-License-Identifier: Apache-2.0 */
/* signature: Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256
 * over "id.timestamp.body", written as "v1,<base64>".
 *
 * Works on raw bytes and knows nothing of what is inside them. */
#ifndef BASE_SIGNATURE_H
#define BASE_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"

#define DIGEST_SIZE           32
#define SIGNATURE_TOLERANCE_S 300
#define SIGNATURE_TEXT_MAX    64 /* "v1," and 44 characters, and the NUL */

struct signature_message {
    const char *id;        /* webhook-id */
    const char *timestamp; /* webhook-timestamp, as received */
    const void *body;
    size_t body_len;
};

/* "v1,…" into out. */
void signature_sign(const struct secret *secret, const struct signature_message *message, char out[SIGNATURE_TEXT_MAX]);
/* Whether any of the space-separated v1 signatures in header fits any secret.
 * Every secret is tried with every signature, whatever fits first; at most 16
 * signatures are looked at. */
bool signature_verify(const struct secret *secrets, size_t secret_count, const char *header,
                      const struct signature_message *message);
#define SIGNATURE_HEX_LEN (2 * DIGEST_SIZE)
/* For schemes that write HMAC-SHA256 as lower-case hex, over the body or over
 * "timestamp.body" (NULL: none): whether one of the hex signatures, each
 * SIGNATURE_HEX_LEN characters, fits any secret.  Likewise tries all with all. */
bool signature_verify_hex(const struct secret *secrets, size_t secret_count, const char *const *hex, size_t hex_count,
                          const char *timestamp, const void *body, size_t body_len);
/* Unix seconds, digits only, within SIGNATURE_TOLERANCE_S of now_s. */
bool signature_timestamp_ok(const char *timestamp, int64_t now_s);

void digest_sha256(const void *data, size_t len, unsigned char out[DIGEST_SIZE]);

#endif
