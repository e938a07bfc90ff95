/* SPDX-License-Identifier: Apache-2.0 */
/* Why: a client of these APIs must stand every answer that the documents allow.
 * Owns the names of the switches; what a switch does stands where it is asked. */
#include "personality.h"

#include <stdio.h>
#include <string.h>

#define CHOICES_MAX 4

struct trait_row {
    const char *name;
    const char *words[CHOICES_MAX]; /* in the order of the trait's enum */
};

static const struct trait_row traits[TRAIT_COUNT] = {
    [TRAIT_DUPLICATE_CREATE] = {"duplicate_create", {"refused", "charged", "existing"}},
    [TRAIT_REPEATED_STATE] = {"repeated_state", {"accepted", "refused"}},
    [TRAIT_REFUSALS] = {"refusals", {"200", "4xx"}},
    [TRAIT_MISSING_FIELD] = {"missing_field", {"422", "400"}},
    [TRAIT_PRICE] = {"price", {"times_months", "flat"}},
    [TRAIT_CHANGE_CORE] = {"change_core", {"paid", "free"}},
    [TRAIT_LICENSE_ID] = {"license_id", {"number", "text", "absent"}},
    [TRAIT_BALANCE] = {"balance", {"number", "string", "float"}},
    [TRAIT_PRODUCT_FIELDS] = {"product_fields", {"extended", "documented"}},
    [TRAIT_ZONE_INVALID] = {"zone_invalid", {"400", "200"}},
};

json_t *personality_show(const struct personality *personality)
{
    json_t *shown = json_object();

    for (int i = 0; i < TRAIT_COUNT; i++)
        json_object_set_new(shown, traits[i].name, json_string(traits[i].words[personality->choice[i]]));
    return shown;
}

static int trait_find(const char *name)
{
    for (int i = 0; i < TRAIT_COUNT; i++)
        if (strcmp(traits[i].name, name) == 0)
            return i;
    return -1;
}

static int choice_find(int trait, json_t *value)
{
    char word[32] = "";

    if (json_is_integer(value))
        snprintf(word, sizeof word, "%lld", (long long)json_integer_value(value));
    else if (json_is_string(value))
        snprintf(word, sizeof word, "%s", json_string_value(value));
    for (int i = 0; i < CHOICES_MAX && traits[trait].words[i]; i++)
        if (strcmp(traits[trait].words[i], word) == 0)
            return i;
    return -1;
}

const char *personality_set(struct personality *personality, json_t *wanted)
{
    struct personality next = *personality;
    const char *name;
    json_t *value;

    json_object_foreach(wanted, name, value)
    {
        int trait = trait_find(name);
        if (trait < 0)
            return "unknown switch";
        next.choice[trait] = choice_find(trait, value);
        if (next.choice[trait] < 0)
            return traits[trait].name;
    }
    *personality = next;
    return NULL;
}
