/* SPDX-License-Identifier: Apache-2.0 */
/* registry: what is special to each provider's wire, one const struct each. */
#ifndef PROVIDER_REGISTRY_H
#define PROVIDER_REGISTRY_H

#include "base/providers.h"
#include "provider/answer.h"
#include "provider/provider.h"

#define PROVIDER_DECLARED(kind, name, word) extern const struct provider provider_##name;
PROVIDERS(PROVIDER_DECLARED)
#undef PROVIDER_DECLARED

#endif
