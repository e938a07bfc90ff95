/* SPDX-License-Identifier: Apache-2.0 */
/* arguments: the words behind a command, read by the same line that help shows.
 *
 * A shape like "ACCOUNT --reason TEXT [--limit N] [--field K=V ...] [--sync]"
 * says which words and options there are: what stands in brackets may be left
 * out, an option followed by a word takes a value, "..." lets it come again.
 * Words stand before options in a shape, but in any order on the command line; "-5"
 * is a word. */
#ifndef CTL_ARGUMENTS_H
#define CTL_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#define ARGUMENTS_WORDS   4
#define ARGUMENTS_OPTIONS 64
#define ARGUMENTS_PROBLEM 256

struct argument_given {
    const char *name; /* without the dashes */
    const char *value;
};

struct arguments {
    const char *words[ARGUMENTS_WORDS];
    size_t word_count;
    struct argument_given options[ARGUMENTS_OPTIONS];
    size_t option_count;
};

/* Borrows argv's strings.  May be called again with the rest of a command line:
 * adds to what is there.  *used is how many words of argv were read: all of
 * them, unless `first_word_ends`, which stops before the first word that is no
 * option.  false fills problem. */
bool arguments_read(struct arguments *arguments, const char *shape, char *const *argv, bool first_word_ends,
                    size_t *used, char problem[ARGUMENTS_PROBLEM]);
/* Whether all that the shape demands was given; called after the last read. */
bool arguments_complete(const struct arguments *arguments, const char *shape, char problem[ARGUMENTS_PROBLEM]);

/* The value, "" for an option without one, NULL when it was not given. */
const char *argument_value(const struct arguments *arguments, const char *name);
/* The n-th value of an option that may come again; NULL past the last. */
const char *argument_nth(const struct arguments *arguments, const char *name, size_t n);
bool argument_given(const struct arguments *arguments, const char *name);

#endif
