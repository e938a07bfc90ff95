/* SPDX-License-Identifier: Apache-2.0 */
/* panel: the list of formats.  A new one is a file beside this one and a row
 * here. */
#include "fcgi/panels/panel.h"

#include <string.h>

#include "fcgi/panels/canonical.h"
#include "fcgi/panels/mapped.h"
#include "fcgi/panels/signed.h"

static const struct panel PANELS[] = {
    {"canonical", PANEL_PROOF_STANDARD, canonical_read}, {"hub", PANEL_PROOF_HUB, signed_read},
    {"stripe", PANEL_PROOF_STRIPE, signed_read},         {"upmind", PANEL_PROOF_UPMIND, upmind_read},
    {"blesta", PANEL_PROOF_PATH, blesta_read},
};

const struct panel *panel_find(const char *format)
{
    for (size_t i = 0; i < sizeof PANELS / sizeof PANELS[0]; i++)
        if (strcmp(PANELS[i].format, format) == 0)
            return &PANELS[i];
    return NULL;
}
