/* SPDX-License-Identifier: Apache-2.0 */
/* Lisans Zone: licence keys that are activated, verified and deactivated; no
 * credits, 60 requests an hour per endpoint and address.
 *
 * Times in its answers have no zone: the account's time_zone is theirs. */
#include "provider/registry.h"

#include "provider/verdict.h"
#include "provider/zone.h"

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

static void lisanszone_read(struct answer *answer, enum call_name name, void *json,
                            const struct config_account *account, struct arena *arena)
{
    const char *expires = json_string_value(json_object_get(json, "expires_at"));
    const json_t *valid = json_object_get(json, "valid");

    (void)arena;
    if (expires != NULL && (name == CALL_VERIFY || name == CALL_ACTIVATE))
        answer->expires_ms = zone_parse(expires, account->time_zone);
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
