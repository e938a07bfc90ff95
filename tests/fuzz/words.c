/* SPDX-License-Identifier: Apache-2.0 */
/* The small readers: credits, addresses, numbers, durations, times, secrets.
 * What is accepted must survive being written and read again. */
#include <string.h>

#include "base/config.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/utf8.h"
#include "order/credits.h"
#include "order/ip.h"
#include "provider/zone.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool utf8 = utf8_valid(data, size);
    char *line = fuzz_line(&data, &size);
    char text[CREDITS_TEXT_MAX], ip[IP_TEXT_MAX], again[IP_TEXT_MAX];
    credits_t credits, reread, times;
    int64_t number;
    const char *why = NULL;
    struct secret secret = {0};

    if (credits_parse(line, &credits)) {
        credits_format(credits, text);
        PROMISE(credits >= -CREDITS_MAX && credits <= CREDITS_MAX && credits_parse(text, &reread) && reread == credits);
        if (credits_times(credits, 120, &times))
            PROMISE(times / 120 == credits);
    }
    if (ip_canonical(line, ip, &why))
        PROMISE(ip_canonical(ip, again, &why) && strcmp(ip, again) == 0);
    else
        PROMISE(why != NULL);
    if (text_parse_int(line, -5, 4711, &number))
        PROMISE(number >= -5 && number <= 4711);
    if (config_duration_parse(line, &number))
        PROMISE(number >= 0);
    (void)zone_parse(line, "Europe/Istanbul");
    if (secret_parse_whsec(&secret, line, &why))
        PROMISE(secret.len >= 24 && secret.len <= 64);
    secret_clear(&secret);
    PROMISE(!utf8 || utf8_valid(line, strlen(line)));
    free(line);
    return 0;
}
