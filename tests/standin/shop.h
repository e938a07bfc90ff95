/* SPDX-License-Identifier: Apache-2.0 */
/* shop: the accounts, products and licenses of the reseller, and who bought what. */
#ifndef STANDIN_SHOP_H
#define STANDIN_SHOP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base.h"
#include "personality.h"

struct account {
    char *name;
    char *token;
    int64_t balance; /* start + adjusted - charged, always */
    int64_t start;
    int64_t adjusted; /* by control: top-ups, and spending of somebody else */
    int64_t charged;
    bool sandbox; /* calls work and cost nothing */
    bool denied;  /* every call is answered 403 */
    bool odd;     /* it meets a personality of its own */
    struct personality personality;
};

struct product {
    long id;
    char *code;
    char *name;
    int64_t price;
    bool hidden;
};

struct deed {
    uint64_t seq; /* of the call */
    uint64_t effect_seq;
    int64_t at_ms;
    const char *action;
    const char *from; /* ip or type before; "" */
    const char *to;
    long months;
    int64_t charged;
};

struct license {
    long id;
    struct account *account;
    const char *type;
    const char *ip;
    bool suspended;
    int64_t created_ms;
    int64_t expires_ms;
    struct deed *deeds;
    size_t deed_count;
};

/* What was bought under one (account, type, ip), whatever became of it. */
struct tally {
    struct account *account;
    const char *type;
    const char *ip;
    long creates;
    long renews;
    long core_changes;
    int64_t charged;
};

struct shop {
    struct account **accounts;
    size_t account_count;
    struct product **products;
    size_t product_count;
    struct license **licenses; /* all that ever were, by id */
    size_t license_count;
    struct map license_by_key;
    struct tally **tallies;
    size_t tally_count;
    struct map tally_by_key;
};

void shop_open(struct shop *shop); /* the six products */
/* Accounts stay, with their balance of now as start, if `keep_accounts`. */
void shop_clear(struct shop *shop, bool keep_accounts);

struct account *account_by_token(const struct shop *shop, const char *token);
struct account *account_by_name(const struct shop *shop, const char *name);
struct account *account_add(struct shop *shop, const char *name, const char *token, int64_t balance);
void account_adjust(struct account *account, int64_t by);

struct product *product_find(const struct shop *shop, const char *code, long id);
struct product *product_add(struct shop *shop, const char *code, const char *name, int64_t price);

struct license *license_find(const struct shop *shop, const struct account *account, const char *type, const char *ip);
struct license *license_add(struct shop *shop, struct account *account, const char *type, const char *ip);
/* The license lives under another type or address from now on. */
void license_move(struct shop *shop, struct license *license, const char *type, const char *ip);
void license_note(struct license *license, struct deed deed);
json_t *license_show(const struct license *license);

struct tally *tally_of(struct shop *shop, struct account *account, const char *type, const char *ip);
json_t *tally_show(const struct tally *tally);

#endif
