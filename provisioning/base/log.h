/* SPDX-License-Identifier: Apache-2.0 */
/* log: one line per event on standard error, in logfmt, with the priority
 * prefix that journald reads ("<6>event=order.moved order=41 from=queued").
 *
 * Values are quoted when needed and control bytes are escaped, so one event is
 * always one line.  A line has a ceiling of 4 KiB.  There is no formatter for
 * struct secret: what has no formatter cannot be logged by accident. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdint.h>

enum log_level {
    LOG_LEVEL_ERROR, /* <3> the program cannot do its work */
    LOG_LEVEL_WARN,  /* <4> a person should look */
    LOG_LEVEL_NOTE,  /* <5> normal and worth keeping: start, stop, reload */
    LOG_LEVEL_INFO,  /* <6> what was done, one line per unit of work */
    LOG_LEVEL_DEBUG, /* <7> for a developer */
};

enum log_kind { LOG_KIND_END, LOG_KIND_STR, LOG_KIND_INT };

struct log_field {
    enum log_kind kind;
    const char *key;
    const char *str; /* NULL is written as key="" */
    int64_t num;
};

static inline struct log_field log_str(const char *key, const char *value)
{
    return (struct log_field){LOG_KIND_STR, key, value, 0};
}

static inline struct log_field log_int(const char *key, int64_t value)
{
    return (struct log_field){LOG_KIND_INT, key, 0, value};
}

/* Process-wide: the program's name goes into every line; lines below `least`
 * are dropped. */
void log_open(const char *program, enum log_level least);
/* "error" … "debug"; false leaves *level alone. */
int log_level_parse(const char *word, enum log_level *level);
void log_write(enum log_level level, const char *event, const struct log_field *fields);
/* Tests read lines here instead of standard error; NULL restores it. */
void log_redirect(void (*sink)(void *ctx, const char *line), void *ctx);

/* The element before the first is skipped: it gives the comma something to follow. */
#define LOG_FIELDS(...)                                                                                                \
    (&((const struct log_field[]){{LOG_KIND_END, 0, 0, 0}, ##__VA_ARGS__, {LOG_KIND_END, 0, 0, 0}})[1])
#define log_error(event, ...) log_write(LOG_LEVEL_ERROR, event, LOG_FIELDS(__VA_ARGS__))
#define log_warn(event, ...)  log_write(LOG_LEVEL_WARN, event, LOG_FIELDS(__VA_ARGS__))
#define log_note(event, ...)  log_write(LOG_LEVEL_NOTE, event, LOG_FIELDS(__VA_ARGS__))
#define log_info(event, ...)  log_write(LOG_LEVEL_INFO, event, LOG_FIELDS(__VA_ARGS__))
#define log_debug(event, ...) log_write(LOG_LEVEL_DEBUG, event, LOG_FIELDS(__VA_ARGS__))

#endif
