/* SPDX-License-Identifier: Apache-2.0 */
/* A delivery's body → an order request, its checks included.  The first line
 * names the format, the second the product; the rest is the body. */
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
    const struct config_source source = {.name = "demo",
                                         .format = format,
                                         .products = PERMITTED,
                                         .product_count = 4,
                                         .ignore = IGNORED,
                                         .ignore_count = 1};
    const struct panel *panel = panel_find(format);
    struct panel_event event = {0};
    struct problem problem = {0};
    struct arena arena;

    arena_init(&arena);
    if (panel != NULL && size <= 64 * 1024) {
        char *body = arena_strndup(&arena, (const char *)data, size);
        if (!panel->read(body, size, &source, &arena, &event, &problem)) {
            PROMISE(problem.status >= 400 && problem.status < 500 && problem.text != NULL);
        } else if (event.kind == PANEL_ORDER) {
            if (request_check(&event.request, &CONFIG, &source, "msg_1", &arena, &problem))
                request_judge(&event.request);
            else
                PROMISE(problem.status >= 400 && problem.status < 500 && problem.text != NULL);
        }
    }
    arena_clear(&arena);
    free(format);
    return 0;
}
