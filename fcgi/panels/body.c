/* SPDX-License-Identifier: Apache-2.0 */
/* body: the parser in front of every adapter.  The depth is checked on the
 * bytes, before the parser sees them, so that nesting costs nothing.  Pure. */
#include "fcgi/panels/body.h"

#include <string.h>

#include "base/utf8.h"

/* Levels of arrays and objects; brackets inside strings don't count. */
static bool depth_ok(const char *body, size_t len)
{
    int depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < len; i++) {
        char c = body[i];
        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > BODY_DEPTH)
                return false;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return true;
}

/* Where and what, without the piece of the body that jansson quotes. */
static const char *json_error_text(const json_error_t *error, struct arena *arena)
{
    const char *near = strstr(error->text, " near ");
    int len = near != NULL ? (int)(near - error->text) : (int)strlen(error->text);

    return arena_printf(arena, "the body is not acceptable JSON: line %d, column %d: %.*s", error->line, error->column,
                        len, error->text);
}

static json_t *refuse(struct problem *problem, const char *text)
{
    *problem = (struct problem){400, NULL, text};
    return NULL;
}

json_t *body_parse(const void *body, size_t len, struct arena *arena, struct problem *problem)
{
    json_error_t error;

    if (!utf8_valid(body, len))
        return refuse(problem, "the body is not valid UTF-8, or has a NUL in it");
    if (!depth_ok(body, len))
        return refuse(problem, arena_printf(arena, "the JSON is nested deeper than %d", BODY_DEPTH));
    json_t *root = json_loadb(body, len, JSON_REJECT_DUPLICATES, &error);
    return root != NULL ? root : refuse(problem, json_error_text(&error, arena));
}
