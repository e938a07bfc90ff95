/* SPDX-License-Identifier: Apache-2.0 */
/* Why: the judge must not lose a credit to rounding.  Owns nothing; never uses
 * floating point. */
#include "money.h"

#include <stdio.h>
#include <string.h>

#define MONEY_PLACES 4
#define MONEY_DIGITS 11

bool money_parse(const char *text, int64_t *money)
{
    bool negative = *text == '-';
    int64_t value = 0;
    int digits = 0;
    int places = -1;

    for (const char *at = text + negative; *at; at++) {
        if (*at == '.' && places < 0 && digits > 0) {
            places = 0;
            continue;
        }
        if (*at < '0' || *at > '9' || places == MONEY_PLACES || (places < 0 && ++digits > MONEY_DIGITS))
            return false;
        if (places >= 0)
            places++;
        value = value * 10 + (*at - '0');
    }
    if (digits == 0 || places == 0)
        return false;
    for (int i = places < 0 ? 0 : places; i < MONEY_PLACES; i++)
        value *= 10;
    *money = negative ? -value : value;
    return true;
}

void money_text(int64_t money, char *text, size_t size)
{
    uint64_t size_of = money < 0 ? 0 - (uint64_t)money : (uint64_t)money;

    snprintf(text, size, "%s%llu.%04llu", money < 0 ? "-" : "", (unsigned long long)(size_of / MONEY_ONE),
             (unsigned long long)(size_of % MONEY_ONE));
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] == '0')
        text[--len] = '\0';
    if (len > 0 && text[len - 1] == '.')
        text[len - 1] = '\0';
}

json_t *money_json(int64_t money)
{
    char text[32];

    money_text(money, text, sizeof text);
    return json_string(text);
}
