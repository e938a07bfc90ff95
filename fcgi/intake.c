/* SPDX-License-Identifier: Apache-2.0 */
/* intake: takes deliveries in.
 *
 * The order of the steps is the security of the door: who may speak here at all,
 * is the signature good over the raw bytes, and only then what do they say.  A
 * delivery that passes goes into the batch and is answered from what the
 * database answered, never before.  A dry run leaves through dry_run.c before the
 * batch is ever touched.  A crash before the commit leaves nothing, after it the
 * order; in both cases nobody was told, and the panel asks again. */
#include "fcgi/intake.h"

#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "fcgi/auth_panel.h"
#include "fcgi/door.h"
#include "fcgi/dry_run.h"
#include "fcgi/order_json.h"
#include "fcgi/panels/panel.h"
#include "fcgi/prefer.h"
#include "fcgi/refusal.h"
#include "fcgi/reply.h"
#include "fcgi/routes.h"

/* One delivery on its way through; item is first, so that the batch's pointer
 * leads back here. */
struct delivery {
    struct batch_item item;
    struct request *request;
    const char *name;        /* of the source, as asked for */
    const char *path_secret; /* what follows it in the path; NULL: nothing */
    const struct config_source *source;
    const struct panel *panel;
    int64_t now_s;
    const char *id; /* the delivery's name */
    struct panel_event event;
    struct waiter waiter; /* while the panel waits for the order's end */
};

static bool refuse(struct problem *problem, int status, const char *field, const char *text)
{
    *problem = (struct problem){status, field, text};
    return false;
}

static bool type_is_json(const char *type)
{
    static const char json[] = "application/json";
    size_t len = sizeof json - 1;

    if (type == NULL || strncasecmp(type, json, len) != 0)
        return false;
    type += len;
    type += strspn(type, " \t");
    return *type == '\0' || *type == ';';
}

/* Whether this peer may speak for the source at all. */
static bool source_admit(struct delivery *delivery, struct problem *problem)
{
    const struct request *request = delivery->request;
    const char *address = request->params[HEAD_ADDRESS];

    delivery->source = config_source_find(request->config, delivery->name);
    if (delivery->source == NULL)
        return refuse(problem, 404, NULL, "there is no such source");
    if (delivery->source->retired)
        return refuse(problem, 410, NULL, "this source is retired");
    if (!config_source_allows(delivery->source, address != NULL ? address : ""))
        return refuse(problem, 403, NULL, "this address may not speak for the source");
    delivery->panel = panel_find(delivery->source->format);
    if (delivery->panel == NULL)
        return refuse(problem, 503, NULL, "the source's format is not known to this version");
    if (delivery->path_secret != NULL && delivery->panel->proof != PANEL_PROOF_PATH)
        return refuse(problem, 404, NULL, "there is nothing at this path");
    return true;
}

static bool delivery_authenticate(struct delivery *delivery, struct problem *problem)
{
    struct request *request = delivery->request;

    if (!source_admit(delivery, problem))
        return false;
    if (request->problem.status != 0) {
        *problem = request->problem;
        return false;
    }
    if (!type_is_json(request->params[HEAD_CONTENT_TYPE]))
        return refuse(problem, 415, "content-type", "the Content-Type must be application/json");
    return auth_panel_check(request, delivery->source, delivery->panel->proof, delivery->path_secret, delivery->now_s,
                            problem);
}

static bool delivery_read(struct delivery *delivery, struct problem *problem)
{
    struct request *request = delivery->request;
    struct panel_event *event = &delivery->event;
    struct panel_input input = {
        .body = request->body,
        .len = request->body_len,
        .source = delivery->source,
        .event = request->params[HEAD_BLESTA_EVENT],
        .now_s = delivery->now_s,
    };

    if (!delivery->panel->read(&input, &request->arena, event, problem))
        return false;
    if (event->delivery_id != NULL)
        delivery->id = event->delivery_id;
    if (event->kind != PANEL_ORDER)
        return true;
    if (delivery->id == NULL || !auth_id_ok(delivery->id))
        return refuse(problem, 400, NULL, "the delivery's name must be 1 to 128 characters without dots and spaces");
    return request_check(&event->request, request->config, delivery->source, delivery->id, &request->arena, problem);
}

static void delivery_log(const struct delivery *delivery, int64_t order_id, const char *outcome)
{
    const struct request *request = delivery->request;

    log_info("delivery.accepted", log_str("source", delivery->source->name), log_str("delivery", delivery->id),
             log_int("order", order_id), log_str("outcome", outcome),
             log_int("us", request_now_us() - request->began_us));
}

static void delivery_enqueue(struct delivery *delivery)
{
    struct request *request = delivery->request;
    struct intake_event *event = &delivery->item.event;

    event->source = delivery->source->name;
    event->delivery_id = delivery->id;
    event->address = request->params[HEAD_ADDRESS];
    event->body = request->body;
    event->body_len = request->body_len;
    event->request = &delivery->event.request;
    if (delivery->event.has_digest)
        memcpy(event->digest, delivery->event.digest, DIGEST_SIZE);
    else
        digest_sha256(request->body, request->body_len, event->digest);
    batch_add(request->front->batch, &delivery->item);
}

static void delivery_serve(struct delivery *delivery)
{
    struct request *request = delivery->request;

    switch (delivery->event.kind) {
    case PANEL_PING:
        delivery_log(delivery, 0, "ping");
        reply_json(request, 200, NULL, json_pack("{s:b}", "ok", 1));
        break;
    case PANEL_IGNORED:
        delivery_log(delivery, 0, "ignored");
        reply_json(request, 200, NULL, json_pack("{s:b, s:b}", "ok", 1, "ignored", 1));
        break;
    case PANEL_ORDER:
        if (delivery->event.request.dry_run) {
            delivery_log(delivery, 0, "dry_run");
            dry_run_serve(request, delivery->source, &delivery->event.request);
        } else {
            delivery_enqueue(delivery);
        }
        break;
    }
}

void intake_serve(struct front *front, struct request *request, const char *rest)
{
    struct delivery *delivery = arena_alloc(&request->arena, sizeof *delivery);
    struct problem problem = {0};
    const char *slash = strchr(rest, '/');

    delivery->request = request;
    delivery->name = slash != NULL ? arena_strndup(&request->arena, rest, (size_t)(slash - rest)) : rest;
    delivery->path_secret = slash != NULL ? slash + 1 : NULL;
    delivery->now_s = clock_wall_ms(front->clock) / 1000;
    delivery->id = request->params[HEAD_WEBHOOK_ID];
    if (delivery_authenticate(delivery, &problem) && delivery_read(delivery, &problem))
        delivery_serve(delivery);
    else
        refusal_reply(request, delivery->name, &problem);
}

/* 200: the order has ended, and the panel asked to be told. */
static void order_answer(struct request *request, bool end_told, int64_t order_id, const char *word, const char *reason)
{
    enum order_state state;
    bool ended = word != NULL && order_state_parse(word, &state) && order_state_finished(state);

    reply_json(request, end_told && ended ? 200 : 202, order_location(&request->arena, order_id),
               order_json_brief(&request->arena, order_id, word, reason));
}

/* The panel has hung up and nobody would hear the answer: its place is free for others.  The order is stored and
 * carried out all the same. */
static void delivery_left(void *ctx)
{
    struct delivery *delivery = ctx;
    struct request *request = delivery->request;

    log_info("delivery.left", log_str("source", delivery->source->name), log_str("delivery", delivery->id),
             log_int("order", delivery->waiter.order_id), log_int("us", request_now_us() - request->began_us));
    waiting_leave(request->front->waiting, &delivery->waiter);
    door_finish(request);
}

/* Parks the request until its order rests; false: there is nothing to wait for,
 * or no room. */
static bool delivery_park(struct delivery *delivery, const struct intake_result *result)
{
    struct request *request = delivery->request;
    struct front *front = request->front;
    int wait_s = prefer_wait_s(request->fcgi.envp);
    /* Half of the room stays for those who don't wait. */
    size_t most = (size_t)request->config->intake_requests / 2;
    enum order_state state;

    if (wait_s == 0 || result->state == NULL || !order_state_parse(result->state, &state))
        return false;
    request->wait_s = wait_s;
    if (order_state_rests(state))
        return false;
    delivery->waiter = (struct waiter){
        .order_id = result->order_id,
        .until_ms = clock_boot_ms(front->clock) + (int64_t)wait_s * 1000,
        .state = arena_strdup(&request->arena, result->state),
        .reason = arena_strdup(&request->arena, result->reason),
    };
    if (!waiting_add(front->waiting, &delivery->waiter, most)) {
        request->wait_s = 0;
        return false;
    }
    door_mind(request, delivery_left, delivery);
    return true;
}

static void delivery_stored(struct delivery *delivery, const struct intake_result *result)
{
    struct request *request = delivery->request;
    bool duplicate = result->outcome == INTAKE_DUPLICATE;

    delivery_log(delivery, result->order_id, duplicate ? "duplicate" : "new");
    if (!delivery_park(delivery, result))
        order_answer(request, duplicate || request->wait_s > 0, result->order_id, result->state, result->reason);
}

void intake_waited(struct waiter *waiter, const char *state, const char *reason)
{
    struct delivery *delivery = (void *)((char *)waiter - offsetof(struct delivery, waiter));
    struct request *request = delivery->request;

    log_info("delivery.waited", log_str("source", delivery->source->name), log_str("delivery", delivery->id),
             log_int("order", waiter->order_id), log_str("state", state),
             log_int("us", request_now_us() - request->began_us));
    order_answer(request, true, waiter->order_id, state, reason);
}

void intake_answer(struct batch_item *item, const struct intake_result *result)
{
    union {
        struct batch_item *item;
        struct delivery *delivery;
    } way = {.item = item};
    struct delivery *delivery = way.delivery;
    struct problem conflict = {409, "webhook-id", "this delivery id came before with another body"};

    if (result == NULL) {
        log_warn("delivery.not_stored", log_str("source", delivery->source->name),
                 log_str("delivery", item->event.delivery_id));
        reply_unavailable(delivery->request, "the delivery could not be stored now: send it again");
        return;
    }
    switch (result->outcome) {
    case INTAKE_ACCEPTED:
    case INTAKE_DUPLICATE:
        delivery_stored(delivery, result);
        break;
    case INTAKE_CONFLICT:
        refusal_reply(delivery->request, delivery->source->name, &conflict);
        break;
    case INTAKE_REFUSED: {
        struct problem refused = {422, result->field, result->text != NULL ? result->text : "refused"};
        refusal_reply(delivery->request, delivery->source->name, &refused);
        break;
    }
    case INTAKE_AGAIN:
        reply_unavailable(delivery->request, "the delivery could not be stored now: send it again");
        break;
    }
}
