/* SPDX-License-Identifier: Apache-2.0 */
/* Unit test of base/config: every option arrives, every mistake is named with
 * its line, and no secret comes out again. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/config.h"
#include "base/log.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SECRET_A    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define SECRET_B    "whsec_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define TOKEN       "tok-0123456789"

/* Pieces that most rows are made of. */
#define URL     "base_url = \"https://api.example/v1\" "
#define ACCOUNT "account m { provider = 724license " URL "token_file = token }\n"
#define PRODUCT "product p { account = m type = cpanel }\n"
#define SOURCE  "source s { secrets = { a.secret } products = { p } }\n"

static char folder[64];
static char path[128];
static char error[CONFIG_ERROR_MAX];

static void put(const char *name, const char *content)
{
    char file[192];

    (void)snprintf(file, sizeof(file), "%s/%s", folder, name);
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    assert_true(fputs(content, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static struct config *load_text(const char *text)
{
    put("bridge.conf", text);
    return config_load(path, error);
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/config-unit-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/bridge.conf", folder);
    unsetenv("CREDENTIALS_DIRECTORY");
    put("a.secret", SECRET_A "\n");
    put("b.secret", SECRET_B "\n");
    put("bad.secret", "whsec_short\n");
    put("token", TOKEN "\n");
    put("bad.token", "two words\n");
    put("empty", "");
    put("ca.pem", "-\n");
    put("********", SECRET_A "\n");
    return 0;
}

static int remove_one(const char *file, const struct stat *status, int flag, struct FTW *walk)
{
    (void)status;
    (void)flag;
    (void)walk;
    return remove(file);
}

static int teardown(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void defaults_are_filled_in(void **state)
{
    (void)state;
    struct config *config = load_text(ACCOUNT PRODUCT SOURCE);
    assert_string_equal(error, "");
    assert_non_null(config);
    assert_string_equal(config->path, path);
    assert_string_equal(config->database, "");
    assert_string_equal(config->log_level, "info");
    assert_int_equal(config->worker_calls, 64);
    assert_int_equal(config->poll_ms, 1000);
    assert_int_equal(config->lease_margin_ms, 30000);
    assert_int_equal(config->intake_batch, 256);
    assert_int_equal(config->intake_requests, 4096);
    assert_int_equal(config->commit_timeout_ms, 10000);
    const struct config_account *account = config_account_find(config, "m");
    assert_non_null(account);
    assert_true(secret_equals(&account->token, TOKEN, strlen(TOKEN)));
    assert_null(account->ca_file);
    assert_string_equal(account->time_zone, "Europe/Istanbul");
    assert_int_equal(account->call_timeout_ms, 60000);
    assert_int_equal(account->quiet_ms, 600000);
    assert_int_equal(account->window, 4);
    assert_int_equal(account->parallel, 16);
    assert_int_equal(account->settle, CONFIG_SETTLE_OPERATOR);
    assert_int_equal(account->retry_base_ms, 2000);
    assert_int_equal(account->retry_cap_ms, 900000);
    assert_int_equal(account->breaker_pause_ms, 60000);
    assert_null(account->hint_short_of_credits);
    assert_null(account->hint_exists);
    assert_null(account->hint_already);
    assert_int_equal(account->limit_count, 0);
    const struct config_product *product = config_product_find(config, "p");
    assert_ptr_equal(product->account, account);
    assert_null(product->max_credits);
    assert_int_equal(product->recycled, CONFIG_RECYCLED_CREATE);
    const struct config_source *source = config_source_find(config, "s");
    assert_string_equal(source->format, "canonical");
    assert_int_equal(source->secret_count, 1);
    assert_int_equal(source->secrets[0].len, 24);
    assert_true(config_source_permits(source, product));
    assert_null(source->callback_url);
    assert_false(source->retired);
    assert_null(config_account_find(config, "p"));
    assert_null(config_product_find(config, "m"));
    assert_null(config_source_find(config, "S"));
    config_release(&config);
    assert_null(config);
    config_release(&config);
}

static const char everything[] =
    "# every option once\n"
    "database = 'service=license_bridge' // libpq\n"
    "log_level = debug worker_calls = 7 poll = 20ms lease_margin = 2m\n"
    "/* intake\n   */ intake_batch = 100 intake_requests = 200 commit_timeout = 500ms\n"
    "account main {\n"
    "  provider = \"724license\"\n  base_url = https://[2001:db8::1]:8443/v1\n  token_file = \"********\"\n"
    "  ca_file = ca.pem\n  time_zone = UTC\n  call_timeout = 2s\n  quiet = 90s\n  window = 8\n  parallel = 3\n"
    "  settle = evidence\n  retry = \"200ms .. 5s\"\n  breaker_pause = 2s\n"
    "  hints { short_of_credits = \"yetersiz bakiye ş\"  exists = \"mev\\\"cut\"  already = 'za\\'ten ${x}' }\n"
    "}\n"
    "account zone { provider = lisanszone base_url = \"https://lisanszone.com/api\"\n"
    "  limit \"activate.php\" { requests = 60 per = 1h }\n  limit verify.php { requests = 10 per = 7d }\n}\n"
    "product cpanel { account = main type = \"cPanel-1\" max_credits = 6.25 recycled = renew }\n"
    "product app { account = zone type = app }\n"
    "source whmcs1 {\n  format = upmind\n  secrets = { \"********\" }\n  products = { cpanel, app }\n"
    "  allow = { 192.0.2.0/24, \"2001:db8::/32\", 198.51.100.7 }\n  ignore = { invoice.created }\n"
    "  callback_url = \"https://billing.example/modules/x.php?y=1\"\n}\n"
    "source old { retired = true }\n";

static void everything_arrives(void **state)
{
    (void)state;
    struct config *config = load_text(everything);
    assert_string_equal(error, "");
    assert_string_equal(config->database, "service=license_bridge");
    assert_string_equal(config->log_level, "debug");
    assert_int_equal(config->worker_calls, 7);
    assert_int_equal(config->poll_ms, 20);
    assert_int_equal(config->lease_margin_ms, 120000);
    assert_int_equal(config->intake_batch, 100);
    assert_int_equal(config->intake_requests, 200);
    assert_int_equal(config->commit_timeout_ms, 500);
    assert_int_equal(config->account_count, 2);
    const struct config_account *main_account = config_account_find(config, "main");
    assert_string_equal(main_account->provider, "724license");
    assert_string_equal(main_account->base_url, "https://[2001:db8::1]:8443/v1");
    assert_string_equal(strrchr(main_account->ca_file, '/'), "/ca.pem");
    assert_string_equal(main_account->time_zone, "UTC");
    assert_int_equal(main_account->call_timeout_ms, 2000);
    assert_int_equal(main_account->quiet_ms, 90000);
    assert_int_equal(main_account->window, 8);
    assert_int_equal(main_account->parallel, 3);
    assert_int_equal(main_account->settle, CONFIG_SETTLE_EVIDENCE);
    assert_int_equal(main_account->retry_base_ms, 200);
    assert_int_equal(main_account->retry_cap_ms, 5000);
    assert_int_equal(main_account->breaker_pause_ms, 2000);
    assert_string_equal(main_account->hint_short_of_credits, "yetersiz bakiye ş");
    assert_string_equal(main_account->hint_exists, "mev\"cut");
    assert_string_equal(main_account->hint_already, "za'ten ${x}");
    const struct config_account *zone = config_account_find(config, "zone");
    assert_int_equal(zone->token.len, 0);
    assert_int_equal(zone->limit_count, 2);
    assert_string_equal(zone->limits[0].endpoint, "activate.php");
    assert_int_equal(zone->limits[0].requests, 60);
    assert_int_equal(zone->limits[0].per_ms, 3600000);
    assert_string_equal(zone->limits[1].endpoint, "verify.php");
    const struct config_product *cpanel = config_product_find(config, "cpanel");
    assert_string_equal(cpanel->upstream_type, "cPanel-1");
    assert_string_equal(cpanel->max_credits, "6.25");
    assert_int_equal(cpanel->recycled, CONFIG_RECYCLED_RENEW);
    const struct config_source *source = config_source_find(config, "whmcs1");
    assert_string_equal(source->format, "upmind");
    assert_int_equal(source->product_count, 2);
    assert_string_equal(source->products[1]->code, "app");
    assert_int_equal(source->allow_count, 3);
    assert_string_equal(source->ignore[0], "invoice.created");
    assert_string_equal(source->callback_url, "https://billing.example/modules/x.php?y=1");
    assert_true(config_source_find(config, "old")->retired);
    assert_false(config_source_permits(config_source_find(config, "old"), cpanel));
    config_release(&config);
}

static void mistakes_name_file_line_and_option(void **state)
{
    static const struct {
        const char *text;
        const char *where; /* right behind the path */
        const char *what;  /* somewhere behind that */
    } rows[] = {
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
        {"account m { provider = 724license " URL "token_file = empty }",
         ":1: account m: token_file: ", "/empty is empty"},
        {"account m { provider = 724license " URL "token_file = bad.token }",
         ":1: account m: token_file: ", "HTTP header"},
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
        {"account m { provider = lisanszone " URL "limit \"a b\" { requests = 1 per = 1s } }",
         ":1: limit a b: ", "name"},
        {ACCOUNT "product p { account = other\ntype = x }", ":2: product p: account: ", "no account \"other\""},
        {ACCOUNT "product p { account = m }", ":2: product p: type: ", "missing"},
        {ACCOUNT "product p { account = m type = x max_credits = -1 }", ":2: product p: max_credits: ", "amount"},
        {ACCOUNT "product p { account = m type = x max_credits = 1e3 }", ":2: product p: max_credits: ", "amount"},
        {ACCOUNT "product p { account = m type = x max_credits = 1.1234567 }",
         ":2: product p: max_credits: ", "amount"},
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
        {"source s { callback_url = \"http://x.example/\" }", ":1: source s: callback_url: ", "https://"},
        {"source s { format = \"\" }", ":1: source s: format: ", "is not"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config *config = load_text(rows[i].text);
        if (config)
            fail_msg("row %zu is accepted: %s", i, rows[i].text);
        size_t len = strlen(path);
        const char *where = error + len;
        if (strncmp(error, path, len) != 0 || strncmp(where, rows[i].where, strlen(rows[i].where)) != 0 ||
            !strstr(where + strlen(rows[i].where), rows[i].what))
            fail_msg("row %zu: %s\n%s", i, rows[i].text, error);
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

static char *dump_of(const struct config *config)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(out);
    config_dump(config, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* The folder has a file whose name is the mask, so a dump can be read again. */
static void a_dump_reads_back_the_same(void **state)
{
    (void)state;
    struct config *config = load_text(everything);
    assert_non_null(config);
    char *first = dump_of(config);
    config_release(&config);
    assert_null(strstr(first, "MfKQ9r8"));
    assert_null(strstr(first, "whsec_"));
    assert_non_null(strstr(first, "\n    token_file = \"********\"\n"));
    assert_non_null(strstr(first, "\n    secrets = { \"********\" }\n"));
    assert_non_null(strstr(first, "\n    retry = \"200ms .. 5s\"\n"));
    assert_non_null(strstr(first, "\n    quiet = 90s\n"));
    assert_non_null(strstr(first, "\n        per = 1h\n"));
    config = load_text(first);
    assert_string_equal(error, "");
    char *second = dump_of(config);
    assert_string_equal(second, first);
    free(first);
    free(second);
    config_release(&config);
}

static void a_dump_hides_passwords_of_the_database(void **state)
{
    static const struct {
        const char *conninfo;
        bool shown;
    } rows[] = {
        {"service=license_bridge", true},
        {"host=db1,db2 target_session_attrs=read-write", true},
        {"postgresql://db1/bridge", true},
        {"host=db1 password=hush-hush", false},
        {"host=db1 PassWord = hush-hush", false},
        {"sslpassword=hush-hush", false},
        {"postgresql://bridge:hush-hush@db1/bridge", false},
    };
    char text[256];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        (void)snprintf(text, sizeof(text), "database = \"%s\"", rows[i].conninfo);
        struct config *config = load_text(text);
        assert_string_equal(config->database, rows[i].conninfo);
        char *dump = dump_of(config);
        if ((strstr(dump, rows[i].conninfo) != NULL) != rows[i].shown || strstr(dump, "hush"))
            fail_msg("row %zu: %s", i, dump);
        free(dump);
        config_release(&config);
    }
}

static void held_ones_outlive_a_reload(void **state)
{
    (void)state;
    struct config *config = load_text("worker_calls = 5");
    struct config *other = config_hold(config);
    assert_ptr_equal(other, config);
    assert_null(load_text("worker_calls = x"));
    config_release(&config);
    assert_null(config);
    assert_int_equal(other->worker_calls, 5);
    struct config *next = load_text("worker_calls = 6");
    assert_int_equal(next->worker_calls, 6);
    config_release(&other);
    config_release(&next);
    assert_null(config_load("/nonexistent/bridge.conf", error));
    assert_string_equal(error, "/nonexistent/bridge.conf: No such file or directory");
    assert_null(config_load(folder, error));
    assert_non_null(strstr(error, "Is a directory"));
    config = load_text("");
    assert_non_null(config);
    config_release(&config);
}

static void the_front_door_gets_no_tokens(void **state)
{
    (void)state;
    put("bridge.conf", "account m { provider = 724license " URL "token_file = unreadable }\n" PRODUCT SOURCE);
    struct config *config = config_load_without_tokens(path, error);
    assert_string_equal(error, "");
    assert_int_equal(config->accounts[0].token.len, 0);
    assert_int_equal(config->sources[0].secret_count, 1);
    config_release(&config);
    put("bridge.conf", "account m { provider = 724license " URL " }\n");
    assert_null(config_load_without_tokens(path, error));
    assert_non_null(strstr(error, "token_file"));
}

static void credentials_come_first(void **state)
{
    char credentials[96];
    char command[160];

    (void)state;
    (void)snprintf(credentials, sizeof(credentials), "%s/credentials", folder);
    assert_int_equal(mkdir(credentials, 0700), 0);
    put("credentials/token", "from-credentials\n");
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", credentials, 1), 0);
    struct config *config = load_text(ACCOUNT PRODUCT SOURCE); /* a.secret is only beside the file */
    assert_string_equal(error, "");
    assert_string_equal((const char *)config->accounts[0].token.bytes, "from-credentials");
    config_release(&config);
    (void)snprintf(command, sizeof(command), "account m { provider = 724license " URL "token_file = \"%s/token\" }",
                   folder);
    config = load_text(command);
    assert_string_equal((const char *)config->accounts[0].token.bytes, TOKEN);
    config_release(&config);
    unsetenv("CREDENTIALS_DIRECTORY");
}

static void addresses_are_matched(void **state)
{
    static const char *const lists[][3] = {
        {NULL},
        {"192.0.2.0/24", "198.51.100.7", NULL},
        {"2001:db8::/33", NULL},
        {"0.0.0.0/0", NULL},
        {"192.0.2.128/25", "::/0", NULL},
    };
    static const struct {
        size_t list;
        const char *address;
        bool allowed;
    } rows[] = {
        {0, "203.0.113.9", true},
        {0, NULL, true},
        {1, "192.0.2.255", true},
        {1, "192.0.3.0", false},
        {1, "198.51.100.7", true},
        {1, "198.51.100.6", false},
        {1, NULL, false},
        {1, "", false},
        {1, "garbage", false},
        {1, "::ffff:192.0.2.9", true},
        {1, "::192.0.2.9", false},
        {2, "2001:db8:7fff::1", true},
        {2, "2001:db8:8000::1", false},
        {2, "192.0.2.1", false},
        {3, "203.0.113.9", true},
        {3, "2001:db8::1", false},
        {4, "192.0.2.127", false},
        {4, "192.0.2.128", true},
        {4, "2001:db8::1", true},
        {1, "192.0.2.9/32", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config_source source = {.allow = lists[rows[i].list]};
        while (source.allow[source.allow_count])
            source.allow_count++;
        if (config_source_allows(&source, rows[i].address) != rows[i].allowed)
            fail_msg("row %zu", i);
    }
}

static void durations_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } rows[] = {
        {"200ms", 200},
        {"60s", 60000},
        {"10m", 600000},
        {"1h", 3600000},
        {"7d", 604800000},
        {"0s", 0},
        {"", -1},
        {"5", -1},
        {"s", -1},
        {"1.5s", -1},
        {"-1s", -1},
        {"+1s", -1},
        {" 1s", -1},
        {"1 s", -1},
        {"1s ", -1},
        {"1S", -1},
        {"1sec", -1},
        {"9223372036854775807ms", INT64_MAX},
        {"9223372036854775808ms", -1},
        {"9223372036854775807s", -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t ms = -1;
        bool ok = config_duration_parse(rows[i].text, &ms);
        if (ok != (rows[i].ms >= 0) || (ok && ms != rows[i].ms))
            fail_msg("row %zu: %s", i, rows[i].text);
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
        cmocka_unit_test(defaults_are_filled_in),
        cmocka_unit_test(everything_arrives),
        cmocka_unit_test(mistakes_name_file_line_and_option),
        cmocka_unit_test(base_urls_are_judged),
        cmocka_unit_test(a_dump_reads_back_the_same),
        cmocka_unit_test(a_dump_hides_passwords_of_the_database),
        cmocka_unit_test(held_ones_outlive_a_reload),
        cmocka_unit_test(the_front_door_gets_no_tokens),
        cmocka_unit_test(credentials_come_first),
        cmocka_unit_test(addresses_are_matched),
        cmocka_unit_test(durations_are_read),
        cmocka_unit_test(log_levels_are_those_of_the_log),
    };
    return cmocka_run_group_tests_name("config", tests, setup, teardown);
}
