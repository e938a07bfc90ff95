/* SPDX-License-Identifier: Apache-2.0 */
/* dry_run: plans the call as the worker would and prices it.
 *
 * It sees neither the batch nor any function that writes, so that it cannot buy
 * by mistake. */
#include "fcgi/dry_run.h"

#include <assert.h>

#include "fcgi/front.h"
#include "fcgi/refusal.h"
#include "fcgi/reply.h"
#include "order/plan.h"
#include "store/ops.h"

struct dry_run {
    struct request *request;
    const struct config_source *source;
    const struct order_request *order;
    struct call call;
};

static bool dry_run_plan(struct dry_run *run)
{
    const struct order_request *order = run->order;
    const struct config_product *product = order->product;
    struct plan_input input = {
        .type = order->type,
        .upstream_type = product->upstream_type,
        .new_upstream_type = order->new_product != NULL ? order->new_product->upstream_type : NULL,
        .ip = order->ip,
        .new_ip = order->new_ip,
        .billing_months = order->billing_months,
        .license_key = order->license_key,
        .customer_email = order->customer_email,
        .domain = order->domain,
        .hwid = order->hwid,
        .machine_name = order->machine_name,
        .os_info = order->os_info,
        .verification = order->verification,
        .cause = order->cause,
    };
    return provider_kind_parse(product->account->provider, &input.provider) && plan_call(&input, &run->call);
}

static json_t *call_json(const struct call *call)
{
    json_t *fields = json_object();

    for (size_t i = 0; i < call->count; i++) {
        const struct call_field *field = &call->fields[i];
        json_object_set_new(fields, field->name,
                            field->text != NULL ? json_string(field->text) : json_integer(field->number));
    }
    return json_pack("{s:s, s:s, s:o}", "method", "POST", "call", call_word(call->name), "fields", fields);
}

static void dry_run_answer(struct dry_run *run, const char *price, const char *expected)
{
    reply_json(run->request, 200, NULL,
               json_pack("{s:b, s:o, s:s?, s:s?}", "dry_run", 1, "call", call_json(&run->call), "price", price,
                         "expected", expected));
}

static void dry_run_priced(void *ctx, enum rows_status status, const struct price_view *price)
{
    struct dry_run *run = ctx;
    struct problem hidden = {422, "data.product_code", "the provider does not sell this product to new customers"};

    if (status != ROWS_OK)
        reply_unavailable(run->request, "the database does not answer now");
    else if (price != NULL && !price->visible && run->order->type == ORDER_CREATE)
        refusal_reply(run->request, run->source->name, &hidden);
    else
        dry_run_answer(run, price != NULL ? price->price : NULL, price != NULL ? price->expected : NULL);
}

void dry_run_serve(struct request *request, const struct config_source *source, const struct order_request *order)
{
    struct dry_run *run = arena_alloc(&request->arena, sizeof *run);
    struct problem problem = {422, "type", "the product's provider has no call for this type"};
    const struct config_product *priced = order->new_product != NULL ? order->new_product : order->product;

    assert(order->dry_run);
    *run = (struct dry_run){.request = request, .source = source, .order = order};
    if (!dry_run_plan(run))
        refusal_reply(request, source->name, &problem);
    else if (!call_paid(run->call.name))
        dry_run_answer(run, "0", "0"); /* it takes no credits */
    else
        price_read(request->front->reader, priced->account->name, priced->upstream_type,
                   order->billing_months > 0 ? order->billing_months : 1, call_word(run->call.name),
                   FRONT_READ_TIMEOUT_MS, dry_run_priced, run);
}
