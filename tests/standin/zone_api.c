/* SPDX-License-Identifier: Apache-2.0 */
/* Why: the whole of Lisans Zone's documented API.  Owns the rules by which a key
 * may be used where.  Never waits and never meets a fault: turn.c runs it with
 * the lock held. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "turn.h"

#define ZONE "lisanszone"

static void zone_answer_error(struct turn *turn, int status, const char *code, const char *text)
{
    reply_json(turn->reply, status, json_pack("{s:b,s:s,s:s}", "success", 0, "error", text, "error_code", code));
}

static void zone_fail(struct turn *turn, const char *code, const char *text)
{
    turn_outcome(turn, "refused", code);
    zone_answer_error(turn, 400, code, text);
}

static const char *field(const struct turn *turn, const char *name)
{
    const char *value = request_get(turn->request, name);

    return value ? value : "";
}

/* The verification type that counts for this call; -1: unknown or not the key's. */
static int type_of(const struct turn *turn, const struct zone_key *key)
{
    const char *word = field(turn, "verification_type");

    if (!*word)
        return key->type < 0 ? ZONE_HWID : key->type;
    int type = zone_type_find(word);
    return key->type < 0 || key->type == type ? type : -1;
}

static bool type_fields_given(const struct turn *turn, int type)
{
    bool hwid = *field(turn, "hwid");
    bool domain = *field(turn, "domain");
    bool ip = *field(turn, "ip_address");

    switch (type) {
    case ZONE_HWID:
        return hwid;
    case ZONE_DOMAIN:
        return domain;
    case ZONE_IP:
        return ip;
    case ZONE_ALL:
        return hwid || domain || ip;
    default:
        return false;
    }
}

static bool same(const char *given, const char *kept)
{
    return strcmp(given, kept) == 0;
}

/* Does the activation answer to what the call gives, by its type? */
static bool activation_fits(const struct turn *turn, const struct activation *one, int type)
{
    const char *hwid = turn->call->hwid;
    const char *domain = turn->call->domain;
    const char *ip = turn->call->ip;

    switch (type) {
    case ZONE_HWID:
        return same(hwid, one->hwid);
    case ZONE_DOMAIN:
        return same(domain, one->domain);
    case ZONE_IP:
        return same(ip, one->ip);
    default:
        return (!*hwid || same(hwid, one->hwid)) && (!*domain || same(domain, one->domain)) &&
               (!*ip || same(ip, one->ip));
    }
}

/* NULL: none; only_active skips those that were given back. */
static struct activation *activation_find(const struct turn *turn, struct zone_key *key, int type, bool only_active)
{
    for (size_t i = 0; i < key->activation_count; i++) {
        struct activation *one = &key->activations[i];
        if ((one->active || !only_active) && activation_fits(turn, one, type))
            return one;
    }
    return NULL;
}

static long activations_active(const struct zone_key *key)
{
    long count = 0;

    for (size_t i = 0; i < key->activation_count; i++)
        count += key->activations[i].active;
    return count;
}

/* The key, if it exists, is the customer's and may be used; else NULL and *why. */
static struct zone_key *key_of(const struct turn *turn, const char **why)
{
    struct zone_key *key = map_get(&turn->book->zone.keys, field(turn, "license_key"));

    if (!key)
        *why = "Lisans anahtarı bulunamadı.";
    else if (strcasecmp(key->customer_email, field(turn, "customer_email")) != 0)
        *why = "Email adresi lisansla eşleşmiyor.";
    else if (key->disabled)
        *why = "Lisans devre dışı.";
    else if (clock_parse(key->expires_at) <= clock_wall_ms())
        *why = "Lisans süresi dolmuş.";
    else
        return key;
    return NULL;
}

static void time_set(json_t *answer, const char *name, int64_t wall_ms)
{
    char text[24];

    clock_text(wall_ms, text, sizeof text);
    json_object_set_new(answer, name, json_string(text));
}

static struct activation *activation_add(const struct turn *turn, struct zone_key *key)
{
    key->activations = need(reallocarray(key->activations, key->activation_count + 1, sizeof *key->activations));
    struct activation *one = &key->activations[key->activation_count++];
    *one = (struct activation){.hwid = turn->call->hwid, .domain = turn->call->domain, .ip = turn->call->ip};
    return one;
}

/* The activation that the call gets, new or again; NULL: none is left. */
static struct activation *activation_take(struct turn *turn, struct zone_key *key, int type)
{
    struct activation *one = activation_find(turn, key, type, false);

    if (one && one->active)
        return one;
    if (activations_active(key) >= key->max_activations)
        return NULL;
    if (!one)
        one = activation_add(turn, key);
    one->active = true;
    one->activated_ms = one->checked_ms = clock_wall_ms();
    key->activated++;
    ledger_effect(&turn->book->ledger, turn->call);
    return one;
}

static void activate_work(struct turn *turn)
{
    static const char failed[] = "ACTIVATION_FAILED";
    const char *why = NULL;
    struct zone_key *key = key_of(turn, &why);
    int type = key ? type_of(turn, key) : -1;

    if (!key) {
        zone_fail(turn, failed, why);
        return;
    }
    if (!type_fields_given(turn, type)) {
        zone_fail(turn, failed, "Doğrulama bilgisi eksik veya geçersiz.");
        return;
    }
    struct activation *one = activation_take(turn, key, type);
    if (!one) {
        zone_fail(turn, failed, "Aktivasyon limiti doldu.");
        return;
    }
    json_t *answer =
        json_pack("{s:b,s:s,s:s,s:s,s:s}", "success", 1, "message", "Lisans başarıyla aktive edildi", "license_key",
                  key->license_key, "product_name", key->product_name, "expires_at", key->expires_at);
    time_set(answer, "activated_at", one->activated_ms);
    turn_outcome(turn, "done", "");
    reply_json(turn->reply, 200, answer);
}

static void verify_fail(struct turn *turn, const char *why)
{
    if (turn->book->personality.choice[TRAIT_ZONE_INVALID] == ZONE_INVALID_400) {
        zone_fail(turn, "VERIFICATION_FAILED", why);
        return;
    }
    turn_outcome(turn, "refused", "VERIFICATION_FAILED");
    reply_json(turn->reply, 200, json_pack("{s:b,s:b,s:s}", "success", 1, "valid", 0, "message", why));
}

static void verify_work(struct turn *turn)
{
    const char *why = NULL;
    struct zone_key *key = key_of(turn, &why);
    int type = key ? type_of(turn, key) : -1;

    if (!key) {
        verify_fail(turn, why);
        return;
    }
    struct activation *one = type_fields_given(turn, type) ? activation_find(turn, key, type, true) : NULL;
    if (!one) {
        verify_fail(turn, "Bu bilgilerle aktif lisans bulunamadı.");
        return;
    }
    one->checked_ms = clock_wall_ms();
    json_t *answer = json_pack("{s:b,s:b,s:s,s:s,s:s,s:s}", "success", 1, "valid", 1, "license_key", key->license_key,
                               "product_name", key->product_name, "customer_name", key->customer_name, "expires_at",
                               key->expires_at);
    time_set(answer, "activated_at", one->activated_ms);
    time_set(answer, "last_check", one->checked_ms);
    json_object_set_new(answer, "verification_type", json_string(zone_type_word(type)));
    turn_outcome(turn, "done", "");
    reply_json(turn->reply, 200, answer);
}

/* Gives back what fits all that the call names; with nothing named, everything. */
static long activations_end(struct turn *turn, struct zone_key *key)
{
    struct activation *one;
    long count = 0;

    while ((one = activation_find(turn, key, ZONE_ALL, true))) {
        one->active = false;
        count++;
    }
    if (count > 0)
        ledger_effect(&turn->book->ledger, turn->call);
    return count;
}

static void deactivate_work(struct turn *turn)
{
    static const char failed[] = "DEACTIVATION_FAILED";
    const char *why = NULL;
    struct zone_key *key = key_of(turn, &why);

    if (!key) {
        zone_fail(turn, failed, why);
        return;
    }
    long count = activations_end(turn, key);
    if (count == 0 && turn->book->personality.choice[TRAIT_REPEATED_STATE] == REPEATED_REFUSED) {
        zone_fail(turn, failed, "Lisans zaten deaktive edilmiş.");
        return;
    }
    turn_outcome(turn, "done", "");
    reply_json(turn->reply, 200,
               json_pack("{s:b,s:s,s:I,s:s,s:s}", "success", 1, "message", "Lisans başarıyla deaktive edildi",
                         "deactivated_count", (json_int_t)count, "license_key", key->license_key, "product_name",
                         key->product_name));
}

static void info_work(struct turn *turn)
{
    const struct zone *zone = &turn->book->zone;
    json_int_t active = 0;
    json_int_t activated = 0;
    json_int_t online = 0;

    for (size_t i = 0; i < zone->count; i++) {
        active += !zone->list[i]->disabled && clock_parse(zone->list[i]->expires_at) > clock_wall_ms();
        activated += zone->list[i]->activated;
        online += activations_active(zone->list[i]);
    }
    turn_outcome(turn, "done", "");
    reply_json(turn->reply, 200,
               json_pack("{s:b,s:{s:{s:s,s:s},s:{s:s,s:s,s:s},s:{s:I,s:I,s:I,s:I}}}", "success", 1, "data", "api",
                         "version", "2.0", "status", "operational", "system_status", "database", "connected", "cache",
                         "enabled", "overall_status", "operational", "statistics", "total_licenses",
                         (json_int_t)zone->count, "active_licenses", active, "total_activations", activated,
                         "online_activations", online));
}

/* The code with which a call on a key fails; info has none of its own. */
static const char *failure_code(const struct turn *turn)
{
    if (strcmp(turn->endpoint->name, "activate") == 0)
        return "ACTIVATION_FAILED";
    return strcmp(turn->endpoint->name, "verify") == 0 ? "VERIFICATION_FAILED" : "DEACTIVATION_FAILED";
}

static void zone_admit_call(struct turn *turn)
{
    bool read = turn->endpoint->work == info_work;

    if (!zone_admit(&turn->book->zone, turn->call->remote_addr, turn->endpoint->name)) {
        turn_outcome(turn, "limited", "RATE_LIMIT_EXCEEDED");
        zone_answer_error(turn, 429, "RATE_LIMIT_EXCEEDED", "Çok fazla istek. Lütfen daha sonra tekrar deneyin.");
    } else if (strcmp(turn->request->method, read ? "GET" : "POST") != 0) {
        turn_outcome(turn, "denied", "method");
        zone_answer_error(turn, 405, "METHOD_NOT_ALLOWED", "Yöntem desteklenmiyor.");
    } else if (!read && !turn->request->json) {
        zone_fail(turn, failure_code(turn), "JSON gövdesi okunamadı.");
    } else if (!read && (!*field(turn, "license_key") || !*field(turn, "customer_email"))) {
        zone_fail(turn, failure_code(turn), "license_key ve customer_email gerekli.");
    } else {
        turn->endpoint->work(turn);
    }
}

const struct endpoint zone_endpoints[] = {
    {"/api/activate.php", "activate", ZONE, {NULL}, zone_admit_call, activate_work},
    {"/api/verify.php", "verify", ZONE, {NULL}, zone_admit_call, verify_work},
    {"/api/deactivate.php", "deactivate", ZONE, {NULL}, zone_admit_call, deactivate_work},
    {"/api/info.php", "info", ZONE, {NULL}, zone_admit_call, info_work},
    {NULL, NULL, NULL, {NULL}, NULL, NULL},
};
