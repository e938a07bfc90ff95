/* SPDX-License-Identifier: Apache-2.0 */
/* panel: the list of formats.  A new one is a file beside this one and a row
 * here. */
#include "fcgi/panels/panel.h"

#include <string.h>

#include "fcgi/panels/canonical.h"

static const struct panel PANELS[] = {
    {"canonical", canonical_read},
};

const struct panel *panel_find(const char *format)
{
    for (size_t i = 0; i < sizeof PANELS / sizeof PANELS[0]; i++)
        if (strcmp(PANELS[i].format, format) == 0)
            return &PANELS[i];
    return NULL;
}
