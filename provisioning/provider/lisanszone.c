/* SPDX-License-Identifier: Apache-2.0 */
/* Lisans Zone: licence keys that are activated, verified and deactivated; no
 * credits, 60 requests an hour per endpoint and address.
 *
 * Times in its answers have no zone: the account's time_zone is theirs. */
#include "provider/registry.h"

#include <stdlib.h>

#include "provider/verdict.h"
#include "provider/zone.h"

#define INFO_TEXT_MAX 100

static const char *lisanszone_path(enum call_name name)
{
    static const char *const paths[CALL_NAME_COUNT] = {
        [CALL_ACTIVATE] = "/activate.php",
        [CALL_VERIFY] = "/verify.php",
        [CALL_DEACTIVATE] = "/deactivate.php",
        [CALL_INFO] = "/info.php",
    };

    return name < CALL_NAME_COUNT ? paths[name] : NULL;
}

/* The documented members, if they are what the document says; nothing else of it
 * is kept. */
static const char *info_read(const json_t *data, struct arena *arena)
{
    static const struct {
        const char *group, *name;
        json_type type;
    } members[] = {
        {"api", "version", JSON_STRING},
        {"api", "status", JSON_STRING},
        {"system_status", "database", JSON_STRING},
        {"system_status", "cache", JSON_STRING},
        {"system_status", "overall_status", JSON_STRING},
        {"statistics", "total_licenses", JSON_INTEGER},
        {"statistics", "active_licenses", JSON_INTEGER},
        {"statistics", "total_activations", JSON_INTEGER},
        {"statistics", "online_activations", JSON_INTEGER},
    };
    json_t *kept = json_pack("{s:{}, s:{}, s:{}}", "api", "system_status", "statistics");
    char *dumped;
    const char *copy;

    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        json_t *value = json_object_get(json_object_get(data, members[i].group), members[i].name);
        if (value != NULL && json_typeof(value) == members[i].type && json_string_length(value) <= INFO_TEXT_MAX)
            json_object_set(json_object_get(kept, members[i].group), members[i].name, value);
    }
    dumped = json_dumps(kept, JSON_COMPACT);
    copy = arena_strdup(arena, dumped);
    free(dumped);
    json_decref(kept);
    return copy;
}

static int64_t time_read(const json_t *json, const char *name, const struct config_account *account)
{
    const char *words = json_string_value(json_object_get(json, name));

    return words != NULL ? zone_parse(words, account->time_zone) : INT64_MIN;
}

static void lisanszone_read(struct answer *answer, enum call_name name, void *json,
                            const struct config_account *account, struct arena *arena)
{
    const json_t *valid = json_object_get(json, "valid");

    if (name == CALL_VERIFY || name == CALL_ACTIVATE) {
        answer->expires_ms = time_read(json, "expires_at", account);
        answer->activated_ms = time_read(json, "activated_at", account);
    }
    if (name == CALL_INFO)
        answer->info = info_read(json_object_get(json, "data"), arena);
    if (name == CALL_VERIFY) {
        answer->has_valid = json_is_boolean(valid);
        answer->valid = json_is_true(valid);
        verdict_of_validity(answer);
    }
}

const struct provider provider_lisanszone = {
    .name = "lisanszone",
    .kind = PROVIDER_LISANSZONE,
    .path = lisanszone_path,
    .read = lisanszone_read,
};
