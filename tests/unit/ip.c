/* SPDX-License-Identifier: Apache-2.0 */
/* One spelling per address, and every spelling that could be read two ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "order/ip.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct {
    const char *text;
    const char *spelling;
} GOOD[] = {
    {"203.0.113.10", "203.0.113.10"},
    {"10.0.0.1", "10.0.0.1"},
    {"192.168.1.0", "192.168.1.0"},
    {"1.1.1.1", "1.1.1.1"},
    {"126.255.255.255", "126.255.255.255"},
    {"128.0.0.0", "128.0.0.0"},
    {"223.255.255.255", "223.255.255.255"},
    {"255.255.255.254", "255.255.255.254"},
    {"2001:db8::1", "2001:db8::1"},
    {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
    {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
    {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* one zero group is not shortened */
    {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},    /* the first of two equal runs */
    {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},          /* the longest run */
    {"2001:db8::", "2001:db8::"},
    {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
    {"fd00:1234:5678:9abc:def0:1234:5678:9abc", "fd00:1234:5678:9abc:def0:1234:5678:9abc"},
};

static const struct {
    const char *text;
    const char *problem; /* a part of it */
} BAD[] = {
    {"", "plain spelling"},
    {"cpanel", "plain spelling"},
    {"203.0.113", "plain spelling"},
    {"203.0.113.10.1", "plain spelling"},
    {"203.0.113.", "plain spelling"},
    {".203.0.113", "plain spelling"},
    {"203..113.10", "plain spelling"},
    {"203.0.113.256", "plain spelling"},
    {"203.0.113.1000", "plain spelling"},
    {"203.0.113.99999999999999999999", "plain spelling"},
    {"203.0.113.010", "plain spelling"},
    {"203.00.113.10", "plain spelling"},
    {"0xcb.0.113.10", "plain spelling"},
    {"3405803786", "plain spelling"},
    {" 203.0.113.10", "plain spelling"},
    {"203.0.113.10 ", "plain spelling"},
    {"203.0.113.10\n", "plain spelling"},
    {"203.0.113.10:80", "plain spelling"},
    {"203.0.113.10/32", "plain spelling"},
    {"-3.0.113.10", "plain spelling"},
    {"+3.0.113.10", "plain spelling"},
    {"[2001:db8::1]", "plain spelling"},
    {"2001:db8::1/64", "plain spelling"},
    {"fe80::1%eth0", "plain spelling"},
    {"2001:db8:::1", "plain spelling"},
    {"2001:db8::1::2", "plain spelling"},
    {"2001:db8::12345", "plain spelling"},
    {"1:2:3:4:5:6:7", "plain spelling"},
    {"1:2:3:4:5:6:7:8:9", "plain spelling"},
    {"64:ff9b::192.0.2.033", "plain spelling"},
    {"0.0.0.0", "unspecified"},
    {"0.1.2.3", "unspecified"},
    {"127.0.0.1", "loopback"},
    {"127.255.255.255", "loopback"},
    {"224.0.0.1", "multicast"},
    {"239.255.255.255", "multicast"},
    {"255.255.255.255", "broadcast"},
    {"::", "unspecified"},
    {"::1", "loopback"},
    {"ff02::1", "multicast"},
    {"::ffff:203.0.113.10", "IPv6 spelling"},
    {"::ffff:cb00:710a", "IPv6 spelling"},
    {"::203.0.113.10", "IPv6 spelling"},
};

static void addresses_get_one_spelling(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(GOOD); i++) {
        char spelling[IP_TEXT_MAX], again[IP_TEXT_MAX];
        const char *problem = NULL;
        if (!ip_canonical(GOOD[i].text, spelling, &problem))
            fail_msg("%s %s", GOOD[i].text, problem);
        assert_string_equal(spelling, GOOD[i].spelling);
        assert_true(ip_canonical(spelling, again, &problem));
        assert_string_equal(again, spelling);
    }
}

static void other_texts_are_refused_with_their_problem(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(BAD); i++) {
        char spelling[IP_TEXT_MAX];
        const char *problem = NULL;
        if (ip_canonical(BAD[i].text, spelling, &problem))
            fail_msg("accepted %s", BAD[i].text);
        if (strstr(problem, BAD[i].problem) == NULL)
            fail_msg("%s: %s", BAD[i].text, problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_get_one_spelling),
        cmocka_unit_test(other_texts_are_refused_with_their_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
