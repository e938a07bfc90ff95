/* SPDX-License-Identifier: Apache-2.0 */
/* Adopts licenses that were bought before the bridge was there.
 *
 * First the whole file is checked, here and by the database, and as long as one
 * row is wrong nothing is changed.  Then batches of rows are taken over, each in
 * one transaction; a run that dies between two leaves whole batches, and running
 * the same file again finds those unchanged.  No provider is asked: the file's
 * word is taken. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "ctl/adopt_file.h"
#include "ctl/ctl.h"
#include "ctl/output.h"
#include "ctl/progress.h"
#include "query.h"

#define BATCH          500
#define PROBLEMS_SHOWN 50
#define ROW_CELLS      11

/* One pass over the rows, and the batch of it that is on its way. */
struct adopt_pass {
    struct adopt_list *list;
    size_t from; /* the batch's first row */
    size_t adopted, unchanged, refused;
};

/* A row as bridge.operator_adopt takes it. */
static void row_cells(const struct adopt_row *row, const char *cells[ROW_CELLS])
{
    const struct config_product *product = row->product;
    const char *all[ROW_CELLS] = {
        row->cells[ADOPT_SOURCE],     row->cells[ADOPT_SERVICE], product->code,
        product->account->provider,   product->account->name,    product->upstream_type,
        row->cells[ADOPT_IP],         row->cells[ADOPT_KEY],     row->cells[ADOPT_UPSTREAM_ID],
        row->cells[ADOPT_PERIOD_END], row->cells[ADOPT_STATUS]};
    memcpy(cells, all, sizeof all);
}

static void batch_read(void *ctx, const struct rows *rows)
{
    struct adopt_pass *pass = ctx;
    for (int i = 0; i < rows_count(rows); i++) {
        const char *outcome = rows_text(rows, i, "outcome");
        pass->adopted += strcmp(outcome, "adopted") == 0;
        pass->unchanged += strcmp(outcome, "unchanged") == 0;
        if (strcmp(outcome, "refused") != 0)
            continue;
        pass->refused++;
        adopt_problem_add(pass->list, pass->list->rows[pass->from + (size_t)rows_int(rows, i, "idx") - 1].line,
                          rows_text(rows, i, "field"), rows_text(rows, i, "problem"));
    }
}

static int batch_send(struct ctl *ctl, struct adopt_pass *pass, size_t count, bool dry)
{
    const char *cells[BATCH][ROW_CELLS];
    struct params params;

    for (size_t i = 0; i < count; i++)
        row_cells(&pass->list->rows[pass->from + i], cells[i]);
    params_init(&params);
    params_text(&params, ctl_actor(ctl));
    params_bool(&params, dry);
    for (size_t cell = 0; cell < ROW_CELLS; cell++) {
        params_array(&params, PARAMS_TEXT);
        for (size_t i = 0; i < count; i++)
            params_add_text(&params, cells[i][cell]);
    }
    return ctl_query(ctl, &QUERY_OPERATOR_ADOPT, &params, batch_read, pass);
}

static int pass_run(struct ctl *ctl, struct adopt_pass *pass, bool dry)
{
    struct progress progress;
    size_t total = pass->list->row_count;
    int status = EX_OK;

    progress_begin(&progress, dry ? "checking" : "adopting", total);
    for (pass->from = 0; status == EX_OK && pass->from < total; pass->from += BATCH) {
        size_t left = total - pass->from, count = left < BATCH ? left : BATCH;
        status = batch_send(ctl, pass, count, dry);
        progress_show(&progress, pass->from + count);
    }
    progress_end(&progress);
    return status;
}

static void problems_print(const struct adopt_list *list, const char *path)
{
    for (size_t i = 0; i < list->problem_count && i < PROBLEMS_SHOWN; i++) {
        const struct adopt_problem *problem = &list->problems[i];
        fprintf(stderr, "%s:%" PRId64 ": ", path, problem->line);
        if (problem->column != NULL) {
            text_print(problem->column, stderr);
            fputs(": ", stderr);
        }
        text_print(problem->text, stderr);
        fputc('\n', stderr);
    }
    if (list->problem_count > PROBLEMS_SHOWN)
        fprintf(stderr, "%s: and %zu more\n", path, list->problem_count - PROBLEMS_SHOWN);
}

static json_t *problems_json(const struct adopt_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->problem_count; i++) {
        json_t *problem = json_object();
        json_object_set_new(problem, "line", json_integer(list->problems[i].line));
        json_object_set_new(problem, "column", json_text(list->problems[i].column));
        json_object_set_new(problem, "problem", json_text(list->problems[i].text));
        json_array_append_new(array, problem);
    }
    return array;
}

/* What was done, or with `would` what would have been; the exit status. */
static int summary_print(struct ctl *ctl, const struct adopt_pass *pass, bool would)
{
    const struct adopt_list *list = pass->list;
    size_t adopted = would && list->problem_count > 0 ? 0 : pass->adopted;

    if (ctl->json) {
        json_t *shown = json_object();
        json_object_set_new(shown, "adopted", json_integer((json_int_t)adopted));
        json_object_set_new(shown, "unchanged", json_integer((json_int_t)pass->unchanged));
        json_object_set_new(shown, "problems", problems_json(list));
        json_object_set_new(shown, "dry_run", json_boolean(would));
        json_print(shown, stdout);
        json_decref(shown);
    } else {
        problems_print(list, ctl_word(ctl, 0));
        if (!would || list->problem_count == 0)
            printf("%s %zu, unchanged %zu\n", would ? "would adopt" : "adopted", adopted, pass->unchanged);
    }
    if (list->problem_count == 0)
        return EX_OK;
    return ctl_fail(EX_DATAERR, "%zu problems%s", list->problem_count, would ? ": nothing was changed" : "");
}

static int file_read(struct ctl *ctl, struct adopt_list *list)
{
    const char *path = ctl_word(ctl, 0);
    int status = ctl_load(ctl, false);
    if (status != EX_OK)
        return status;
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return ctl_fail(EX_NOINPUT, "%s: %s", path, strerror(errno));
    adopt_read(list, &ctl->arena, ctl->config, file);
    if (ferror(file) != 0)
        status = ctl_fail(EX_IOERR, "%s: cannot be read", path);
    (void)fclose(file);
    return status;
}

int adopt_file(struct ctl *ctl)
{
    struct adopt_list list = {0};
    struct adopt_pass check = {.list = &list}, pass = {.list = &list};
    int status = file_read(ctl, &list);

    if (status != EX_OK)
        return status;
    if (list.problem_count == 0 && (status = pass_run(ctl, &check, true)) != EX_OK)
        return status;
    if (list.problem_count > 0 || ctl_flag(ctl, "dry-run"))
        return summary_print(ctl, &check, true);
    status = ctl_accounts(ctl);
    if (status == EX_OK)
        status = pass_run(ctl, &pass, false);
    return status == EX_OK ? summary_print(ctl, &pass, false) : status;
}
