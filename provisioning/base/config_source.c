/* SPDX-License-Identifier: Apache-2.0 */
/* config_source: what the format of a source asks of its other options.
 *
 * Exists because a source that lacks a field would be found out by a paid order,
 * not by the operator.  Pure, but for the error it writes. */
#include "base/config_parts.h"

#include <string.h>

#include "base/text.h"

#define RAW_SECRET_MIN  16
#define PATH_SECRET_MIN 24
#define PATH_MAX_LEN    200

bool config_format_mapped(const char *format)
{
    return text_same(format, "upmind") || text_same(format, "blesta");
}

const char *config_check_path(const char *text)
{
    size_t len = strlen(text);

    if (len > PATH_MAX_LEN)
        return "is longer than 200 bytes";
    if (text[0] == '=')
        return len > 1 ? NULL : "has no value behind the equal sign";
    if (strstr(text, "..") || strchr(".|", text[0]) || strchr(".|", text[len - 1]))
        return "has an empty part";
    return NULL;
}

static bool secret_parse_path(struct secret *secret, const struct secret *line, const char **problem)
{
    *problem = "is not 24 or more letters, digits, '-' and '_', as a path may hold them";
    for (size_t i = 0; i < line->len; i++)
        if (!strchr("-_", line->bytes[i]) && !(line->bytes[i] >= '0' && line->bytes[i] <= '9') &&
            !((line->bytes[i] | 32) >= 'a' && (line->bytes[i] | 32) <= 'z'))
            return false;
    return line->len >= PATH_SECRET_MIN && secret_set(secret, line->bytes, line->len);
}

bool config_secret_parse(const char *format, struct secret *secret, const struct secret *line, const char **problem)
{
    if (text_same(format, "canonical"))
        return secret_parse_whsec(secret, (const char *)line->bytes, problem);
    if (text_same(format, "blesta"))
        return secret_parse_path(secret, line, problem);
    *problem = "holds less than 16 bytes";
    return line->len >= RAW_SECRET_MIN && secret_set(secret, line->bytes, line->len);
}

static bool any_field(const struct config_fields *fields)
{
    const struct config_fields none = {0};

    return memcmp(fields, &none, sizeof(none)) != 0;
}

/* An event that is paid for needs an invoice: its key is made of it. */
static bool any_paid(const struct config_source *source)
{
    for (size_t i = 0; i < source->event_count; i++) {
        const char *type = source->events[i].type;
        if (text_same(type, "license.create") || text_same(type, "license.renew") ||
            text_same(type, "license.change_product"))
            return true;
    }
    return false;
}

bool config_mapping_check(struct config_loader *loader, cfg_t *node, const struct config_source *source)
{
    cfg_t *fields = cfg_getsec(node, "fields");
    int line = config_line(node, "format");

    if (!config_format_mapped(source->format)) {
        if (source->event_count > 0 || any_field(&source->fields))
            return config_fail(loader, line, node, "format", "%s has no use for fields and events", source->format);
        return true;
    }
    if (source->retired)
        return true;
    if (source->event_count == 0)
        return config_fail(loader, line, node, "format", "%s needs at least one event", source->format);
    if (!source->fields.service_id || !source->fields.product_code)
        return config_fail(loader, line, node, "format", "%s needs the fields service_id and product_code",
                           source->format);
    if (any_paid(source) && !source->fields.invoice_id)
        return config_fail(loader, fields ? fields->line : line, node, "format",
                           "%s needs the field invoice_id: paid work goes by invoice", source->format);
    if (text_same(source->format, "blesta") && source->allow_count == 0)
        return config_fail(loader, config_line(node, "allow"), node, "allow",
                           "is missing: blesta signs nothing, so its addresses must be known");
    return true;
}
