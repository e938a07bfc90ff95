/* SPDX-License-Identifier: Apache-2.0 */
/* A delivery's body → an order request, its checks included.  The first line
 * names the format, the second is the header that names the event (formats that
 * have one; may be empty); the rest is the body. */
#include <string.h>

#include "fcgi/panels/panel.h"
#include "order/ip.h"
#include "tests/fuzz/fuzz.h"

static const struct config_account ACCOUNTS[] = {{.name = "main", .provider = "724license"},
                                                 {.name = "zone", .provider = "lisanszone"}};
static const struct config_product PRODUCTS[] = {
    {.code = "cpanel", .account = &ACCOUNTS[0], .upstream_type = "cpanel"},
    {.code = "litespeed", .account = &ACCOUNTS[0], .upstream_type = "litespeed"},
    {.code = "litespeed_x_core", .account = &ACCOUNTS[0], .upstream_type = "litespeed_x_core"},
    {.code = "lz-app", .account = &ACCOUNTS[1], .upstream_type = "lz-app"},
};
static const struct config_product *const PERMITTED[] = {&PRODUCTS[0], &PRODUCTS[1], &PRODUCTS[2], &PRODUCTS[3]};
static const char *const IGNORED[] = {"invoice.created"};
static const struct config CONFIG = {
    .accounts = ACCOUNTS, .account_count = 2, .products = PRODUCTS, .product_count = 4};

static const struct config_event EVENTS[] = {{"contract_product_activated_hook", "license.create"},
                                             {"contract_product_renewed_hook", "license.renew"},
                                             {"Services.add", "license.create"},
                                             {"Services.suspend", "license.suspend"}};
/* Every way of spelling a place: a member, a choice, an index, a search, a constant. */
static const struct config_fields FIELDS = {
    .service_id = "service_id | object.id",
    .product_code = "object.product_id|=cpanel",
    .invoice_id = "vars.invoice_id | object.invoice_id | object.last_invoice.id",
    .invoice_item_id = "object.last_invoice.items.0.id",
    .ip = "vars.fields.key=license_ip.value | object.custom_field_values.code=server_ip.value",
    .billing_months = "vars.months | object.billing_cycle_months|=1",
    .period_end = "vars.date_renews | object.next_due_date",
    .sequence = "object.sequence",
    .reason = "hook_code",
};

/* What a checked request promises to whoever stores it. */
static void request_judge(const struct order_request *request)
{
    char text[IP_TEXT_MAX];
    const char *why;

    PROMISE(request->operation_key != NULL && strlen(request->operation_key) <= REQUEST_KEY_MAX);
    PROMISE(request->service_id != NULL && strlen(request->service_id) <= REQUEST_KEY_MAX);
    PROMISE(request->product != NULL && request->billing_months >= 0 && request->billing_months <= REQUEST_MONTHS_MAX);
    PROMISE(request->ip == NULL || (ip_canonical(request->ip, text, &why) && strcmp(text, request->ip) == 0));
    PROMISE(!request->has_sequence || request->sequence >= 0);
    PROMISE(!request->paid || request->product->account == &ACCOUNTS[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *format = fuzz_line(&data, &size);
    char *header = fuzz_line(&data, &size);
    const struct config_source source = {.name = "demo",
                                         .format = format,
                                         .products = PERMITTED,
                                         .product_count = 4,
                                         .ignore = IGNORED,
                                         .ignore_count = 1,
                                         .events = EVENTS,
                                         .event_count = 4,
                                         .fields = FIELDS};
    const struct panel *panel = panel_find(format);
    struct panel_event event = {0};
    struct problem problem = {0};
    struct arena arena;

    arena_init(&arena);
    if (panel != NULL && size <= 64 * 1024) {
        char *body = arena_strndup(&arena, (const char *)data, size);
        const struct panel_input input = {.body = body,
                                          .len = size,
                                          .source = &source,
                                          .event = header[0] != '\0' ? header : NULL,
                                          .now_s = 1800000000};
        if (!panel->read(&input, &arena, &event, &problem)) {
            PROMISE(problem.status >= 400 && problem.status < 500 && problem.text != NULL);
        } else if (event.kind == PANEL_ORDER) {
            if (request_check(&event.request, &CONFIG, &source, "msg_1", &arena, &problem))
                request_judge(&event.request);
            else
                PROMISE(problem.status >= 400 && problem.status < 500 && problem.text != NULL);
        }
    }
    arena_clear(&arena);
    free(header);
    free(format);
    return 0;
}
