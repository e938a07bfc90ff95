/* SPDX-License-Identifier: Apache-2.0 */
/* Why: the state that paid calls change.  Owns accounts, products, licenses and
 * tallies.  Never decides whether a call is allowed: reseller.c does. */
#include "shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "money.h"

#define KEY_MAX 512

/* Grows an array of pointers by one; the array may move. */
static void *list_push(void *list, size_t *count, void *item)
{
    char *items = need(reallocarray(list, *count + 1, sizeof item));

    memcpy(items + (*count)++ * sizeof item, &item, sizeof item);
    return items;
}

struct account *account_by_token(const struct shop *shop, const char *token)
{
    for (size_t i = 0; i < shop->account_count; i++)
        if (strcmp(shop->accounts[i]->token, token) == 0)
            return shop->accounts[i];
    return NULL;
}

struct account *account_by_name(const struct shop *shop, const char *name)
{
    for (size_t i = 0; i < shop->account_count; i++)
        if (strcmp(shop->accounts[i]->name, name) == 0)
            return shop->accounts[i];
    return NULL;
}

struct account *account_add(struct shop *shop, const char *name, const char *token, int64_t balance)
{
    struct account *account = need_zeroed(1, sizeof *account);

    account->name = need_copy(name);
    account->token = need_copy(token);
    account->start = account->balance = balance;
    shop->accounts = list_push(shop->accounts, &shop->account_count, account);
    return account;
}

void account_adjust(struct account *account, int64_t by)
{
    account->balance += by;
    account->adjusted += by;
}

struct product *product_find(const struct shop *shop, const char *code, long id)
{
    for (size_t i = 0; i < shop->product_count; i++)
        if (code ? strcmp(shop->products[i]->code, code) == 0 : shop->products[i]->id == id)
            return shop->products[i];
    return NULL;
}

struct product *product_add(struct shop *shop, const char *code, const char *name, int64_t price)
{
    struct product *product = need_zeroed(1, sizeof *product);

    product->code = need_copy(code);
    product->name = need_copy(name);
    product->price = price;
    shop->products = list_push(shop->products, &shop->product_count, product);
    product->id = (long)shop->product_count;
    return product;
}

/* The license key of an account: its name cannot hold a slash (control.c). */
static void key_text(char *key, const struct account *account, const char *type, const char *ip)
{
    snprintf(key, KEY_MAX, "%s/%s/%s", account->name, type, ip);
}

struct license *license_find(const struct shop *shop, const struct account *account, const char *type, const char *ip)
{
    char key[KEY_MAX];

    key_text(key, account, type, ip);
    return map_get(&shop->license_by_key, key);
}

struct license *license_add(struct shop *shop, struct account *account, const char *type, const char *ip)
{
    struct license *license = need_zeroed(1, sizeof *license);
    char key[KEY_MAX];

    license->account = account;
    license->type = type;
    license->ip = ip;
    key_text(key, account, type, ip);
    map_put(&shop->license_by_key, key, license);
    shop->licenses = list_push(shop->licenses, &shop->license_count, license);
    license->id = 1000 + (long)shop->license_count;
    return license;
}

void license_move(struct shop *shop, struct license *license, const char *type, const char *ip)
{
    char key[KEY_MAX];

    key_text(key, license->account, license->type, license->ip);
    map_put(&shop->license_by_key, key, NULL);
    license->type = type;
    license->ip = ip;
    key_text(key, license->account, type, ip);
    map_put(&shop->license_by_key, key, license);
}

void license_note(struct license *license, struct deed deed)
{
    license->deeds = need(reallocarray(license->deeds, license->deed_count + 1, sizeof deed));
    license->deeds[license->deed_count++] = deed;
}

json_t *license_show(const struct license *license)
{
    json_t *history = json_array();

    for (size_t i = 0; i < license->deed_count; i++) {
        const struct deed *deed = &license->deeds[i];
        json_array_append_new(history,
                              json_pack("{s:I,s:I,s:I,s:s,s:s,s:s,s:i,s:o}", "seq", (json_int_t)deed->seq, "effect_seq",
                                        (json_int_t)deed->effect_seq, "at_ms", (json_int_t)deed->at_ms, "action",
                                        deed->action, "from", deed->from, "to", deed->to, "months", (int)deed->months,
                                        "charged", money_json(deed->charged)));
    }
    return json_pack("{s:i,s:s,s:s,s:s,s:s,s:I,s:I,s:o}", "id", (int)license->id, "account", license->account->name,
                     "type", license->type, "ip", license->ip, "state", license->suspended ? "suspended" : "active",
                     "created_ms", (json_int_t)license->created_ms, "expires_ms", (json_int_t)license->expires_ms,
                     "history", history);
}

struct tally *tally_of(struct shop *shop, struct account *account, const char *type, const char *ip)
{
    char key[KEY_MAX];

    key_text(key, account, type, ip);
    struct tally *tally = map_get(&shop->tally_by_key, key);
    if (!tally) {
        tally = need_zeroed(1, sizeof *tally);
        *tally = (struct tally){.account = account, .type = type, .ip = ip};
        map_put(&shop->tally_by_key, key, tally);
        shop->tallies = list_push(shop->tallies, &shop->tally_count, tally);
    }
    return tally;
}

json_t *tally_show(const struct tally *tally)
{
    return json_pack("{s:s,s:s,s:s,s:i,s:i,s:i,s:o}", "account", tally->account->name, "type", tally->type, "ip",
                     tally->ip, "creates", (int)tally->creates, "renews", (int)tally->renews, "core_changes",
                     (int)tally->core_changes, "charged", money_json(tally->charged));
}

void shop_open(struct shop *shop)
{
    static const struct {
        const char *code;
        const char *name;
        int64_t price;
    } rows[] = {
        {"cpanel", "cPanel", 4 * MONEY_ONE},
        {"litespeed", "LiteSpeed", 3 * MONEY_ONE},
        {"litespeed_x_core", "LiteSpeed X Core", 5 * MONEY_ONE},
        {"cloudlinux", "CloudLinux", 2 * MONEY_ONE},
        {"imunify360", "Imunify360", 6 * MONEY_ONE},
        {"softaculous", "Softaculous", MONEY_ONE + MONEY_ONE / 2},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        product_add(shop, rows[i].code, rows[i].name, rows[i].price);
}

static void account_free(struct account *account)
{
    free(account->name);
    free(account->token);
    free(account);
}

void shop_clear(struct shop *shop, bool keep_accounts)
{
    struct shop kept = {0};

    for (size_t i = 0; i < shop->account_count; i++) {
        struct account *account = shop->accounts[i];
        account->start = account->balance;
        account->adjusted = account->charged = 0;
        account->odd = false;
        if (!keep_accounts)
            account_free(account);
    }
    if (keep_accounts) {
        kept.accounts = shop->accounts;
        kept.account_count = shop->account_count;
    } else {
        free(shop->accounts);
    }
    for (size_t i = 0; i < shop->product_count; i++) {
        free(shop->products[i]->code);
        free(shop->products[i]->name);
        free(shop->products[i]);
    }
    free(shop->products);
    for (size_t i = 0; i < shop->license_count; i++) {
        free(shop->licenses[i]->deeds);
        free(shop->licenses[i]);
    }
    free(shop->licenses);
    map_clear(&shop->license_by_key, NULL);
    for (size_t i = 0; i < shop->tally_count; i++)
        free(shop->tallies[i]);
    free(shop->tallies);
    map_clear(&shop->tally_by_key, NULL);
    *shop = kept;
}
