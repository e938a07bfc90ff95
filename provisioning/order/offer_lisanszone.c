/* SPDX-License-Identifier: Apache-2.0 */
/* What Lisans Zone takes: keys that a customer has already, activated on an
 * installation, verified and given back.  Its wire is provider/lisanszone.c. */
#include "order/offer.h"

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

static void lisanszone_plan(const struct plan_input *input, struct call *call)
{
    static const enum call_name names[ORDER_TYPE_COUNT] = {
        [ORDER_CREATE] = CALL_ACTIVATE,    [ORDER_RENEW] = CALL_VERIFY,         [ORDER_SUSPEND] = CALL_DEACTIVATE,
        [ORDER_UNSUSPEND] = CALL_ACTIVATE, [ORDER_TERMINATE] = CALL_DEACTIVATE, [ORDER_VERIFY] = CALL_VERIFY,
    };
    *call = (struct call){.name = names[input->type]};
    call_add(call, "license_key", input->license_key);
    call_add(call, "customer_email", input->customer_email);
    if (call->name == CALL_DEACTIVATE) {
        call_add(call, "hwid", input->hwid);
        call_add(call, "deactivation_reason", input->cause);
    } else {
        machine_fill(input, call);
    }
}

const struct offer offer_lisanszone = {
    .needs =
        {
            [ORDER_CREATE] = OFFERED | NEEDS_CUSTOMER | NEEDS_VERIFICATION,
            [ORDER_RENEW] = OFFERED | NEEDS_CUSTOMER | NEEDS_VERIFICATION,
            [ORDER_SUSPEND] = OFFERED | NEEDS_CUSTOMER,
            [ORDER_UNSUSPEND] = OFFERED | NEEDS_CUSTOMER | NEEDS_VERIFICATION,
            [ORDER_TERMINATE] = OFFERED | NEEDS_CUSTOMER,
            [ORDER_VERIFY] = OFFERED | NEEDS_CUSTOMER | NEEDS_VERIFICATION,
        },
    .plan = lisanszone_plan,
};
