/* SPDX-License-Identifier: Apache-2.0 */
/* Why: the worker thinks in calls and answers, the wire in requests and bytes;
 * this is where one becomes the other.
 *
 * Owns the arena of a call from its start until its answer was reported.  The
 * token goes into the header only.  Never retries: a crash or an error ends in an
 * answer that verdict.c judged, or in a call that the database knows as begun. */
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "provider/answer.h"
#include "provider/loop.h"

struct call_running {
    struct arena arena;
    const struct provider *provider;
    const struct config_account *account;
    enum call_name name;
    call_done_fn *done;
    void *ctx;
};

char *provider_call_body(const struct call *call, struct arena *arena)
{
    json_t *body = json_object();
    char *dumped;
    char *copy;
    int failed = 0;

    assert(call->count <= CALL_FIELDS_MAX);
    for (size_t i = 0; i < call->count; i++) {
        const struct call_field *field = &call->fields[i];

        failed |= json_object_set_new(body, field->name,
                                      field->text != NULL ? json_string(field->text) : json_integer(field->number));
    }
    dumped = json_dumps(body, JSON_COMPACT);
    assert(failed == 0 && dumped != NULL); /* orders hold nothing but UTF-8 */
    copy = arena_strdup(arena, dumped);
    free(dumped);
    json_decref(body);
    return copy;
}

static void call_finished(void *ctx, struct http_transfer *transfer, const struct observation *seen)
{
    struct call_running *running = ctx;
    struct answer answer;

    (void)transfer;
    answer_read(&answer, running->provider, running->name, running->account, seen, &running->arena);
    running->done(running->ctx, &answer);
    arena_clear(&running->arena);
    free(running);
}

void provider_call(struct provider_loop *loop, const struct call_start *start)
{
    struct call_running *running = heap_alloc(sizeof *running);
    const struct config_account *account = start->account;
    const char *path;

    *running = (struct call_running){.provider = provider_find(account->provider),
                                     .account = account,
                                     .name = start->call->name,
                                     .done = start->done,
                                     .ctx = start->ctx};
    assert(running->provider != NULL);
    path = running->provider->path(start->call->name);
    assert(path != NULL); /* plan_call offers no other */
    arena_init(&running->arena);
    struct http_request request = {
        .url = arena_printf(&running->arena, "%s%s", account->base_url, path),
        .body = provider_call_body(start->call, &running->arena),
        .get = start->call->name == CALL_INFO,
        .once = call_paid(start->call->name),
        .resend = !call_changes(start->call->name),
        .bearer = &account->token,
        .ca_file = account->ca_file,
        .timeout_ms = account->call_timeout_ms,
        .answer_max = ANSWER_MAX,
        .fence = start->fence,
        .fence_ctx = start->ctx,
    };
    request.body_len = strlen(request.body);
    loop_start(loop, &request, call_finished, running);
}
