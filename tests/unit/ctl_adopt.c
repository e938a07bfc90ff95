/* SPDX-License-Identifier: Apache-2.0 */
/* Unit test of ctl/csv and ctl/adopt_file: what a table of licenses may look like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/adopt_file.h"
#include "ctl/csv.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define HEAD        "source,service_id,product_code,ip,status,license_key,period_end\n"

static void lines_are_split(void **state)
{
    static const struct {
        const char *line;
        const char *cells; /* each in brackets; NULL: refused */
    } rows[] = {
        {"", "[]"},
        {"a,b\r\n", "[a][b]"},
        {"a,,\n", "[a][][]"},
        {"\"a,b\",\"say \"\"x\"\"\",c", "[a,b][say \"x\"][c]"},
        {"\"\",\"\"", "[][]"},
        {"a b, c", "[a b][ c]"},
        {"a\"b,c", "[a\"b][c]"},
        {"\"a", NULL},
        {"\"a\"b", NULL},
        {",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char line[128], joined[256] = "";
        const char *cells[CSV_CELLS_MAX], *problem = NULL;
        size_t count;
        (void)snprintf(line, sizeof line, "%s", rows[i].line);
        bool good = csv_split(line, cells, &count, &problem);
        if (good != (rows[i].cells != NULL))
            fail_msg("%s: %s", rows[i].line, good ? "accepted" : problem);
        for (size_t n = 0; good && n < count; n++) {
            size_t len = strlen(joined);
            (void)snprintf(joined + len, sizeof joined - len, "[%s]", cells[n]);
        }
        if (good)
            assert_string_equal(joined, rows[i].cells);
        else
            assert_non_null(problem);
    }
}

static const struct config_account accounts[] = {{.name = "main", .provider = "724license"},
                                                 {.name = "zone", .provider = "lisanszone"}};
static const struct config_product products[] = {
    {.code = "cpanel", .account = &accounts[0], .upstream_type = "cpanel"},
    {.code = "cpanel-2", .account = &accounts[0], .upstream_type = "cpanel"},
    {.code = "app", .account = &accounts[1], .upstream_type = "app"},
    {.code = "secret", .account = &accounts[0], .upstream_type = "secret"},
};
static const struct config_product *const permitted[] = {&products[0], &products[1], &products[2]};
static const struct config_source sources[] = {{.name = "s", .products = permitted, .product_count = 3}};
static const struct config config = {.accounts = accounts,
                                     .account_count = COUNT(accounts),
                                     .products = products,
                                     .product_count = COUNT(products),
                                     .sources = sources,
                                     .source_count = COUNT(sources)};

static void text_read(struct adopt_list *list, struct arena *arena, const char *text, size_t len)
{
    char copy[1024];
    assert_true(len < sizeof copy);
    memcpy(copy, text, len + 1);
    FILE *file = fmemopen(copy, len > 0 ? len : 1, "r");
    assert_non_null(file);
    if (len == 0)
        (void)fgetc(file);
    adopt_read(list, arena, &config, file);
    (void)fclose(file);
}

static void files_are_judged(void **state)
{
    static const struct {
        const char *text;
        const char *problem; /* "line column text" begins so; NULL: none */
        size_t good;
    } rows[] = {
        {HEAD "s,1,cpanel,192.0.2.1,active,,\n", NULL, 1},
        {"\xEF\xBB\xBF" HEAD "s,1,cpanel,192.0.2.1,active,,2027-01-31\r\n\r\ns,2,app,,suspended,K,\r\n", NULL, 2},
        {"status,ip,product_code,service_id,source\nactive,2001:DB8::1,cpanel,1,s", NULL, 1},
        {"", "1 - the file is empty", 0},
        {"\n", "1 - names no columns", 0},
        {"source,service_id,product_code,ip\n", "1 status the column is missing", 0},
        {"source,source,service_id,product_code,ip,status\n", "1 source is there twice", 0},
        {"colour,source,service_id,product_code,ip,status\nx,s,1,cpanel,192.0.2.1,active\n", "1 colour no such column",
         0},
        {HEAD "s,1,cpanel,192.0.2.1,active\n", "2 - has 5 columns, the first line 7", 0},
        {HEAD "t,1,cpanel,192.0.2.1,active,,\n", "2 source the configuration has no such source", 0},
        {HEAD "s,,cpanel,192.0.2.1,active,,\n", "2 service_id is empty", 0},
        {HEAD "s,1,nothing,192.0.2.1,active,,\n", "2 product_code the configuration has no such product", 0},
        {HEAD "s,1,secret,192.0.2.1,active,,\n", "2 product_code the source may not order", 0},
        {HEAD "s,1,cpanel,192.0.2.01,active,,\n", "2 ip ", 0},
        {HEAD "s,1,cpanel,,active,,\n", "2 ip is empty", 0},
        {HEAD "s,1,app,192.0.2.1,active,,\n", "2 license_key is empty", 0},
        {HEAD "s,1,cpanel,192.0.2.1,gone,,\n", "2 status is neither", 0},
        {HEAD "s,1,cpanel,192.0.2.1,active,,31.1.2027\n", "2 period_end is not a date", 0},
        {HEAD "s,\xff,cpanel,192.0.2.1,active,,\n", "2 service_id is not UTF-8", 0},
        {HEAD "s,1,cpanel,192.0.2.1,active,\"x\n", "2 - a quote is not closed", 0},
        {HEAD "s,1,cpanel,192.0.2.1,active,,\ns,1,cpanel,192.0.2.2,active,,\n",
         "3 service_id the same license as in line 2", 2},
        {HEAD "s,1,cpanel,2001:db8::1,active,,\ns,2,cpanel-2,2001:DB8:0::1,active,,\n",
         "3 ip the same license as in line 2", 2},
        {HEAD "s,1,app,,active,K,\n\ns,2,app,,active,K,\n", "4 license_key the same license as in line 2", 2},
        {HEAD "s,1,app,192.0.2.1,active,K,\ns,2,cpanel,192.0.2.1,active,K,\n", NULL, 2},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena arena;
        struct adopt_list list;
        char found[256] = "";
        arena_init(&arena);
        text_read(&list, &arena, rows[i].text, strlen(rows[i].text));
        if (list.problem_count > 0) {
            const struct adopt_problem *problem = &list.problems[0];
            (void)snprintf(found, sizeof found, "%d %s %s", (int)problem->line,
                           problem->column == NULL ? "-" : problem->column, problem->text);
        }
        if (rows[i].problem == NULL ? list.problem_count > 0
                                    : strncmp(found, rows[i].problem, strlen(rows[i].problem)) != 0)
            fail_msg("row %zu: \"%s\"", i, found);
        assert_int_equal(list.row_count, rows[i].good);
        arena_clear(&arena);
    }
}

static void addresses_are_canonical(void **state)
{
    static const char text[] = HEAD "s,1,cpanel,2001:DB8:0:0::1,active,,\n";
    struct arena arena;
    struct adopt_list list;
    (void)state;
    arena_init(&arena);
    text_read(&list, &arena, text, sizeof text - 1);
    assert_int_equal(list.row_count, 1);
    assert_string_equal(list.rows[0].cells[ADOPT_IP], "2001:db8::1");
    assert_null(list.rows[0].cells[ADOPT_KEY]);
    assert_ptr_equal(list.rows[0].product, &products[0]);
    arena_clear(&arena);
}

static void nothing_hides_behind_a_nul(void **state)
{
    static const char text[] = HEAD "s,1,cpanel,192.0.2.1,active,,\0\n";
    struct arena arena;
    struct adopt_list list;
    (void)state;
    arena_init(&arena);
    text_read(&list, &arena, text, sizeof text - 1);
    assert_int_equal(list.problem_count, 1);
    assert_int_equal(list.row_count, 0);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_split),
        cmocka_unit_test(files_are_judged),
        cmocka_unit_test(addresses_are_canonical),
        cmocka_unit_test(nothing_hides_behind_a_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
