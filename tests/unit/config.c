/* SPDX-License-Identifier: Apache-2.0 */
/* Unit test of base/config: every option arrives, what is held stays, and no
 * secret comes out again. */
#include "tests/unit/config_folder.h"

#include "base/config_parts.h"
#include "base/text.h"

#define LIST_MAX 128

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
    assert_int_equal(config->callback_calls, 64);
    assert_int_equal(config->callback_timeout_ms, 15000);
    static const int64_t schedule_ms[] = {5000, 300000, 1800000, 7200000, 18000000, 36000000, 36000000};
    assert_int_equal(config->callback_retry_count, COUNT(schedule_ms));
    assert_memory_equal(config->callback_retry_ms, schedule_ms, sizeof schedule_ms);
    const struct config_account *account = config_account_find(config, "m");
    assert_non_null(account);
    assert_true(secret_equals(&account->token, TOKEN, strlen(TOKEN)));
    assert_null(account->ca_file);
    assert_string_equal(account->time_zone, "Europe/Istanbul");
    assert_int_equal(account->call_timeout_ms, 60000);
    assert_true(account->quiet_ms == 600000 && account->unread_ms == 900000);
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
    assert_null(source->callback_ca_file);
    assert_int_equal(source->callback_secret_count, 0);
    assert_int_equal(source->callback_allow_count, 0);
    assert_int_equal(account->low_balance_count, 0);
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
    "callback_calls = 3 callback_timeout = 2s callback_retry = { 50ms, 7d }\n"
    "account main {\n"
    "  provider = \"724license\"\n  base_url = https://[2001:db8::1]:8443/v1\n  token_file = \"********\"\n"
    "  ca_file = ca.pem\n  time_zone = UTC\n  call_timeout = 2s\n  quiet = 90s\n  window = 8\n  parallel = 3\n"
    "  settle = evidence\n  retry = \"200ms .. 5s\"\n  breaker_pause = 2s\n  unread = 20m\n"
    "  low_balance = { 100, 20.5 }\n"
    "  hints { short_of_credits = \"yetersiz bakiye ş\"  exists = \"mev\\\"cut\"  already = 'za\\'ten ${x}' }\n"
    "}\n"
    "account zone { provider = lisanszone base_url = \"https://lisanszone.com/api\"\n"
    "  limit \"activate.php\" { requests = 60 per = 1h }\n  limit verify.php { requests = 10 per = 7d }\n}\n"
    "product cpanel { account = main type = \"cPanel-1\" max_credits = 6.25 recycled = renew }\n"
    "product app { account = zone type = app }\n"
    "source whmcs1 {\n  format = upmind\n  secrets = { \"********\" }\n  products = { cpanel, app }\n"
    "  allow = { 192.0.2.0/24, \"2001:db8::/32\", 198.51.100.7 }\n  ignore = { invoice.created }\n"
    "  callback_url = \"https://billing.example/modules/x.php?y=1\"\n  callback_secrets = { \"********\" }\n"
    "  callback_ca_file = ca.pem\n  callback_allow = { 10.1.0.0/16, \"fd00::/8\" }\n"
    "  fields { service_id = object.id product_code = '=cpanel' ip = 'object.ip | object.f.code=ip.value' }\n"
    "  event product_suspended { type = license.suspend }\n  event Services.unsuspend { type = license.unsuspend }\n}\n"
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
    assert_int_equal(config->callback_calls, 3);
    assert_int_equal(config->callback_timeout_ms, 2000);
    assert_int_equal(config->callback_retry_count, 2);
    assert_int_equal(config->callback_retry_ms[0], 50);
    assert_int_equal(config->callback_retry_ms[1], 604800000);
    assert_int_equal(config->account_count, 2);
    const struct config_account *main_account = config_account_find(config, "main");
    assert_string_equal(main_account->provider, "724license");
    assert_string_equal(main_account->base_url, "https://[2001:db8::1]:8443/v1");
    assert_string_equal(strrchr(main_account->ca_file, '/'), "/ca.pem");
    assert_string_equal(main_account->time_zone, "UTC");
    assert_int_equal(main_account->call_timeout_ms, 2000);
    assert_true(main_account->quiet_ms == 90000 && main_account->unread_ms == 1200000);
    assert_int_equal(main_account->window, 8);
    assert_int_equal(main_account->parallel, 3);
    assert_int_equal(main_account->settle, CONFIG_SETTLE_EVIDENCE);
    assert_int_equal(main_account->retry_base_ms, 200);
    assert_int_equal(main_account->retry_cap_ms, 5000);
    assert_int_equal(main_account->breaker_pause_ms, 2000);
    assert_int_equal(main_account->low_balance_count, 2);
    assert_string_equal(main_account->low_balance[1], "20.5");
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
    assert_int_equal(source->event_count, 2);
    assert_string_equal(source->events[1].code, "Services.unsuspend");
    assert_string_equal(source->events[1].type, "license.unsuspend");
    assert_string_equal(source->fields.ip, "object.ip | object.f.code=ip.value");
    assert_null(source->fields.invoice_id);
    assert_string_equal(source->callback_url, "https://billing.example/modules/x.php?y=1");
    assert_int_equal(source->callback_secret_count, 1);
    assert_int_equal(source->callback_secrets[0].len, 24);
    assert_string_equal(strrchr(source->callback_ca_file, '/'), "/ca.pem");
    assert_true(config_prefixes_hold(source->callback_allow, source->callback_allow_count, "10.1.2.3"));
    assert_true(config_prefixes_hold(source->callback_allow, source->callback_allow_count, "fd12::1"));
    assert_false(config_prefixes_hold(source->callback_allow, source->callback_allow_count, "10.2.0.1"));
    assert_false(config_prefixes_hold(source->callback_allow, source->callback_allow_count, ""));
    assert_false(config_prefixes_hold(NULL, 0, "10.1.2.3"));
    assert_true(config_source_find(config, "old")->retired);
    assert_false(config_source_permits(config_source_find(config, "old"), cpanel));
    config_release(&config);
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
    /* A folder that is passed as a whole: LoadCredential=tokens:FOLDER. */
    put("credentials/tokens_main", "from-a-folder\n");
    config = load_text("account m { provider = 724license " URL "token_file = \"tokens/main\" }");
    assert_string_equal(error, "");
    assert_string_equal((const char *)config->accounts[0].token.bytes, "from-a-folder");
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

static void read_all(const char *file, struct text *text)
{
    char buffer[4096];
    size_t got;
    FILE *in = fopen(file, "r");

    assert_non_null(in);
    text_init(text, (size_t)1024 * 1024);
    while ((got = fread(buffer, 1, sizeof(buffer), in)) > 0)
        assert_true(text_add(text, buffer, got));
    assert_int_equal(fclose(in), 0);
}

/* Makes an option of each "#name": what the example shows as a default. */
static void uncomment(char *text)
{
    bool begins = true;

    for (; *text; text++) {
        if (begins && text[0] == '#' && text[1] >= 'a' && text[1] <= 'z')
            text[0] = ' ';
        begins = *text == '\n' || (begins && *text == ' ');
    }
}

static void the_example_loads_and_its_defaults_are_ours(void **state)
{
    struct text text;

    (void)state;
    put("724license.token", TOKEN "\n");
    put("whmcs1.secret", SECRET_A "\n");
    read_all("docs/bridge.conf.example", &text);
    struct config *config = load_text(text.data);
    assert_string_equal(error, "");
    char *as_shipped = dump_of(config);
    config_release(&config);
    uncomment(text.data);
    config = load_text(text.data);
    assert_string_equal(error, "");
    char *uncommented = dump_of(config);
    config_release(&config);
    assert_string_equal(uncommented, as_shipped);
    free(as_shipped);
    free(uncommented);
    text_clear(&text);
}

/* "5s 5m" as the file has it: "{ 5s, 5m }". */
static const char *list_written(const char *fallback, char out[LIST_MAX])
{
    size_t len = (size_t)snprintf(out, LIST_MAX, "{ ");
    for (const char *at = fallback; *at; at++)
        len += (size_t)snprintf(out + len, LIST_MAX - len, *at == ' ' ? ", " : "%c", *at);
    (void)snprintf(out + len, LIST_MAX - len, *fallback ? " }" : "}");
    return out;
}

/* Each option has its line in the page, with its default. */
static void page_covers(const char *page, const struct config_section *section)
{
    for (size_t i = 0; i < section->option_count; i++) {
        const struct config_option *row = &section->options[i];
        const char *fallback = !row->fallback ? "required" : (row->fallback[0] ? row->fallback : "\"\"");
        char begin[64], list[LIST_MAX];
        bool found = false, many = config_kind_is_list(row->kind);
        fallback = many ? list_written(row->fallback, list) : fallback;
        (void)snprintf(begin, sizeof(begin), "\n| `%s` | ", row->name);
        for (const char *at = strstr(page, begin); at && !found; at = strstr(at + 1, begin)) {
            char *line = strndup(at + 1, strcspn(at + 1, "\n"));
            found = strstr(line, fallback) != NULL;
            free(line);
        }
        if (!found)
            fail_msg("docs/configuration.md has no line for %s with the default %s", row->name, fallback);
    }
    for (size_t i = 0; i < section->inner_count; i++)
        page_covers(page, &section->inner[i]);
}

static void the_page_names_every_option(void **state)
{
    struct text page;

    (void)state;
    read_all("docs/configuration.md", &page);
    page_covers(page.data, &CONFIG_ROOT);
    text_clear(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_filled_in),      cmocka_unit_test(everything_arrives),
        cmocka_unit_test(a_dump_reads_back_the_same),  cmocka_unit_test(a_dump_hides_passwords_of_the_database),
        cmocka_unit_test(held_ones_outlive_a_reload),  cmocka_unit_test(the_front_door_gets_no_tokens),
        cmocka_unit_test(credentials_come_first),      cmocka_unit_test(addresses_are_matched),
        cmocka_unit_test(durations_are_read),          cmocka_unit_test(the_example_loads_and_its_defaults_are_ours),
        cmocka_unit_test(the_page_names_every_option),
    };
    return cmocka_run_group_tests_name("config", tests, setup, teardown);
}
