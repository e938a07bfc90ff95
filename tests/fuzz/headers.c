/* SPDX-License-Identifier: Apache-2.0 */
/* The webhook headers: id, time, signature, one a line, then the body. */
#include <string.h>

#include "base/signature.h"
#include "fcgi/auth.h"
#include "tests/fuzz/fuzz.h"

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct secret secret;
    static struct request request;
    const struct config_source source = {.name = "demo", .secrets = &secret, .secret_count = 1};
    const char *why = NULL;
    char *lines[4];
    struct problem problem = {0};

    if (secret.len == 0)
        PROMISE(secret_parse_whsec(&secret, SECRET, &why));
    for (int i = 0; i < 4; i++)
        lines[i] = fuzz_line(&data, &size);
    memset(&request, 0, sizeof request);
    arena_init(&request.arena);
    for (int i = 0; i < 3; i++) {
        /* An empty line: the header is not there. */
        request.params[HEAD_WEBHOOK_ID + i] = lines[i][0] != '\0' ? lines[i] : NULL;
        request.times[HEAD_WEBHOOK_ID + i] = lines[i][0] != '\0';
    }
    request.params[HEAD_AUTHORIZATION] = lines[3];
    request.times[HEAD_AUTHORIZATION] = 1;
    if (auth_headers_check(&request, 1614265330, &problem)) {
        PROMISE(auth_id_ok(lines[0]) && auth_signature_form_ok(lines[2]));
        (void)auth_signature_ok(&request, &source, data, size);
    } else {
        PROMISE((problem.status == 400 || problem.status == 401) && problem.text != NULL);
    }
    (void)auth_bearer(&request);
    arena_clear(&request.arena);
    for (int i = 0; i < 4; i++)
        free(lines[i]);
    return 0;
}
