/* SPDX-License-Identifier: Apache-2.0 */
/* Unit test of ctl/arguments: the shape that help shows is what is understood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/arguments.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SHAPE       "ORDER [ACCOUNT] --reason TEXT [--limit N] [--field K=V ...] [--sync] [--json]"
#define LINE_MAX    10

static bool line_read(struct arguments *arguments, const char *const *line, char problem[ARGUMENTS_PROBLEM])
{
    char copies[LINE_MAX][64];
    char *argv[LINE_MAX + 1] = {NULL};
    static char kept[LINE_MAX][64]; /* what was read borrows from it */
    size_t used, count = 0;

    for (; count < LINE_MAX && line[count] != NULL; count++) {
        (void)snprintf(copies[count], sizeof copies[count], "%s", line[count]);
        memcpy(kept[count], copies[count], sizeof kept[count]);
        argv[count] = kept[count];
    }
    *arguments = (struct arguments){0};
    problem[0] = '\0';
    return arguments_read(arguments, SHAPE, argv, false, &used, problem) &&
           arguments_complete(arguments, SHAPE, problem);
}

static void lines_are_judged(void **state)
{
    static const struct {
        const char *line[LINE_MAX + 1];
        const char *problem; /* NULL: good */
    } rows[] = {
        {{"7", "--reason", "x"}, NULL},
        {{"--reason=x", "7"}, NULL},
        {{"--reason", "--x", "7"}, NULL},
        {{"7", "main", "--reason=", "--sync", "--limit", "5"}, NULL},
        {{"7", "--reason", "x", "--", "--main"}, NULL},
        {{"7", "-12.5", "--reason", "x"}, NULL},
        {{"7", "--reason", "x", "--field", "a=1", "--field", "b=2"}, NULL},
        {{NULL}, "ORDER is missing"},
        {{"7"}, "--reason is missing"},
        {{"--reason", "x"}, "ORDER is missing"},
        {{"7", "--reason"}, "--reason needs a value"},
        {{"7", "--reason", "x", "--reason", "y"}, "--reason is given twice"},
        {{"7", "--reason", "x", "--reason=y"}, "--reason is given twice"},
        {{"7", "a", "b", "--reason", "x"}, "one word too many: b"},
        {{"7", "--reason", "x", "--sync=1"}, "--sync takes no value"},
        {{"7", "--reason", "x", "--syn"}, "unknown option --syn"},
        {{"7", "--reason", "x", "--synch"}, "unknown option --synch"},
        {{"7", "--reason", "x", "-s"}, "unknown option -s"},
        {{"7", "--reason", "x", "--TEXT"}, "unknown option --TEXT"},
    };
    struct arguments arguments;
    char problem[ARGUMENTS_PROBLEM];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool good = line_read(&arguments, rows[i].line, problem);
        assert_string_equal(problem, rows[i].problem == NULL ? "" : rows[i].problem);
        assert_int_equal(good, rows[i].problem == NULL);
    }
}

static void values_are_found(void **state)
{
    static const char *const line[] = {"--field=a=1", "7",      "--limit",   "5", "--field",
                                       "b=",          "--sync", "--reason=", NULL};
    struct arguments arguments;
    char problem[ARGUMENTS_PROBLEM];

    (void)state;
    assert_true(line_read(&arguments, line, problem));
    assert_int_equal(arguments.word_count, 1);
    assert_string_equal(arguments.words[0], "7");
    assert_string_equal(argument_value(&arguments, "limit"), "5");
    assert_string_equal(argument_value(&arguments, "reason"), "");
    assert_string_equal(argument_nth(&arguments, "field", 0), "a=1");
    assert_string_equal(argument_nth(&arguments, "field", 1), "b=");
    assert_null(argument_nth(&arguments, "field", 2));
    assert_true(argument_given(&arguments, "sync"));
    assert_false(argument_given(&arguments, "json"));
    assert_null(argument_value(&arguments, "fiel"));
}

static void first_word_ends_the_global_part(void **state)
{
    char json[] = "--json", limit[] = "--limit", three[] = "3", show[] = "show", after[] = "--sync";
    char *argv[] = {json, limit, three, show, after, NULL};
    struct arguments arguments = {0};
    char problem[ARGUMENTS_PROBLEM];
    size_t used;

    (void)state;
    assert_true(arguments_read(&arguments, "[--json] [--limit N]", argv, true, &used, problem));
    assert_int_equal(used, 3);
    assert_int_equal(arguments.word_count, 0);
    assert_true(arguments_read(&arguments, "ORDER [--sync]", argv + used, false, &used, problem));
    assert_int_equal(used, 2);
    assert_string_equal(arguments.words[0], "show");
    assert_string_equal(argument_value(&arguments, "limit"), "3");
}

static void options_have_a_ceiling(void **state)
{
    char field[] = "--field=x";
    char *argv[ARGUMENTS_OPTIONS + 2];
    struct arguments arguments = {0};
    char problem[ARGUMENTS_PROBLEM];
    size_t used;

    (void)state;
    for (size_t i = 0; i <= ARGUMENTS_OPTIONS; i++)
        argv[i] = field;
    argv[ARGUMENTS_OPTIONS + 1] = NULL;
    assert_false(arguments_read(&arguments, "[--field K=V ...]", argv, false, &used, problem));
    assert_int_equal(arguments.option_count, ARGUMENTS_OPTIONS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_judged),
        cmocka_unit_test(values_are_found),
        cmocka_unit_test(first_word_ends_the_global_part),
        cmocka_unit_test(options_have_a_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
