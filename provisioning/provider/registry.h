/* SPDX-License-Identifier: Apache-2.0 */
/* registry: the providers there are.  A new one is a file with its row, a line
 * here and a line in registry.c. */
#ifndef PROVIDER_REGISTRY_H
#define PROVIDER_REGISTRY_H

#include "provider/answer.h"
#include "provider/provider.h"

extern const struct provider provider_license724;
extern const struct provider provider_lisanszone;

#endif
