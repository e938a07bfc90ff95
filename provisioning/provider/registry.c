/* SPDX-License-Identifier: Apache-2.0 */
/* Why: the configuration names a provider by a word. */
#include "provider/registry.h"

#include <string.h>

#define PROVIDER_LISTED(kind, name, word) &provider_##name,
static const struct provider *const providers[] = {PROVIDERS(PROVIDER_LISTED)};
#undef PROVIDER_LISTED

const struct provider *provider_find(const char *name)
{
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
        if (strcmp(providers[i]->name, name) == 0)
            return providers[i];
    return NULL;
}
