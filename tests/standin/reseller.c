/* SPDX-License-Identifier: Apache-2.0 */
/* Why: the whole of 724license's documented API.  Owns the rules of selling: who
 * may, what it costs, when it is refused.  Never waits and never meets a fault:
 * turn.c runs it with the lock held, and what it does is at once true. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "money.h"
#include "turn.h"

#define MONTH_MS   ((int64_t)30 * 86400000)
#define MONTHS_MAX 120

/* Every refusal, with the status it has when refusals are 4xx. */
enum refusal {
    REFUSAL_MISSING,
    REFUSAL_FIELD,
    REFUSAL_PRODUCT,
    REFUSAL_HIDDEN,
    REFUSAL_UNKNOWN,
    REFUSAL_EXISTS,
    REFUSAL_ALREADY,
    REFUSAL_CREDITS,
    REFUSAL_CORE,
};

static const struct {
    const char *code;
    int status;
    const char *message;
} refusals[] = {
    [REFUSAL_MISSING] = {"missing_field", 422, "Gerekli alan eksik."},
    [REFUSAL_FIELD] = {"bad_field", 422, "Alan geçersiz."},
    [REFUSAL_PRODUCT] = {"unknown_product", 404, "Ürün bulunamadı."},
    [REFUSAL_HIDDEN] = {"hidden_product", 422, "Ürün satışa kapalı."},
    [REFUSAL_UNKNOWN] = {"unknown_license", 404, "Lisans bulunamadı."},
    [REFUSAL_EXISTS] = {"exists", 409, "Bu IP adresi için lisans mevcut."},
    [REFUSAL_ALREADY] = {"already", 409, "Lisans zaten bu durumda."},
    [REFUSAL_CREDITS] = {"short_of_credits", 400, "Yetersiz bakiye."},
    [REFUSAL_CORE] = {"core_not_offered", 422, "Core değişimi desteklenmiyor."},
};

static struct account *account_of(const struct turn *turn)
{
    return turn->request->token ? account_by_token(&turn->book->shop, turn->request->token) : NULL;
}

static int trait(const struct turn *turn, enum trait trait)
{
    const struct account *account = account_of(turn);
    const struct personality *met = account != NULL && account->odd ? &account->personality : &turn->book->personality;

    return met->choice[trait];
}

static void deny(struct turn *turn, int status, const char *code, const char *message)
{
    turn_outcome(turn, "denied", code);
    reply_json(turn->reply, status, json_pack("{s:b,s:s}", "success", 0, "message", message));
}

static void refuse(struct turn *turn, enum refusal why)
{
    int status = refusals[why].status;

    if (why == REFUSAL_MISSING && trait(turn, TRAIT_MISSING_FIELD) == MISSING_400)
        status = 400;
    if (trait(turn, TRAIT_REFUSALS) == REFUSALS_200)
        status = 200;
    turn_outcome(turn, "refused", refusals[why].code);
    reply_json(turn->reply, status, json_pack("{s:b,s:s}", "success", 0, "message", refusals[why].message));
}

static void answer_done(struct turn *turn, json_t *answer)
{
    turn_outcome(turn, "done", "");
    reply_json(turn->reply, 200, answer);
}

static void answer_message(struct turn *turn, const char *message)
{
    answer_done(turn, json_pack("{s:b,s:s}", "success", 1, "message", message));
}

static json_t *number_json(int64_t money)
{
    if (money % MONEY_ONE == 0)
        return json_integer(money / MONEY_ONE);
    return json_real((double)money / MONEY_ONE);
}

/* The months asked for; 0: none that is sold. */
static long months_of(const struct turn *turn)
{
    long months = request_long(turn->request, "billingcycle", 0);

    return months >= 1 && months <= MONTHS_MAX ? months : 0;
}

static bool ip_valid(const char *text)
{
    unsigned char address[16];

    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static struct license *license_of(const struct turn *turn)
{
    return license_find(&turn->book->shop, account_of(turn), turn->call->type, turn->call->ip);
}

/* Writes into the ledger and the license's history that something changed. */
static void license_changed(struct turn *turn, struct license *license, const char *from, const char *to)
{
    struct call *call = turn->call;

    ledger_effect(&turn->book->ledger, call);
    license_note(license, (struct deed){.seq = call->seq,
                                        .effect_seq = call->effect_seq,
                                        .at_ms = call->effect_at_ms,
                                        .action = call->endpoint,
                                        .from = from,
                                        .to = to,
                                        .months = call->months,
                                        .charged = call->charged});
}

/* Takes the price off the balance; false: refused, and nothing was taken. */
static bool charge(struct turn *turn, int64_t price)
{
    struct account *account = account_of(turn);

    if (account->sandbox)
        return true;
    if (account->balance < price) {
        refuse(turn, REFUSAL_CREDITS);
        return false;
    }
    account->balance -= price;
    account->charged += price;
    turn->call->charged = price;
    return true;
}

static int64_t price_of(const struct turn *turn, const struct product *product, long months)
{
    return trait(turn, TRAIT_PRICE) == PRICE_FLAT ? product->price : product->price * months;
}

static json_t *product_json(const struct turn *turn, const struct product *product)
{
    json_t *shown = json_pack("{s:s,s:s,s:o}", "code", product->code, "name", product->name, "credit_price",
                              number_json(product->price));

    if (trait(turn, TRAIT_PRODUCT_FIELDS) == PRODUCT_EXTENDED) {
        json_object_set_new(shown, "id", json_integer(product->id));
        json_object_set_new(shown, "visible", json_boolean(!product->hidden));
    }
    return shown;
}

static void products_work(struct turn *turn)
{
    const struct shop *shop = &turn->book->shop;
    json_t *list = json_array();

    for (size_t i = 0; i < shop->product_count; i++)
        if (!shop->products[i]->hidden)
            json_array_append_new(list, product_json(turn, shop->products[i]));
    answer_done(turn, json_pack("{s:b,s:i,s:o}", "success", 1, "count", (int)json_array_size(list), "products", list));
}

static void product_work(struct turn *turn)
{
    const char *code = request_get(turn->request, "code");
    const char *id = request_get(turn->request, "id");

    if (!code && !id) {
        refuse(turn, REFUSAL_MISSING);
        return;
    }
    struct product *product = product_find(&turn->book->shop, code, request_long(turn->request, "id", -1));
    if (!product) {
        refuse(turn, REFUSAL_PRODUCT);
        return;
    }
    answer_done(turn, json_pack("{s:b,s:o}", "success", 1, "product", product_json(turn, product)));
}

static json_t *balance_json(const struct turn *turn, int64_t balance)
{
    switch (trait(turn, TRAIT_BALANCE)) {
    case BALANCE_STRING:
        return money_json(balance);
    case BALANCE_FLOAT:
        return json_real((double)balance / MONEY_ONE);
    default:
        return number_json(balance);
    }
}

static void balance_work(struct turn *turn)
{
    const struct account *account = account_of(turn);

    answer_done(turn, json_pack("{s:b,s:{s:o,s:s,s:b}}", "success", 1, "account", "balance",
                                balance_json(turn, account->balance), "currency", "credit", "sandbox_enabled",
                                account->sandbox));
}

static void create_answer(struct turn *turn, const struct license *license)
{
    json_t *answer = json_pack("{s:b,s:s}", "success", 1, "message", "Lisans işlemi tamamlandı.");
    char text[32];

    snprintf(text, sizeof text, "%ld", license->id);
    if (trait(turn, TRAIT_LICENSE_ID) == LICENSE_ID_NUMBER)
        json_object_set_new(answer, "license_id", json_integer(license->id));
    else if (trait(turn, TRAIT_LICENSE_ID) == LICENSE_ID_TEXT)
        json_object_set_new(answer, "license_id", json_string(text));
    answer_done(turn, answer);
}

/* Buys, for a new license or once more for one that stands. */
static void create_buy(struct turn *turn, const struct product *product, struct license *license)
{
    struct shop *shop = &turn->book->shop;
    struct call *call = turn->call;
    int64_t now = clock_wall_ms();

    if (!charge(turn, price_of(turn, product, call->months)))
        return;
    if (!license) {
        license = license_add(shop, account_of(turn), call->type, call->ip);
        license->created_ms = license->expires_ms = now;
    }
    license->expires_ms += call->months * MONTH_MS;
    struct tally *tally = tally_of(shop, license->account, call->type, call->ip);
    tally->creates++;
    tally->charged += call->charged;
    license_changed(turn, license, "", call->ip);
    create_answer(turn, license);
}

static void create_work(struct turn *turn)
{
    const struct product *product = product_find(&turn->book->shop, turn->call->type, 0);
    struct license *license = license_of(turn);

    if (!product)
        refuse(turn, REFUSAL_PRODUCT);
    else if (months_of(turn) == 0)
        refuse(turn, REFUSAL_FIELD);
    else if (license && trait(turn, TRAIT_DUPLICATE_CREATE) == DUPLICATE_REFUSED)
        refuse(turn, REFUSAL_EXISTS);
    else if (license && trait(turn, TRAIT_DUPLICATE_CREATE) == DUPLICATE_EXISTING)
        create_answer(turn, license);
    else if (product->hidden)
        refuse(turn, REFUSAL_HIDDEN);
    else
        create_buy(turn, product, license);
}

static void renew_work(struct turn *turn)
{
    const struct product *product = product_find(&turn->book->shop, turn->call->type, 0);
    struct license *license = license_of(turn);
    struct call *call = turn->call;

    if (!product) {
        refuse(turn, REFUSAL_PRODUCT);
        return;
    }
    if (months_of(turn) == 0) {
        refuse(turn, REFUSAL_FIELD);
        return;
    }
    if (!license) {
        refuse(turn, REFUSAL_UNKNOWN);
        return;
    }
    if (!charge(turn, price_of(turn, product, call->months)))
        return;
    license->expires_ms += call->months * MONTH_MS;
    struct tally *tally = tally_of(&turn->book->shop, license->account, call->type, call->ip);
    tally->renews++;
    tally->charged += call->charged;
    license_changed(turn, license, "", "");
    answer_message(turn, "Lisans yenilendi.");
}

static void state_work(struct turn *turn, bool suspend, const char *message)
{
    struct license *license = license_of(turn);

    if (!license) {
        refuse(turn, REFUSAL_UNKNOWN);
        return;
    }
    if (license->suspended == suspend) {
        if (trait(turn, TRAIT_REPEATED_STATE) == REPEATED_REFUSED)
            refuse(turn, REFUSAL_ALREADY);
        else
            answer_message(turn, message);
        return;
    }
    license->suspended = suspend;
    license_changed(turn, license, suspend ? "active" : "suspended", suspend ? "suspended" : "active");
    answer_message(turn, message);
}

static void suspend_work(struct turn *turn)
{
    state_work(turn, true, "Lisans askıya alındı.");
}

static void unsuspend_work(struct turn *turn)
{
    state_work(turn, false, "Lisans aktif edildi.");
}

static void change_ip_work(struct turn *turn)
{
    struct call *call = turn->call;
    struct license *license = license_of(turn);

    if (!ip_valid(call->newip) || strcmp(call->newip, call->ip) == 0) {
        refuse(turn, REFUSAL_FIELD);
        return;
    }
    if (!license) {
        refuse(turn, REFUSAL_UNKNOWN);
        return;
    }
    if (license_find(&turn->book->shop, license->account, call->type, call->newip)) {
        refuse(turn, REFUSAL_EXISTS);
        return;
    }
    license_move(&turn->book->shop, license, license->type, call->newip);
    license_changed(turn, license, call->ip, call->newip);
    answer_message(turn, "IP adresi güncellendi.");
}

static bool core_offered(const struct call *call)
{
    return strncmp(call->type, "litespeed", 9) == 0 && strncmp(call->new_type, "litespeed", 9) == 0 &&
           strcmp(call->type, call->new_type) != 0;
}

static void change_core_work(struct turn *turn)
{
    struct call *call = turn->call;
    struct shop *shop = &turn->book->shop;
    struct license *license = license_of(turn);
    const struct product *target = product_find(shop, call->new_type, 0);

    if (!target || !core_offered(call)) {
        refuse(turn, REFUSAL_CORE);
        return;
    }
    if (!license) {
        refuse(turn, REFUSAL_UNKNOWN);
        return;
    }
    if (license_find(shop, license->account, call->new_type, call->ip)) {
        refuse(turn, REFUSAL_EXISTS);
        return;
    }
    if (trait(turn, TRAIT_CHANGE_CORE) == CHANGE_CORE_PAID && !charge(turn, target->price))
        return;
    struct tally *tally = tally_of(shop, license->account, call->type, call->ip);
    tally->core_changes++;
    tally->charged += call->charged;
    license_move(shop, license, call->new_type, call->ip);
    license_changed(turn, license, call->type, call->new_type);
    answer_message(turn, "Core bilgisi güncellendi.");
}

static bool fields_given(const struct turn *turn)
{
    for (const char *const *name = turn->endpoint->needs; *name; name++) {
        const char *value = request_get(turn->request, *name);
        if (!value || !*value)
            return false;
    }
    return true;
}

static void reseller_admit(struct turn *turn)
{
    const struct request *request = turn->request;
    const struct account *account = account_of(turn);
    const char *ip = request_get(request, "ip");

    if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "POST") != 0)
        deny(turn, 405, "method", "Yöntem desteklenmiyor.");
    else if (request->fault)
        deny(turn, strcmp(request->fault, "too_large") == 0 ? 413 : 400, request->fault, "İstek gövdesi okunamadı.");
    else if (!account)
        deny(turn, 401, "token", "API anahtarı geçersiz.");
    else if (account->denied)
        deny(turn, 403, "denied", "Bu hesap için erişim izni yok.");
    else if (!fields_given(turn))
        refuse(turn, REFUSAL_MISSING);
    else if (ip && !ip_valid(ip))
        refuse(turn, REFUSAL_FIELD);
    else
        turn->endpoint->work(turn);
}

static void unknown_admit(struct turn *turn)
{
    deny(turn, 404, "path", "Endpoint bulunamadı.");
}

const struct endpoint unknown_endpoint = {"", "unknown", "", {NULL}, unknown_admit, NULL};

#define SELLS "724license"
const struct endpoint reseller_endpoints[] = {
    {"/v1/products", "products", SELLS, {NULL}, reseller_admit, products_work},
    {"/v1/product", "product", SELLS, {NULL}, reseller_admit, product_work},
    {"/v1/balance", "balance", SELLS, {NULL}, reseller_admit, balance_work},
    {"/v1/licenses/create", "create", SELLS, {"type", "ip", "billingcycle"}, reseller_admit, create_work},
    {"/v1/licenses/renew", "renew", SELLS, {"type", "ip", "billingcycle"}, reseller_admit, renew_work},
    {"/v1/licenses/suspend", "suspend", SELLS, {"type", "ip"}, reseller_admit, suspend_work},
    {"/v1/licenses/unsuspend", "unsuspend", SELLS, {"type", "ip"}, reseller_admit, unsuspend_work},
    {"/v1/licenses/change-ip", "change-ip", SELLS, {"type", "ip", "newip"}, reseller_admit, change_ip_work},
    {"/v1/licenses/change-core", "change-core", SELLS, {"type", "ip", "new_type"}, reseller_admit, change_core_work},
    {NULL, NULL, NULL, {NULL}, NULL, NULL},
};
