/* SPDX-License-Identifier: Apache-2.0 */
/* config_dump: writes a configuration as a file that could be read again, with
 * every default filled in.
 *
 * Exists so that an operator sees what counts, not what was typed.  Owns
 * nothing.  Never writes a secret: there is only the mask for it. */
#include "base/config_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MASK "\"********\""

void config_duration_format(int64_t ms, char out[CONFIG_DURATION_MAX])
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    size_t i = 0;

    while (ms == 0 || ms % units[i].ms != 0) {
        if (++i == sizeof(units) / sizeof(units[0]) - 1)
            break;
    }
    (void)snprintf(out, CONFIG_DURATION_MAX, "%" PRId64 "%s", ms / units[i].ms, units[i].unit);
}

static void member_get(const void *record, size_t offset, void *value, size_t size)
{
    memcpy(value, (const char *)record + offset, size);
}

static const char *text_of(const void *record, size_t offset)
{
    const char *text;

    member_get(record, offset, &text, sizeof(text));
    return text;
}

static void write_quoted(FILE *out, const char *text)
{
    (void)fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\' || *text == '$')
            (void)fputc('\\', out);
        (void)fputc(*text, out);
    }
    (void)fputc('"', out);
}

/* A conninfo string may carry a password in either of libpq's spellings. */
static void write_conninfo(FILE *out, const char *text)
{
    const char *authority = strstr(text, "://");

    if (strcasestr(text, "password") || (authority && strchr(authority, '@')))
        (void)fputs(MASK, out);
    else
        write_quoted(out, text);
}

static void write_duration(FILE *out, const void *record, size_t offset)
{
    char text[CONFIG_DURATION_MAX];
    int64_t ms;

    member_get(record, offset, &ms, sizeof(ms));
    config_duration_format(ms, text);
    (void)fputs(text, out);
}

static void write_list(FILE *out, const struct config_option *row, const void *record)
{
    const void *array;
    size_t count;

    member_get(record, row->offset, &array, sizeof(array));
    member_get(record, row->second, &count, sizeof(count));
    (void)fputc('{', out);
    for (size_t i = 0; i < count; i++) {
        (void)fputs(i > 0 ? ", " : " ", out);
        if (row->kind == CONFIG_SECRETS)
            (void)fputs(MASK, out);
        else if (row->kind == CONFIG_DELAYS)
            write_duration(out, (const int64_t *)array + i, 0);
        else if (row->kind == CONFIG_PRODUCTS)
            write_quoted(out, ((const struct config_product *const *)array)[i]->code);
        else
            write_quoted(out, ((const char *const *)array)[i]);
    }
    (void)fputs(" }", out);
}

static void write_value(FILE *out, const struct config_option *row, const void *record)
{
    const struct config_account *account;
    const struct secret *token = (const void *)((const char *)record + row->offset);
    const char *text;
    int number;
    bool yes;

    switch (row->kind) {
    case CONFIG_TEXT:
    case CONFIG_MAYBE:
    case CONFIG_PATH:
        text = text_of(record, row->offset);
        write_quoted(out, text ? text : "");
        break;
    case CONFIG_CONNINFO:
        write_conninfo(out, text_of(record, row->offset));
        break;
    case CONFIG_INT:
    case CONFIG_CHOICE:
        member_get(record, row->offset, &number, sizeof(number));
        if (row->kind == CONFIG_CHOICE)
            (void)fputs(row->words[number], out);
        else
            (void)fprintf(out, "%d", number);
        break;
    case CONFIG_DURATION:
        write_duration(out, record, row->offset);
        break;
    case CONFIG_SPAN:
        (void)fputc('"', out);
        write_duration(out, record, row->offset);
        (void)fputs(" .. ", out);
        write_duration(out, record, row->second);
        (void)fputc('"', out);
        break;
    case CONFIG_BOOL:
        member_get(record, row->offset, &yes, sizeof(yes));
        (void)fputs(yes ? "true" : "false", out);
        break;
    case CONFIG_TOKEN:
        (void)fputs(token->len > 0 ? MASK : "\"\"", out);
        break;
    case CONFIG_ACCOUNT:
        member_get(record, row->offset, &account, sizeof(account));
        write_quoted(out, account->name);
        break;
    case CONFIG_LIST:
    case CONFIG_DELAYS:
    case CONFIG_SECRETS:
    case CONFIG_PRODUCTS:
        write_list(out, row, record);
        break;
    }
}

static void write_section(FILE *out, const struct config_section *section, const void *record, int depth);

static void write_records(FILE *out, const struct config_section *section, const void *around, int depth)
{
    const char *array;
    size_t count;

    member_get(around, section->array_offset, &array, sizeof(array));
    member_get(around, section->count_offset, &count, sizeof(count));
    for (size_t i = 0; i < count; i++) {
        const void *record = array + i * section->size;
        (void)fprintf(out, "%*s%s ", 4 * depth, "", section->name);
        write_quoted(out, text_of(record, section->title_offset));
        (void)fputs(" {\n", out);
        write_section(out, section, record, depth + 1);
        (void)fprintf(out, "%*s}\n", 4 * depth, "");
    }
}

static void write_section(FILE *out, const struct config_section *section, const void *record, int depth)
{
    for (size_t i = 0; i < section->option_count; i++) {
        (void)fprintf(out, "%*s%s = ", 4 * depth, "", section->options[i].name);
        write_value(out, &section->options[i], record);
        (void)fputc('\n', out);
    }
    for (size_t i = 0; i < section->inner_count; i++) {
        const struct config_section *inner = &section->inner[i];
        if (!inner->shared) {
            write_records(out, inner, record, depth);
            continue;
        }
        (void)fprintf(out, "%*s%s {\n", 4 * depth, "", inner->name);
        write_section(out, inner, record, depth + 1);
        (void)fprintf(out, "%*s}\n", 4 * depth, "");
    }
}

void config_dump(const struct config *config, FILE *out)
{
    write_section(out, &CONFIG_ROOT, config, 0);
}
