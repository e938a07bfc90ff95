/* SPDX-License-Identifier: Apache-2.0 */
/* Every type at every provider: the call and its whole body. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "order/plan.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct plan_input FULL = {
    .upstream_type = "litespeed",
    .new_upstream_type = "litespeed_x_core",
    .ip = "203.0.113.10",
    .new_ip = "203.0.113.20",
    .billing_months = 12,
    .license_key = "K-1",
    .customer_email = "m@example.com",
    .domain = "example.com",
    .hwid = "hw",
    .machine_name = "PC",
    .os_info = "Debian 12",
    .verification = VERIFICATION_ALL,
    .cause = "invoice_paid",
};

static const struct plan_input BARE = {.license_key = "K-1", .customer_email = "m@example.com"};

static const struct {
    enum provider_kind provider;
    enum order_type type;
    const struct plan_input *input;
    const char *call; /* NULL: not offered */
} ROWS[] = {
    {PROVIDER_724LICENSE, ORDER_CREATE, &FULL, "create type=litespeed ip=203.0.113.10 billingcycle:12"},
    {PROVIDER_724LICENSE, ORDER_RENEW, &FULL, "renew type=litespeed ip=203.0.113.10 billingcycle:12"},
    {PROVIDER_724LICENSE, ORDER_SUSPEND, &FULL, "suspend type=litespeed ip=203.0.113.10"},
    {PROVIDER_724LICENSE, ORDER_UNSUSPEND, &FULL, "unsuspend type=litespeed ip=203.0.113.10"},
    {PROVIDER_724LICENSE, ORDER_TERMINATE, &FULL, "suspend type=litespeed ip=203.0.113.10"},
    {PROVIDER_724LICENSE, ORDER_CHANGE_IP, &FULL, "change-ip type=litespeed ip=203.0.113.10 newip=203.0.113.20"},
    {PROVIDER_724LICENSE, ORDER_CHANGE_PRODUCT, &FULL,
     "change-core type=litespeed ip=203.0.113.10 new_type=litespeed_x_core"},
    {PROVIDER_724LICENSE, ORDER_VERIFY, &FULL, NULL},
    {PROVIDER_LISANSZONE, ORDER_CREATE, &FULL,
     "activate license_key=K-1 customer_email=m@example.com hwid=hw domain=example.com ip_address=203.0.113.10 "
     "machine_name=PC os_info=Debian 12 verification_type=all"},
    {PROVIDER_LISANSZONE, ORDER_UNSUSPEND, &FULL,
     "activate license_key=K-1 customer_email=m@example.com hwid=hw domain=example.com ip_address=203.0.113.10 "
     "machine_name=PC os_info=Debian 12 verification_type=all"},
    {PROVIDER_LISANSZONE, ORDER_RENEW, &FULL,
     "verify license_key=K-1 customer_email=m@example.com hwid=hw domain=example.com ip_address=203.0.113.10 "
     "verification_type=all"},
    {PROVIDER_LISANSZONE, ORDER_VERIFY, &FULL,
     "verify license_key=K-1 customer_email=m@example.com hwid=hw domain=example.com ip_address=203.0.113.10 "
     "verification_type=all"},
    {PROVIDER_LISANSZONE, ORDER_SUSPEND, &FULL,
     "deactivate license_key=K-1 customer_email=m@example.com hwid=hw deactivation_reason=invoice_paid"},
    {PROVIDER_LISANSZONE, ORDER_TERMINATE, &FULL,
     "deactivate license_key=K-1 customer_email=m@example.com hwid=hw deactivation_reason=invoice_paid"},
    {PROVIDER_LISANSZONE, ORDER_CHANGE_IP, &FULL, NULL},
    {PROVIDER_LISANSZONE, ORDER_CHANGE_PRODUCT, &FULL, NULL},
    {PROVIDER_LISANSZONE, ORDER_CREATE, &BARE, "activate license_key=K-1 customer_email=m@example.com"},
    {PROVIDER_LISANSZONE, ORDER_VERIFY, &BARE, "verify license_key=K-1 customer_email=m@example.com"},
    {PROVIDER_LISANSZONE, ORDER_SUSPEND, &BARE, "deactivate license_key=K-1 customer_email=m@example.com"},
};

/* "name member=text member:number" */
static void call_draw(const struct call *call, char *out, size_t size)
{
    size_t len = (size_t)snprintf(out, size, "%s", call_word(call->name));
    for (size_t i = 0; i < call->count; i++) {
        const struct call_field *field = &call->fields[i];
        if (field->text != NULL)
            len += (size_t)snprintf(out + len, size - len, " %s=%s", field->name, field->text);
        else
            len += (size_t)snprintf(out + len, size - len, " %s:%ld", field->name, field->number);
    }
}

static void every_type_becomes_its_call(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct plan_input input = *ROWS[i].input;
        struct call call;
        char drawn[512];
        input.provider = ROWS[i].provider;
        input.type = ROWS[i].type;
        memset(&call, 0xaa, sizeof(call));
        assert_int_equal(plan_call(&input, &call), ROWS[i].call != NULL);
        if (ROWS[i].call == NULL)
            continue;
        call_draw(&call, drawn, sizeof(drawn));
        assert_string_equal(drawn, ROWS[i].call);
        assert_int_equal(call_paid(call.name), order_type_paid(input.type, input.provider));
    }
}

static void calls_have_words_costs_and_effects(void **state)
{
    (void)state;
    static const struct {
        enum call_name name;
        const char *word;
        bool paid, changes;
    } rows[] = {
        {CALL_PRODUCTS, "products", false, false},
        {CALL_PRODUCT, "product", false, false},
        {CALL_BALANCE, "balance", false, false},
        {CALL_CREATE, "create", true, true},
        {CALL_RENEW, "renew", true, true},
        {CALL_SUSPEND, "suspend", false, true},
        {CALL_UNSUSPEND, "unsuspend", false, true},
        {CALL_CHANGE_IP, "change-ip", false, true},
        {CALL_CHANGE_CORE, "change-core", true, true},
        {CALL_ACTIVATE, "activate", false, true},
        {CALL_VERIFY, "verify", false, false},
        {CALL_DEACTIVATE, "deactivate", false, true},
        {CALL_INFO, "info", false, false},
    };
    assert_int_equal(COUNT(rows), CALL_NAME_COUNT);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_string_equal(call_word(rows[i].name), rows[i].word);
        assert_int_equal(call_paid(rows[i].name), rows[i].paid);
        assert_int_equal(call_changes(rows[i].name), rows[i].changes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_becomes_its_call),
        cmocka_unit_test(calls_have_words_costs_and_effects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
