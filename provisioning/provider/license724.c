/* SPDX-License-Identifier: Apache-2.0 */
/* 724license: prepaid credits, no idempotency key, no way to list licences.
 *
 * The documented answers are {"success", "message", "license_id"} for calls that
 * do something, {"account": {"balance", "sandbox_enabled"}}, {"products": […]}
 * and {"product": {…}} with code, name and credit_price for reads. */
#include "provider/registry.h"

static const char *license724_path(enum call_name name)
{
    static const char *const paths[CALL_NAME_COUNT] = {
        [CALL_PRODUCTS] = "/products",
        [CALL_PRODUCT] = "/product",
        [CALL_BALANCE] = "/balance",
        [CALL_CREATE] = "/licenses/create",
        [CALL_RENEW] = "/licenses/renew",
        [CALL_SUSPEND] = "/licenses/suspend",
        [CALL_UNSUSPEND] = "/licenses/unsuspend",
        [CALL_CHANGE_IP] = "/licenses/change-ip",
        [CALL_CHANGE_CORE] = "/licenses/change-core",
    };

    return name < CALL_NAME_COUNT ? paths[name] : NULL;
}

/* The document promises the visibility and does not name its member. */
static bool product_visible(const json_t *product)
{
    static const char *const shown[] = {"visible", "is_visible", "active", "is_active"};
    static const char *const hiding[] = {"hidden", "is_hidden"};
    const json_t *flag;

    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        flag = json_object_get(product, shown[i]);
        if (flag != NULL && !answer_flag(flag))
            return false;
    }
    for (size_t i = 0; i < sizeof hiding / sizeof *hiding; i++)
        if (answer_flag(json_object_get(product, hiding[i])))
            return false;
    return true;
}

/* false: without code or readable price there is nothing to buy. */
static bool product_read(const struct answer *answer, const json_t *product, struct catalogue_item *item,
                         struct arena *arena)
{
    const char *code = json_string_value(json_object_get(product, "code"));
    const char *name = json_string_value(json_object_get(product, "name"));

    if (code == NULL || code[0] == '\0' ||
        !answer_credits(answer, json_object_get(product, "credit_price"), &item->price))
        return false;
    item->code = arena_strdup(arena, code);
    item->name = arena_strdup(arena, name != NULL ? name : code);
    item->visible = product_visible(product);
    return true;
}

static void products_read(struct answer *answer, const json_t *products, struct arena *arena)
{
    size_t count = json_array_size(products);
    struct catalogue_item *items = arena_alloc(arena, (count + 1) * sizeof *items);

    for (size_t i = 0; i < count; i++)
        if (product_read(answer, json_array_get(products, i), &items[answer->item_count], arena))
            answer->item_count++;
    answer->items = items;
}

static void balance_read(struct answer *answer, const json_t *account)
{
    answer->has_balance = answer_credits(answer, json_object_get(account, "balance"), &answer->balance);
    answer->sandbox = answer_flag(json_object_get(account, "sandbox_enabled"));
}

static void license724_read(struct answer *answer, enum call_name name, void *json,
                            const struct config_account *account, struct arena *arena)
{
    struct catalogue_item *item;

    (void)account;
    if (name == CALL_BALANCE) {
        balance_read(answer, json_object_get(json, "account"));
    } else if (name == CALL_PRODUCTS) {
        products_read(answer, json_object_get(json, "products"), arena);
    } else if (name == CALL_PRODUCT) {
        item = arena_alloc(arena, sizeof *item);
        answer->item_count = product_read(answer, json_object_get(json, "product"), item, arena) ? 1 : 0;
        answer->items = item;
    } else if (name == CALL_CREATE) {
        answer->upstream_license_id = answer_id(json_object_get(json, "license_id"), arena);
    }
}

const struct provider provider_license724 = {
    .name = "724license",
    .kind = PROVIDER_724LICENSE,
    .path = license724_path,
    .read = license724_read,
};
