/* SPDX-License-Identifier: Apache-2.0 */
/* config: see config.h for the promise.
 *
 * Exists so that every setting is described once, in the tables below, and
 * checked before any program acts on it.  Owns the struct config it hands out:
 * everything in it lives in one arena and goes when the last holder lets go.
 * Never changes a configuration that somebody holds and never reads the
 * environment but for $CREDENTIALS_DIRECTORY.  A crash leaves nothing behind. */
#include "base/config.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/config_parts.h"
#include "base/providers.h"

#define MS(n)     INT64_C(n)
#define SECOND(n) (INT64_C(1000) * (n))
#define MINUTE(n) (INT64_C(60000) * (n))
#define HOUR(n)   (INT64_C(3600000) * (n))
#define DAY(n)    (INT64_C(86400000) * (n))

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* In the order of their enums, which are stored as int. */
_Static_assert(sizeof(enum config_settle) == sizeof(int) && sizeof(enum config_recycled) == sizeof(int),
               "an enum is as wide as int");
static const char *const settle_words[] = {"operator", "evidence", NULL};
static const char *const recycled_words[] = {"create", "renew", NULL};
#define PROVIDER_SPELT(kind, name, word) (word),
static const char *const provider_words[] = {PROVIDERS(PROVIDER_SPELT) NULL};
#undef PROVIDER_SPELT
static const char *const format_words[] = {"canonical", "hub", "stripe", "upmind", "blesta", NULL};
/* What order_type_parse() and log_level_parse() know. */
static const char *const type_words[] = {"license.create",         "license.renew",     "license.suspend",
                                         "license.unsuspend",      "license.terminate", "license.change_ip",
                                         "license.change_product", "license.verify",    NULL};
static const char *const level_words[] = {"error", "warn", "note", "info", "debug", NULL};

/* clang-format off: one row, one line */
#define AT(member)           .offset = offsetof(struct RECORD, member)
#define AND(member)          .second = offsetof(struct RECORD, member)
#define BETWEEN(least, most) .min = (least), .max = (most)

#define RECORD config
static const struct config_option root_options[] = {
    {"database", CONFIG_CONNINFO, "", AT(database)},
    {"log_level", CONFIG_TEXT, "info", .words = level_words, AT(log_level)},
    {"worker_calls", CONFIG_INT, "64", BETWEEN(1, 4096), AT(worker_calls)},
    {"poll", CONFIG_DURATION, "1s", BETWEEN(MS(10), MINUTE(1)), AT(poll_ms)},
    {"egress", CONFIG_TEXT, "default", .check = config_check_name, AT(egress)},
    {"catalogue", CONFIG_DURATION, "1h", BETWEEN(SECOND(1), DAY(7)), AT(catalogue_ms)},
    {"lease_margin", CONFIG_DURATION, "30s", BETWEEN(SECOND(1), HOUR(1)), AT(lease_margin_ms)},
    {"history_months", CONFIG_INT, "0", BETWEEN(0, 1200), AT(history_months)},
    {"intake_batch", CONFIG_INT, "256", BETWEEN(1, 256), AT(intake_batch)},
    {"intake_requests", CONFIG_INT, "4096", BETWEEN(1, 65536), AT(intake_requests)},
    {"commit_timeout", CONFIG_DURATION, "10s", BETWEEN(MS(100), MINUTE(5)), AT(commit_timeout_ms)},
    {"callback_calls", CONFIG_INT, "64", BETWEEN(1, 1024), AT(callback_calls)},
    {"callback_timeout", CONFIG_DURATION, "15s", BETWEEN(MS(100), MINUTE(1)), AT(callback_timeout_ms)},
    {"callback_retry", CONFIG_DELAYS, "5s 5m 30m 2h 5h 10h 10h", BETWEEN(MS(10), DAY(7)), AT(callback_retry_ms),
     AND(callback_retry_count)},
};
#undef RECORD

#define RECORD config_account
static const struct config_option account_options[] = {
    {"provider", CONFIG_TEXT, NULL, .words = provider_words, AT(provider)},
    {"base_url", CONFIG_TEXT, NULL, .check = config_check_base_url, AT(base_url)},
    {"token_file", CONFIG_TOKEN, "", AT(token)},
    {"ca_file", CONFIG_PATH, "", AT(ca_file)},
    {"time_zone", CONFIG_TEXT, "Europe/Istanbul", .check = config_check_time_zone, AT(time_zone)},
    {"call_timeout", CONFIG_DURATION, "60s", BETWEEN(MS(100), MINUTE(10)), AT(call_timeout_ms)},
    {"quiet", CONFIG_DURATION, "10m", BETWEEN(MS(100), DAY(1)), AT(quiet_ms)},
    {"unread", CONFIG_DURATION, "15m", BETWEEN(SECOND(1), DAY(1)), AT(unread_ms)},
    {"window", CONFIG_INT, "4", BETWEEN(1, 8), AT(window)},
    {"parallel", CONFIG_INT, "16", BETWEEN(1, 256), AT(parallel)},
    {"settle", CONFIG_CHOICE, "operator", .words = settle_words, AT(settle)},
    {"retry", CONFIG_SPAN, "2s .. 15m", BETWEEN(MS(10), DAY(1)), AT(retry_base_ms), AND(retry_cap_ms)},
    {"breaker_pause", CONFIG_DURATION, "1m", BETWEEN(MS(100), HOUR(1)), AT(breaker_pause_ms)},
    {"low_balance", CONFIG_LIST, "", .check = config_check_credits, AT(low_balance), AND(low_balance_count)},
    {"sweep", CONFIG_DURATION, "1d", BETWEEN(MS(0), DAY(90)), AT(sweep_ms)},
};
static const struct config_option hint_options[] = {
    {"short_of_credits", CONFIG_MAYBE, "", AT(hint_short_of_credits)},
    {"exists", CONFIG_MAYBE, "", AT(hint_exists)},
    {"already", CONFIG_MAYBE, "", AT(hint_already)},
};
#undef RECORD

#define RECORD config_limit
static const struct config_option limit_options[] = {
    {"requests", CONFIG_INT, NULL, BETWEEN(1, 1000000), AT(requests)},
    {"per", CONFIG_DURATION, NULL, BETWEEN(SECOND(1), DAY(7)), AT(per_ms)},
};
#undef RECORD

#define RECORD config_product
static const struct config_option product_options[] = {
    {"account", CONFIG_ACCOUNT, NULL, AT(account)},
    {"type", CONFIG_TEXT, NULL, .check = config_check_name, AT(upstream_type)},
    {"max_credits", CONFIG_MAYBE, "", .check = config_check_credits, AT(max_credits)},
    {"recycled", CONFIG_CHOICE, "create", .words = recycled_words, AT(recycled)},
};
#undef RECORD

#define RECORD config_source
static const struct config_option source_options[] = {
    {"format", CONFIG_TEXT, "canonical", .words = format_words, AT(format)},
    {"secrets", CONFIG_SECRETS, "", AT(secrets), AND(secret_count)},
    {"products", CONFIG_PRODUCTS, "", AT(products), AND(product_count)},
    {"allow", CONFIG_LIST, "", .check = config_check_prefix, AT(allow), AND(allow_count)},
    {"ignore", CONFIG_LIST, "", .check = config_check_event, AT(ignore), AND(ignore_count)},
    {"callback_url", CONFIG_MAYBE, "", .check = config_check_callback_url, AT(callback_url)},
    {"callback_secrets", CONFIG_SECRETS, "", AT(callback_secrets), AND(callback_secret_count)},
    {"callback_ca_file", CONFIG_PATH, "", AT(callback_ca_file)},
    {"callback_allow", CONFIG_LIST, "", .check = config_check_prefix, AT(callback_allow), AND(callback_allow_count)},
    {"retired", CONFIG_BOOL, "false", AT(retired)},
};
static const struct config_option field_options[] = {
    {"operation_key", CONFIG_MAYBE, "", .check = config_check_path, AT(fields.operation_key)},
    {"service_id", CONFIG_MAYBE, "", .check = config_check_path, AT(fields.service_id)},
    {"order_id", CONFIG_MAYBE, "", .check = config_check_path, AT(fields.order_id)},
    {"invoice_id", CONFIG_MAYBE, "", .check = config_check_path, AT(fields.invoice_id)},
    {"invoice_item_id", CONFIG_MAYBE, "", .check = config_check_path, AT(fields.invoice_item_id)},
    {"product_code", CONFIG_MAYBE, "", .check = config_check_path, AT(fields.product_code)},
    {"new_product_code", CONFIG_MAYBE, "", .check = config_check_path, AT(fields.new_product_code)},
    {"ip", CONFIG_MAYBE, "", .check = config_check_path, AT(fields.ip)},
    {"new_ip", CONFIG_MAYBE, "", .check = config_check_path, AT(fields.new_ip)},
    {"billing_months", CONFIG_MAYBE, "", .check = config_check_path, AT(fields.billing_months)},
    {"period_end", CONFIG_MAYBE, "", .check = config_check_path, AT(fields.period_end)},
    {"license_key", CONFIG_MAYBE, "", .check = config_check_path, AT(fields.license_key)},
    {"customer_email", CONFIG_MAYBE, "", .check = config_check_path, AT(fields.customer_email)},
    {"domain", CONFIG_MAYBE, "", .check = config_check_path, AT(fields.domain)},
    {"hwid", CONFIG_MAYBE, "", .check = config_check_path, AT(fields.hwid)},
    {"verification_type", CONFIG_MAYBE, "", .check = config_check_path, AT(fields.verification_type)},
    {"sequence", CONFIG_MAYBE, "", .check = config_check_path, AT(fields.sequence)},
    {"reason", CONFIG_MAYBE, "", .check = config_check_path, AT(fields.reason)},
};
#undef RECORD

#define RECORD config_event
static const struct config_option event_options[] = {
    {"type", CONFIG_TEXT, NULL, .words = type_words, AT(type)},
};
#undef RECORD
/* clang-format on */

static const struct config_section account_inner[] = {
    {.name = "hints", .options = hint_options, .option_count = COUNT(hint_options), .shared = true},
    {
        .name = "limit",
        .options = limit_options,
        .option_count = COUNT(limit_options),
        .title_check = config_check_endpoint,
        .size = sizeof(struct config_limit),
        .title_offset = offsetof(struct config_limit, endpoint),
        .array_offset = offsetof(struct config_account, limits),
        .count_offset = offsetof(struct config_account, limit_count),
    },
};

static const struct config_section source_inner[] = {
    {.name = "fields", .options = field_options, .option_count = COUNT(field_options), .shared = true},
    {
        .name = "event",
        .options = event_options,
        .option_count = COUNT(event_options),
        .title_check = config_check_event,
        .size = sizeof(struct config_event),
        .title_offset = offsetof(struct config_event, code),
        .array_offset = offsetof(struct config_source, events),
        .count_offset = offsetof(struct config_source, event_count),
    },
};

/* Products name accounts and sources name products: this order. */
static const struct config_section root_inner[] = {
    {
        .name = "account",
        .options = account_options,
        .option_count = COUNT(account_options),
        .inner = account_inner,
        .inner_count = COUNT(account_inner),
        .check = config_check_account,
        .title_check = config_check_name,
        .size = sizeof(struct config_account),
        .title_offset = offsetof(struct config_account, name),
        .array_offset = offsetof(struct config, accounts),
        .count_offset = offsetof(struct config, account_count),
    },
    {
        .name = "product",
        .options = product_options,
        .option_count = COUNT(product_options),
        .title_check = config_check_name,
        .size = sizeof(struct config_product),
        .title_offset = offsetof(struct config_product, code),
        .array_offset = offsetof(struct config, products),
        .count_offset = offsetof(struct config, product_count),
    },
    {
        .name = "source",
        .options = source_options,
        .option_count = COUNT(source_options),
        .inner = source_inner,
        .inner_count = COUNT(source_inner),
        .check = config_check_source,
        .title_check = config_check_name,
        .size = sizeof(struct config_source),
        .title_offset = offsetof(struct config_source, name),
        .array_offset = offsetof(struct config, sources),
        .count_offset = offsetof(struct config, source_count),
    },
};

const struct config_section CONFIG_ROOT = {
    .options = root_options,
    .option_count = COUNT(root_options),
    .inner = root_inner,
    .inner_count = COUNT(root_inner),
};

/* What the caller's pointer really points to. */
struct config_held {
    struct config config; /* first: the two pointers are the same */
    struct arena arena;
    atomic_int holders;
};

static struct config_held *held_of(struct config *config)
{
    return (struct config_held *)(void *)config;
}

/* The records are const for their readers; the arena's memory is not. */
static void wipe(const struct secret *secret)
{
    struct secret *ours;

    memcpy(&ours, &secret, sizeof(ours));
    secret_clear(ours);
}

static void config_free(struct config_held *held)
{
    struct arena arena = held->arena;

    for (size_t i = 0; i < held->config.account_count; i++)
        wipe(&held->config.accounts[i].token);
    for (size_t i = 0; i < held->config.source_count; i++) {
        const struct config_source *source = &held->config.sources[i];
        for (size_t k = 0; k < source->secret_count; k++)
            wipe(&source->secrets[k]);
        for (size_t k = 0; k < source->callback_secret_count; k++)
            wipe(&source->callback_secrets[k]);
    }
    free(held);
    arena_clear(&arena);
}

static struct config *load(const char *path, bool tokens, char error[CONFIG_ERROR_MAX])
{
    struct config_held *held = heap_alloc(sizeof(*held));
    struct config_loader loader = {
        .path = path, .error = error, .tokens = tokens, .arena = &held->arena, .config = &held->config};

    error[0] = '\0';
    arena_init(&held->arena);
    arena_init(&loader.scratch);
    held->holders = 1;
    held->config.path = arena_strdup(&held->arena, path);
    cfg_t *file = config_file_parse(&loader);
    bool ok = file && config_section_fill(&loader, &CONFIG_ROOT, file, &held->config);
    if (file)
        (void)cfg_free(file);
    arena_clear(&loader.scratch);
    if (ok)
        return &held->config;
    config_free(held);
    return NULL;
}

struct config *config_load(const char *path, char error[CONFIG_ERROR_MAX])
{
    return load(path, true, error);
}

struct config *config_load_without_tokens(const char *path, char error[CONFIG_ERROR_MAX])
{
    return load(path, false, error);
}

struct config *config_hold(struct config *config)
{
    int before = atomic_fetch_add(&held_of(config)->holders, 1);

    assert(before > 0);
    return config;
}

void config_release(struct config **config)
{
    if (!*config)
        return;
    struct config_held *held = held_of(*config);
    *config = NULL;
    int before = atomic_fetch_sub(&held->holders, 1);
    assert(before > 0);
    if (before == 1)
        config_free(held);
}
