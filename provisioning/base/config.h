/* SPDX-License-Identifier: Apache-2.0 */
/* config: /etc/license-bridge/bridge.conf, read with libconfuse.
 *
 * One row of the option table in config.c is the whole truth of an option: its
 * name, kind, default, range and how it is shown.  Errors name file, line and
 * option; unknown options are errors; secrets are read from files beside the
 * configuration ("*_file" and "secrets"; a relative name is looked up in
 * $CREDENTIALS_DIRECTORY first and then in the configuration's folder) and never
 * appear in a dump.
 *
 * A struct config is immutable once loaded.  Reloading makes a new one; whoever
 * holds the old one keeps it until it lets go (config_hold/config_release). */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/secret.h"

#define CONFIG_ERROR_MAX 512

enum config_settle { CONFIG_SETTLE_OPERATOR, CONFIG_SETTLE_EVIDENCE };
enum config_recycled { CONFIG_RECYCLED_CREATE, CONFIG_RECYCLED_RENEW };

/* limit "activate.php" { requests = 60  per = 1h } inside an account */
struct config_limit {
    const char *endpoint;
    int requests;
    int64_t per_ms;
};

struct config_account {
    const char *name;
    const char *provider;  /* "724license" or "lisanszone" */
    const char *base_url;  /* https://, no trailing slash */
    struct secret token;   /* len 0: none */
    const char *ca_file;   /* NULL: the system's */
    const char *time_zone; /* of times without zone in answers; default Europe/Istanbul */
    int64_t call_timeout_ms;
    int64_t quiet_ms;
    int64_t unread_ms; /* so long without a readable balance: orders go on without conclusions; unread, default 15m */
    int window;        /* paid calls in flight at once, 1..8 */
    int parallel;      /* repeatable calls in flight at once per worker, 1..256, default 16 */
    enum config_settle settle;
    int64_t retry_base_ms; /* retry = "2s .. 15m" */
    int64_t retry_cap_ms;
    int64_t breaker_pause_ms;          /* longest pause of the breaker; breaker_pause, default 1m */
    int64_t sweep_ms;                  /* how often each license is verified unasked, default 1d; 0: never */
    const char *hint_short_of_credits; /* hints { short_of_credits = "bakiye" }; NULL: none */
    const char *hint_exists;
    const char *hint_already;
    const struct config_limit *limits;
    size_t limit_count;
    const char *const *low_balance; /* decimal texts: a notice goes out when the balance falls below one */
    size_t low_balance_count;
};

struct config_product {
    const char *code;
    const struct config_account *account;
    const char *upstream_type; /* type = "cpanel" */
    const char *max_credits;   /* per month, decimal text; NULL: no guard */
    enum config_recycled recycled;
};

/* event "invoice_paid_hook" { type = license.renew } inside a source */
struct config_event {
    const char *code; /* the panel's word */
    const char *type; /* ours */
};

/* fields { service_id = "object.id" } inside a source: where in the panel's
 * payload each field stands, or "=value"; NULL: nowhere.  docs/configuration.md
 * has the spelling, fcgi/panels/mapped.c reads it. */
struct config_fields {
    const char *operation_key;
    const char *service_id;
    const char *order_id;
    const char *invoice_id;
    const char *invoice_item_id;
    const char *product_code;
    const char *new_product_code;
    const char *ip;
    const char *new_ip;
    const char *billing_months;
    const char *period_end;
    const char *license_key;
    const char *customer_email;
    const char *domain;
    const char *hwid;
    const char *verification_type;
    const char *sequence;
    const char *reason;
};

struct config_source {
    const char *name;
    const char *format;           /* "canonical", "hub", "stripe", "upmind" or "blesta" */
    const struct secret *secrets; /* one or more; what they are depends on the format */
    size_t secret_count;
    const struct config_product *const *products; /* permitted ones */
    size_t product_count;
    const char *const *allow; /* addresses or prefixes, "192.0.2.0/24"; none: any */
    size_t allow_count;
    const char *const *ignore; /* event types answered 200 and dropped */
    size_t ignore_count;
    const char *callback_url;              /* NULL: none */
    const struct secret *callback_secrets; /* all sign; none: the secrets above do */
    size_t callback_secret_count;
    const char *callback_ca_file;      /* NULL: the system's */
    const char *const *callback_allow; /* addresses that are not public and may be posted to all the same */
    size_t callback_allow_count;
    bool retired;                      /* answered 410 */
    const struct config_event *events; /* upmind and blesta, like the fields */
    size_t event_count;
    struct config_fields fields;
};

struct config {
    const char *path;
    const char *database;      /* libpq conninfo; "" leaves all to PG* variables */
    const char *log_level;     /* "info" */
    int worker_calls;          /* calls in flight per worker over all accounts, default 64 */
    int history_months;        /* whole months of history that workers keep; 0: all of it */
    int64_t poll_ms;           /* worker's poll of the queue, default 1s */
    const char *egress;        /* the address that providers see, by a name; default "default" */
    int64_t catalogue_ms;      /* how often catalogues are read, default 1h */
    int64_t lease_margin_ms;   /* a lease outlasts call_timeout by this, default 30s */
    int intake_batch;          /* most deliveries in one commit, 1..256, default 256 */
    int intake_requests;       /* most requests held at once, default 4096 */
    int64_t commit_timeout_ms; /* 503 when a commit takes longer, default 10s */
    int callback_calls;        /* notices in flight per worker, default 64 */
    int64_t callback_timeout_ms;
    const int64_t *callback_retry_ms; /* the wait after the first try in vain, the second …; then no more */
    size_t callback_retry_count;
    const struct config_account *accounts;
    size_t account_count;
    const struct config_product *products;
    size_t product_count;
    const struct config_source *sources;
    size_t source_count;
};

/* NULL and a text in error ("bridge.conf:12: account main: …").  The result is
 * held once by the caller. */
struct config *config_load(const char *path, char error[CONFIG_ERROR_MAX]);
/* The same, but upstream tokens stay unread (token.len is 0): for the front
 * door, which must not be able to spend and need not be able to read them. */
struct config *config_load_without_tokens(const char *path, char error[CONFIG_ERROR_MAX]);
struct config *config_hold(struct config *config);
/* Lets go; the last one frees and wipes.  The caller's pointer is nulled. */
void config_release(struct config **config);
/* The whole configuration with defaults filled in and secrets masked. */
void config_dump(const struct config *config, FILE *out);

const struct config_account *config_account_find(const struct config *config, const char *name);
const struct config_product *config_product_find(const struct config *config, const char *code);
/* Whether the format's payloads are the panel's own and go by events and fields. */
bool config_format_mapped(const char *format);
const struct config_source *config_source_find(const struct config *config, const char *name);
bool config_source_permits(const struct config_source *source, const struct config_product *product);
/* Whether the peer's address is in the source's allow list, or there is none. */
bool config_source_allows(const struct config_source *source, const char *address);
/* Whether an address is one of these or in one of these prefixes. */
bool config_prefixes_hold(const char *const *prefixes, size_t count, const char *address);
/* "60s", "200ms", "10m", "1h", "7d"; a bare number is an error. */
bool config_duration_parse(const char *text, int64_t *ms);

#endif
