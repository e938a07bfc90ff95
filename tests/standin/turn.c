/* SPDX-License-Identifier: Apache-2.0 */
/* Why: every call, of both APIs, walks the same way: into the ledger, past the
 * faults, through its handler, out.  Owns the order of these steps.  Never holds
 * the lock while it waits. */
#include "turn.h"

#include <string.h>

static const struct endpoint *endpoint_find(const char *path)
{
    const struct endpoint *tables[] = {reseller_endpoints, zone_endpoints};

    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const struct endpoint *row = tables[t]; row->path; row++)
            if (strcmp(row->path, path) == 0)
                return row;
    return &unknown_endpoint;
}

void turn_outcome(struct turn *turn, const char *outcome, const char *refusal)
{
    turn->call->outcome = outcome;
    turn->call->refusal = refusal;
}

static void call_fill(struct book *book, struct call *call, const struct request *request)
{
    struct map *words = &book->words;
    const struct account *account = request->token ? account_by_token(&book->shop, request->token) : NULL;
    const char *type = request_get(request, "type");

    call->account = account ? map_word(words, account->name) : "";
    call->method = map_word(words, request->method);
    call->token_place = request->token_place;
    call->type = map_word(words, type ? type : request_get(request, "verification_type"));
    call->ip = map_word(words, request_get(request, request_get(request, "ip") ? "ip" : "ip_address"));
    call->newip = map_word(words, request_get(request, "newip"));
    call->new_type = map_word(words, request_get(request, "new_type"));
    call->license_key = map_word(words, request_get(request, "license_key"));
    call->hwid = map_word(words, request_get(request, "hwid"));
    call->domain = map_word(words, request_get(request, "domain"));
    call->months = request_long(request, "billingcycle", 0);
    call->remote_addr = map_word(words, request->remote_addr);
    call->remote_port = request->remote_port;
    call->connection = request->connection;
    call->outcome = "pending";
}

/* Notes the call and says which fault it meets. */
static struct turn turn_open(struct book *book, struct request *request, struct reply *reply, struct fault *fault)
{
    struct call *call = ledger_open(&book->ledger);
    const struct endpoint *endpoint = endpoint_find(request->path);

    call_fill(book, call, request);
    call->endpoint = endpoint->name;
    call->provider = endpoint->provider;
    fault_choose(&book->faults, call, fault);
    call->fault = fault_name(fault->kind);
    call->fault_when = fault->kind == FAULT_NONE ? "" : fault->after ? "after" : "before";
    book->in_flight++;
    return (struct turn){.book = book, .endpoint = endpoint, .request = request, .call = call, .reply = reply};
}

static void turn_work(struct turn *turn)
{
    turn->endpoint->admit(turn);
    turn->call->status = turn->reply->status;
}

void turn_work_late(struct book *book, const struct request *request, uint64_t seq)
{
    struct reply reply = {.retry_after = -1};
    struct turn turn = {.book = book,
                        .endpoint = endpoint_find(request->path),
                        .request = request,
                        .call = ledger_find(&book->ledger, seq),
                        .reply = &reply};

    turn.endpoint->admit(&turn);
    reply_clear(&reply);
}

/* Does the call act, now? */
static bool fault_lets_work(const struct fault *fault)
{
    return fault->kind == FAULT_NONE || fault->kind == FAULT_SLOW || (fault->after && fault->kind != FAULT_LATE);
}

/* The answer of a call that a fault kept from working: what a fault that alters
 * an answer needs to have something to alter. */
static void reply_pretend(struct turn *turn)
{
    reply_json(turn->reply, 200, json_pack("{s:b,s:s}", "success", 1, "message", "Lisans işlemi tamamlandı."));
    turn_outcome(turn, "none", "");
}

static void turn_close(struct turn *turn, struct request **request, const struct fault *fault)
{
    struct book *book = turn->book;
    struct call *call = turn->call;

    if (fault->kind == FAULT_LATE) {
        call->outcome = "late";
        late_add(book, request, call->seq, fault->delay_ms);
    }
    call->status = turn->reply->redirect ? 0 : turn->reply->status;
    call->ended_ms = clock_wall_ms();
}

void turn_serve(struct book *book, struct request **request, int fd, struct reply *reply)
{
    struct fault fault;

    pthread_mutex_lock(&book->lock);
    struct turn turn = turn_open(book, *request, reply, &fault);
    uint64_t generation = book->generation;
    pthread_mutex_unlock(&book->lock);

    if (fault.kind == FAULT_SLOW && !fault.after)
        book_pause(book, fault.delay_ms);
    if (fault.kind == FAULT_LATE)
        book_wait_gone(book, fd, fault.patience_ms);

    pthread_mutex_lock(&book->lock);
    if (generation != book->generation)
        reply_text(reply, 503, "text/plain", "reset\n");
    else if (fault_lets_work(&fault))
        turn_work(&turn);
    else
        reply_pretend(&turn);
    pthread_mutex_unlock(&book->lock);

    if (fault.kind == FAULT_SLOW && fault.after)
        book_pause(book, fault.delay_ms);
    if (fault.kind == FAULT_HANG)
        book_wait_gone(book, fd, fault.delay_ms);
    fault_apply(&fault, reply);

    pthread_mutex_lock(&book->lock);
    book->in_flight--;
    if (generation == book->generation)
        turn_close(&turn, request, &fault);
    pthread_mutex_unlock(&book->lock);
    fault_clear(&fault);
}
