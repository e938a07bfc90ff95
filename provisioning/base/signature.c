/* SPDX-License-Identifier: Apache-2.0 */
/* signature: see signature.h for the promise.
 *
 * Exists so that signing and checking share one computation.  Owns the
 * process's handles on libcrypto's algorithms, fetched once because fetching
 * costs more than hashing a webhook.  Never compares secrets or signatures with
 * anything but CRYPTO_memcmp and never looks into the body.  A failure inside
 * libcrypto ends the process: a signature must not be half made. */
#include "base/signature.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define SIGNATURE_PREFIX   "v1,"
#define SIGNATURES_LOOKED  16
#define SIGNATURE_TEXT_LEN (sizeof(SIGNATURE_PREFIX) - 1 + (DIGEST_SIZE + 2) / 3 * 4)

_Static_assert(SIGNATURE_TEXT_LEN < SIGNATURE_TEXT_MAX, "a signature and its NUL fit");

static pthread_once_t fetch_once = PTHREAD_ONCE_INIT;
static EVP_MAC *hmac;
static EVP_MD *sha256;

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void fetch_algorithms(void)
{
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    must(hmac && sha256);
}

void digest_sha256(const void *data, size_t len, unsigned char out[DIGEST_SIZE])
{
    (void)pthread_once(&fetch_once, fetch_algorithms);
    must(EVP_Digest(len > 0 ? data : "", len, out, NULL, sha256, NULL) == 1);
}

static void mac_add(EVP_MAC_CTX *mac, const void *data, size_t len)
{
    must(len == 0 || EVP_MAC_update(mac, data, len) == 1);
}

static EVP_MAC_CTX *mac_begin(const struct secret *secret)
{
    char name[] = "SHA256"; /* OSSL_PARAM takes no const text, though it only reads it */
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                 OSSL_PARAM_construct_end()};

    (void)pthread_once(&fetch_once, fetch_algorithms);
    EVP_MAC_CTX *mac = EVP_MAC_CTX_new(hmac);
    must(mac && EVP_MAC_init(mac, secret->bytes, secret->len, params) == 1);
    return mac;
}

static void mac_end(EVP_MAC_CTX *mac, unsigned char digest[DIGEST_SIZE])
{
    size_t len = 0;

    must(EVP_MAC_final(mac, digest, &len, DIGEST_SIZE) == 1 && len == DIGEST_SIZE);
    EVP_MAC_CTX_free(mac);
}

void signature_sign(const struct secret *secret, const struct signature_message *message, char out[SIGNATURE_TEXT_MAX])
{
    unsigned char digest[DIGEST_SIZE];

    EVP_MAC_CTX *mac = mac_begin(secret);
    mac_add(mac, message->id, strlen(message->id));
    mac_add(mac, ".", 1);
    mac_add(mac, message->timestamp, strlen(message->timestamp));
    mac_add(mac, ".", 1);
    mac_add(mac, message->body, message->body_len);
    mac_end(mac, digest);
    memcpy(out, SIGNATURE_PREFIX, sizeof(SIGNATURE_PREFIX) - 1);
    (void)EVP_EncodeBlock((unsigned char *)out + sizeof(SIGNATURE_PREFIX) - 1, digest, sizeof(digest));
}

/* Whether one of the first signatures in header is `right`; looks at all of
 * them whatever fits. */
static bool header_holds(const char *header, const char *right)
{
    unsigned fits = 0;

    for (int looked = 0; looked < SIGNATURES_LOOKED; looked++) {
        header += strspn(header, " ");
        size_t len = strcspn(header, " ");
        if (len == 0)
            break;
        if (len == SIGNATURE_TEXT_LEN)
            fits |= CRYPTO_memcmp(header, right, SIGNATURE_TEXT_LEN) == 0;
        header += len;
    }
    return fits != 0;
}

bool signature_verify(const struct secret *secrets, size_t secret_count, const char *header,
                      const struct signature_message *message)
{
    char right[SIGNATURE_TEXT_MAX];
    unsigned fits = 0;

    for (size_t i = 0; i < secret_count; i++) {
        if (secrets[i].len == 0)
            continue; /* an empty key would let anybody sign */
        signature_sign(&secrets[i], message, right);
        fits |= header_holds(header, right);
    }
    OPENSSL_cleanse(right, sizeof(right));
    return fits != 0;
}

bool signature_verify_hex(const struct secret *secrets, size_t secret_count, const char *const *hex, size_t hex_count,
                          const char *timestamp, const void *body, size_t body_len)
{
    unsigned char digest[DIGEST_SIZE];
    char right[SIGNATURE_HEX_LEN + 1];
    unsigned fits = 0;

    for (size_t i = 0; i < secret_count; i++) {
        if (secrets[i].len == 0)
            continue;
        EVP_MAC_CTX *mac = mac_begin(&secrets[i]);
        if (timestamp) {
            mac_add(mac, timestamp, strlen(timestamp));
            mac_add(mac, ".", 1);
        }
        mac_add(mac, body, body_len);
        mac_end(mac, digest);
        text_hex(digest, sizeof(digest), right);
        for (size_t k = 0; k < hex_count; k++)
            fits |= CRYPTO_memcmp(hex[k], right, SIGNATURE_HEX_LEN) == 0;
    }
    OPENSSL_cleanse(right, sizeof(right));
    return fits != 0;
}

bool signature_timestamp_ok(const char *timestamp, int64_t now_s)
{
    int64_t then_s;

    if (timestamp[0] == '-' || !text_parse_int(timestamp, 0, INT64_MAX / 2, &then_s))
        return false;
    int64_t apart;
    if (__builtin_sub_overflow(then_s, now_s, &apart))
        return false;
    return apart >= -SIGNATURE_TOLERANCE_S && apart <= SIGNATURE_TOLERANCE_S;
}
