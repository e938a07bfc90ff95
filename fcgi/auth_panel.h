/* SPDX-License-Identifier: Apache-2.0 */
/* auth_panel: whether a delivery comes from the source it names, by whichever
 * proof the source's format has.  Raw bytes only; nothing is parsed yet. */
#ifndef FCGI_AUTH_PANEL_H
#define FCGI_AUTH_PANEL_H

#include "fcgi/auth.h"
#include "fcgi/panels/panel.h"

/* path_secret is what follows the source's name in the path; NULL: nothing.
 * false fills *problem (400 or 401). */
bool auth_panel_check(struct request *request, const struct config_source *source, enum panel_proof proof,
                      const char *path_secret, int64_t now_s, struct problem *problem);

#endif
