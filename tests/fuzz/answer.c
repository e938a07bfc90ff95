/* SPDX-License-Identifier: Apache-2.0 */
/* An upstream's answer → a verdict.  First line: provider, call, HTTP status,
 * whether the point of no return was passed; the rest is the body. */
#include <jansson.h>
#include <string.h>

#include "provider/answer.h"
#include "provider/registry.h"
#include "tests/fuzz/fuzz.h"

/* "done" needs a complete JSON object that says so; nothing else will do. */
static bool says_success(const uint8_t *body, size_t len)
{
    json_t *json = json_loadb((const char *)body, len, JSON_REJECT_DUPLICATES, NULL);
    bool success = json_is_object(json) && json_is_true(json_object_get(json, "success"));

    json_decref(json);
    return success;
}

static void answer_judge(const struct answer *answer, const uint8_t *body, size_t len)
{
    const struct observation *seen = &answer->seen;

    PROMISE(answer->reason_code != NULL && answer->reason != NULL);
    if (answer->verdict == VERDICT_DONE) {
        PROMISE(seen->passed && !seen->passed_twice && seen->end == CALL_END_WHOLE);
        PROMISE(seen->status >= 200 && seen->status < 300 && says_success(body, len));
    }
    if (answer->verdict == VERDICT_LATER && seen->passed && !seen->passed_twice)
        PROMISE(seen->status == 429 || memmem(body, len, "RATE_LIMIT_EXCEEDED", 19) != NULL ||
                memmem(body, len, "\\u", 2) != NULL);
    PROMISE(!answer->has_balance || answer->balance >= 0);
    for (size_t i = 0; i < answer->item_count; i++)
        PROMISE(answer->items[i].code != NULL && answer->items[i].name != NULL && answer->items[i].price >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct config_account account = {.name = "main", .time_zone = "Europe/Istanbul"};
    char *line = fuzz_line(&data, &size);
    unsigned provider = 0, call = 0, end = 0;
    int status = 0, passed = 0;
    struct answer answer = {0};
    struct arena arena;

    if (sscanf(line, "%u %u %d %d %u", &provider, &call, &status, &passed, &end) == 5 && call < CALL_NAME_COUNT &&
        end <= CALL_END_STOPPED && status >= 0 && status <= 999 && size <= ANSWER_MAX) {
        const struct observation seen = {.end = (enum call_end)end,
                                         .passed = passed > 0,
                                         .passed_twice = passed > 1,
                                         .status = status,
                                         .retry_after_ms = -1,
                                         .body = NULL,
                                         .body_len = size};
        arena_init(&arena);
        struct observation whole = seen;
        whole.body = arena_strndup(&arena, (const char *)data, size);
        answer_read(&answer, provider % 2 ? &provider_lisanszone : &provider_license724, (enum call_name)call, &account,
                    &whole, &arena);
        answer_judge(&answer, data, size);
        arena_clear(&arena);
    }
    free(line);
    return 0;
}
