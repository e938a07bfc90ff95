/* SPDX-License-Identifier: Apache-2.0 */
/* Unit test of base/config: every mistake is named with its line and option, and
 * no secret gets into the text. */
#include "tests/unit/config_folder.h"

#include "base/log.h"

static const struct {
    const char *text;
    const char *where; /* right behind the path */
    const char *what;  /* somewhere behind that */
} mistakes[] = {
    {"\n# one\n/* two\n three */\n// five\nfoo = 1\n", ":6: ", "'foo'"},
    {"account m {\n\n foo = 1 }", ":3: account m: ", "'foo'"},
    {"account m {\n hints {\n foo = 1 } }", ":3: hints: ", "'foo'"},
    {"poll = 1s\npoll = 2s\n", ":2: poll: ", "given twice"},
    {"account m {\nwindow = 2\nwindow = 2\n}", ":3: account m: window: ", "given twice"},
    {"source m { allow = { 192.0.2.1 }\nallow = { 192.0.2.1 } }", ":2: source m: allow: ", "given twice"},
    {"source m { allow = { 192.0.2.1 }\nallow = { } }", ": ", "given twice"},
    {ACCOUNT "\n" ACCOUNT, ":3: ", "duplicate title 'm'"},
    {ACCOUNT "account n { hints { exists = a }\nhints { exists = b } }", ":3: hints: exists: ", "given twice"},
    {"poll = 5\n", ":1: poll: ", "not a duration"},
    {"poll = -5s\n", ":1: poll: ", "not a duration"},
    {"\npoll = 5ms\n", ":2: poll: ", "within 10ms and 1m"},
    {"poll = 61s\n", ":1: poll: ", "within 10ms and 1m"},
    {"poll = 99999999999999999999d\n", ":1: poll: ", "not a duration"},
    {"worker_calls = 0\n", ":1: worker_calls: ", "from 1 to 4096"},
    {"worker_calls = 1.5\n", ":1: worker_calls: ", "whole number"},
    {"intake_batch = 257\n", ":1: intake_batch: ", "from 1 to 256"},
    {"log_level = loud\n", ":1: log_level: ", "none of error, warn, note, info, debug"},
    {"database = \"${HOME}\"\n", ":1: ", "not expanded"},
    {"database = ${HOME}\n", ":1: ", "not expanded"},
    {"\ndatabase = \"a\nb\"\n", ":2: ", "quote"},
    {"database = 'a", ":1: ", "quote"},
    {"database = \"a\\x41\"", ":1: ", "backslash"},
    {"database = \"a\\", ":1: ", "backslash"},
    {"database = a*b", ":1: ", "quotes"},
    {"database = a+b", ":1: ", "quotes"},
    {"database = a\x01", ":1: ", "control"},
    {"database = \"a\x01\"", ":1: ", "control"},
    {"database = \"\xFF\"", ": ", "UTF-8"},
    {"\n/* open\n", ":2: ", "comment"},
    {"poll 1s\n", ":1: ", "equal sign"},
    {"\naccount m {\nhints {\n}\n", ":2: ", "brace"},
    {"}", ":1: ", "brace"},
    {"account {\n}", ":1: ", "title"},
    {"account \"a b\" {\n}", ":2: account a b: ", "its name is not"},
    {"account m {\n}\n", ":2: account m: provider: ", "missing"},
    {"account m { provider = other }", ":1: account m: provider: ", "none of 724license, lisanszone"},
    {"account m { provider = lisanszone }", ":1: account m: base_url: ", "missing"},
    {"account m { provider = 724license\n" URL "\n}", ":3: account m: token_file: ", "missing"},
    {"account m { provider = 724license " URL "\ntoken_file = nowhere }",
     ":2: account m: token_file: ", "/nowhere cannot be opened: No such file"},
    {"account m { provider = 724license " URL "token_file = empty }", ":1: account m: token_file: ", "/empty is empty"},
    {"account m { provider = 724license " URL "token_file = bad.token }", ":1: account m: token_file: ", "HTTP header"},
    {"account m { provider = 724license " URL "token_file = . }", ":1: account m: token_file: ", "regular"},
    {ACCOUNT "account n { provider = 724license " URL "\ntoken_file = token }",
     ":3: account n: token_file: ", "account m too"},
    {"account m { provider = lisanszone " URL "ca_file = no.pem }", ":1: account m: ca_file: ", "/no.pem: No such"},
    {"account m { provider = lisanszone " URL "time_zone = Mars/Base }", ":1: account m: time_zone: ", "tzdata"},
    {"account m { provider = lisanszone " URL "time_zone = Europe }", ":1: account m: time_zone: ", "tzdata"},
    {"account m { provider = lisanszone " URL "time_zone = ../x }", ":1: account m: time_zone: ", "is not"},
    {"account m { provider = lisanszone " URL "window = 9 }", ":1: account m: window: ", "from 1 to 8"},
    {"account m { provider = lisanszone " URL "parallel = 257 }", ":1: account m: parallel: ", "from 1 to 256"},
    {"account m { provider = lisanszone " URL "settle = maybe }", ":1: account m: settle: ", "operator, evidence"},
    {"account m { provider = lisanszone " URL "retry = 2s }", ":1: account m: retry: ", "span"},
    {"account m { provider = lisanszone " URL "retry = 2s..1s }", ":1: account m: retry: ", "below"},
    {"account m { provider = lisanszone " URL "retry = 2..1s }", ":1: account m: retry: ", "duration"},
    {"account m { provider = lisanszone " URL "retry = 1s..2s.. }", ":1: account m: retry: ", "duration"},
    {"account m { provider = lisanszone " URL "limit a.php { } }", ":1: limit a.php: requests: ", "missing"},
    {"account m { provider = lisanszone " URL "limit a.php {\nrequests = 1\nper = 1ms } }",
     ":3: limit a.php: per: ", "within"},
    {"account m { provider = lisanszone " URL "limit \"a b\" { requests = 1 per = 1s } }", ":1: limit a b: ", "name"},
    {ACCOUNT "product p { account = other\ntype = x }", ":2: product p: account: ", "no account \"other\""},
    {ACCOUNT "product p { account = m }", ":2: product p: type: ", "missing"},
    {ACCOUNT "product p { account = m type = x max_credits = -1 }", ":2: product p: max_credits: ", "amount"},
    {ACCOUNT "product p { account = m type = x max_credits = 1e3 }", ":2: product p: max_credits: ", "amount"},
    {ACCOUNT "product p { account = m type = x max_credits = 1.1234567 }", ":2: product p: max_credits: ", "amount"},
    {ACCOUNT "product p { account = m type = x max_credits = 1. }", ":2: product p: max_credits: ", "amount"},
    {ACCOUNT "product p { account = m type = x recycled = x }", ":2: product p: recycled: ", "create, renew"},
    {"source s { products = { p } secrets = { a.secret } }", ":1: source s: products: ", "no product \"p\""},
    {ACCOUNT PRODUCT "source s {\nproducts = { p } }", ":4: source s: secrets: ", "missing"},
    {"source s {\nsecrets = { a.secret } }", ":2: source s: products: ", "missing"},
    {ACCOUNT PRODUCT "source s { products = { p, p } secrets = { a.secret } }",
     ":3: source s: products: ", "listed twice"},
    {"source s { secrets = { a.secret, a.secret } }", ":1: source s: secrets: ", "listed twice"},
    {"source s {\nsecrets = { nowhere } }", ":2: source s: secrets: ", "/nowhere cannot be opened"},
    {"source s { secrets = { bad.secret } }", ":1: source s: secrets: ", "bad.secret "},
    {"source s { secrets = { token } }", ":1: source s: secrets: ", "token does not begin with whsec_"},
    {ACCOUNT PRODUCT SOURCE "source t {\nproducts = { p } secrets = { b.secret, a.secret } }",
     ":5: source t: secrets: ", "in source s"},
    {ACCOUNT PRODUCT "source t {\nproducts = { p } secrets = { ./a.secret, a.secret } }",
     ":4: source t: secrets: ", "in source t"},
    {"source s { allow = { 192.0.2.1/24 } }", ":1: source s: allow: ", "prefix"},
    {"source s { allow = { 192.0.2.0/33 } }", ":1: source s: allow: ", "prefix"},
    {"source s { allow = { 192.0.2.010 } }", ":1: source s: allow: ", "prefix"},
    {"source s { allow = { host.example } }", ":1: source s: allow: ", "prefix"},
    {"source s { allow = { \"::ffff:192.0.2.0/120\" } }", ":1: source s: allow: ", "prefix"},
    {"source s { ignore = { \"a b\" } }", ":1: source s: ignore: ", "event type"},
    {"source s { retired = maybe }", ":1: source s: retired: ", "neither"},
    {"source s { callback_url = \"ftp://x.example/\" }", ":1: source s: callback_url: ", "https://"},
    {"source s { callback_url = \"http://x.example:0/\" }", ":1: source s: callback_url: ", "host and port"},
    {ACCOUNT PRODUCT "source s { secrets = { a.secret } products = { p }\ncallback_url = \"http://x.example/\" }",
     ":4: source s: callback_url: ", "callback_allow"},
    {ACCOUNT PRODUCT SOURCE "source t {\nproducts = { p } secrets = { b.secret } callback_secrets = { a.secret } }",
     ":5: source t: callback_secrets: ", "events of another: s"},
    {ACCOUNT PRODUCT "source a { secrets = { b.secret } products = { p } callback_secrets = { a.secret } }\n" SOURCE,
     ":4: source s: callback_secrets: ", "events of another: a"},
    {"source s { callback_allow = { host } }", ":1: source s: callback_allow: ", "prefix"},
    {"callback_retry = { 5s, 1ms }", ":1: callback_retry: ", "not within"},
    {"callback_retry = { 5s, soon }", ":1: callback_retry: ", "not a duration"},
    {"account m { provider = lisanszone " URL "low_balance = { -1 } }", ":1: account m: low_balance: ", "credits"},
    {"source s { format = \"\" }", ":1: source s: format: ", "none of canonical, hub, stripe, upmind, blesta"},
    {"source s {\nformat = whmcs }", ":2: source s: format: ", "none of canonical, hub, stripe, upmind, blesta"},
    {"source s { format = hub\nsecrets = { empty } }", ":2: source s: secrets: ", "/empty is empty"},
    {"source s { format = hub\nsecrets = { token } }", ":2: source s: secrets: ", "token holds less than 16 bytes"},
    {"source s { format = blesta\nsecrets = { token } }", ":2: source s: secrets: ", "token is not 24 or more letters"},
    {ACCOUNT PRODUCT
     "source s {\nformat = hub\nsecrets = { a.secret } products = { p }\nevent x { type = license.renew } }",
     ":4: source s: format: ", "hub has no use for fields and events"},
    {ACCOUNT PRODUCT "source s {\nsecrets = { a.secret } products = { p }\nfields { ip = x } }",
     ":5: source s: format: ", "canonical has no use for fields and events"},
    {ACCOUNT PRODUCT "source s {\nformat = upmind\nsecrets = { a.secret } products = { p }\n}",
     ":4: source s: format: ", "upmind needs at least one event"},
    {ACCOUNT PRODUCT
     "source s {\nformat = upmind\nsecrets = { a.secret } products = { p }\nevent x { type = license.suspend } }",
     ":4: source s: format: ", "needs the fields service_id and product_code"},
    {ACCOUNT PRODUCT
     "source s {\nformat = upmind\nsecrets = { a.secret } products = { p }\nevent x { type = license.renew }\n"
     "fields { service_id = a product_code = b } }",
     ":7: source s: format: ", "needs the field invoice_id"},
    {ACCOUNT PRODUCT
     "source s {\nformat = blesta\nsecrets = { a.secret } products = { p }\nevent x { type = license.suspend }\n"
     "fields { service_id = a product_code = b }\n}",
     ":8: source s: allow: ", "addresses must be known"},
    {"source s { event x {\ntype = license.steal } }", ":2: event x: type: ", "none of license.create"},
    {"source s { event x {\n} }", ":2: event x: type: ", "missing"},
    {"source s { event 'a b' {\n} }", ":2: event a b: ", "its name is not an event type"},
    {"source s { fields {\nname = x } }", ":2: fields: ", "'name'"},
    {"source s { fields {\nip = a..b } }", ":2: fields: ip: ", "empty part"},
    {"source s { fields {\nip = 'a |' } }", ":2: fields: ip: ", "empty part"},
    {"source s { fields {\nip = '=' } }", ":2: fields: ip: ", "no value"},
};

static void mistakes_name_file_line_and_option(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct config *config = load_text(mistakes[i].text);
        if (config)
            fail_msg("row %zu is accepted: %s", i, mistakes[i].text);
        size_t len = strlen(path);
        const char *where = error + len;
        if (strncmp(error, path, len) != 0 || strncmp(where, mistakes[i].where, strlen(mistakes[i].where)) != 0 ||
            !strstr(where + strlen(mistakes[i].where), mistakes[i].what))
            fail_msg("row %zu: %s\n%s", i, mistakes[i].text, error);
        if (strstr(error, "MfKQ9r8") || strstr(error, TOKEN))
            fail_msg("row %zu gives a secret away: %s", i, error);
    }
}

static void base_urls_are_judged(void **state)
{
    static const struct {
        const char *url;
        bool good;
    } rows[] = {
        {"https://api.724license.com/v1", true},
        {"https://127.0.0.1:8443/v1", true},
        {"https://localhost", true},
        {"https://[::1]:443/api", true},
        {"https://api.example/v1/", false},
        {"https://api.example/", false},
        {"https://", false},
        {"https:///v1", false},
        {"http://127.0.0.1/v1", false},
        {"HTTPS://api.example/v1", false},
        {"https://user:pass@api.example/v1", false},
        {"https://api.example/v1?x=1", false},
        {"https://api.example/v1#x", false},
        {"https://api.example:0/v1", false},
        {"https://api.example:65536/v1", false},
        {"https://api.example:/v1", false},
        {"https://api.example:8x/v1", false},
        {"https://api example/v1", false},
        {"https://[::1/v1", false},
        {"https://[]/v1", false},
        {"https://bücher.example/v1", false},
        {"", false},
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        (void)snprintf(text, sizeof(text), "account m { provider = lisanszone base_url = \"%s\" }", rows[i].url);
        struct config *config = load_text(text);
        if ((config != NULL) != rows[i].good)
            fail_msg("row %zu: %s: %s", i, rows[i].url, error);
        assert_null(strstr(error, "pass@"));
        config_release(&config);
    }
}

static void log_levels_are_those_of_the_log(void **state)
{
    static const char *const words[] = {"error", "warn", "note", "info", "debug"};
    char text[64];

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        enum log_level level;
        (void)snprintf(text, sizeof(text), "log_level = %s", words[i]);
        struct config *config = load_text(text);
        assert_non_null(config);
        assert_true(log_level_parse(config->log_level, &level));
        assert_int_equal(level, i);
        config_release(&config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_name_file_line_and_option),
        cmocka_unit_test(base_urls_are_judged),
        cmocka_unit_test(log_levels_are_those_of_the_log),
    };
    return cmocka_run_group_tests_name("config_errors", tests, setup, teardown);
}
