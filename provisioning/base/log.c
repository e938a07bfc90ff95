/* SPDX-License-Identifier: Apache-2.0 */
/* log: see log.h for the promise.
 *
 * Exists so that an operator can grep and journald can sort what happened.
 * Owns the process's logging state (name, threshold, where lines go).  Never
 * allocates and never fails: a line is built on the stack and leaves in one
 * write(2), so lines of several threads or processes do not mix.  A crash loses
 * at most the line being built. */
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

#define LOG_LINE_MAX 4096
#define LOG_CUT_MARK " cut=1"
#define LOG_RESERVE  (sizeof(LOG_CUT_MARK) + 2) /* the mark with its NUL, a closing quote, the line end */

struct log_line {
    char data[LOG_LINE_MAX];
    size_t len;
    bool cut;
};

static const struct {
    const char *word;
    int priority; /* syslog's number */
} LEVELS[] = {
    [LOG_LEVEL_ERROR] = {"error", 3}, [LOG_LEVEL_WARN] = {"warn", 4},   [LOG_LEVEL_NOTE] = {"note", 5},
    [LOG_LEVEL_INFO] = {"info", 6},   [LOG_LEVEL_DEBUG] = {"debug", 7},
};

static const char *log_program;
static enum log_level log_least = LOG_LEVEL_INFO;
static void (*log_sink)(void *ctx, const char *line);
static void *log_sink_ctx;

void log_open(const char *program, enum log_level least)
{
    log_program = program;
    log_least = least;
}

int log_level_parse(const char *word, enum log_level *level)
{
    for (size_t i = 0; i < sizeof(LEVELS) / sizeof(LEVELS[0]); i++) {
        if (strcmp(word, LEVELS[i].word) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_redirect(void (*sink)(void *ctx, const char *line), void *ctx)
{
    log_sink = sink;
    log_sink_ctx = ctx;
}

/* All or nothing, so that neither an escape nor a UTF-8 sequence is halved. */
static void line_put(struct log_line *line, const char *data, size_t len)
{
    if (line->cut || len > LOG_LINE_MAX - LOG_RESERVE - line->len) {
        line->cut = true;
        return;
    }
    memcpy(line->data + line->len, data, len);
    line->len += len;
}

static void line_puts(struct log_line *line, const char *s)
{
    line_put(line, s, strlen(s));
}

/* Bytes of the character at s that may stand as they are, 0 for a byte to be
 * escaped: controls (C1 ones too, terminals obey them) and broken UTF-8. */
static size_t plain_len(const char *s, size_t left)
{
    unsigned char first = (unsigned char)s[0];
    size_t len = utf8_len(s, left);

    if (first < 0x20 || first == 0x7F)
        return 0;
    if (first == 0xC2 && len == 2 && (unsigned char)s[1] < 0xA0)
        return 0;
    return len;
}

static bool needs_quotes(const char *s)
{
    size_t left = strlen(s);

    if (left == 0)
        return true;
    while (left > 0) {
        size_t len = plain_len(s, left);
        if (len == 0 || strchr(" \"=\\", s[0]))
            return true;
        s += len;
        left -= len;
    }
    return false;
}

static void line_escape(struct log_line *line, unsigned char byte)
{
    char escape[8] = {'\\', (char)byte, '\0'};

    if (byte == '\n')
        escape[1] = 'n';
    else if (byte == '\r')
        escape[1] = 'r';
    else if (byte == '\t')
        escape[1] = 't';
    else if (byte != '"' && byte != '\\')
        (void)snprintf(escape, sizeof(escape), "\\x%02x", (unsigned)byte);
    line_puts(line, escape);
}

static void line_value(struct log_line *line, const char *s)
{
    bool quoted = needs_quotes(s);

    if (quoted)
        line_put(line, "\"", 1);
    bool open = quoted && !line->cut;
    for (size_t left = strlen(s); left > 0 && !line->cut;) {
        size_t len = plain_len(s, left);
        if (len == 0 || s[0] == '"' || s[0] == '\\') {
            line_escape(line, (unsigned char)s[0]);
            len = 1;
        } else {
            line_put(line, s, len);
        }
        s += len;
        left -= len;
    }
    if (open)
        line->data[line->len++] = '"'; /* its room is reserved */
}

static void line_field(struct log_line *line, const struct log_field *field)
{
    char number[24];

    line_put(line, " ", 1);
    line_puts(line, field->key);
    line_put(line, "=", 1);
    switch (field->kind) {
    case LOG_KIND_STR:
        line_value(line, field->str ? field->str : "");
        break;
    case LOG_KIND_INT:
        (void)snprintf(number, sizeof(number), "%" PRId64, field->num);
        line_puts(line, number);
        break;
    case LOG_KIND_END:
        break;
    }
}

static void line_send(const struct log_line *line)
{
    if (log_sink) {
        log_sink(log_sink_ctx, line->data);
        return;
    }
    int saved = errno; /* a caller may log before it looks at errno */
    while (write(STDERR_FILENO, line->data, line->len) < 0 && errno == EINTR)
        continue;
    errno = saved;
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    struct log_line line;
    char prefix[8];

    if (level > log_least)
        return;
    line.len = 0;
    line.cut = false;
    (void)snprintf(prefix, sizeof(prefix), "<%d>", LEVELS[level].priority);
    line_puts(&line, prefix);
    line_puts(&line, "event=");
    line_value(&line, event);
    if (log_program)
        line_field(&line, &(struct log_field){LOG_KIND_STR, "program", log_program, 0});
    for (; fields->kind != LOG_KIND_END && !line.cut; fields++)
        line_field(&line, fields);
    if (line.cut) {
        memcpy(line.data + line.len, LOG_CUT_MARK, sizeof(LOG_CUT_MARK) - 1);
        line.len += sizeof(LOG_CUT_MARK) - 1;
    }
    if (!log_sink)
        line.data[line.len++] = '\n';
    line.data[line.len] = '\0';
    line_send(&line);
}
