/* SPDX-License-Identifier: Apache-2.0 */
/* webhook: signs by the published rules and shares no code with the product,
 * so that a mistake there cannot agree with itself here.
 *
 * Owns the keyed MAC context, which is set up once: a sender would do the same,
 * and its cost is the client's, not the bridge's.  Never sends anything. */
#include "webhook.h"

#include <openssl/core_names.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEY_MAX    96
#define DIGEST_MAX 32
#define ID_MAX     96
#define BODY_MAX   2048

/* Padded base64, as secrets have it; 0: it is not that. */
static size_t key_decode(const char *base64, unsigned char key[KEY_MAX])
{
    size_t len = strlen(base64);
    if (len == 0 || len % 4 != 0 || len / 4 * 3 > KEY_MAX)
        return 0;
    int bytes = EVP_DecodeBlock(key, (const unsigned char *)base64, (int)len);
    if (bytes < 0)
        return 0;
    size_t padding = (size_t)(base64[len - 1] == '=') + (size_t)(base64[len - 2] == '=');
    return (size_t)bytes - padding;
}

bool webhook_open(struct webhook_maker *maker, const char *secret)
{
    static const char prefix[] = "whsec_";
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    unsigned char key[KEY_MAX];
    EVP_MAC *mac = NULL;
    bool ok = false;

    maker->mac = NULL;
    if (strncmp(secret, prefix, sizeof prefix - 1) != 0)
        return false;
    size_t len = key_decode(secret + sizeof prefix - 1, key);
    if (len == 0)
        return false;
    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    maker->mac = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
    ok = maker->mac != NULL && EVP_MAC_init(maker->mac, key, len, params) == 1;
    EVP_MAC_free(mac);
    return ok;
}

void webhook_close(struct webhook_maker *maker)
{
    EVP_MAC_CTX_free(maker->mac);
    maker->mac = NULL;
}

/* What formats may not have is a mistake of this program. */
static size_t whole(int len, size_t size)
{
    if (len < 0 || (size_t)len >= size)
        abort();
    return (size_t)len;
}

/* All addresses from 1.0.0.0 on but 127/8; the caller keeps numbers below 2^31. */
static void address_write(uint64_t number, char out[16])
{
    uint32_t address = (uint32_t)number + (1U << 24);
    if (address >= 127U << 24)
        address += 1U << 24;
    whole(snprintf(out, 16, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255), 16);
}

static size_t body_write(const struct webhook_maker *maker, uint64_t number, time_t now, char out[BODY_MAX])
{
    unsigned long long n = number;
    unsigned long long service = maker->service > 0 ? maker->service : number;
    char address[16];
    char at[32];
    struct tm utc;

    address_write(service, address);
    gmtime_r(&now, &utc);
    strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return whole(
        snprintf(out, BODY_MAX,
                 "{\"type\":\"%s\",\"timestamp\":\"%s\",\"schema\":1,\"data\":{\"operation_key\":\"%llu:%s:%s\","
                 "\"service_id\":\"%llu\",\"order_id\":\"5511%llu\",\"invoice_id\":\"9901%llu\",\"invoice_item_id\":"
                 "\"20417%llu\",\"product_code\":\"%s\",\"new_product_code\":null,\"ip\":\"%s\",\"new_ip\":null,"
                 "\"billing_months\":1,\"period_end\":\"2099-12-21\",\"license_key\":null,\"customer_email\":"
                 "\"customer%llu@example.com\",\"domain\":null,\"hwid\":null,\"verification_type\":null,"
                 "\"reason\":\"invoice_paid\",\"max_credits\":null,\"dry_run\":false,"
                 "\"metadata\":{\"client\":\"%llu\",\"panel\":\"bench\"}}}",
                 maker->type, at, n, maker->type, maker->tag, service, n, n, n, maker->product, address, service,
                 service),
        BODY_MAX);
}

/* base64 of HMAC-SHA256 over id.timestamp.body */
static void signature_write(struct webhook_maker *maker, const char *head, size_t head_len, const char *body,
                            size_t body_len, char out[DIGEST_MAX * 2])
{
    unsigned char digest[DIGEST_MAX];
    size_t len = 0;

    if (EVP_MAC_init(maker->mac, NULL, 0, NULL) != 1 ||
        EVP_MAC_update(maker->mac, (const unsigned char *)head, head_len) != 1 ||
        EVP_MAC_update(maker->mac, (const unsigned char *)body, body_len) != 1 ||
        EVP_MAC_final(maker->mac, digest, &len, sizeof digest) != 1)
        abort();
    EVP_EncodeBlock((unsigned char *)out, digest, (int)len);
}

size_t webhook_write(struct webhook_maker *maker, uint64_t number, char out[WEBHOOK_MAX])
{
    char body[BODY_MAX];
    char id[ID_MAX];
    char head[ID_MAX + 32];
    char signature[DIGEST_MAX * 2];
    time_t now = time(NULL);
    size_t body_len = body_write(maker, number, now, body);

    whole(snprintf(id, sizeof id, "msg_%s_%llu", maker->tag, (unsigned long long)number), sizeof id);
    size_t head_len = whole(snprintf(head, sizeof head, "%s.%lld.", id, (long long)now), sizeof head);
    signature_write(maker, head, head_len, body, body_len, signature);
    return whole(
        snprintf(out, WEBHOOK_MAX,
                 "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nContent-Type: application/json\r\n"
                 "Content-Length: %zu\r\nwebhook-id: %s\r\nwebhook-timestamp: %lld\r\n"
                 "webhook-signature: v1,%s\r\n\r\n%s",
                 maker->path, body_len, id, (long long)now, signature, body),
        WEBHOOK_MAX);
}
