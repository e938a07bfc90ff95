/* SPDX-License-Identifier: Apache-2.0 */
/* Why: upstreams repeat a token that they do not like ("unknown key abc…"), and
 * their words end up in logs, rows and on the dashboard. */
#include "provider/mask.h"

#include <string.h>

void mask_token(char *data, size_t len, const struct secret *token)
{
    char *at = data;

    if (token->len < MASK_LEAST || data == NULL)
        return;
    while ((at = memmem(at, len - (size_t)(at - data), token->bytes, token->len)) != NULL) {
        memset(at, '*', token->len);
        at += token->len;
    }
}
