/* SPDX-License-Identifier: Apache-2.0 */
/* Why: tests set the scene over HTTP, where any language reaches it.  Owns the
 * changes that control may make.  Never shows a token. */
#include "control.h"

#include <string.h>

#include "money.h"

/* Changes something with the lock held: NULL, or what is wrong with the order. */
typedef const char *control_fn(struct book *book, const struct request *request);

static const char *control_reset(struct book *book, const struct request *request)
{
    const char *keep = request_get(request, "keep_accounts");

    book->seed = (uint64_t)request_long(request, "seed", (long)book->seed);
    book_clear(book, keep && strcmp(keep, "true") == 0);
    book_fill(book);
    return NULL;
}

/* Reads a sum that may be absent: false when it is there and none. */
static bool sum_get(const struct request *request, const char *name, bool *given, int64_t *sum)
{
    const char *text = request_get(request, name);

    *given = text != NULL;
    return !text || money_parse(text, sum);
}

static void flag_set(const struct request *request, const char *name, bool *flag)
{
    const char *word = request_get(request, name);

    if (word)
        *flag = strcmp(word, "true") == 0 || strcmp(word, "1") == 0;
}

/* The account by name or token; made when neither is known. */
static const char *account_get(struct book *book, const struct request *request, struct account **account)
{
    const char *name = request_get(request, "name");

    *account = name ? account_by_name(&book->shop, name) : NULL;
    if (!*account && request->token)
        *account = account_by_token(&book->shop, request->token);
    if (*account)
        return NULL;
    if (!request->token || !name)
        return "a new account needs name and token";
    if (!*name || strlen(name) > 64 || strchr(name, '/'))
        return "a name has 1 to 64 characters and no slash";
    *account = account_add(&book->shop, name, request->token, 0);
    return NULL;
}

static const char *control_account(struct book *book, const struct request *request)
{
    struct account *account = NULL;
    bool has_balance;
    bool has_add;
    int64_t balance = 0;
    int64_t add = 0;

    if (!sum_get(request, "balance", &has_balance, &balance) || !sum_get(request, "add", &has_add, &add))
        return "balance and add are decimals with at most four places";
    const char *wrong = account_get(book, request, &account);
    if (wrong)
        return wrong;
    if (has_balance)
        account_adjust(account, balance - account->balance);
    if (has_add)
        account_adjust(account, add);
    flag_set(request, "sandbox", &account->sandbox);
    flag_set(request, "denied", &account->denied);
    return NULL;
}

static const char *control_product(struct book *book, const struct request *request)
{
    const char *code = request_get(request, "code");
    const char *name = request_get(request, "name");
    bool has_price;
    int64_t price = 0;

    if (!code || !*code)
        return "a product needs code";
    if (!sum_get(request, "price", &has_price, &price) || price < 0)
        return "price is a decimal with at most four places";
    struct product *product = product_find(&book->shop, code, 0);
    if (!product)
        product = product_add(&book->shop, code, name ? name : code, price);
    if (has_price)
        product->price = price;
    flag_set(request, "hidden", &product->hidden);
    return NULL;
}

static const char *control_faults(struct book *book, const struct request *request)
{
    const char *mode = request_get(request, "mode");
    size_t before = book->faults.count;
    json_t *rules = json_object_get(request->json, "rules");

    if (mode && strcmp(mode, "append") != 0 && strcmp(mode, "replace") != 0)
        return "mode is append or replace";
    const char *wrong = faults_add(&book->faults, rules);
    if (wrong)
        return wrong;
    if (!mode || strcmp(mode, "replace") == 0)
        faults_drop(&book->faults, before);
    if (request_get(request, "seed"))
        faults_seed(&book->faults, (uint64_t)request_long(request, "seed", 0));
    return NULL;
}

/* Everybody's, or that of one account alone. */
static const char *control_personality(struct book *book, const struct request *request)
{
    const char *name = request_get(request, "account");
    struct account *account = name ? account_by_name(&book->shop, name) : NULL;
    struct personality own = account && account->odd ? account->personality : book->personality;

    if (!name)
        return personality_set(&book->personality, request->json);
    if (!account)
        return "no such account";
    const char *wrong = personality_set(&own, json_object_get(request->json, "switches"));
    if (wrong)
        return wrong;
    account->odd = true;
    account->personality = own;
    return NULL;
}

static const char *control_zone(struct book *book, const struct request *request)
{
    json_t *limiter = json_object_get(request->json, "limiter");
    const char *wrong = zone_keys_set(&book->zone, json_object_get(request->json, "keys"));

    if (!wrong && limiter)
        wrong = zone_limiter_set(&book->zone, limiter);
    if (json_is_true(json_object_get(request->json, "clear_counters")))
        zone_counters_clear(&book->zone);
    return wrong;
}

static control_fn *control_find(const char *page)
{
    static const struct {
        const char *page;
        control_fn *fn;
    } rows[] = {
        {"reset", control_reset},   {"account", control_account},         {"product", control_product},
        {"faults", control_faults}, {"personality", control_personality}, {"zone", control_zone},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].page, page) == 0)
            return rows[i].fn;
    return NULL;
}

static void control_set(struct book *book, const struct request *request, control_fn *fn, struct reply *reply)
{
    const char *wrong = request->fault;

    if (!wrong) {
        pthread_mutex_lock(&book->lock);
        wrong = fn(book, request);
        pthread_mutex_unlock(&book->lock);
    }
    if (wrong)
        reply_json(reply, 400, json_pack("{s:b,s:s}", "ok", 0, "error", wrong));
    else
        reply_json(reply, 200, json_pack("{s:b}", "ok", 1));
}

void control_serve(struct book *book, const struct request *request, struct reply *reply)
{
    const char *page = request->path + strlen(CONTROL_PREFIX);
    control_fn *fn = control_find(page);

    if (strcmp(request->method, "POST") == 0 && fn)
        control_set(book, request, fn, reply);
    else if (strcmp(request->method, "GET") != 0 || !control_show(book, request, page, reply))
        reply_json(reply, 404, json_pack("{s:b,s:s}", "ok", 0, "error", "no such page or method"));
}
