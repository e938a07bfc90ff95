/* SPDX-License-Identifier: Apache-2.0 */
/* Operators' tokens: create, list, revoke.
 *
 * A token is 256 random bits.  It is printed once and kept nowhere: the database
 * has its SHA-256.  A crash between storing and printing leaves a token that
 * nobody knows; revoke it and make another. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/signature.h"
#include "base/text.h"
#include "ctl/ctl.h"
#include "ctl/output.h"
#include "query.h"

#define TOKEN_BYTES  32
#define TOKEN_PREFIX "lbt_"
#define TOKEN_MAX    (sizeof TOKEN_PREFIX + 2 * (size_t)TOKEN_BYTES)

/* The scopes that there are; the table bridge.token has the same list. */
static const char *const token_scopes[] = {"read", "operate", "settle", "buy-again"};

static bool scope_known(const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof token_scopes / sizeof token_scopes[0]; i++)
        if (strlen(token_scopes[i]) == len && memcmp(token_scopes[i], word, len) == 0)
            return true;
    return false;
}

/* "read,operate" as an array parameter. */
static int scopes_add(struct ctl *ctl, struct params *params, const char *list)
{
    params_array(params, PARAMS_TEXT);
    for (const char *at = list;; at++) {
        size_t len = strcspn(at, ",");
        if (!scope_known(at, len))
            return ctl_misuse(ctl, "--scopes: read, operate, settle or buy-again, not \"%.*s\"", (int)len, at);
        params_add_text(params, arena_strndup(&ctl->arena, at, len));
        at += len;
        if (*at == '\0')
            return EX_OK;
    }
}

static int expiry_add(struct ctl *ctl, struct params *params, const char *text)
{
    char at[CLOCK_TEXT_MAX];
    int64_t lasts_ms;

    if (text == NULL) {
        params_null(params);
        return EX_OK;
    }
    if (!config_duration_parse(text, &lasts_ms) || lasts_ms <= 0)
        return ctl_misuse(ctl, "--expires: a time like 12h or 30d, not \"%s\"", text);
    clock_format(clock_wall_ms(&clock_system) + lasts_ms, at);
    params_text(params, at);
    return EX_OK;
}

static int token_make(char token[TOKEN_MAX])
{
    unsigned char bits[TOKEN_BYTES];
    if (getrandom(bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        return ctl_fail(EX_OSERR, "no random bytes: %s", strerror(errno));
    memcpy(token, TOKEN_PREFIX, sizeof TOKEN_PREFIX);
    text_hex(bits, sizeof bits, token + sizeof TOKEN_PREFIX - 1);
    explicit_bzero(bits, sizeof bits);
    return EX_OK;
}

static void token_id_read(void *ctx, const struct rows *rows)
{
    *(int64_t *)ctx = rows_int(rows, 0, "token_id");
}

/* The token is the last line of standard output and the only thing on it, so
 * that a script can take it. */
static void token_show(const struct ctl *ctl, int64_t id, const char *token)
{
    if (ctl->json) {
        printf("{\"token_id\": %" PRId64 ", \"token\": \"%s\"}\n", id, token);
        return;
    }
    fprintf(stderr, "token %" PRId64 " (%s); it is shown only now:\n", id, ctl_option(ctl, "name"));
    puts(token);
}

int token_create(struct ctl *ctl)
{
    char token[TOKEN_MAX] = "";
    unsigned char digest[DIGEST_SIZE];
    struct params params;
    int64_t id = 0;
    int status;

    params_init(&params);
    if (ctl_option(ctl, "name")[0] == '\0') {
        status = ctl_misuse(ctl, "--name is empty");
        goto out;
    }
    if ((status = token_make(token)) != EX_OK)
        goto out;
    digest_sha256(token, strlen(token), digest);
    params_text(&params, ctl_actor(ctl));
    params_text(&params, ctl_option(ctl, "name"));
    params_bytes(&params, digest, sizeof digest);
    if ((status = scopes_add(ctl, &params, ctl_option(ctl, "scopes"))) != EX_OK ||
        (status = expiry_add(ctl, &params, ctl_option(ctl, "expires"))) != EX_OK)
        goto out;
    status = ctl_query(ctl, &QUERY_TOKEN_CREATE, &params, token_id_read, &id);
    if (status == EX_OK)
        token_show(ctl, id, token);
out:
    params_clear(&params);
    explicit_bzero(token, sizeof token);
    return status;
}

int token_list(struct ctl *ctl)
{
    static const struct column columns[] = {{"token_id", COLUMN_COUNT},  {"name", COLUMN_TEXT},
                                            {"scopes", COLUMN_TEXT},     {"created_at", COLUMN_TEXT},
                                            {"expires_at", COLUMN_TEXT}, {"revoked_at", COLUMN_TEXT}};
    struct params params;
    struct table table;

    params_init(&params);
    table_init(&table, &ctl->arena, columns, sizeof columns / sizeof columns[0]);
    int status = ctl_query(ctl, &QUERY_TOKEN_LIST, &params, table_add_rows, &table);
    if (status == EX_OK)
        table_print(&table, ctl->json, stdout);
    return status;
}

int token_revoke(struct ctl *ctl)
{
    struct params params;
    int64_t id;
    bool done = false;
    int status = ctl_number(ctl, "ID", ctl_word(ctl, 0), &id);

    if (status != EX_OK)
        return status;
    params_init(&params);
    params_text(&params, ctl_actor(ctl));
    params_int(&params, id);
    status = ctl_query(ctl, &QUERY_TOKEN_REVOKE, &params, ctl_done_read, &done);
    if (status == EX_OK && !done)
        return ctl_fail(EX_DATAERR, "no live token %" PRId64, id);
    if (status == EX_OK)
        printf("token %" PRId64 " is revoked\n", id);
    return status;
}
