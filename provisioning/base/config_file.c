/* SPDX-License-Identifier: Apache-2.0 */
/* config_file: reads the file and has libconfuse take it apart.
 *
 * Exists because libconfuse 3.3 alone is too forgiving for a file that decides
 * about money: it drops bytes it does not know, expands ${VARIABLES}, takes the
 * last of two equal options and counts each comment as several lines.  So the
 * text is checked first, comments are blanked out, and every value keeps its
 * line.  Owns the text until it is parsed.  Never judges what a value means. */
#include "base/config_parts.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

#define CONFIG_FILE_MAX ((size_t)1024 * 1024)

/* libconfuse has one scanner per process and gives its callbacks no context. */
static pthread_mutex_t parse_lock = PTHREAD_MUTEX_INITIALIZER;
static struct config_loader *parsing;
static bool replaced; /* a value was thrown away because its option came again */

static bool file_read(struct config_loader *loader, struct text *text)
{
    char buffer[4096];
    size_t got;
    bool ok = false;
    FILE *file = fopen(loader->path, "re");

    if (!file)
        return config_fail(loader, 0, NULL, NULL, "%s", strerror(errno));
    while ((got = fread(buffer, 1, sizeof(buffer), file)) > 0)
        if (!text_add(text, buffer, got))
            break;
    if (ferror(file))
        (void)config_fail(loader, 0, NULL, NULL, "%s", strerror(errno));
    else if (text->cut)
        (void)config_fail(loader, 0, NULL, NULL, "longer than 1 MiB");
    else
        ok = true;
    (void)fclose(file);
    return ok;
}

static char *blank_until(char *s, const char *end, int *line)
{
    for (; s < end; s++) {
        if (*s == '\n')
            (*line)++;
        else
            *s = ' ';
    }
    return s;
}

/* Behind the quoted text that begins at s; NULL after config_fail. */
static char *scan_quoted(struct config_loader *loader, char *s, int line)
{
    char quote = *s++;

    for (; *s != quote; s++) {
        if (*s == '\0' || *s == '\n') {
            (void)config_fail(loader, line, NULL, NULL, "a quote is not closed on its line");
            return NULL;
        }
        if ((unsigned char)*s < ' ' && *s != '\t') {
            (void)config_fail(loader, line, NULL, NULL, "a control character");
            return NULL;
        }
        if (quote == '"' && s[0] == '$' && s[1] == '{') {
            (void)config_fail(loader, line, NULL, NULL, "${…} is not expanded; write \\${ for the characters");
            return NULL;
        }
        if (*s != '\\')
            continue;
        s++;
        if (*s != '\\' && *s != quote && !(quote == '"' && *s == '$')) {
            (void)config_fail(loader, line, NULL, NULL, "only %s may follow a backslash",
                              quote == '"' ? "\\, \" and $" : "\\ and '");
            return NULL;
        }
    }
    return s + 1;
}

/* One step outside of quotes; word says whether s continues an unquoted word,
 * where "//" is no comment (https://…). */
static char *scan_plain(struct config_loader *loader, char *s, bool word, int *line)
{
    if (s[0] == '#' || (!word && s[0] == '/' && s[1] == '/'))
        return blank_until(s, s + strcspn(s, "\n"), line);
    if (!word && s[0] == '/' && s[1] == '*') {
        char *end = strstr(s + 2, "*/");
        if (end)
            return blank_until(s, end + 2, line);
        (void)config_fail(loader, *line, NULL, NULL, "a comment is not closed");
        return NULL;
    }
    if (s[0] == '$' && s[1] == '{')
        (void)config_fail(loader, *line, NULL, NULL, "${…} is not expanded");
    else if (s[0] == '*' || (s[0] == '+' && s[1] != '='))
        (void)config_fail(loader, *line, NULL, NULL, "'%c' needs quotes around it", s[0]);
    else if ((unsigned char)s[0] < ' ' && !strchr("\t\r\n", s[0]))
        (void)config_fail(loader, *line, NULL, NULL, "a control character");
    else
        return s + 1;
    return NULL;
}

/* Refuses what libconfuse would misread and blanks out comments. */
static bool file_scan(struct config_loader *loader, char *s)
{
    int line = 1;
    int opened = 0; /* the line of the outermost open brace */
    int depth = 0;
    bool word = false;

    while (s && *s) {
        if (*s == '\n')
            line++;
        if (*s == '"' || *s == '\'') {
            s = scan_quoted(loader, s, line);
            word = false;
            continue;
        }
        if (*s == '{' && depth++ == 0)
            opened = line;
        if (*s == '}')
            depth--;
        bool part = !strchr(" \t\r\n{}()=+,#*", *s);
        char *next = scan_plain(loader, s, word, &line);
        word = part && next == s + 1;
        s = next;
    }
    /* libconfuse takes the end of a file that was cut for the end of the section. */
    if (s && depth > 0)
        return config_fail(loader, opened, NULL, NULL, "a brace is not closed");
    return s != NULL;
}

static void report(cfg_t *node, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
static void report(cfg_t *node, const char *format, va_list args)
{
    char what[CONFIG_ERROR_MAX];

    (void)vsnprintf(what, sizeof(what), format, args);
    (void)config_fail(parsing, node->line, node, NULL, "%s", what);
}

static int take_value(cfg_t *node, cfg_opt_t *option, const char *text, void *result)
{
    if (replaced) {
        (void)config_fail(parsing, node->line, node, option->name, "given twice");
        return -1;
    }
    struct config_given *given = arena_alloc(&parsing->scratch, sizeof(*given));
    given->text = arena_strdup(&parsing->scratch, text);
    given->line = node->line;
    *(void **)result = given;
    return 0;
}

/* While parsing, libconfuse frees a value only to make room for a second one. */
static void value_freed(void *given)
{
    (void)given;
    if (parsing)
        replaced = true;
}

/* The section's table as libconfuse wants it. */
static cfg_opt_t *describe(struct arena *arena, const struct config_section *section)
{
    size_t count = section->option_count + section->inner_count;
    cfg_opt_t *out = arena_alloc(arena, (count + 1) * sizeof(*out));
    cfg_opt_t *next = out;

    for (size_t i = 0; i < section->option_count; i++) {
        const struct config_option *row = &section->options[i];
        if (config_kind_is_list(row->kind))
            *next++ = (cfg_opt_t)CFG_PTR_LIST_CB(row->name, NULL, CFGF_NODEFAULT, take_value, value_freed);
        else
            *next++ = (cfg_opt_t)CFG_PTR_CB(row->name, NULL, CFGF_NODEFAULT, take_value, value_freed);
    }
    for (size_t i = 0; i < section->inner_count; i++) {
        const struct config_section *inner = &section->inner[i];
        cfg_flag_t flags = inner->shared ? CFGF_NONE : CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES;
        *next++ = (cfg_opt_t)CFG_SEC(inner->name, describe(arena, inner), flags);
    }
    *next = (cfg_opt_t)CFG_END();
    return out;
}

static cfg_t *text_parse(struct config_loader *loader, const char *text)
{
    (void)pthread_mutex_lock(&parse_lock);
    parsing = loader;
    replaced = false;
    cfg_t *file = cfg_init(describe(&loader->scratch, &CONFIG_ROOT), CFGF_NONE);
    if (!file) {
        (void)config_fail(loader, 0, NULL, NULL, "out of memory");
        goto out;
    }
    (void)cfg_set_error_function(file, report);
    bool ok = cfg_parse_buf(file, text) == CFG_SUCCESS;
    if (ok && replaced) /* by an empty list, which brings no value of its own */
        ok = config_fail(loader, 0, NULL, NULL, "a list is given twice");
    parsing = NULL;
    if (!ok) {
        (void)config_fail(loader, 0, NULL, NULL, "cannot be read");
        (void)cfg_free(file);
        file = NULL;
    }
out:
    parsing = NULL;
    (void)pthread_mutex_unlock(&parse_lock);
    return file;
}

cfg_t *config_file_parse(struct config_loader *loader)
{
    struct text text;
    cfg_t *file = NULL;

    errno = 0;
    text_init(&text, CONFIG_FILE_MAX);
    if (!file_read(loader, &text))
        goto out;
    (void)text_add(&text, "", 0); /* an empty file gets its NUL */
    if (!utf8_valid(text.data, text.len))
        (void)config_fail(loader, 0, NULL, NULL, "not UTF-8 text");
    else if (file_scan(loader, text.data))
        file = text_parse(loader, text.data);
out:
    if (!file && errno == ENOMEM) /* not a mistake in the file, for which nobody would start us again */
        heap_exhausted(text.len);
    text_clear(&text);
    return file;
}

int config_line(cfg_t *node, const char *option)
{
    if (cfg_size(node, option) == 0)
        return node->line;
    const struct config_given *given = cfg_getnptr(node, option, 0);
    return given->line;
}
