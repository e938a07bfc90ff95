/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a command line by the shape that its help shows, so that what is
 * documented and what is understood cannot differ.
 *
 * Pure: owns nothing, prints nothing, never looks at what a value means. */
#include "ctl/arguments.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One word or option of a shape. */
struct part {
    const char *name; /* not NUL-terminated */
    size_t len;
    bool option;
    bool optional;
    bool takes_value;
    bool repeats;
};

static bool problem_say(char problem[ARGUMENTS_PROBLEM], const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool problem_say(char problem[ARGUMENTS_PROBLEM], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(problem, ARGUMENTS_PROBLEM, format, args);
    va_end(args);
    return false;
}

/* The next token of a shape without its brackets; false at the end. */
static bool token_next(const char **at, const char **begin, size_t *len)
{
    *at += strspn(*at, " []");
    *begin = *at;
    *len = strcspn(*at, " ]");
    *at += *len;
    return *len > 0;
}

/* The next part of a shape; false at the end. */
static bool part_next(const char **at, struct part *part)
{
    const char *begin;
    size_t len;
    const char *bracket = *at + strspn(*at, " ]");

    *part = (struct part){.optional = *bracket == '['};
    if (!token_next(at, &begin, &len))
        return false;
    part->option = len > 2 && strncmp(begin, "--", 2) == 0;
    part->name = part->option ? begin + 2 : begin;
    part->len = part->option ? len - 2 : len;
    if (part->option && **at == ' ' && (*at)[1] != '[' && strncmp(*at, " --", 3) != 0)
        part->takes_value = token_next(at, &begin, &len);
    if (strncmp(*at, " ...", 4) == 0) {
        part->repeats = true;
        *at += 4;
    }
    return true;
}

static bool part_find(const char *shape, const char *name, size_t len, struct part *part)
{
    while (part_next(&shape, part))
        if (part->option && part->len == len && memcmp(part->name, name, len) == 0)
            return true;
    return false;
}

static size_t words_allowed(const char *shape)
{
    struct part part;
    size_t count = 0;
    while (part_next(&shape, &part))
        count += !part.option;
    return count;
}

bool argument_given(const struct arguments *arguments, const char *name)
{
    return argument_nth(arguments, name, 0) != NULL;
}

const char *argument_value(const struct arguments *arguments, const char *name)
{
    return argument_nth(arguments, name, 0);
}

const char *argument_nth(const struct arguments *arguments, const char *name, size_t n)
{
    for (size_t i = 0; i < arguments->option_count; i++) {
        /* Names are borrowed from argv and may go on with "=value". */
        const char *given = arguments->options[i].name;
        size_t len = strcspn(given, "=");
        if (len == strlen(name) && memcmp(given, name, len) == 0 && n-- == 0)
            return arguments->options[i].value;
    }
    return NULL;
}

/* One "--name", "--name=value" or "--name value"; *used grows by what it took. */
static bool option_read(struct arguments *arguments, const char *shape, char *const *argv, size_t *used,
                        char problem[ARGUMENTS_PROBLEM])
{
    const char *name = argv[(*used)++] + 2;
    size_t len = strcspn(name, "=");
    const char *value = name[len] == '=' ? name + len + 1 : NULL;
    struct part part;

    if (!part_find(shape, name, len, &part))
        return problem_say(problem, "unknown option --%.*s", (int)len, name);
    if (!part.takes_value && value != NULL)
        return problem_say(problem, "--%.*s takes no value", (int)len, name);
    if (part.takes_value && value == NULL && (value = argv[*used]) == NULL)
        return problem_say(problem, "--%.*s needs a value", (int)len, name);
    if (part.takes_value && name[len] != '=')
        (*used)++;
    for (size_t i = 0; !part.repeats && i < arguments->option_count; i++)
        if (strncmp(arguments->options[i].name, name, len) == 0 && strcspn(arguments->options[i].name, "=") == len)
            return problem_say(problem, "--%.*s is given twice", (int)len, name);
    if (arguments->option_count == ARGUMENTS_OPTIONS)
        return problem_say(problem, "more than %d options", ARGUMENTS_OPTIONS);
    arguments->options[arguments->option_count++] =
        (struct argument_given){.name = name, .value = part.takes_value ? value : ""};
    return true;
}

bool arguments_read(struct arguments *arguments, const char *shape, char *const *argv, bool first_word_ends,
                    size_t *used, char problem[ARGUMENTS_PROBLEM])
{
    size_t allowed = words_allowed(shape);
    bool options = true; /* until "--" */

    assert(allowed <= ARGUMENTS_WORDS);
    *used = 0;
    while (argv[*used] != NULL) {
        const char *word = argv[*used];
        if (options && strcmp(word, "--") == 0) {
            options = false;
            (*used)++;
        } else if (options && word[0] == '-' && word[1] != '\0' && (word[1] < '0' || word[1] > '9')) {
            if (word[1] != '-')
                return problem_say(problem, "unknown option %s", word);
            if (!option_read(arguments, shape, argv, used, problem))
                return false;
        } else if (first_word_ends) {
            return true;
        } else if (arguments->word_count == allowed) {
            return problem_say(problem, "one word too many: %s", word);
        } else {
            arguments->words[arguments->word_count++] = word;
            (*used)++;
        }
    }
    return true;
}

bool arguments_complete(const struct arguments *arguments, const char *shape, char problem[ARGUMENTS_PROBLEM])
{
    struct part part;
    size_t words = 0;

    while (part_next(&shape, &part)) {
        if (part.optional)
            continue;
        if (!part.option) {
            if (++words > arguments->word_count)
                return problem_say(problem, "%.*s is missing", (int)part.len, part.name);
            continue;
        }
        char name[64];
        (void)snprintf(name, sizeof name, "%.*s", (int)part.len, part.name);
        if (!argument_given(arguments, name))
            return problem_say(problem, "--%s is missing", name);
    }
    return true;
}
