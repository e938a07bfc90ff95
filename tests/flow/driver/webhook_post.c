/* SPDX-License-Identifier: Apache-2.0 */
/* webhook_post: posts standard input as one webhook and prints the reply as JSON,
 * for tests that own the receiver. */
#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "provider/webhook.h"

#define BODY_MAX 65536

int main(int argc, char **argv)
{
    static char body[BODY_MAX];
    struct webhook webhook = {.body = body};
    struct webhook_reply reply;
    struct arena arena;
    json_t *out;

    if (argc < 4 || !text_parse_int(argv[3], 1, 3600000, &webhook.timeout_ms)) {
        fprintf(stderr, "usage: webhook_post URL CA_FILE TIMEOUT_MS HEADER...\n");
        return 64;
    }
    webhook.url = argv[1];
    webhook.ca_file = argv[2];
    webhook.headers = (const char *const *)(argv + 4);
    webhook.header_count = (size_t)argc - 4;
    webhook.body_len = fread(body, 1, sizeof body, stdin);
    arena_init(&arena);
    webhook_post(&webhook, &arena, &reply);
    out = json_pack("{s:i,s:s,s:s?,s:I,s:s?,s:b}", "status", (int)reply.status, "body", reply.body, "location",
                    reply.location, "retry_after_ms", (json_int_t)reply.retry_after_ms, "problem", reply.problem,
                    "sent", reply.sent);
    assert(out != NULL);
    json_dumpf(out, stdout, JSON_COMPACT);
    json_decref(out);
    arena_clear(&arena);
    return 0;
}
