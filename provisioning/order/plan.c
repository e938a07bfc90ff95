/* SPDX-License-Identifier: Apache-2.0 */
/* plan: why apart from the providers: a dry run must show exactly the call that
 * the worker would make, in a program that cannot make it.
 *
 * Owns the words of the calls and which order becomes which.  Never sends, never
 * copies a string.  Pure; a crash leaves nothing behind. */
#include "order/plan.h"

#include <assert.h>

static const struct {
    const char *word;
    bool paid;
    bool changes;
} CALLS[CALL_NAME_COUNT] = {
    [CALL_PRODUCTS] = {"products", false, false},
    [CALL_PRODUCT] = {"product", false, false},
    [CALL_BALANCE] = {"balance", false, false},
    [CALL_CREATE] = {"create", true, true},
    [CALL_RENEW] = {"renew", true, true},
    [CALL_SUSPEND] = {"suspend", false, true},
    [CALL_UNSUSPEND] = {"unsuspend", false, true},
    [CALL_CHANGE_IP] = {"change-ip", false, true},
    [CALL_CHANGE_CORE] = {"change-core", true, true},
    [CALL_ACTIVATE] = {"activate", false, true},
    [CALL_VERIFY] = {"verify", false, false},
    [CALL_DEACTIVATE] = {"deactivate", false, true},
    [CALL_INFO] = {"info", false, false},
};

const char *call_word(enum call_name name)
{
    assert((unsigned)name < CALL_NAME_COUNT);
    return CALLS[name].word;
}

bool call_paid(enum call_name name)
{
    assert((unsigned)name < CALL_NAME_COUNT);
    return CALLS[name].paid;
}

bool call_changes(enum call_name name)
{
    assert((unsigned)name < CALL_NAME_COUNT);
    return CALLS[name].changes;
}

/* Absent values are left out of the body. */
static void call_add(struct call *call, const char *name, const char *text)
{
    if (text == NULL)
        return;
    assert(call->count < CALL_FIELDS_MAX);
    call->fields[call->count++] = (struct call_field){.name = name, .text = text};
}

static void call_add_number(struct call *call, const char *name, long number)
{
    assert(call->count < CALL_FIELDS_MAX);
    call->fields[call->count++] = (struct call_field){.name = name, .number = number};
}

static bool plan_724license(const struct plan_input *input, struct call *call)
{
    static const enum call_name names[ORDER_TYPE_COUNT] = {
        [ORDER_CREATE] = CALL_CREATE,       [ORDER_RENEW] = CALL_RENEW,
        [ORDER_SUSPEND] = CALL_SUSPEND,     [ORDER_UNSUSPEND] = CALL_UNSUSPEND,
        [ORDER_TERMINATE] = CALL_SUSPEND, /* there is no terminate: suspend, and bar renewals ourselves */
        [ORDER_CHANGE_IP] = CALL_CHANGE_IP, [ORDER_CHANGE_PRODUCT] = CALL_CHANGE_CORE,
    };
    if (input->type == ORDER_VERIFY)
        return false;
    *call = (struct call){.name = names[input->type]};
    call_add(call, "type", input->upstream_type);
    call_add(call, "ip", input->ip);
    if (call->name == CALL_CREATE || call->name == CALL_RENEW)
        call_add_number(call, "billingcycle", input->billing_months);
    if (call->name == CALL_CHANGE_IP)
        call_add(call, "newip", input->new_ip);
    if (call->name == CALL_CHANGE_CORE)
        call_add(call, "new_type", input->new_upstream_type);
    return true;
}

/* Which installation the key is used on, as far as the order says. */
static void machine_fill(const struct plan_input *input, struct call *call)
{
    call_add(call, "hwid", input->hwid);
    call_add(call, "domain", input->domain);
    call_add(call, "ip_address", input->ip);
    if (call->name == CALL_ACTIVATE) {
        call_add(call, "machine_name", input->machine_name);
        call_add(call, "os_info", input->os_info);
    }
    call_add(call, "verification_type", verification_word(input->verification));
}

static bool plan_lisanszone(const struct plan_input *input, struct call *call)
{
    static const enum call_name names[ORDER_TYPE_COUNT] = {
        [ORDER_CREATE] = CALL_ACTIVATE,    [ORDER_RENEW] = CALL_VERIFY,         [ORDER_SUSPEND] = CALL_DEACTIVATE,
        [ORDER_UNSUSPEND] = CALL_ACTIVATE, [ORDER_TERMINATE] = CALL_DEACTIVATE, [ORDER_VERIFY] = CALL_VERIFY,
    };
    if (input->type == ORDER_CHANGE_IP || input->type == ORDER_CHANGE_PRODUCT)
        return false;
    *call = (struct call){.name = names[input->type]};
    call_add(call, "license_key", input->license_key);
    call_add(call, "customer_email", input->customer_email);
    if (call->name == CALL_DEACTIVATE) {
        call_add(call, "hwid", input->hwid);
        call_add(call, "deactivation_reason", input->cause);
    } else {
        machine_fill(input, call);
    }
    return true;
}

bool plan_call(const struct plan_input *input, struct call *call)
{
    static bool (*const plans[PROVIDER_KIND_COUNT])(const struct plan_input *, struct call *) = {
        [PROVIDER_724LICENSE] = plan_724license,
        [PROVIDER_LISANSZONE] = plan_lisanszone,
    };
    assert((unsigned)input->type < ORDER_TYPE_COUNT && (unsigned)input->provider < PROVIDER_KIND_COUNT);
    return plans[input->provider](input, call);
}

bool plan_name(enum provider_kind provider, enum order_type type, enum call_name *name)
{
    struct call call;

    if (!plan_call(&(struct plan_input){.provider = provider, .type = type}, &call))
        return false;
    *name = call.name;
    return true;
}
