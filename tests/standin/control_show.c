/* SPDX-License-Identifier: Apache-2.0 */
/* Why: tests judge by what stands here.  Owns the shape of the pages that control
 * shows.  Never formats a long list with the lock held: calls are copied first. */
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "money.h"
#include "turn.h"

#define PAGE_LIMIT     1000
#define PAGE_LIMIT_MAX 20000

typedef json_t *show_fn(struct book *book, const struct request *request);

struct page {
    size_t since;
    size_t limit;
};

static struct page page_of(const struct request *request)
{
    long since = request_long(request, "since", 0);
    long limit = request_long(request, "limit", PAGE_LIMIT);

    return (struct page){since > 0 ? (size_t)since : 0, limit < 1                ? PAGE_LIMIT
                                                        : limit > PAGE_LIMIT_MAX ? PAGE_LIMIT_MAX
                                                                                 : (size_t)limit};
}

static bool wanted(const struct request *request, const char *name, const char *word)
{
    const char *asked = request_get(request, name);

    return !asked || strcmp(asked, word) == 0;
}

static bool call_wanted(const struct request *request, const struct call *call)
{
    return (!request_get(request, "effects") || call->effect_seq > 0) && wanted(request, "endpoint", call->endpoint) &&
           wanted(request, "type", call->type) && wanted(request, "ip", call->ip) &&
           wanted(request, "account", call->account) && wanted(request, "license_key", call->license_key) &&
           wanted(request, "outcome", call->outcome);
}

static json_t *show_ledger(struct book *book, const struct request *request)
{
    struct page page = page_of(request);
    struct call *calls = need(malloc(page.limit * sizeof *calls));
    json_t *list = json_array();
    size_t count = 0;
    uint64_t seq = page.since;

    pthread_mutex_lock(&book->lock);
    uint64_t last = book->ledger.count;
    while (seq < last && count < page.limit) {
        const struct call *call = ledger_find(&book->ledger, ++seq);
        if (call_wanted(request, call))
            calls[count++] = *call;
    }
    pthread_mutex_unlock(&book->lock);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, call_show(&calls[i]));
    free(calls);
    return json_pack("{s:o,s:I,s:I}", "calls", list, "next", (json_int_t)seq, "last_seq", (json_int_t)last);
}

/* Totals of one endpoint. */
struct total {
    json_int_t calls, done, refused, denied, limited, faults, effects;
    int64_t charged;
};

static void total_add(struct total *total, const struct call *call)
{
    total->calls++;
    total->done += strcmp(call->outcome, "done") == 0;
    total->refused += strcmp(call->outcome, "refused") == 0;
    total->denied += strcmp(call->outcome, "denied") == 0;
    total->limited += strcmp(call->outcome, "limited") == 0;
    total->faults += *call->fault != '\0';
    total->effects += call->effect_seq > 0;
    total->charged += call->charged;
}

static json_t *total_show(const struct total *total)
{
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "calls", total->calls, "done", total->done, "refused",
                     total->refused, "denied", total->denied, "limited", total->limited, "faults", total->faults,
                     "effects", total->effects, "charged", money_json(total->charged));
}

/* With the lock held. */
static json_t *totals_show(const struct ledger *ledger)
{
    enum { NAMES = 16 };
    const char *names[NAMES] = {0};
    struct total totals[NAMES] = {0};
    json_t *shown = json_object();

    for (uint64_t seq = 1; seq <= ledger->count; seq++) {
        const struct call *call = ledger_find(ledger, seq);
        size_t i = 0;
        while (i < NAMES - 1 && names[i] && names[i] != call->endpoint)
            i++;
        names[i] = call->endpoint;
        total_add(&totals[i], call);
    }
    for (size_t i = 0; i < NAMES && names[i]; i++)
        json_object_set_new(shown, names[i], total_show(&totals[i]));
    return shown;
}

/* With the lock held: sums over the tallies. */
static json_t *purchases_sum(const struct shop *shop)
{
    json_int_t creates = 0, renews = 0, cores = 0, twice = 0;
    long most_creates = 0, most_renews = 0;
    int64_t charged = 0;

    for (size_t i = 0; i < shop->tally_count; i++) {
        const struct tally *tally = shop->tallies[i];
        creates += tally->creates;
        renews += tally->renews;
        cores += tally->core_changes;
        charged += tally->charged;
        twice += tally->creates > 1;
        most_creates = tally->creates > most_creates ? tally->creates : most_creates;
        most_renews = tally->renews > most_renews ? tally->renews : most_renews;
    }
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "keys", (json_int_t)shop->tally_count, "creates", creates,
                     "renews", renews, "core_changes", cores, "keys_created_twice", twice, "max_creates_per_key",
                     (json_int_t)most_creates, "max_renews_per_key", (json_int_t)most_renews, "charged",
                     money_json(charged));
}

static json_t *show_summary(struct book *book, const struct request *request)
{
    json_int_t suspended = 0;
    bool balanced = true;

    (void)request;
    pthread_mutex_lock(&book->lock);
    const struct shop *shop = &book->shop;
    for (size_t i = 0; i < shop->license_count; i++)
        suspended += shop->licenses[i]->suspended;
    for (size_t i = 0; i < shop->account_count; i++) {
        const struct account *account = shop->accounts[i];
        balanced = balanced && account->balance == account->start + account->adjusted - account->charged;
    }
    json_t *shown =
        json_pack("{s:I,s:I,s:I,s:I,s:o,s:o,s:{s:I,s:I,s:I},s:b}", "last_seq", (json_int_t)book->ledger.count,
                  "effects", (json_int_t)book->ledger.effects, "in_flight", (json_int_t)book->in_flight, "late_pending",
                  (json_int_t)book->late.pending, "endpoints", totals_show(&book->ledger), "purchases",
                  purchases_sum(shop), "licenses", "count", (json_int_t)shop->license_count, "active",
                  (json_int_t)shop->license_count - suspended, "suspended", suspended, "balanced", balanced);
    pthread_mutex_unlock(&book->lock);
    return shown;
}

static json_t *show_purchases(struct book *book, const struct request *request)
{
    struct page page = page_of(request);
    long min = request_long(request, "min", 0);
    json_t *list = json_array();
    size_t at = page.since;

    pthread_mutex_lock(&book->lock);
    size_t count = book->shop.tally_count;
    for (; at < count && json_array_size(list) < page.limit; at++) {
        const struct tally *tally = book->shop.tallies[at];
        if ((tally->creates >= min || tally->renews >= min) && wanted(request, "type", tally->type) &&
            wanted(request, "ip", tally->ip) && wanted(request, "account", tally->account->name))
            json_array_append_new(list, tally_show(tally));
    }
    pthread_mutex_unlock(&book->lock);
    return json_pack("{s:o,s:I,s:I}", "purchases", list, "next", (json_int_t)at, "count", (json_int_t)count);
}

static json_t *show_licenses(struct book *book, const struct request *request)
{
    struct page page = page_of(request);
    json_t *list = json_array();
    size_t at = page.since;

    pthread_mutex_lock(&book->lock);
    size_t count = book->shop.license_count;
    for (; at < count && json_array_size(list) < page.limit; at++) {
        const struct license *license = book->shop.licenses[at];
        if (wanted(request, "type", license->type) && wanted(request, "ip", license->ip) &&
            wanted(request, "account", license->account->name))
            json_array_append_new(list, license_show(license));
    }
    pthread_mutex_unlock(&book->lock);
    return json_pack("{s:o,s:I,s:I}", "licenses", list, "next", (json_int_t)at, "count", (json_int_t)count);
}

static json_t *show_accounts(struct book *book, const struct request *request)
{
    json_t *list = json_array();

    (void)request;
    pthread_mutex_lock(&book->lock);
    for (size_t i = 0; i < book->shop.account_count; i++) {
        const struct account *account = book->shop.accounts[i];
        json_array_append_new(list,
                              json_pack("{s:s,s:o,s:o,s:o,s:o,s:b,s:b}", "name", account->name, "balance",
                                        money_json(account->balance), "start", money_json(account->start), "adjusted",
                                        money_json(account->adjusted), "charged", money_json(account->charged),
                                        "sandbox", account->sandbox, "denied", account->denied));
    }
    pthread_mutex_unlock(&book->lock);
    return json_pack("{s:o}", "accounts", list);
}

static json_t *show_products(struct book *book, const struct request *request)
{
    json_t *list = json_array();

    (void)request;
    pthread_mutex_lock(&book->lock);
    for (size_t i = 0; i < book->shop.product_count; i++) {
        const struct product *product = book->shop.products[i];
        json_array_append_new(list,
                              json_pack("{s:i,s:s,s:s,s:o,s:b}", "id", (int)product->id, "code", product->code, "name",
                                        product->name, "price", money_json(product->price), "hidden", product->hidden));
    }
    pthread_mutex_unlock(&book->lock);
    return json_pack("{s:o}", "products", list);
}

static json_t *show_zone(struct book *book, const struct request *request)
{
    struct page page = page_of(request);

    pthread_mutex_lock(&book->lock);
    json_t *shown = zone_show(&book->zone, page.since, page.limit);
    pthread_mutex_unlock(&book->lock);
    return shown;
}

static json_t *show_faults(struct book *book, const struct request *request)
{
    (void)request;
    pthread_mutex_lock(&book->lock);
    json_t *shown = json_pack("{s:o}", "rules", faults_show(&book->faults));
    pthread_mutex_unlock(&book->lock);
    return shown;
}

static json_t *show_personality(struct book *book, const struct request *request)
{
    (void)request;
    pthread_mutex_lock(&book->lock);
    json_t *shown = personality_show(&book->personality);
    pthread_mutex_unlock(&book->lock);
    return shown;
}

bool control_show(struct book *book, const struct request *request, const char *page, struct reply *reply)
{
    static const struct {
        const char *page;
        show_fn *fn;
    } rows[] = {
        {"ledger", show_ledger},           {"summary", show_summary},   {"counts", show_summary},
        {"licenses", show_licenses},       {"accounts", show_accounts}, {"purchases", show_purchases},
        {"products", show_products},       {"zone", show_zone},         {"faults", show_faults},
        {"personality", show_personality},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].page, page) != 0)
            continue;
        reply_json(reply, 200, rows[i].fn(book, request));
        return true;
    }
    return false;
}
