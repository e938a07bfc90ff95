/* SPDX-License-Identifier: Apache-2.0 */
/* plan: why apart from the providers: a dry run must show exactly the call that
 * the worker would make, in a program that cannot make it.
 *
 * Owns the words of the calls; which order becomes which is the provider's offer
 * to say.  Never sends, never copies a string.  Pure; a crash leaves nothing behind. */
#include "order/plan.h"

#include <assert.h>

#include "order/offer.h"

/* Whether change-core costs is not documented; until it is shown to be free it
 * gets the care of a purchase. */
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

void call_add(struct call *call, const char *name, const char *text)
{
    if (text == NULL)
        return;
    assert(call->count < CALL_FIELDS_MAX);
    call->fields[call->count++] = (struct call_field){.name = name, .text = text};
}

void call_add_number(struct call *call, const char *name, long number)
{
    assert(call->count < CALL_FIELDS_MAX);
    call->fields[call->count++] = (struct call_field){.name = name, .number = number};
}

bool plan_call(const struct plan_input *input, struct call *call)
{
    const struct offer *offer = offer_of(input->provider);
    assert((unsigned)input->type < ORDER_TYPE_COUNT);
    if (offer->needs[input->type] == 0)
        return false;
    offer->plan(input, call);
    return true;
}

bool plan_name(enum provider_kind provider, enum order_type type, enum call_name *name)
{
    struct call call;

    if (!plan_call(&(struct plan_input){.provider = provider, .type = type}, &call))
        return false;
    *name = call.name;
    return true;
}

bool order_type_paid(enum order_type type, enum provider_kind provider)
{
    enum call_name name;

    return plan_name(provider, type, &name) && call_paid(name);
}
