/* SPDX-License-Identifier: Apache-2.0 */
/* The seeded mistakes, as they are called on the command line and in
 * docs/testing.md. */
#include <string.h>

#include "sim.h"

static const char *const names[BUG_COUNT] = {
    [BUG_NONE] = "none",
    [BUG_NAIVE_RETRY] = "naive-retry",
    [BUG_NO_FENCE] = "no-fence",
    [BUG_NO_VERSION_CHECK] = "no-version-check",
    [BUG_NO_QUIET_WAIT] = "no-quiet-wait",
    [BUG_TAINT_IGNORED] = "taint-ignored",
    [BUG_FIRST_SUBSET] = "first-subset",
    [BUG_JUDGED_IN_FLIGHT] = "judged-in-flight",
    [BUG_OPERATOR_EARLY] = "operator-early",
    [BUG_DUPLICATE_QUEUES] = "duplicate-queues",
    [BUG_ACK_FIRST] = "ack-first",
    [BUG_NO_LICENSE_ORDER] = "no-license-order",
    [BUG_TAKEOVER_UNSENT] = "takeover-unsent",
    [BUG_REFUSAL_FAILS] = "refusal-fails",
    [BUG_RESEND] = "resend",
    [BUG_NO_SETTLE_WAIT] = "no-settle-wait",
    [BUG_RESOLVE_KEEPS_VERSION] = "resolve-keeps-version",
    [BUG_BEGIN_WHEN_SHUT] = "begin-when-shut",
    [BUG_CONFIRMED_FORGOTTEN] = "confirmed-forgotten",
    [BUG_STALE_BALANCE] = "stale-balance",
    [BUG_UNSURE_IS_DONE] = "unsure-is-done",
    [BUG_LINE_STANDS] = "line-stands",
    [BUG_OLD_PRICES] = "old-prices",
    [BUG_OLD_LOOK] = "old-look",
    [BUG_FREE_FORGOTTEN] = "free-forgotten",
    [BUG_PROBE_FORGOTTEN] = "probe-forgotten",
    [BUG_FREE_COST_UNKNOWN] = "free-cost-unknown",
};

const char *bug_name(enum bug bug)
{
    return names[bug];
}

enum bug bug_find(const char *name)
{
    int bug = 0;
    while (bug < BUG_COUNT && strcmp(names[bug], name) != 0)
        bug++;
    return (enum bug)bug;
}
