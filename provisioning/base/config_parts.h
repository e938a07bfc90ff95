/* SPDX-License-Identifier: Apache-2.0 */
/* config_parts: what the config*.c files share; no other file includes it.
 *
 * The tables that describe the file (config.c) drive reading it (config_file.c
 * gives text and lines, config_value.c turns text into members) and writing it
 * (config_dump.c). */
#ifndef BASE_CONFIG_PARTS_H
#define BASE_CONFIG_PARTS_H

#include <confuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/config.h"

enum config_kind {
    CONFIG_TEXT,     /* const char *, never NULL */
    CONFIG_MAYBE,    /* const char *, NULL when "" */
    CONFIG_CONNINFO, /* const char *, shown only while it holds no password */
    CONFIG_PATH,     /* const char *, resolved and readable; NULL when "" */
    CONFIG_INT,      /* int */
    CONFIG_DURATION, /* int64_t milliseconds */
    CONFIG_DELAYS,   /* array of int64_t milliseconds, size_t at second */
    CONFIG_SPAN,     /* "2s .. 15m": int64_t at offset and at second */
    CONFIG_CHOICE,   /* enum: the index in words */
    CONFIG_BOOL,     /* bool */
    CONFIG_LIST,     /* array of const char *, size_t at second */
    CONFIG_TOKEN,    /* struct secret from the file that is named; "" for none */
    CONFIG_SECRETS,  /* array of struct secret from whsec_ files, size_t at second */
    CONFIG_ACCOUNT,  /* const struct config_account * by name */
    CONFIG_PRODUCTS, /* array of const struct config_product * by code, size_t at second */
};

/* NULL, or what is wrong with the text, for "option: <problem>". */
typedef const char *config_check_fn(const char *text);

/* One row is the whole truth of an option. */
struct config_option {
    const char *name;
    enum config_kind kind;
    const char *fallback; /* as it would be written; NULL: must be given.  Lists: with blanks between */
    int64_t min;          /* INT, DURATION, each of DELAYS and both ends of a SPAN */
    int64_t max;
    const char *const *words; /* CHOICE; TEXT when only these are known.  Ends with NULL */
    config_check_fn *check;   /* of the text, or of each element */
    size_t offset;            /* of the member in the section's struct */
    size_t second;
};

struct config_loader;

/* What one row cannot say: members that depend on each other. */
typedef bool config_section_check_fn(struct config_loader *loader, cfg_t *node, const void *record);

struct config_section {
    const char *name;
    const struct config_option *options;
    size_t option_count;
    const struct config_section *inner;
    size_t inner_count;
    config_section_check_fn *check; /* NULL: none */
    bool shared;                    /* untitled, at most once, and its members belong to the section around it */
    /* Titled sections: an array of records in the section around. */
    config_check_fn *title_check;
    size_t size;
    size_t title_offset;
    size_t array_offset; /* in the section around */
    size_t count_offset;
};

/* A value as the file gives it. */
struct config_given {
    const char *text;
    int line;
};

struct config_loader {
    const char *path;
    char *error;
    bool tokens;           /* whether upstream tokens are read at all */
    struct arena *arena;   /* of the new configuration */
    struct arena scratch;  /* until the load is over */
    struct config *config; /* as far as it is filled */
};

extern const struct config_section CONFIG_ROOT;

/* Writes "path:line: section title: option: …" unless an error stands already;
 * node and option may be NULL, line 0 is left out.  Always false. */
bool config_fail(struct config_loader *loader, int line, const cfg_t *node, const char *option, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The parsed file, NULL after config_fail; the caller frees it with cfg_free(). */
cfg_t *config_file_parse(struct config_loader *loader);
/* The line of an option, or of the section's closing brace when it is not given. */
int config_line(cfg_t *node, const char *option);
/* Fills a record and what is inside it from its section. */
bool config_section_fill(struct config_loader *loader, const struct config_section *section, cfg_t *node, void *record);

static inline bool config_kind_is_list(enum config_kind kind)
{
    return kind == CONFIG_LIST || kind == CONFIG_SECRETS || kind == CONFIG_PRODUCTS || kind == CONFIG_DELAYS;
}
#define CONFIG_DURATION_MAX 24
/* The largest unit that fits exactly: "90s", "2m". */
void config_duration_format(int64_t ms, char out[CONFIG_DURATION_MAX]);

config_check_fn config_check_name;
config_check_fn config_check_endpoint;
config_check_fn config_check_event;
config_check_fn config_check_base_url;
config_check_fn config_check_callback_url;
config_check_fn config_check_time_zone;
config_check_fn config_check_credits;
config_check_fn config_check_prefix;
config_check_fn config_check_path;
/* A source's secret as its format has it, from the first line of its file;
 * false: *problem says why, without the text. */
bool config_secret_parse(const char *format, struct secret *secret, const struct secret *line, const char **problem);
/* What upmind and blesta need besides, and what has no use with the others. */
bool config_mapping_check(struct config_loader *loader, cfg_t *node, const struct config_source *source);
config_section_check_fn config_check_account;
config_section_check_fn config_check_source;

#endif
