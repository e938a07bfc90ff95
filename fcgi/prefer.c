/* SPDX-License-Identifier: Apache-2.0 */
/* prefer: takes the header apart as its grammar has it: preferences with commas
 * between them, each a token, maybe "=" and a token or quoted text, maybe
 * parameters behind semicolons.  Pure; owns nothing. */
#include "fcgi/prefer.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

static const char TOKEN[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

static const char *blanks_skip(const char *at)
{
    return at + strspn(at, " \t");
}

/* Behind a token or a quoted text; NULL: neither. */
static const char *word_skip(const char *at)
{
    if (*at != '"') {
        size_t len = strspn(at, TOKEN);
        return len > 0 ? at + len : NULL;
    }
    for (at++; *at != '"'; at++) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        if (*at == '\0')
            return NULL;
    }
    return at + 1;
}

struct part {
    const char *name, *value; /* value NULL: none */
    size_t name_len, value_len;
};

/* token [ "=" word ]: one preference or parameter; behind it, or NULL. */
static const char *part_read(const char *at, struct part *part)
{
    *part = (struct part){.name = at, .name_len = strspn(at, TOKEN)};
    if (part->name_len == 0)
        return NULL;
    at = blanks_skip(at + part->name_len);
    if (*at != '=')
        return at;
    part->value = blanks_skip(at + 1);
    const char *end = word_skip(part->value);
    if (end == NULL)
        return NULL;
    part->value_len = (size_t)(end - part->value);
    return blanks_skip(end);
}

/* Behind the parameters of a preference; NULL: malformed. */
static const char *parameters_skip(const char *at)
{
    struct part part;

    while (at != NULL && *at == ';') {
        at = blanks_skip(at + 1);
        if (*at != ';' && *at != ',' && *at != '\0')
            at = part_read(at, &part);
    }
    return at;
}

static int seconds_read(const struct part *part)
{
    size_t len = part->value_len;
    const char *digits = part->value;
    int seconds = 0;

    if (len >= 2 && *digits == '"') {
        digits++;
        len -= 2;
    }
    for (size_t i = 0; i < len; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return 0;
        seconds = seconds * 10 + (digits[i] - '0');
        if (seconds > PREFER_WAIT_MAX_S)
            seconds = PREFER_WAIT_MAX_S;
    }
    return seconds;
}

/* Whether this line has a wait; what stands behind a mistake is not read. */
static bool line_read(const char *at, int *seconds)
{
    struct part part;

    for (;;) {
        at += strspn(at, ", \t");
        if (*at == '\0')
            return false;
        at = parameters_skip(part_read(at, &part));
        if (at == NULL || (*at != ',' && *at != '\0'))
            return false;
        if (part.name_len == 4 && strncasecmp(part.name, "wait", 4) == 0) {
            *seconds = part.value != NULL ? seconds_read(&part) : 0;
            return true; /* the first one counts */
        }
    }
}

int prefer_wait_s(char *const *environment)
{
    static const char name[] = "HTTP_PREFER=";
    int seconds = 0;

    for (; *environment != NULL; environment++)
        if (strncmp(*environment, name, sizeof name - 1) == 0 && line_read(*environment + sizeof name - 1, &seconds))
            return seconds;
    return 0;
}
