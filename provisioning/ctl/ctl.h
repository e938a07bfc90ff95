/* SPDX-License-Identifier: Apache-2.0 */
/* ctl: one run of bridgectl: its command line, configuration and database, and
 * how a command says that something is wrong.
 *
 * A command is a function that returns an exit status of sysexits.h and has
 * printed why when that is not EX_OK. */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/config.h"
#include "base/secret.h"
#include "ctl/arguments.h"
#include "store/session.h"

#define CTL_GLOBAL_SHAPE "[--config FILE] [--database CONNINFO] [--json] [--help]"
#define CTL_PROBLEM_MAX  512
#define CTL_CONFIG_PATH  "/etc/license-bridge/bridge.conf"

struct ctl;
typedef int command_fn(struct ctl *ctl);

struct command {
    const char *name;  /* one word or two: "token create" */
    const char *shape; /* see arguments.h */
    const char *help;  /* one line */
    command_fn *run;
};

struct ctl {
    const struct command *command;
    struct arguments arguments;
    struct arena arena; /* until the run is over */
    struct config *config;
    struct session *session;
    bool json;
    char problem[CTL_PROBLEM_MAX];
};

/* Prints "bridgectl: …" and returns status. */
int ctl_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same with the command's usage: EX_USAGE. */
int ctl_misuse(const struct ctl *ctl, const char *format, ...) __attribute__((format(printf, 2, 3)));

const char *ctl_word(const struct ctl *ctl, size_t n); /* NULL: not given */
const char *ctl_option(const struct ctl *ctl, const char *name);
bool ctl_flag(const struct ctl *ctl, const char *name);
/* A word that must be a positive number. */
int ctl_number(const struct ctl *ctl, const char *what, const char *text, int64_t *number);
/* A number that an option gives, within a range; untouched when it is not given. */
int ctl_number_option(struct ctl *ctl, const char *name, int64_t least, int64_t most, int64_t *number);

/* Loads the configuration; without tokens it can be read by who may not spend. */
int ctl_load(struct ctl *ctl, bool tokens);
/* --database, or the configuration's. */
int ctl_conninfo(struct ctl *ctl, const char **conninfo);
/* Opens the database as bridge_operator (unless PGUSER or the conninfo say
 * otherwise) and makes sure that its schema is one that this program knows.
 * Like ctl_try it prints nothing: ctl->problem says what is wrong. */
int ctl_connect(struct ctl *ctl);
/* Makes the accounts of the loaded configuration known to the database; connects
 * when that has not been done yet. */
int ctl_accounts(struct ctl *ctl);
/* Runs one statement on the open database. */
int ctl_try(struct ctl *ctl, const struct query *query, struct params *params, session_done_fn *done, void *ctx);
/* Connects when that has not been done yet and runs one statement.  done, which
 * may be NULL, is called only when the answer is good. */
int ctl_query(struct ctl *ctl, const struct query *query, struct params *params, session_done_fn *done, void *ctx);
/* For session_done_fn callbacks of the store's own functions: the status of an
 * answer, with ctl->problem filled when it is bad. */
int ctl_rows_status(struct ctl *ctl, const struct rows *rows);
/* Reads the column "done" into a bool; a session_done_fn. */
void ctl_done_read(void *ctx, const struct rows *rows);

/* Reads a whsec_ secret that an option names. */
int ctl_secret(const char *path, struct secret *secret);
/* Who acts: the user behind sudo, otherwise the user. */
const char *ctl_actor(struct ctl *ctl);

/* The commands, by family. */
command_fn setup_version, setup_migrate, setup_check_config, setup_dump_config;
command_fn token_create, token_list, token_revoke;
command_fn order_list, order_show, order_release, order_cancel, order_hold, order_retry;
command_fn tray_resolve;
command_fn adopt_file;
command_fn history_prune, history_forget;
command_fn account_balances, account_catalogue, account_catalogue_sync, account_stop, account_go_on,
    account_acknowledge;
command_fn account_topup, account_adjust, account_forecast;
command_fn trigger_event, listen_here;
command_fn callbacks_list;
command_fn doctor_run;
command_fn top_run;

#endif
