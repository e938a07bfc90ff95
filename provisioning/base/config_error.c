/* SPDX-License-Identifier: Apache-2.0 */
/* config_error: the one place where an error of the file gets its words: which
 * file, line, section and option.  The first error stands. */
#include "base/config_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

bool config_fail(struct config_loader *loader, int line, const cfg_t *node, const char *option, const char *format, ...)
{
    struct text text;
    char what[CONFIG_ERROR_MAX];
    va_list args;

    if (loader->error[0])
        return false;
    va_start(args, format);
    (void)vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    text_init(&text, CONFIG_ERROR_MAX - 1);
    (void)text_addf(&text, "%s:", loader->path);
    if (line > 0)
        (void)text_addf(&text, "%d:", line);
    if (node && node->title)
        (void)text_addf(&text, " %s %s:", node->name, node->title);
    else if (node && strcmp(node->name, "root") != 0)
        (void)text_addf(&text, " %s:", node->name);
    if (option)
        (void)text_addf(&text, " %s:", option);
    (void)text_addf(&text, " %s", what);
    memcpy(loader->error, text_str(&text), text.len + 1);
    text_clear(&text);
    return false;
}
