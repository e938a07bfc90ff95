/* SPDX-License-Identifier: Apache-2.0 */
/* mask: keeps a token out of what an upstream says about it. */
#ifndef PROVIDER_MASK_H
#define PROVIDER_MASK_H

#include <stddef.h>

#include "base/secret.h"

/* Shorter tokens could stand in any text and are left alone. */
#define MASK_LEAST 8

/* Overwrites each occurrence with as many stars. */
void mask_token(char *data, size_t len, const struct secret *token);

#endif
