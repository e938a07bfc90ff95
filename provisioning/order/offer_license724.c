/* SPDX-License-Identifier: Apache-2.0 */
/* What 724license sells: licenses for an address, by product and months, for
 * credits.  Its wire is provider/license724.c. */
#include "order/offer.h"

static void license724_plan(const struct plan_input *input, struct call *call)
{
    static const enum call_name names[ORDER_TYPE_COUNT] = {
        [ORDER_CREATE] = CALL_CREATE,       [ORDER_RENEW] = CALL_RENEW,
        [ORDER_SUSPEND] = CALL_SUSPEND,     [ORDER_UNSUSPEND] = CALL_UNSUSPEND,
        [ORDER_TERMINATE] = CALL_SUSPEND, /* there is no terminate: suspend, and bar renewals ourselves */
        [ORDER_CHANGE_IP] = CALL_CHANGE_IP, [ORDER_CHANGE_PRODUCT] = CALL_CHANGE_CORE,
    };
    *call = (struct call){.name = names[input->type]};
    call_add(call, "type", input->upstream_type);
    call_add(call, "ip", input->ip);
    if (call->name == CALL_CREATE || call->name == CALL_RENEW)
        call_add_number(call, "billingcycle", input->billing_months);
    if (call->name == CALL_CHANGE_IP)
        call_add(call, "newip", input->new_ip);
    if (call->name == CALL_CHANGE_CORE)
        call_add(call, "new_type", input->new_upstream_type);
}

const struct offer offer_license724 = {
    .needs =
        {
            [ORDER_CREATE] = OFFERED | NEEDS_IP | NEEDS_MONTHS,
            [ORDER_RENEW] = OFFERED | NEEDS_IP | NEEDS_MONTHS,
            [ORDER_SUSPEND] = OFFERED | NEEDS_IP,
            [ORDER_UNSUSPEND] = OFFERED | NEEDS_IP,
            [ORDER_TERMINATE] = OFFERED | NEEDS_IP,
            [ORDER_CHANGE_IP] = OFFERED | NEEDS_IP | NEEDS_NEW_IP,
            [ORDER_CHANGE_PRODUCT] = OFFERED | NEEDS_IP | NEEDS_NEW_PRODUCT,
        },
    .plan = license724_plan,
};
