/* SPDX-License-Identifier: Apache-2.0 */
/* Unit test of base/log: one event is one line, whatever is in its values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/utf8.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static char seen[8192];
static int lines;

static void keep(void *ctx, const char *line)
{
    assert_ptr_equal(ctx, seen);
    (void)snprintf(seen, sizeof(seen), "%s", line);
    lines++;
}

static int setup(void **state)
{
    (void)state;
    seen[0] = '\0';
    lines = 0;
    log_open("unit", LOG_LEVEL_DEBUG);
    log_redirect(keep, seen);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    log_redirect(NULL, NULL);
    return 0;
}

static void values_are_quoted_when_needed(void **state)
{
    static const struct {
        const char *value;
        const char *written;
    } rows[] = {
        {"plain", "plain"},
        {"a-b_c.d/e:f@g,h;i'j", "a-b_c.d/e:f@g,h;i'j"},
        {"", "\"\""},
        {NULL, "\"\""},
        {"two words", "\"two words\""},
        {"k=v", "\"k=v\""},
        {"say \"hi\"", "\"say \\\"hi\\\"\""},
        {"back\\slash", "\"back\\\\slash\""},
        {"line\nbreak\r\t", "\"line\\nbreak\\r\\t\""},
        {"\x1b[31mred\x7f", "\"\\x1b[31mred\\x7f\""},
        {"bakiye yetersiz \xC5\x9F", "\"bakiye yetersiz \xC5\x9F\""},
        {"\xC5\x9F", "\xC5\x9F"},
        {"bad\xFFutf", "\"bad\\xffutf\""},
        {"half\xC5", "\"half\\xc5\""},
        {"c1\xC2\x85"
         "end",
         "\"c1\\xc2\\x85"
         "end\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char wanted[256];
        log_info("test.value", log_str("value", rows[i].value));
        (void)snprintf(wanted, sizeof(wanted), "<6>event=test.value program=unit value=%s", rows[i].written);
        assert_string_equal(seen, wanted);
    }
}

static void levels_have_prefixes_and_a_threshold(void **state)
{
    (void)state;
    log_error("e");
    assert_string_equal(seen, "<3>event=e program=unit");
    log_warn("e", log_int("n", INT64_MIN));
    assert_string_equal(seen, "<4>event=e program=unit n=-9223372036854775808");
    log_note("e", log_int("n", 1), log_str("s", "x"));
    assert_string_equal(seen, "<5>event=e program=unit n=1 s=x");
    log_debug("e");
    assert_string_equal(seen, "<7>event=e program=unit");
    assert_int_equal(lines, 4);
    log_open("unit", LOG_LEVEL_WARN);
    log_note("dropped");
    assert_int_equal(lines, 4);
    log_warn("kept");
    assert_int_equal(lines, 5);
}

static void level_words_are_read(void **state)
{
    enum log_level level = LOG_LEVEL_NOTE;

    (void)state;
    assert_false(log_level_parse("loud", &level));
    assert_int_equal(level, LOG_LEVEL_NOTE);
    assert_true(log_level_parse("error", &level));
    assert_int_equal(level, LOG_LEVEL_ERROR);
    assert_true(log_level_parse("debug", &level));
    assert_int_equal(level, LOG_LEVEL_DEBUG);
}

static void a_line_has_a_ceiling(void **state)
{
    char value[6000];

    (void)state;
    for (size_t shift = 0; shift < 8; shift++) {
        /* Two-byte characters and escapes meet the ceiling at every offset. */
        static const char *const fills[] = {"\xC5\x9F", "\"", "x", "x y"};
        for (size_t f = 0; f < COUNT(fills); f++) {
            size_t len = shift;
            memset(value, 'a', shift);
            while (len + 4 < sizeof(value))
                for (const char *c = fills[f]; *c; c++)
                    value[len++] = *c;
            value[len] = '\0';
            log_info("test.long", log_str("value", value), log_str("after", "never"));
            assert_true(strlen(seen) < 4096);
            assert_true(strlen(seen) > 4070);
            assert_true(utf8_valid(seen, strlen(seen)));
            assert_null(strstr(seen, "after="));
            const char *end = f == 2 ? "x cut=1" : (f == 0 ? "\xC5\x9F cut=1" : "\" cut=1");
            assert_string_equal(seen + strlen(seen) - strlen(end), end);
        }
    }
}

static void standard_error_gets_whole_lines(void **state)
{
    char line[256];
    int ends[2];

    (void)state;
    log_redirect(NULL, NULL);
    assert_int_equal(pipe(ends), 0);
    int saved = dup(STDERR_FILENO);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    log_info("test.stderr", log_str("s", "a b"));
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    ssize_t len = read(ends[0], line, sizeof(line) - 1);
    assert_true(len > 0);
    line[len] = '\0';
    assert_string_equal(line, "<6>event=test.stderr program=unit s=\"a b\"\n");
    close(saved);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_are_quoted_when_needed, setup, teardown),
        cmocka_unit_test_setup_teardown(levels_have_prefixes_and_a_threshold, setup, teardown),
        cmocka_unit_test_setup_teardown(level_words_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_has_a_ceiling, setup, teardown),
        cmocka_unit_test_setup_teardown(standard_error_gets_whole_lines, setup, teardown),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
