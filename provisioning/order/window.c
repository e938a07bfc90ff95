/* SPDX-License-Identifier: Apache-2.0 */
/* window: why apart from the settling transaction: here a lost answer becomes
 * "bought" or "not bought", so the sums stand alone and are compared with a naive
 * enumeration in a test.
 *
 * Owns rule R6's arithmetic.  Every way in which the doubts can add up to what is
 * missing is looked at, and only what all of them agree on is concluded: to take
 * the first one that fits would be a guess.  Never reads a balance, never moves an
 * order; a crash leaves nothing behind. */
#include "order/window.h"

#include <assert.h>

/* One search through the subsets. */
struct search {
    const struct window_sum *sum;
    credits_t most[WINDOW_DOUBTS_MAX + 1]; /* what the doubts from here on can cost together */
    bool done[WINDOW_DOUBTS_MAX];          /* of the subset at hand */
    credits_t cost[WINDOW_DOUBTS_MAX];     /* where done */
    size_t fits;
    bool seen_done[WINDOW_DOUBTS_MAX]; /* in some subset that fits */
    bool seen_not[WINDOW_DOUBTS_MAX];
    bool many_costs[WINDOW_DOUBTS_MAX];
    credits_t seen_cost[WINDOW_DOUBTS_MAX];
};

static credits_t doubt_most(const struct window_doubt *doubt)
{
    return doubt->price > doubt->other_price ? doubt->price : doubt->other_price;
}

static void search_fit(struct search *search)
{
    search->fits++;
    for (size_t i = 0; i < search->sum->count; i++) {
        if (!search->done[i]) {
            search->seen_not[i] = true;
            continue;
        }
        if (search->seen_done[i] && search->seen_cost[i] != search->cost[i])
            search->many_costs[i] = true;
        search->seen_done[i] = true;
        search->seen_cost[i] = search->cost[i];
    }
}

/* Prices are never negative, so a branch ends as soon as the rest is overdrawn or
 * out of reach.  That leaves at most 2^16 subsets; only calls whose cost is not
 * known have more branches, and those are alone in their window. */
static void search_from(struct search *search, size_t at, credits_t rest)
{
    if (rest < 0 || rest > search->most[at])
        return;
    if (at == search->sum->count) {
        search_fit(search);
        return;
    }
    const struct window_doubt *doubt = &search->sum->doubts[at];
    search->done[at] = false;
    search_from(search, at + 1, rest);
    search->done[at] = true;
    search->cost[at] = doubt->price;
    search_from(search, at + 1, rest - doubt->price);
    if (doubt->other_price != doubt->price) {
        search->cost[at] = doubt->other_price;
        search_from(search, at + 1, rest - doubt->other_price);
    }
    if (doubt->may_be_free && doubt->price != 0 && doubt->other_price != 0) {
        search->cost[at] = 0;
        search_from(search, at + 1, rest);
    }
}

static void search_run(struct search *search, credits_t rest)
{
    search->most[search->sum->count] = 0;
    for (size_t i = search->sum->count; i-- > 0;) {
        const struct window_doubt *doubt = &search->sum->doubts[i];
        assert(doubt->price >= 0 && doubt->other_price >= 0);
        search->most[i] = search->most[i + 1] + doubt_most(doubt);
    }
    search_from(search, 0, rest);
}

struct window_judgement window_judge(const struct window_sum *sum)
{
    assert(sum->count <= WINDOW_DOUBTS_MAX);
    struct window_judgement out = {.rest = sum->opened - sum->closed - sum->confirmed};
    for (size_t i = 0; i < WINDOW_DOUBTS_MAX; i++)
        out.fates[i] = WINDOW_FATE_UNKNOWN;
    if (sum->tainted || sum->count == 0)
        return out;

    struct search search = {.sum = sum};
    search_run(&search, out.rest);
    out.alarm = search.fits == 0;
    for (size_t i = 0; i < sum->count && !out.alarm; i++) {
        if (search.seen_done[i] && search.seen_not[i]) {
            if (sum->doubts[i].may_be_free && !search.many_costs[i] && search.seen_cost[i] == 0)
                out.fates[i] = WINDOW_FATE_FREE;
            continue;
        }
        out.fates[i] = search.seen_done[i] ? WINDOW_FATE_DONE : WINDOW_FATE_NOT;
        out.learned[i] = search.seen_done[i] && !search.many_costs[i];
        out.cost[i] = out.learned[i] ? search.seen_cost[i] : 0;
    }
    return out;
}

enum window_drift window_drift(credits_t rest)
{
    if (rest == 0)
        return WINDOW_DRIFT_NONE;
    return rest < 0 ? WINDOW_DRIFT_RISE : WINDOW_DRIFT_FALL;
}
