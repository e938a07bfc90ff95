/* SPDX-License-Identifier: Apache-2.0 */
/* Why: the state behind Lisans Zone's four calls.  Owns keys, activations and the
 * counters of the limiter.  Never answers a call: zone_api.c does. */
#include "zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZONE_LIMIT     60
#define ZONE_WINDOW_MS 3600000

static const char *const type_words[ZONE_TYPE_COUNT] = {"hwid", "domain", "ip", "all"};

int zone_type_find(const char *word)
{
    for (int i = 0; i < ZONE_TYPE_COUNT; i++)
        if (strcmp(type_words[i], word) == 0)
            return i;
    return -1;
}

const char *zone_type_word(int type)
{
    return type < 0 ? NULL : type_words[type];
}

void zone_open(struct zone *zone)
{
    zone->limiter_on = true;
    zone->limit = ZONE_LIMIT;
    zone->window_ms = ZONE_WINDOW_MS;
}

void zone_counters_clear(struct zone *zone)
{
    map_clear(&zone->counters, free);
}

void zone_clear(struct zone *zone)
{
    for (size_t i = 0; i < zone->count; i++) {
        struct zone_key *key = zone->list[i];
        free(key->license_key);
        free(key->customer_email);
        free(key->customer_name);
        free(key->product_name);
        free(key->activations);
        free(key);
    }
    free(zone->list);
    map_clear(&zone->keys, NULL);
    zone_counters_clear(zone);
    *zone = (struct zone){0};
}

/* A fixed window that begins with its first request. */
bool zone_admit(struct zone *zone, const char *address, const char *endpoint)
{
    char name[160];
    int64_t now = clock_mono_ms();

    if (!zone->limiter_on)
        return true;
    snprintf(name, sizeof name, "%s %s", address, endpoint);
    struct zone_counter *counter = map_get(&zone->counters, name);
    if (!counter) {
        counter = need_zeroed(1, sizeof *counter);
        counter->since_ms = now;
        map_put(&zone->counters, name, counter);
    }
    if (now - counter->since_ms >= zone->window_ms) {
        counter->since_ms = now;
        counter->count = 0;
    }
    return ++counter->count <= zone->limit;
}

static void text_set(char **text, json_t *object, const char *name, const char *otherwise)
{
    const char *value = json_string_value(json_object_get(object, name));

    if (!value && *text)
        return;
    free(*text);
    *text = need_copy(value ? value : otherwise);
}

static const char *key_check(json_t *object)
{
    const char *expires = json_string_value(json_object_get(object, "expires_at"));
    const char *type = json_string_value(json_object_get(object, "verification_type"));

    if (!json_is_string(json_object_get(object, "license_key")))
        return "a key needs license_key";
    if (expires && (strlen(expires) != 19 || clock_parse(expires) == INT64_MIN))
        return "expires_at is YYYY-MM-DD HH:MM:SS";
    if (type && zone_type_find(type) < 0)
        return "verification_type is hwid, domain, ip or all";
    return NULL;
}

static struct zone_key *key_of(struct zone *zone, const char *license_key)
{
    struct zone_key *key = map_get(&zone->keys, license_key);

    if (key)
        return key;
    key = need_zeroed(1, sizeof *key);
    key->license_key = need_copy(license_key);
    key->type = -1;
    key->max_activations = 1;
    clock_text(clock_wall_ms() + (int64_t)365 * 86400000, key->expires_at, sizeof key->expires_at);
    map_put(&zone->keys, license_key, key);
    zone->list = need(reallocarray(zone->list, zone->count + 1, sizeof(struct zone_key *)));
    zone->list[zone->count++] = key;
    return key;
}

static void key_set(struct zone *zone, json_t *object)
{
    struct zone_key *key = key_of(zone, json_string_value(json_object_get(object, "license_key")));
    const char *expires = json_string_value(json_object_get(object, "expires_at"));
    json_t *type = json_object_get(object, "verification_type");
    json_t *disabled = json_object_get(object, "disabled");
    json_t *most = json_object_get(object, "max_activations");

    text_set(&key->customer_email, object, "customer_email", "musteri@example.com");
    text_set(&key->customer_name, object, "customer_name", "Müşteri Adı");
    text_set(&key->product_name, object, "product_name", "Ürün Adı");
    if (expires)
        snprintf(key->expires_at, sizeof key->expires_at, "%s", expires);
    if (type)
        key->type = json_is_string(type) ? zone_type_find(json_string_value(type)) : -1;
    if (disabled)
        key->disabled = json_is_true(disabled);
    if (json_is_integer(most))
        key->max_activations = (long)json_integer_value(most);
}

const char *zone_keys_set(struct zone *zone, json_t *list)
{
    size_t i;
    json_t *object;

    json_array_foreach(list, i, object)
    {
        const char *wrong = key_check(object);
        if (wrong)
            return wrong;
    }
    json_array_foreach(list, i, object)
    {
        key_set(zone, object);
    }
    return NULL;
}

const char *zone_limiter_set(struct zone *zone, json_t *wanted)
{
    json_t *on = json_object_get(wanted, "enabled");
    json_t *limit = json_object_get(wanted, "limit");
    json_t *window = json_object_get(wanted, "window_ms");

    if ((on && !json_is_boolean(on)) || (limit && !json_is_integer(limit)) || (window && !json_is_integer(window)))
        return "limiter is {enabled: bool, limit: int, window_ms: int}";
    if (on)
        zone->limiter_on = json_is_true(on);
    if (limit)
        zone->limit = (long)json_integer_value(limit);
    if (window)
        zone->window_ms = (long)json_integer_value(window);
    return NULL;
}

static json_t *key_show(const struct zone_key *key)
{
    json_t *activations = json_array();

    for (size_t i = 0; i < key->activation_count; i++) {
        const struct activation *one = &key->activations[i];
        json_array_append_new(activations,
                              json_pack("{s:s,s:s,s:s,s:b,s:I,s:I}", "hwid", one->hwid, "domain", one->domain, "ip",
                                        one->ip, "active", one->active, "activated_ms", (json_int_t)one->activated_ms,
                                        "checked_ms", (json_int_t)one->checked_ms));
    }
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s?,s:b,s:I,s:I,s:o}", "license_key", key->license_key, "customer_email",
                     key->customer_email, "customer_name", key->customer_name, "product_name", key->product_name,
                     "expires_at", key->expires_at, "verification_type", zone_type_word(key->type), "disabled",
                     key->disabled, "max_activations", (json_int_t)key->max_activations, "activated",
                     (json_int_t)key->activated, "activations", activations);
}

json_t *zone_show(const struct zone *zone, size_t since, size_t limit)
{
    json_t *keys = json_array();
    json_t *counters = json_object();

    for (size_t i = since; i < zone->count && i - since < limit; i++)
        json_array_append_new(keys, key_show(zone->list[i]));
    for (size_t i = 0; i < zone->counters.size; i++) {
        const struct zone_counter *counter = zone->counters.cells[i].value;
        if (counter)
            json_object_set_new(counters, zone->counters.cells[i].key, json_integer(counter->count));
    }
    return json_pack("{s:I,s:o,s:{s:b,s:I,s:I,s:o}}", "count", (json_int_t)zone->count, "keys", keys, "limiter",
                     "enabled", zone->limiter_on, "limit", (json_int_t)zone->limit, "window_ms",
                     (json_int_t)zone->window_ms, "counters", counters);
}
