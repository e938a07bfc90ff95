/* SPDX-License-Identifier: Apache-2.0 */
/* Orders at a shell: list them, tell all about one, hold one, let it go on or end
 * it.
 *
 * Each of these acts is one function of the database, which checks the state
 * and keeps who did it and why; nothing is decided here. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <jansson.h>

#include "base/text.h"
#include "ctl/ctl.h"
#include "ctl/output.h"
#include "order/ip.h"
#include "order/words.h"
#include "query.h"

#define LIST_DEFAULT 50
#define LIST_MAX     10000
#define COUNT(rows)  (sizeof(rows) / sizeof((rows)[0]))

static const struct column order_columns[] = {
    {"order_id", COLUMN_COUNT}, {"created_at", COLUMN_TEXT}, {"state", COLUMN_TEXT},        {"type", COLUMN_TEXT},
    {"source", COLUMN_TEXT},    {"service_id", COLUMN_TEXT}, {"product_code", COLUMN_TEXT}, {"ip", COLUMN_TEXT},
    {"account", COLUMN_TEXT},   {"attempts", COLUMN_COUNT},  {"credits", COLUMN_TEXT},      {"reason", COLUMN_TEXT},
};

/* Filters that a typing mistake would turn into an empty list. */
static int filters_check(const struct ctl *ctl, const char **ip, char canonical[IP_TEXT_MAX])
{
    const char *state = ctl_option(ctl, "state"), *problem;
    enum order_state known;

    if (state != NULL && !order_state_parse(state, &known))
        return ctl_misuse(ctl, "--state: no such state: %s", state);
    *ip = ctl_option(ctl, "ip");
    if (*ip == NULL)
        return EX_OK;
    if (!ip_canonical(*ip, canonical, &problem))
        return ctl_misuse(ctl, "--ip %s: %s", *ip, problem);
    *ip = canonical;
    return EX_OK;
}

/* The options as the filters of the operators' API. */
static const char *filters_json(struct ctl *ctl, const char *ip)
{
    static const char *const options[][2] = {{"state", "state"},     {"source", "source"},   {"service", "service"},
                                             {"account", "account"}, {"license", "license"}, {"customer", "text"}};
    json_t *filters = json_object();

    for (size_t i = 0; i < COUNT(options); i++)
        if (ctl_option(ctl, options[i][0]) != NULL)
            json_object_set_new(filters, options[i][1], json_string(ctl_option(ctl, options[i][0])));
    if (ip != NULL)
        json_object_set_new(filters, "ip", json_string(ip));
    char *text = json_dumps(filters, JSON_COMPACT);
    const char *copy = arena_strdup(&ctl->arena, text);
    free(text);
    json_decref(filters);
    return copy;
}

/* A list that is read page by page: pages may be short, and the last one says so. */
struct order_pages {
    struct table table;
    const char *next; /* NULL: there is no further page */
};

static void order_page_read(void *ctx, const struct rows *rows)
{
    struct order_pages *pages = ctx;
    const char *next = rows_text(rows, 0, "next");

    pages->next = next != NULL ? arena_strdup(pages->table.arena, next) : NULL;
    if (rows_text(rows, 0, "order_id") != NULL)
        table_add_rows(&pages->table, rows);
}

int order_list(struct ctl *ctl)
{
    struct order_pages pages = {.next = NULL};
    struct params params;
    char canonical[IP_TEXT_MAX];
    const char *ip = NULL, *filters, *limit = ctl_option(ctl, "limit"), *license = ctl_option(ctl, "license");
    int64_t rows = LIST_DEFAULT, id;
    int status = filters_check(ctl, &ip, canonical);

    if (status != EX_OK)
        return status;
    if (limit != NULL && !text_parse_int(limit, 1, LIST_MAX, &rows))
        return ctl_misuse(ctl, "--limit: 1 to %d, not %s", LIST_MAX, limit);
    if (license != NULL && !text_parse_int(license, 1, INT64_MAX, &id))
        return ctl_misuse(ctl, "--license: an id, not %s", license);
    filters = filters_json(ctl, ip);
    table_init(&pages.table, &ctl->arena, order_columns, COUNT(order_columns));
    do {
        params_init(&params);
        params_text(&params, filters);
        params_text(&params, pages.next);
        params_int(&params, rows - (int64_t)pages.table.row_count);
        status = ctl_query(ctl, &QUERY_CTL_ORDERS, &params, order_page_read, &pages);
    } while (status == EX_OK && pages.next != NULL && (int64_t)pages.table.row_count < rows);
    if (status == EX_OK)
        table_print(&pages.table, ctl->json, stdout);
    return status;
}

static const struct column fact_columns[] = {
    {"order_id", COLUMN_COUNT},       {"state", COLUMN_TEXT},       {"reason", COLUMN_TEXT},
    {"reason_code", COLUMN_TEXT},     {"next_try_at", COLUMN_TEXT}, {"type", COLUMN_TEXT},
    {"source", COLUMN_TEXT},          {"service_id", COLUMN_TEXT},  {"operation_key", COLUMN_TEXT},
    {"provider", COLUMN_TEXT},        {"account", COLUMN_TEXT},     {"product_code", COLUMN_TEXT},
    {"upstream_type", COLUMN_TEXT},   {"ip", COLUMN_TEXT},          {"new_ip", COLUMN_TEXT},
    {"billing_months", COLUMN_COUNT}, {"period_end", COLUMN_TEXT},  {"sequence", COLUMN_COUNT},
    {"attempts", COLUMN_COUNT},       {"doubted", COLUMN_BOOL},     {"price", COLUMN_TEXT},
    {"credits", COLUMN_TEXT},         {"license_id", COLUMN_COUNT}, {"upstream_license_id", COLUMN_TEXT},
    {"panel_order_id", COLUMN_TEXT},  {"invoice_id", COLUMN_TEXT},  {"invoice_item_id", COLUMN_TEXT},
    {"created_at", COLUMN_TEXT},      {"finished_at", COLUMN_TEXT},
};

static const struct column license_columns[] = {
    {"license_id", COLUMN_COUNT},         {"status", COLUMN_TEXT},        {"source", COLUMN_TEXT},
    {"service_id", COLUMN_TEXT},          {"provider", COLUMN_TEXT},      {"account", COLUMN_TEXT},
    {"product_code", COLUMN_TEXT},        {"upstream_type", COLUMN_TEXT}, {"ip", COLUMN_TEXT},
    {"upstream_license_id", COLUMN_TEXT}, {"period_end", COLUMN_TEXT},    {"bought_at", COLUMN_TEXT},
    {"terminated_at", COLUMN_TEXT},       {"pending", COLUMN_COUNT},      {"head_order", COLUMN_COUNT},
    {"lease_owner", COLUMN_TEXT},
};

static const struct column timeline_columns[] = {{"at", COLUMN_TEXT}, {"what", COLUMN_TEXT}, {"detail", COLUMN_TEXT}};

/* Reads a query of one number into a table. */
static int table_read(struct ctl *ctl, struct table *table, const struct column *columns, size_t count,
                      const struct query *query, int64_t number)
{
    struct params params;
    params_init(&params);
    params_int(&params, number);
    table_init(table, &ctl->arena, columns, count);
    return ctl_query(ctl, query, &params, table_add_rows, table);
}

static void show_json(const struct table *facts, const struct table *license, const struct table *timeline)
{
    json_t *shown = json_object();
    json_object_set_new(shown, "order", table_object(facts, 0));
    json_object_set_new(shown, "license", license->row_count > 0 ? table_object(license, 0) : json_null());
    json_object_set_new(shown, "timeline", table_array(timeline));
    json_print(shown, stdout);
    json_decref(shown);
}

static int order_facts(struct ctl *ctl, int64_t id, struct table *facts)
{
    int status = table_read(ctl, facts, fact_columns, COUNT(fact_columns), &QUERY_CTL_ORDER, id);
    if (status == EX_OK && facts->row_count == 0)
        return ctl_fail(EX_DATAERR, "no order %" PRId64, id);
    return status;
}

int order_show(struct ctl *ctl)
{
    struct table facts, license, timeline;
    int64_t id, license_id;
    int status = ctl_number(ctl, "ORDER", ctl_word(ctl, 0), &id);

    if (status != EX_OK || (status = order_facts(ctl, id, &facts)) != EX_OK ||
        (status = ctl_number(ctl, "license", table_cell(&facts, 0, "license_id"), &license_id)) != EX_OK)
        return status;
    status = table_read(ctl, &license, license_columns, COUNT(license_columns), &QUERY_CTL_LICENSE, license_id);
    if (status == EX_OK)
        status = table_read(ctl, &timeline, timeline_columns, COUNT(timeline_columns), &QUERY_CTL_TIMELINE, id);
    if (status != EX_OK)
        return status;
    if (ctl->json) {
        show_json(&facts, &license, &timeline);
        return EX_OK;
    }
    table_print_record(&facts, false, stdout);
    if (license.row_count > 0) {
        puts("\nlicense");
        table_print_record(&license, false, stdout);
    }
    puts("");
    table_print(&timeline, false, stdout);
    return EX_OK;
}

/* What an operator may do to an order. */
struct order_action {
    const struct query *query;
    const char *verb;
    const char *done;
    const char *states; /* separated by blanks, as the function of the database knows them */
};

static bool state_listed(const char *states, const char *state)
{
    size_t len = strlen(state);
    for (const char *at = states; *at != '\0'; at += strspn(at, " ")) {
        size_t word = strcspn(at, " ");
        if (word == len && memcmp(at, state, len) == 0)
            return true;
        at += word;
    }
    return false;
}

static int order_act(struct ctl *ctl, const struct order_action *action)
{
    struct params params;
    struct table facts;
    int64_t id;
    bool done = false;
    int status = ctl_number(ctl, "ORDER", ctl_word(ctl, 0), &id);

    if (status != EX_OK || (status = order_facts(ctl, id, &facts)) != EX_OK)
        return status;
    const char *state = table_cell(&facts, 0, "state");
    if (!state_listed(action->states, state))
        return ctl_fail(EX_DATAERR, "order %" PRId64 " is %s; what can be %s is: %s", id, state, action->done,
                        action->states);
    if (ctl_flag(ctl, "dry-run")) {
        printf("would %s order %" PRId64 ", which is %s\n", action->verb, id, state);
        return EX_OK;
    }
    params_init(&params);
    params_text(&params, ctl_actor(ctl));
    params_int(&params, id);
    params_text(&params, ctl_option(ctl, "reason"));
    status = ctl_query(ctl, action->query, &params, ctl_done_read, &done);
    if (status == EX_OK && !done)
        return ctl_fail(EX_TEMPFAIL, "order %" PRId64 " has moved meanwhile: look at it again", id);
    if (status == EX_OK)
        printf("order %" PRId64 " is %s\n", id, action->done);
    return status;
}

int order_hold(struct ctl *ctl)
{
    return order_act(ctl, &(const struct order_action){&QUERY_OPERATOR_HOLD, "hold", "held", "queued blocked"});
}

int order_retry(struct ctl *ctl)
{
    return order_act(ctl, &(const struct order_action){&QUERY_OPERATOR_RETRY, "retry", "due now", "queued"});
}

int order_release(struct ctl *ctl)
{
    return order_act(ctl, &(const struct order_action){&QUERY_OPERATOR_RELEASE, "release", "released", "held"});
}

int order_cancel(struct ctl *ctl)
{
    return order_act(
        ctl, &(const struct order_action){&QUERY_OPERATOR_CANCEL, "cancel", "cancelled", "queued blocked held"});
}
