/* SPDX-License-Identifier: Apache-2.0 */
/* Which of several servers is asked first: whoever said nothing comes last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/connect.h"
#include "store/session.h"

static void assert_turned(const char *list, size_t by, const char *expected)
{
    char *turned = connect_turned(list, by);
    assert_string_equal(turned, expected);
    free(turned);
}

static void test_turned(void **state)
{
    (void)state;
    assert_turned("a", 0, "a");
    assert_turned("a", 3, "a");
    assert_turned("", 1, "");
    assert_turned("a,b,c", 0, "a,b,c");
    assert_turned("a,b,c", 1, "b,c,a");
    assert_turned("a,b,c", 2, "c,a,b");
    assert_turned("a,b,c", 4, "b,c,a");
    assert_turned(",b", 1, "b,");
    assert_turned("a,,c", 1, ",c,a");
}

/* A connection that libpq has begun; nobody listens on these addresses' port 1. */
static PGconn *asked(struct connect *connect)
{
    PGconn *conn = connect_start(connect);
    assert_non_null(conn);
    return conn;
}

static void assert_next(struct connect *connect, const char *host, const char *port)
{
    PGconn *conn = asked(connect);
    assert_string_equal(PQhost(conn), host);
    assert_string_equal(PQport(conn), port);
    PQfinish(conn);
}

static void silent(struct connect *connect)
{
    PGconn *conn = asked(connect);
    connect_elsewhere(connect, conn);
    PQfinish(conn);
}

static struct connect *with(const char *conninfo)
{
    struct session_options options = {.conninfo = conninfo, .role = "r", .application = "test"};
    return connect_new(&options);
}

static void test_the_silent_one_is_asked_last(void **state)
{
    (void)state;
    struct connect *connect = with("host=127.0.0.1,127.0.0.2,127.0.0.3 port=1 dbname=d");
    assert_next(connect, "127.0.0.1", "1");
    silent(connect);
    assert_next(connect, "127.0.0.2", "1");
    silent(connect);
    assert_next(connect, "127.0.0.3", "1");
    silent(connect);
    assert_next(connect, "127.0.0.1", "1");
    connect_free(&connect);
    assert_null(connect);
}

static void test_ports_and_addresses_turn_with_their_hosts(void **state)
{
    (void)state;
    struct connect *connect = with("postgresql://127.0.0.1:1,127.0.0.1:2/d");
    silent(connect);
    assert_next(connect, "127.0.0.1", "2");
    connect_free(&connect);
    connect = with("host=a,b hostaddr=127.0.0.1,127.0.0.2 port=1,2 dbname=d");
    silent(connect);
    assert_next(connect, "b", "2");
    connect_free(&connect);
    connect = with("hostaddr=127.0.0.1,127.0.0.2 port=1 dbname=d");
    silent(connect);
    assert_next(connect, "127.0.0.2", "1");
    connect_free(&connect);
}

static void test_the_time_of_a_try(void **state)
{
    (void)state;
    struct connect *alone = with("host=127.0.0.1 port=1 dbname=d");
    silent(alone);
    assert_next(alone, "127.0.0.1", "1");
    assert_int_equal(connect_limit_ms(alone), 10000);
    connect_free(&alone);
    struct connect *several = with("host=127.0.0.1,127.0.0.2 port=1 dbname=d");
    PQfinish(asked(several));
    assert_int_equal(connect_limit_ms(several), 2000);
    silent(several);
    assert_int_equal(connect_limit_ms(several), 2000); /* the other one was not asked yet */
    silent(several);
    assert_int_equal(connect_limit_ms(several), 4000);
    silent(several);
    silent(several);
    assert_int_equal(connect_limit_ms(several), 5000);
    connect_done(several);
    assert_int_equal(connect_limit_ms(several), 2000);
    connect_free(&several);
}

/* The first of two refuses each time, the second one says nothing in time: it may only be slow. */
static void test_the_slow_one_gets_time(void **state)
{
    (void)state;
    static const int64_t limits[] = {2000, 2000, 5000, 2000};
    struct connect *connect = with("host=127.0.0.1,127.0.0.2 port=1 dbname=d");
    struct connect *second = with("host=127.0.0.2 port=1 dbname=d");
    PGconn *slow = asked(second);
    PQfinish(asked(connect));
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        connect_elsewhere(connect, slow);
        assert_int_equal(connect_limit_ms(connect), limits[i]);
    }
    PQfinish(slow);
    connect_free(&second);
    connect_free(&connect);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turned),
        cmocka_unit_test(test_the_silent_one_is_asked_last),
        cmocka_unit_test(test_ports_and_addresses_turn_with_their_hosts),
        cmocka_unit_test(test_the_time_of_a_try),
        cmocka_unit_test(test_the_slow_one_gets_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
