/* SPDX-License-Identifier: Apache-2.0 */
/* Lays the overview out.
 *
 * What stands nearest to a loss comes first, because a small terminal shows the
 * beginning only.  Pure: reads JSON, writes lines; others' words reach the
 * terminal through text_print_cut alone. */
#include "ctl/top_frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/output.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

void frame_init(struct frame *frame, struct arena *arena)
{
    *frame = (struct frame){.arena = arena};
}

void frame_add(struct frame *frame, enum frame_tone tone, const char *text)
{
    if (frame->count == frame->cap) {
        size_t cap = frame->cap == 0 ? 64 : frame->cap * 2;
        struct frame_line *grown = arena_alloc(frame->arena, cap * sizeof *grown);
        if (frame->count > 0)
            memcpy(grown, frame->lines, frame->count * sizeof *grown);
        frame->lines = grown;
        frame->cap = cap;
    }
    frame->lines[frame->count++] = (struct frame_line){tone, arena_strdup(frame->arena, text)};
}

/* A table under its heading; bit n of alarms is the n-th row's tone. */
static void frame_add_table(struct frame *frame, const char *heading, const struct table *table, uint64_t alarms)
{
    char *text = NULL;
    size_t len = 0, row = 0;
    FILE *out = open_memstream(&text, &len);

    if (table->row_count == 0 || out == NULL) {
        if (out != NULL)
            (void)fclose(out);
        free(text);
        return;
    }
    table_print(table, false, out);
    (void)fclose(out);
    frame_add(frame, FRAME_PLAIN, "");
    frame_add(frame, FRAME_HEAD, heading);
    for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL && rest != NULL; row++)
        frame_add(frame, row > 0 && row <= 64 && (alarms >> (row - 1) & 1) ? FRAME_ALARM : FRAME_PLAIN, line);
    free(text);
}

/* A member as a table's cell; NULL: there is none. */
static const char *cell(struct arena *arena, const json_t *row, const char *name)
{
    const json_t *value = json_object_get(row, name);

    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_integer(value))
        return arena_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return json_is_boolean(value) ? (json_is_true(value) ? "t" : "f") : NULL;
}

static const char *span_text(struct arena *arena, int64_t ms)
{
    static const struct {
        const char *unit;
        int64_t s, most_s;
    } units[] = {{"s", 1, 100}, {"m", 60, 100L * 60}, {"h", 3600, 48L * 3600}, {"d", 86400, INT64_MAX}};
    int64_t s = ms > 0 ? ms / 1000 : 0;
    size_t i = 0;

    while (s >= units[i].most_s)
        i++;
    return arena_printf(arena, "%lld%s", (long long)(s / units[i].s), units[i].unit);
}

/* A member that is a time, against now; INT64_MIN: there is none. */
static int64_t cell_after_ms(const json_t *row, const char *name, int64_t now_ms)
{
    const char *text = json_string_value(json_object_get(row, name));
    int64_t at_ms = text == NULL ? INT64_MIN : clock_parse_rfc3339(text);

    return at_ms == INT64_MIN ? INT64_MIN : at_ms - now_ms;
}

/* How long ago it was. */
static const char *cell_age(struct arena *arena, const json_t *row, const char *name, int64_t now_ms)
{
    int64_t after_ms = cell_after_ms(row, name, now_ms);
    return after_ms == INT64_MIN ? NULL : span_text(arena, -after_ms);
}

/* How soon it comes. */
static const char *cell_due(struct arena *arena, const json_t *row, const char *name, int64_t now_ms)
{
    int64_t after_ms = cell_after_ms(row, name, now_ms);

    if (after_ms == INT64_MIN)
        return NULL;
    return after_ms <= 0 ? "now" : arena_printf(arena, "in %s", span_text(arena, after_ms));
}

static json_int_t number(const json_t *row, const char *name)
{
    return json_integer_value(json_object_get(row, name));
}

static void warnings_add(struct frame *frame, const json_t *overview)
{
    size_t i;
    json_t *one;

    json_array_foreach(json_object_get(overview, "warnings"), i, one)
    {
        const char *severity = cell(frame->arena, one, "severity"), *text = cell(frame->arena, one, "text");
        bool critical = severity != NULL && strcmp(severity, "critical") == 0;
        frame_add(frame, critical ? FRAME_ALARM : FRAME_PLAIN,
                  arena_printf(frame->arena, "%s: %s", severity == NULL ? "" : severity, text == NULL ? "" : text));
    }
    if (i == 0)
        frame_add(frame, FRAME_PLAIN, "All is well: nothing in doubt, nobody waits for a person.");
}

static void doubts_add(struct frame *frame, const json_t *overview, int64_t now_ms)
{
    const json_t *doubts = json_object_get(overview, "doubts");
    json_int_t in_doubt = number(doubts, "in_doubt"), review = number(doubts, "needs_review");
    const char *oldest = cell_age(frame->arena, doubts, "oldest", now_ms);

    frame_add(frame, in_doubt + review > 0 ? FRAME_ALARM : FRAME_PLAIN,
              arena_printf(frame->arena, "In doubt %lld, to review %lld%s%s", (long long)in_doubt, (long long)review,
                           oldest == NULL ? "" : ", oldest ", oldest == NULL ? "" : oldest));
}

static void states_add(struct frame *frame, const json_t *overview, int64_t now_ms)
{
    static const struct column columns[] = {{"state", COLUMN_TEXT}, {"orders", COLUMN_COUNT}, {"oldest", COLUMN_TEXT}};
    struct arena *arena = frame->arena;
    struct table table;
    size_t i;
    json_t *one;

    table_init(&table, arena, columns, COUNT(columns));
    json_array_foreach(json_object_get(overview, "states"), i, one)
        table_add(&table, (const char *[]){cell(arena, one, "state"), cell(arena, one, "orders"),
                                           cell_age(arena, one, "oldest", now_ms)});
    frame_add_table(frame, "Orders that are not finished", &table, 0);
}

static void waiting_add(struct frame *frame, const json_t *overview, int64_t now_ms)
{
    static const struct column columns[] = {{"order", COLUMN_TEXT},    {"since", COLUMN_TEXT}, {"state", COLUMN_TEXT},
                                            {"next try", COLUMN_TEXT}, {"what", COLUMN_TEXT},  {"account", COLUMN_TEXT},
                                            {"why", COLUMN_TEXT}};
    struct arena *arena = frame->arena;
    struct table table;
    size_t i;
    json_t *one;

    table_init(&table, arena, columns, COUNT(columns));
    json_array_foreach(json_object_get(overview, "oldest_waiting"), i, one) table_add(
        &table, (const char *[]){cell(arena, one, "order_id"), cell_age(arena, one, "created_at", now_ms),
                                 cell(arena, one, "state"), cell_due(arena, one, "next_try_at", now_ms),
                                 cell(arena, one, "type"), cell(arena, one, "account"), cell(arena, one, "reason")});
    frame_add_table(frame, "Waiting longest", &table, 0);
}

/* What a person must know of an account in a word or a sentence; *alarm: it stands still or is at risk. */
static const char *account_says(struct arena *arena, const json_t *account, bool *alarm)
{
    const char *reason = cell(arena, account, "pause_reason"), *text = cell(arena, account, "alarm");

    *alarm = true;
    if (json_is_true(json_object_get(account, "paused")))
        return arena_printf(arena, "paused: %s", reason == NULL ? "" : reason);
    if (text != NULL)
        return arena_printf(arena, "alarm: %s", text);
    if (cell(arena, account, "unread_since") != NULL)
        return "balance unreadable";
    *alarm = false;
    return json_is_true(json_object_get(account, "sandbox")) ? "sandbox" : NULL;
}

static void accounts_add(struct frame *frame, const json_t *overview)
{
    static const struct column columns[] = {
        {"account", COLUMN_TEXT}, {"balance", COLUMN_COUNT}, {"days left", COLUMN_COUNT},
        {"today", COLUMN_COUNT},  {"waiting", COLUMN_COUNT}, {"calls 1h", COLUMN_COUNT},
        {"errors", COLUMN_COUNT}, {"p50 ms", COLUMN_COUNT},  {"p95 ms", COLUMN_COUNT},
        {"p99 ms", COLUMN_COUNT}, {"", COLUMN_TEXT}};
    struct arena *arena = frame->arena;
    struct table table;
    uint64_t alarms = 0;
    size_t i;
    json_t *one;

    table_init(&table, arena, columns, COUNT(columns));
    json_array_foreach(json_object_get(overview, "accounts"), i, one)
    {
        bool alarm;
        const char *says = account_says(arena, one, &alarm);
        alarms |= (uint64_t)(alarm && i < 64) << (i & 63);
        table_add(&table, (const char *[]){
                              cell(arena, one, "account"), cell(arena, one, "balance"), cell(arena, one, "days_left"),
                              cell(arena, one, "spent_today"), cell(arena, one, "waiting_orders"),
                              cell(arena, one, "calls_1h"), cell(arena, one, "errors_1h"), cell(arena, one, "p50_ms"),
                              cell(arena, one, "p95_ms"), cell(arena, one, "p99_ms"), says == NULL ? "" : says});
    }
    frame_add_table(frame, "Accounts", &table, alarms);
}

static void budgets_add(struct frame *frame, const json_t *overview, int64_t now_ms)
{
    static const struct column columns[] = {
        {"account", COLUMN_TEXT}, {"endpoint", COLUMN_TEXT},  {"egress", COLUMN_TEXT},  {"left", COLUMN_COUNT},
        {"of", COLUMN_COUNT},     {"next call", COLUMN_TEXT}, {"waiting", COLUMN_COUNT}};
    struct arena *arena = frame->arena;
    struct table table;
    size_t i, j;
    json_t *account, *one;

    table_init(&table, arena, columns, COUNT(columns));
    json_array_foreach(json_object_get(overview, "accounts"), i, account)
        json_array_foreach(json_object_get(account, "budgets"), j, one) table_add(
            &table, (const char *[]){cell(arena, account, "account"), cell(arena, one, "endpoint"),
                                     cell(arena, one, "egress"), cell(arena, one, "left"), cell(arena, one, "requests"),
                                     cell_due(arena, one, "full_at", now_ms), cell(arena, one, "waiting")});
    frame_add_table(frame, "Calls that may still be made", &table, 0);
}

static void workers_add(struct frame *frame, const json_t *overview, int64_t now_ms)
{
    static const struct column columns[] = {{"worker", COLUMN_TEXT},
                                            {"version", COLUMN_TEXT},
                                            {"seen", COLUMN_TEXT},
                                            {"running", COLUMN_COUNT},
                                            {"alive", COLUMN_BOOL}};
    struct arena *arena = frame->arena;
    struct table table;
    uint64_t gone = 0;
    size_t i;
    json_t *one;

    table_init(&table, arena, columns, COUNT(columns));
    json_array_foreach(json_object_get(overview, "workers"), i, one)
    {
        gone |= (uint64_t)(json_is_false(json_object_get(one, "alive")) && i < 64) << (i & 63);
        table_add(&table, (const char *[]){cell(arena, one, "worker"), cell(arena, one, "version"),
                                           cell_age(arena, one, "seen_at", now_ms), cell(arena, one, "running"),
                                           cell(arena, one, "alive")});
    }
    frame_add_table(frame, "Workers", &table, gone);
}

void frame_add_overview(struct frame *frame, const json_t *overview, int64_t now_ms)
{
    const json_t *callbacks = json_object_get(overview, "callbacks");
    const char *spent = cell(frame->arena, overview, "spent_today");
    char now[CLOCK_TEXT_MAX];

    clock_format(now_ms, now);
    frame_add(frame, FRAME_HEAD,
              arena_printf(frame->arena, "License Bridge  %s  spent today %s  callbacks: %lld waiting, %lld given up",
                           now, spent == NULL ? "-" : spent, (long long)number(callbacks, "pending"),
                           (long long)number(callbacks, "dead")));
    warnings_add(frame, overview);
    doubts_add(frame, overview, now_ms);
    states_add(frame, overview, now_ms);
    waiting_add(frame, overview, now_ms);
    accounts_add(frame, overview);
    budgets_add(frame, overview, now_ms);
    workers_add(frame, overview, now_ms);
}

void frame_print(const struct frame *frame, FILE *out)
{
    for (size_t i = 0; i < frame->count; i++) {
        text_print(frame->lines[i].text, out);
        fputc('\n', out);
    }
}

void frame_draw(const struct frame *frame, size_t width, size_t height, FILE *out)
{
    static const char *const tones[] = {[FRAME_PLAIN] = "", [FRAME_HEAD] = "\033[1m", [FRAME_ALARM] = "\033[1;31m"};
    size_t shown = frame->count < height ? frame->count : height;

    fputs("\033[H", out);
    for (size_t i = 0; i < shown; i++) {
        bool last = i + 1 == height;
        if (last && frame->count > height) {
            fprintf(out, "\033[2m(%zu more lines)\033[0m\033[K", frame->count - i);
            break;
        }
        fputs(tones[frame->lines[i].tone], out);
        text_print_cut(frame->lines[i].text, width, out);
        fputs(last ? "\033[0m\033[K" : "\033[0m\033[K\n", out);
    }
    fputs("\033[J", out);
}
