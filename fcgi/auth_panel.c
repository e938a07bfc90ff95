/* SPDX-License-Identifier: Apache-2.0 */
/* auth_panel: takes the signatures that panels and payment providers send apart,
 * and has them compared.  As in auth.c form comes first and secrets last, and
 * every secret is tried whatever fits.  Owns nothing. */
#include "fcgi/auth_panel.h"

#include <string.h>

#include "base/signature.h"

#define HEX_MAX    16 /* signatures looked at in one header */
#define HEX_DIGITS "0123456789abcdef"

static bool refuse(struct problem *problem, int status, const char *field, const char *text)
{
    *problem = (struct problem){status, field, text};
    return false;
}

static bool hex_ok(const char *text)
{
    return strspn(text, HEX_DIGITS) >= SIGNATURE_HEX_LEN;
}

/* One signature over the body alone, the whole header behind `prefix`. */
static bool body_signature_check(struct request *request, const struct config_source *source, enum head head,
                                 const char *name, const char *prefix, struct problem *problem)
{
    if (!auth_header_once(request, head, name, problem))
        return false;
    const char *value = request->params[head];
    size_t len = strlen(prefix);
    bool form = strncmp(value, prefix, len) == 0 && strlen(value + len) == SIGNATURE_HEX_LEN && hex_ok(value + len);
    const char *hex[] = {value + len};
    if (!form ||
        !signature_verify_hex(source->secrets, source->secret_count, hex, 1, NULL, request->body, request->body_len))
        return refuse(problem, 401, name,
                      arena_printf(&request->arena,
                                   "%s fits none of the source's secrets: it must be \"%s\" and the lower-case hex of "
                                   "HMAC-SHA256 over the raw body",
                                   name, prefix));
    return true;
}

struct stripe {
    const char *time;
    const char *hex[HEX_MAX];
    size_t hex_count;
};

/* "t=1614265330,v1=HEX,v1=HEX,v0=…" */
static bool stripe_read(const char *header, struct arena *arena, struct stripe *stripe)
{
    while (*header != '\0') {
        size_t len = strcspn(header, ",");
        const char *part = arena_strndup(arena, header, len);
        if (strncmp(part, "t=", 2) == 0) {
            if (stripe->time != NULL)
                return false;
            stripe->time = part + 2;
        } else if (strncmp(part, "v1=", 3) == 0 && stripe->hex_count < HEX_MAX) {
            if (len != 3 + SIGNATURE_HEX_LEN || !hex_ok(part + 3))
                return false;
            stripe->hex[stripe->hex_count++] = part + 3;
        }
        header += len;
        header += strspn(header, ",");
    }
    return stripe->time != NULL && stripe->hex_count > 0;
}

static bool stripe_check(struct request *request, const struct config_source *source, int64_t now_s,
                         struct problem *problem)
{
    static const char name[] = "stripe-signature";
    struct stripe stripe = {0};

    if (!auth_header_once(request, HEAD_STRIPE_SIGNATURE, name, problem))
        return false;
    if (strlen(request->params[HEAD_STRIPE_SIGNATURE]) > AUTH_SIGNATURE_MAX ||
        !stripe_read(request->params[HEAD_STRIPE_SIGNATURE], &request->arena, &stripe))
        return refuse(problem, 401, name, "stripe-signature must be t=TIME,v1=HEX");
    if (!signature_timestamp_ok(stripe.time, now_s))
        return refuse(problem, 401, name,
                      "the time in stripe-signature must be at most 300 seconds from now: look at the clock");
    if (!signature_verify_hex(source->secrets, source->secret_count, stripe.hex, stripe.hex_count, stripe.time,
                              request->body, request->body_len))
        return refuse(problem, 401, name,
                      "stripe-signature fits none of the source's secrets: the raw body must be signed as time.body");
    return true;
}

static bool path_check(const struct config_source *source, const char *path_secret, struct problem *problem)
{
    unsigned fits = 0;

    for (size_t i = 0; i < source->secret_count; i++)
        fits |= path_secret != NULL && secret_equals(&source->secrets[i], path_secret, strlen(path_secret));
    return fits != 0 || refuse(problem, 401, NULL, "the path does not end in one of the source's secrets");
}

static bool standard_check(struct request *request, const struct config_source *source, int64_t now_s,
                           struct problem *problem)
{
    if (!auth_headers_check(request, now_s, problem))
        return false;
    if (!auth_signature_ok(request, source, request->body, request->body_len))
        return refuse(
            problem, 401, "webhook-signature",
            "webhook-signature fits none of the source's secrets: the raw body must be signed as id.timestamp.body");
    return true;
}

bool auth_panel_check(struct request *request, const struct config_source *source, enum panel_proof proof,
                      const char *path_secret, int64_t now_s, struct problem *problem)
{
    switch (proof) {
    case PANEL_PROOF_STANDARD:
        return standard_check(request, source, now_s, problem);
    case PANEL_PROOF_HUB:
        return body_signature_check(request, source, HEAD_HUB_SIGNATURE, "x-hub-signature-256", "sha256=", problem);
    case PANEL_PROOF_STRIPE:
        return stripe_check(request, source, now_s, problem);
    case PANEL_PROOF_UPMIND:
        return body_signature_check(request, source, HEAD_UPMIND_SIGNATURE, "x-webhook-signature", "", problem);
    case PANEL_PROOF_PATH:
        return path_check(source, path_secret, problem);
    }
    return false;
}
