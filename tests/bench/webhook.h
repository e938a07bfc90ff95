/* SPDX-License-Identifier: Apache-2.0 */
/* webhook: one freshly signed delivery after another, as a billing panel's
 * sender would write them (Standard Webhooks over HTTP/1.1). */
#ifndef BENCH_WEBHOOK_H
#define BENCH_WEBHOOK_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEBHOOK_MAX 4096

struct webhook_maker {
    const char *path;    /* borrowed, as are the two below */
    const char *type;    /* license.create, license.suspend … */
    const char *tag;     /* keeps the delivery ids of two runs apart */
    const char *product; /* its code */
    uint64_t service;    /* number of the one whose license they all are about; 0: each its own */
    EVP_MAC_CTX *mac;
};

/* secret: "whsec_" and base64.  false: it is none. */
bool webhook_open(struct webhook_maker *maker, const char *secret);
void webhook_close(struct webhook_maker *maker);
/* Writes the whole request of delivery `number`, signed now; returns its length.
 * The number makes delivery id, operation_key and, without `service`, service_id and ip unique. */
size_t webhook_write(struct webhook_maker *maker, uint64_t number, char out[WEBHOOK_MAX]);

#endif
