/* SPDX-License-Identifier: Apache-2.0 */
/* caller: finds the source by the secret that signed the path.
 *
 * The path names no source, so every source's secrets are tried, whatever fits,
 * so that the time says nothing.  Owns nothing and keeps nothing. */
#include "fcgi/caller.h"

#include <string.h>

#include "fcgi/auth.h"

static const struct config_source *source_of_signature(const struct request *request)
{
    const struct config *config = request->config;
    const char *address = request->params[HEAD_ADDRESS];
    const struct config_source *found = NULL;

    for (size_t i = 0; i < config->source_count; i++) {
        const struct config_source *source = &config->sources[i];
        bool good = auth_signature_ok(request, source, request->path, strlen(request->path));
        if (good && found == NULL && !source->retired && config_source_allows(source, address != NULL ? address : ""))
            found = source;
    }
    return found;
}

const struct config_source *caller_source(struct front *front, struct request *request, struct problem *problem)
{
    const struct config_source *source;

    if (request->problem.status != 0) {
        *problem = request->problem;
        return NULL;
    }
    if (!auth_headers_check(request, clock_wall_ms(front->clock) / 1000, problem))
        return NULL;
    source = source_of_signature(request);
    if (source == NULL)
        *problem =
            (struct problem){401, "webhook-signature",
                             "webhook-signature fits no source's secret: the path must be signed as id.timestamp.path"};
    return source;
}
