/* SPDX-License-Identifier: Apache-2.0 */
/* provider_call: makes upstream calls as the worker does and prints what came of
 * them, for tests that own the other end of the wire.
 *
 * Standard input: one JSON object a line, {"calls": [{"name": "create", "fields":
 * {"ip": "…", "billingcycle": 1}, "fence": true}], "stop_after_ms": 100}.  The
 * calls of a line run at the same time; "fence" is the fence's answer, none when
 * absent; "stop_after_ms" closes the loop.  Standard output: one JSON object per
 * answer, in the order in which they came. */
#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/utf8.h"
#include "provider/provider.h"

#define LINE_MAX_BYTES 65536
#define STEP_MS        50
#define BODY_SHOWN     200

struct asked {
    int index;
    int fence_answer; /* -1: no fence */
    int fence_runs;
};

static bool fence_answer(void *ctx)
{
    struct asked *asked = ctx;

    asked->fence_runs++;
    return asked->fence_answer == 1;
}

static json_t *items_json(const struct answer *answer)
{
    json_t *items = json_array();

    for (size_t i = 0; i < answer->item_count; i++)
        json_array_append_new(items, json_pack("{s:s,s:s,s:I,s:b}", "code", answer->items[i].code, "name",
                                               answer->items[i].name, "price", (json_int_t)answer->items[i].price,
                                               "visible", answer->items[i].visible));
    return items;
}

/* JSON cannot hold other bodies; tests of those look at the verdict alone. */
static size_t body_shown(const struct observation *seen)
{
    if (!utf8_valid(seen->body, seen->body_len))
        return 0;
    return seen->body_len < BODY_SHOWN ? seen->body_len : BODY_SHOWN;
}

static json_t *seen_json(const struct observation *seen)
{
    return json_pack("{s:i,s:s?,s:b,s:b,s:i,s:s?,s:i,s:I,s:I,s:I,s:b,s:s%}", "end", (int)seen->end, "slow", seen->slow,
                     "passed", seen->passed, "passed_twice", seen->passed_twice, "curl_code", seen->curl_code,
                     "curl_text", seen->curl_text, "status", (int)seen->status, "retry_after_ms",
                     (json_int_t)seen->retry_after_ms, "elapsed_ms", (json_int_t)seen->elapsed_ms, "body_len",
                     (json_int_t)seen->body_len, "body_cut", seen->body_cut, "body", seen->body, body_shown(seen));
}

static void answer_print(void *ctx, const struct answer *answer)
{
    struct asked *asked = ctx;
    json_t *out = json_pack(
        "{s:i,s:i,s:s,s:s,s:s,s:s?,s:b,s:s?,s:b,s:I,s:b,s:b,s:b,s:I,s:o,s:o}", "index", asked->index, "fence_runs",
        asked->fence_runs, "verdict", verdict_word(answer->verdict), "code", answer->reason_code, "reason",
        answer->reason, "message", answer->message, "denied", answer->denied, "license_id", answer->upstream_license_id,
        "has_balance", answer->has_balance, "balance", (json_int_t)answer->balance, "sandbox", answer->sandbox,
        "has_valid", answer->has_valid, "valid", answer->valid, "expires_ms", (json_int_t)answer->expires_ms, "items",
        items_json(answer), "seen", seen_json(&answer->seen));

    assert(out != NULL);
    json_dumpf(out, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(out);
}

static enum call_name name_find(const char *word)
{
    for (int name = 0; name < CALL_NAME_COUNT; name++)
        if (strcmp(call_word((enum call_name)name), word) == 0)
            return (enum call_name)name;
    fprintf(stderr, "no such call: %s\n", word);
    exit(64);
}

static void call_ask(struct provider_loop *loop, const struct config_account *account, const json_t *json,
                     struct asked *asked)
{
    json_t *fields = json_object_get(json, "fields");
    struct call call = {.name = name_find(json_string_value(json_object_get(json, "name")))};
    struct call_start start = {.account = account, .call = &call, .done = answer_print, .ctx = asked};
    const char *name;
    json_t *value;

    json_object_foreach(fields, name, value)
    {
        assert(call.count < CALL_FIELDS_MAX);
        call.fields[call.count++] = (struct call_field){
            .name = name, .text = json_string_value(value), .number = (long)json_integer_value(value)};
    }
    asked->fence_answer = -1;
    if (json_object_get(json, "fence") != NULL) {
        asked->fence_answer = json_is_true(json_object_get(json, "fence")) ? 1 : 0;
        start.fence = fence_answer;
    }
    provider_call(loop, &start);
}

/* Runs one line's calls; the loop is gone afterwards when the line says so. */
static void line_run(struct provider_loop **loop, const struct config_account *account, const json_t *line)
{
    json_t *calls = json_object_get(line, "calls");
    json_t *stop_after = json_object_get(line, "stop_after_ms");
    size_t count = json_array_size(calls);
    struct asked *asked = calloc(count + 1, sizeof *asked);
    int64_t stop_ms = clock_boot_ms(&clock_system) + (int64_t)json_integer_value(stop_after);

    assert(asked != NULL);
    for (size_t i = 0; i < count; i++) {
        asked[i].index = (int)i;
        call_ask(*loop, account, json_array_get(calls, i), &asked[i]);
    }
    while (provider_loop_running(*loop) > 0 && (stop_after == NULL || clock_boot_ms(&clock_system) < stop_ms))
        provider_loop_step(*loop, NULL, 0, STEP_MS);
    if (stop_after != NULL) {
        provider_loop_close(loop);
        *loop = provider_loop_open();
    }
    free(asked);
}

int main(int argc, char **argv)
{
    struct config_account account = {.name = "test", .time_zone = "Europe/Istanbul"};
    struct provider_loop *loop;
    char *line;

    if (argc != 6 || !secret_set(&account.token, argv[3], strlen(argv[3])) ||
        !text_parse_int(argv[5], 1, 3600000, &account.call_timeout_ms)) {
        fprintf(stderr, "usage: provider_call PROVIDER BASE_URL TOKEN CA_FILE TIMEOUT_MS\n");
        return 64;
    }
    account.provider = argv[1];
    account.base_url = argv[2];
    account.ca_file = argv[4];
    loop = provider_loop_open();
    line = malloc(LINE_MAX_BYTES);
    assert(line != NULL);
    while (fgets(line, LINE_MAX_BYTES, stdin) != NULL) {
        json_t *json = json_loads(line, 0, NULL);

        assert(json != NULL);
        line_run(&loop, &account, json);
        json_decref(json);
    }
    free(line);
    provider_loop_close(&loop);
    secret_clear(&account.token);
    return 0;
}
