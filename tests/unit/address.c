/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses are the public's: the edges of every range that is not. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "provider/address.h"

static const struct {
    const char *address;
    bool is_public;
} ROWS[] = {
    {"0.0.0.0", false},
    {"0.255.255.255", false},
    {"1.0.0.0", true},
    {"8.8.8.8", true},
    {"9.255.255.255", true},
    {"10.0.0.0", false},
    {"10.255.255.255", false},
    {"11.0.0.0", true},
    {"100.63.255.255", true},
    {"100.64.0.0", false},
    {"100.127.255.255", false},
    {"100.128.0.0", true},
    {"126.255.255.255", true},
    {"127.0.0.1", false},
    {"127.255.255.255", false},
    {"128.0.0.0", true},
    {"169.253.255.255", true},
    {"169.254.0.0", false},
    {"169.254.169.254", false},
    {"169.255.0.0", true},
    {"172.15.255.255", true},
    {"172.16.0.0", false},
    {"172.31.255.255", false},
    {"172.32.0.0", true},
    {"191.255.255.255", true},
    {"192.0.0.1", false},
    {"192.0.1.0", true},
    {"192.0.2.1", false},
    {"192.0.3.0", true},
    {"192.88.99.1", false},
    {"192.167.255.255", true},
    {"192.168.0.0", false},
    {"192.168.255.255", false},
    {"192.169.0.0", true},
    {"198.17.255.255", true},
    {"198.18.0.0", false},
    {"198.19.255.255", false},
    {"198.20.0.0", true},
    {"198.51.100.1", false},
    {"203.0.112.255", true},
    {"203.0.113.0", false},
    {"223.255.255.255", true},
    {"224.0.0.1", false},
    {"239.255.255.255", false},
    {"240.0.0.1", false},
    {"255.255.255.255", false},
    {"::", false},
    {"::1", false},
    {"::ffff:8.8.8.8", true},
    {"::ffff:10.0.0.1", false},
    {"::ffff:127.0.0.1", false},
    {"::127.0.0.1", false},
    {"64:ff9b::7f00:1", false},
    {"100::1", false},
    {"1fff:ffff::1", false},
    {"2000::1", true},
    {"2001::1", false},
    {"2001:1ff::1", false},
    {"2001:200::1", true},
    {"2001:db7::1", true},
    {"2001:db8::1", false},
    {"2001:db9::1", true},
    {"2001:4860:4860::8888", true},
    {"2002:7f00:1::1", false},
    {"2003::1", true},
    {"2a00:1450::1", true},
    {"3fff:fff::1", false},
    {"3fff:1000::1", true},
    {"4000::1", false},
    {"fc00::1", false},
    {"fdff::1", false},
    {"fe80::1", false},
    {"fec0::1", false},
    {"ff02::1", false},
};

static const struct sockaddr *parse(const char *text, struct sockaddr_storage *storage)
{
    struct sockaddr_in *v4 = (void *)storage;
    struct sockaddr_in6 *v6 = (void *)storage;

    memset(storage, 0, sizeof *storage);
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        storage->ss_family = AF_INET;
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
        storage->ss_family = AF_INET6;
    }
    return (const struct sockaddr *)storage;
}

static void every_edge(void **state)
{
    struct sockaddr_storage storage;

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
        if (address_is_public(parse(ROWS[i].address, &storage)) != ROWS[i].is_public)
            fail_msg("%s", ROWS[i].address);
    storage.ss_family = AF_UNIX;
    assert_false(address_is_public((const struct sockaddr *)&storage));
}

static void texts_are_plain(void **state)
{
    struct sockaddr_storage storage;
    char text[INET6_ADDRSTRLEN];

    (void)state;
    address_text(parse("::ffff:10.0.0.1", &storage), text);
    assert_string_equal(text, "10.0.0.1");
    address_text(parse("2001:db8::1", &storage), text);
    assert_string_equal(text, "2001:db8::1");
    storage.ss_family = AF_UNIX;
    address_text((const struct sockaddr *)&storage, text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_edge),
        cmocka_unit_test(texts_are_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
