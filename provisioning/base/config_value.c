/* SPDX-License-Identifier: Apache-2.0 */
/* config_value: turns the text of an option into the member of its record.
 *
 * Exists so that one loop over the tables fills every record, defaults and
 * checks included.  Owns nothing: all it makes lives in the configuration's
 * arena.  Reads the files that options name (secrets, certificates) and never
 * lets their bytes into an error. */
#include "base/config_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* One option of one section, while it is filled. */
struct place {
    struct config_loader *loader;
    cfg_t *node;
    const struct config_option *row;
    void *record;
    int line;
};

#define place_fail(place, ...)                                                                                         \
    config_fail((place)->loader, (place)->line, (place)->node, (place)->row->name, __VA_ARGS__)

/* Members are written through memcpy: the table knows their place, not C their
 * type. */
static void member_set(const struct place *place, size_t offset, const void *value, size_t size)
{
    memcpy((char *)place->record + offset, value, size);
}

static void array_set(const struct place *place, const void *array, size_t count)
{
    member_set(place, place->row->offset, &array, sizeof(array));
    member_set(place, place->row->second, &count, sizeof(count));
}

bool config_duration_parse(const char *text, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    size_t digits = strspn(text, "0123456789");
    int64_t value = 0;

    if (digits == 0)
        return false;
    for (size_t i = 0; i < digits; i++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, text[i] - '0', &value))
            return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(text + digits, units[i].unit) == 0)
            return !__builtin_mul_overflow(value, units[i].ms, ms);
    return false;
}

static bool in_words(const char *const *words, const char *text, int *index)
{
    for (*index = 0; words[*index]; (*index)++)
        if (strcmp(words[*index], text) == 0)
            return true;
    return false;
}

static bool fail_words(const struct place *place, const char *text)
{
    struct text known;

    text_init(&known, 256);
    for (const char *const *word = place->row->words; *word; word++)
        (void)text_addf(&known, "%s%s", known.len > 0 ? ", " : "", *word);
    (void)place_fail(place, "\"%s\" is none of %s", text, text_str(&known));
    text_clear(&known);
    return false;
}

static bool text_checked(const struct place *place, const char *text)
{
    int index;

    if (place->row->words && !in_words(place->row->words, text, &index))
        return fail_words(place, text);
    const char *problem = place->row->check ? place->row->check(text) : NULL;
    if (!problem)
        return true;
    if (strchr(text, '@')) /* a URL's user and password must not reach a log */
        return place_fail(place, "the text %s", problem);
    return place_fail(place, "\"%s\" %s", text, problem);
}

static bool fill_text(const struct place *place, const char *text)
{
    const char *copy = NULL;

    if (place->row->kind != CONFIG_MAYBE || text[0]) {
        if (!text_checked(place, text))
            return false;
        copy = arena_strdup(place->loader->arena, text);
    }
    member_set(place, place->row->offset, &copy, sizeof(copy));
    return true;
}

static bool fill_int(const struct place *place, const char *text)
{
    int64_t wide;

    if (!text_parse_int(text, place->row->min, place->row->max, &wide))
        return place_fail(place, "\"%s\" is not a whole number from %lld to %lld", text, (long long)place->row->min,
                          (long long)place->row->max);
    int value = (int)wide;
    member_set(place, place->row->offset, &value, sizeof(value));
    return true;
}

static bool duration_ok(const struct place *place, const char *text, int64_t *ms)
{
    if (!config_duration_parse(text, ms))
        return place_fail(place, "\"%s\" is not a duration like 200ms, 60s, 10m, 1h or 7d", text);
    if (*ms >= place->row->min && *ms <= place->row->max)
        return true;
    char least[CONFIG_DURATION_MAX];
    char most[CONFIG_DURATION_MAX];
    config_duration_format(place->row->min, least);
    config_duration_format(place->row->max, most);
    return place_fail(place, "%s is not within %s and %s", text, least, most);
}

static bool fill_duration(const struct place *place, const char *text)
{
    int64_t ms;

    if (!duration_ok(place, text, &ms))
        return false;
    member_set(place, place->row->offset, &ms, sizeof(ms));
    return true;
}

static bool fill_span(const struct place *place, const char *text)
{
    const char *dots = strstr(text, "..");
    int64_t base;
    int64_t cap;

    if (!dots)
        return place_fail(place, "\"%s\" is not a span like \"2s .. 15m\"", text);
    size_t len = (size_t)(dots - text);
    while (len > 0 && text[len - 1] == ' ')
        len--;
    dots += 2 + strspn(dots + 2, " ");
    if (!duration_ok(place, arena_strndup(&place->loader->scratch, text, len), &base) ||
        !duration_ok(place, dots, &cap))
        return false;
    if (base > cap)
        return place_fail(place, "\"%s\" ends below its beginning", text);
    member_set(place, place->row->offset, &base, sizeof(base));
    member_set(place, place->row->second, &cap, sizeof(cap));
    return true;
}

static bool fill_choice(const struct place *place, const char *text)
{
    int index;

    if (!in_words(place->row->words, text, &index))
        return fail_words(place, text);
    member_set(place, place->row->offset, &index, sizeof(index)); /* our enums are as wide as int */
    return true;
}

static bool fill_bool(const struct place *place, const char *text)
{
    bool yes = strcmp(text, "true") == 0;

    if (!yes && strcmp(text, "false") != 0)
        return place_fail(place, "\"%s\" is neither true nor false", text);
    member_set(place, place->row->offset, &yes, sizeof(yes));
    return true;
}

/* The name that systemd gives the file of a folder it passes: LoadCredential=tokens:FOLDER
 * makes tokens/main known as tokens_main. */
static const char *credential_name(struct arena *arena, const char *name)
{
    char *flat = arena_strdup(arena, name);

    for (char *slash = flat; (slash = strchr(slash, '/')) != NULL;)
        *slash = '_';
    return flat;
}

/* Where a named file is: as it is when absolute, else in the credentials folder
 * if it is there, else beside the configuration. */
static const char *file_path(const struct place *place, const char *name)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    struct arena *arena = place->loader->arena;
    const char *slash = strrchr(place->loader->path, '/');

    if (name[0] == '/')
        return arena_strdup(arena, name);
    if (credentials && credentials[0]) {
        const char *path = arena_printf(arena, "%s/%s", credentials, credential_name(arena, name));
        if (access(path, F_OK) == 0)
            return path;
    }
    int folder = slash ? (int)(slash - place->loader->path + 1) : 0;
    return arena_printf(arena, "%.*s%s", folder, place->loader->path, name);
}

static bool fill_path(const struct place *place, const char *name)
{
    const char *path = name[0] ? file_path(place, name) : NULL;

    if (path && access(path, R_OK) != 0)
        return place_fail(place, "%s: %s", path, strerror(errno));
    member_set(place, place->row->offset, &path, sizeof(path));
    return true;
}

static bool secret_from_file(const struct place *place, const char *name, struct secret *secret)
{
    const char *path = file_path(place, name);
    const char *problem = NULL;

    if (secret_read_file(secret, path, &problem))
        return true;
    if (errno != 0)
        return place_fail(place, "%s %s: %s", path, problem, strerror(errno));
    return place_fail(place, "%s %s", path, problem);
}

/* The token is read straight into the record, which is wiped with it. */
static bool fill_token(const struct place *place, const char *name)
{
    struct secret *token = (void *)((char *)place->record + place->row->offset);

    if (!name[0] || !place->loader->tokens)
        return true;
    if (!secret_from_file(place, name, token))
        return false;
    for (size_t i = 0; i < token->len; i++)
        if (token->bytes[i] <= ' ' || token->bytes[i] > '~')
            return place_fail(place, "%s holds a byte that no HTTP header may carry", name);
    return true;
}

static bool given_again(const struct place *place, const struct config_given *given, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(given[i].text, given[index].text) == 0)
            return !place_fail(place, "\"%s\" is listed twice", given[index].text);
    return false;
}

static bool fill_secrets(const struct place *place, const struct config_given *given, size_t count)
{
    /* Of a source, whose format is filled before.  Notices are always signed as Standard Webhooks has it. */
    const struct config_source *source = place->record;
    bool incoming = place->row->offset == offsetof(struct config_source, secrets);
    struct secret *secrets = arena_alloc(place->loader->arena, count * sizeof(*secrets));

    array_set(place, secrets, count); /* now, so that a failure on the way wipes them */
    for (size_t i = 0; i < count; i++) {
        struct secret text = {0};
        const char *problem = NULL;
        if (given_again(place, given, i) || !secret_from_file(place, given[i].text, &text))
            return false;
        bool ok = config_secret_parse(incoming ? source->format : "canonical", &secrets[i], &text, &problem);
        secret_clear(&text);
        if (!ok)
            return place_fail(place, "%s %s", given[i].text, problem);
    }
    return true;
}

static bool fill_list(const struct place *place, const struct config_given *given, size_t count)
{
    const char **texts = arena_alloc(place->loader->arena, count * sizeof(*texts));

    for (size_t i = 0; i < count; i++) {
        if (given_again(place, given, i) || !text_checked(place, given[i].text))
            return false;
        texts[i] = arena_strdup(place->loader->arena, given[i].text);
    }
    array_set(place, texts, count);
    return true;
}

static bool fill_account(const struct place *place, const char *name)
{
    const struct config_account *account = config_account_find(place->loader->config, name);

    if (!account)
        return place_fail(place, "there is no account \"%s\"", name);
    member_set(place, place->row->offset, &account, sizeof(account));
    return true;
}

static bool fill_products(const struct place *place, const struct config_given *given, size_t count)
{
    const struct config_product **products = arena_alloc(place->loader->arena, count * sizeof(struct config_product *));

    for (size_t i = 0; i < count; i++) {
        products[i] = config_product_find(place->loader->config, given[i].text);
        if (!products[i])
            return place_fail(place, "there is no product \"%s\"", given[i].text);
        if (given_again(place, given, i))
            return false;
    }
    array_set(place, products, count);
    return true;
}

static bool fill_delays(const struct place *place, const struct config_given *given, size_t count)
{
    int64_t *delays = arena_alloc(place->loader->arena, count * sizeof(*delays));

    for (size_t i = 0; i < count; i++)
        if (!duration_ok(place, given[i].text, &delays[i]))
            return false;
    array_set(place, delays, count);
    return true;
}

/* given has at least one element, except for lists. */
static bool fill(const struct place *place, const struct config_given *given, size_t count)
{
    switch (place->row->kind) {
    case CONFIG_TEXT:
    case CONFIG_MAYBE:
    case CONFIG_CONNINFO:
        return fill_text(place, given->text);
    case CONFIG_PATH:
        return fill_path(place, given->text);
    case CONFIG_INT:
        return fill_int(place, given->text);
    case CONFIG_DURATION:
        return fill_duration(place, given->text);
    case CONFIG_DELAYS:
        return fill_delays(place, given, count);
    case CONFIG_SPAN:
        return fill_span(place, given->text);
    case CONFIG_CHOICE:
        return fill_choice(place, given->text);
    case CONFIG_BOOL:
        return fill_bool(place, given->text);
    case CONFIG_TOKEN:
        return fill_token(place, given->text);
    case CONFIG_ACCOUNT:
        return fill_account(place, given->text);
    case CONFIG_LIST:
        return fill_list(place, given, count);
    case CONFIG_SECRETS:
        return fill_secrets(place, given, count);
    case CONFIG_PRODUCTS:
        return fill_products(place, given, count);
    }
    abort(); /* a row with a kind of its own */
}

/* The default of a list that is not given. */
static bool list_fill_fallback(const struct place *place)
{
    struct arena *scratch = &place->loader->scratch;
    size_t most = strlen(place->row->fallback) / 2 + 1, count = 0;
    struct config_given *given = arena_alloc(scratch, most * sizeof(*given));

    for (const char *at = place->row->fallback; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        given[count++] = (struct config_given){arena_strndup(scratch, at, len), place->line};
        at += len;
    }
    return fill(place, given, count);
}

static bool option_fill(struct config_loader *loader, const struct config_option *row, cfg_t *node, void *record)
{
    struct place place = {loader, node, row, record, config_line(node, row->name)};
    size_t count = cfg_size(node, row->name);

    if (count == 0 && !row->fallback)
        return place_fail(&place, "is missing");
    if (count == 0 && config_kind_is_list(row->kind))
        return list_fill_fallback(&place);
    if (count == 0)
        return fill(&place, &(struct config_given){row->fallback, place.line}, 1);
    struct config_given *given = arena_alloc(&loader->scratch, count * sizeof(*given));
    for (size_t i = 0; i < count; i++)
        given[i] = *(const struct config_given *)cfg_getnptr(node, row->name, (unsigned)i);
    return fill(&place, given, count);
}

/* The records of a titled section, in an array of the record around. */
static bool records_fill(struct config_loader *loader, const struct config_section *section, cfg_t *around,
                         void *record)
{
    size_t count = cfg_size(around, section->name);
    char *array = arena_alloc(loader->arena, count * section->size);

    /* Before they are filled, so that whatever was read is wiped after a failure. */
    memcpy((char *)record + section->array_offset, &array, sizeof(array));
    memcpy((char *)record + section->count_offset, &count, sizeof(count));
    for (size_t i = 0; i < count; i++) {
        cfg_t *node = cfg_getnsec(around, section->name, (unsigned)i);
        const char *problem = section->title_check(cfg_title(node));
        if (problem)
            return config_fail(loader, node->line, node, NULL, "its name %s", problem);
        char *title = arena_strdup(loader->arena, cfg_title(node));
        memcpy(array + i * section->size + section->title_offset, &title, sizeof(title));
        if (!config_section_fill(loader, section, node, array + i * section->size))
            return false;
    }
    return true;
}

bool config_section_fill(struct config_loader *loader, const struct config_section *section, cfg_t *node, void *record)
{
    for (size_t i = 0; i < section->option_count; i++)
        if (!option_fill(loader, &section->options[i], node, record))
            return false;
    for (size_t i = 0; i < section->inner_count; i++) {
        const struct config_section *inner = &section->inner[i];
        bool ok = inner->shared ? config_section_fill(loader, inner, cfg_getsec(node, inner->name), record)
                                : records_fill(loader, inner, node, record);
        if (!ok)
            return false;
    }
    return !section->check || section->check(loader, node, record);
}
