/* SPDX-License-Identifier: Apache-2.0 */
/* request_fields: why not leave spelling to the upstream: its answer to a
 * malformed field is undocumented, and for a paid call every undocumented answer
 * is a doubt that somebody has to settle.
 *
 * Owns the spelling of single values.  Never repeats a value in a problem's
 * text: it may be a licence key.  Pure; a crash leaves nothing behind. */
#include "order/request_fields.h"

#include <string.h>

#include "order/ip.h"

/* Most bytes of a name in the DNS's text form and of an address in an SMTP path. */
#define HOST_MAX       253
#define HOST_LABEL_MAX 63
#define EMAIL_MAX      254

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* C0, DEL, and C1 in its UTF-8 form (C2 80 to C2 9F). */
static bool has_control(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
        if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f))
            return true;
    return false;
}

static int digits_value(const char *text, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

static bool is_date(const char *text)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (strlen(text) != 10)
        return false;
    for (int i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? text[i] != '-' : !is_digit(text[i]))
            return false;
    int year = digits_value(text, 4);
    int month = digits_value(text + 5, 2);
    int day = digits_value(text + 8, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1)
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= days[month - 1] + (month == 2 && leap);
}

static bool is_host(const char *text)
{
    if (strlen(text) > HOST_MAX)
        return false;
    size_t label = 0;
    for (const char *c = text;; c++) {
        if (*c == '.' || *c == '\0') {
            if (label == 0 || label > HOST_LABEL_MAX || c[-1] == '-')
                return false;
            if (*c == '\0')
                return true;
            label = 0;
            continue;
        }
        if (!is_alnum(*c) && (*c != '-' || label == 0))
            return false;
        label++;
    }
}

static bool is_email(const char *text)
{
    size_t len = strlen(text);
    const char *at = strchr(text, '@');
    return len <= EMAIL_MAX && at != NULL && at != text && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
           strchr(text, ' ') == NULL;
}

static const char *ip_problem(const char **value, struct arena *arena)
{
    char canonical[IP_TEXT_MAX];
    const char *problem;
    if (!ip_canonical(*value, canonical, &problem))
        return problem;
    *value = arena_strdup(arena, canonical);
    return NULL;
}

const char *field_problem(enum field_spelling spelling, size_t max, const char **value, struct arena *arena)
{
    if (strlen(*value) > max)
        return arena_printf(arena, "is longer than %zu bytes", max);
    if (has_control(*value))
        return "contains control characters";
    switch (spelling) {
    case FIELD_TEXT:
        return NULL;
    case FIELD_NAME:
        return **value != '\0' ? NULL : "is empty";
    case FIELD_IP:
        return ip_problem(value, arena);
    case FIELD_DATE:
        return is_date(*value) ? NULL : "is not a date of the calendar written as YYYY-MM-DD";
    case FIELD_HOST:
        return is_host(*value) ? NULL : "is not a host name (letters, digits, hyphens and dots, at most 253)";
    case FIELD_EMAIL:
        return is_email(*value) ? NULL : "is not an e-mail address";
    }
    return NULL;
}
