/* SPDX-License-Identifier: Apache-2.0 */
/* bridgectl: the bridge from a shell.
 *
 * One row of the table below is the whole truth of a command: its name, what it
 * takes, what help says, what it runs.  The program holds no state; whatever it
 * changes is one statement in PostgreSQL or one call that it says it makes. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/secret.h"
#include "ctl/ctl.h"

static const struct command commands[] = {
    {"migrate", "[--dry-run]", "bring the database to this program's schema, as the calling user", setup_migrate},
    {"check-config", "", "read the configuration and every file that it names", setup_check_config},
    {"dump-config", "", "the configuration with its defaults, secrets masked", setup_dump_config},
    {"token create", "--name NAME --scopes LIST [--expires TIME]",
     "a new operator token: read,operate,settle,buy-again", token_create},
    {"token list", "", "operators' tokens, without the tokens", token_list},
    {"token revoke", "ID", "end a token", token_revoke},
    {"doctor", "", "check the configuration, the database and the providers", doctor_run},
    {"top", "[--interval SECONDS]", "what the bridge is doing, live; q ends it", top_run},
    {"trigger",
     "[TYPE] [--source NAME] [--secret-file FILE] [--url URL] [--field KEY=VALUE ...] [--body FILE] [--id ID] [--ca "
     "FILE] "
     "[--dry-run]",
     "post an event, an example of TYPE or a file, signed by Standard Webhooks: to sources of the format canonical, or "
     "a notice to a panel",
     trigger_event},
    {"listen", "[--port N] [--source NAME] [--secret-file FILE ...] [--answer STATUS] [--count N]",
     "print the callbacks that arrive at a port of this machine, with their signatures checked", listen_here},
    {"callbacks", "[--dead] [--waiting] [--source S] [--limit N] [--resend ID] [--reason TEXT] [--dry-run]",
     "notices to the panels, newest first; --resend sends one again", callbacks_list},
    {"orders",
     "[--state S] [--source S] [--service ID] [--license N] [--ip IP] [--customer TEXT] [--account A] [--limit N]",
     "orders, newest first", order_list},
    {"show", "ORDER", "everything about one order", order_show},
    {"hold", "ORDER --reason TEXT [--dry-run]", "keep an order from being begun", order_hold},
    {"retry", "ORDER [--reason TEXT] [--dry-run]", "make a queued order due now", order_retry},
    {"release", "ORDER --reason TEXT [--dry-run]", "let a held order go on", order_release},
    {"cancel", "ORDER --reason TEXT [--dry-run]", "end an order that has not begun", order_cancel},
    {"resolve",
     "ORDER [--happened] [--did-not-happen] [--buy-again] [--reason TEXT] [--license-id ID] [--yes] [--dry-run]",
     "settle an order that waits for review, with the evidence in sight", tray_resolve},
    {"pause", "ACCOUNT --reason TEXT [--dry-run]", "stop all calls of an account", account_stop},
    {"resume", "ACCOUNT --reason TEXT [--dry-run]", "let an account go on", account_go_on},
    {"acknowledge", "ACCOUNT --reason TEXT [--dry-run]", "end an account's alarm after having looked",
     account_acknowledge},
    {"balance topup", "ACCOUNT AMOUNT --reason TEXT [--dry-run]", "book credits that were bought outside",
     account_topup},
    {"balance adjust", "ACCOUNT AMOUNT --reason TEXT [--dry-run]",
     "book a movement of the balance that was no purchase of ours; negative: a fall", account_adjust},
    {"balance", "[ACCOUNT]", "credits, as the provider says now", account_balances},
    {"products sync", "[ACCOUNT]", "keep the provider's catalogue as it says now", account_catalogue_sync},
    {"products", "[ACCOUNT] [--sync]", "the provider's catalogue; --sync keeps it", account_catalogue},
    {"forecast", "[ACCOUNT]", "how long the credits last, and what is known to come", account_forecast},
    {"adopt", "FILE [--dry-run]", "look after licenses that exist already: a table as CSV", adopt_file},
    {"prune", "[--keep MONTHS] [--dry-run]", "drop months of history that are no longer kept", history_prune},
    {"forget", "SOURCE SERVICE --reason TEXT [--dry-run]", "forget who a service belonged to; its orders stay",
     history_forget},
    {"version", "", "this program's version", setup_version},
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static int usage(FILE *out, int status)
{
    fputs("usage: bridgectl " CTL_GLOBAL_SHAPE " COMMAND ...\n\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %s %s\n      %s\n", commands[i].name, commands[i].shape, commands[i].help);
    fputs("\nConfiguration: " CTL_CONFIG_PATH ".  See bridgectl(1).\n", out);
    return status;
}

/* The command that the words begin with; *words is how many are its name. */
static const struct command *command_find(char *const *argv, size_t *words)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const char *name = commands[i].name, *space = strchr(name, ' ');
        size_t first = space == NULL ? strlen(name) : (size_t)(space - name);
        if (argv[0] == NULL || strlen(argv[0]) != first || memcmp(argv[0], name, first) != 0)
            continue;
        *words = space == NULL ? 1 : 2;
        if (space == NULL || (argv[1] != NULL && strcmp(argv[1], space + 1) == 0))
            return &commands[i];
    }
    return NULL;
}

/* Reads the whole command line; options of all commands may stand anywhere. */
static int command_line_read(struct ctl *ctl, char *const *argv)
{
    char problem[ARGUMENTS_PROBLEM];
    size_t used, words;

    if (!arguments_read(&ctl->arguments, CTL_GLOBAL_SHAPE, argv, true, &used, problem))
        return ctl_fail(EX_USAGE, "%s; bridgectl --help lists what there is", problem);
    argv += used;
    if (argv[0] == NULL && ctl_flag(ctl, "help"))
        return EX_OK;
    if (argv[0] == NULL)
        return usage(stderr, EX_USAGE);
    ctl->command = command_find(argv, &words);
    if (ctl->command == NULL)
        return ctl_fail(EX_USAGE, "no such command: %s; bridgectl --help lists what there is", argv[0]);
    const char *shape = arena_printf(&ctl->arena, "%s %s", ctl->command->shape, CTL_GLOBAL_SHAPE);
    if (!arguments_read(&ctl->arguments, shape, argv + words, false, &used, problem))
        return ctl_misuse(ctl, "%s", problem);
    if (!ctl_flag(ctl, "help") && !arguments_complete(&ctl->arguments, shape, problem))
        return ctl_misuse(ctl, "%s", problem);
    ctl->json = ctl_flag(ctl, "json");
    return EX_OK;
}

static int command_run(struct ctl *ctl)
{
    const struct command *command = ctl->command;
    if (command == NULL)
        return usage(stdout, EX_OK);
    if (ctl_flag(ctl, "help")) {
        printf("usage: bridgectl %s %s\n%s\n", command->name, command->shape, command->help);
        return EX_OK;
    }
    return command->run(ctl);
}

int main(int argc, char **argv)
{
    struct ctl ctl = {0};

    /* What a person must know is said by the command itself. */
    log_open("bridgectl", LOG_LEVEL_ERROR);
    secret_harden_process();
    memory_guard_crypto();
    json_set_alloc_funcs(heap_alloc, free); /* no memory is not bad JSON */
    arena_init(&ctl.arena);
    int status = argc > 0 ? command_line_read(&ctl, argv + 1) : EX_USAGE;
    if (status == EX_OK)
        status = command_run(&ctl);
    session_close(&ctl.session);
    config_release(&ctl.config);
    arena_clear(&ctl.arena);
    if (fflush(stdout) != 0 || ferror(stdout) != 0)
        status = status == EX_OK ? ctl_fail(EX_IOERR, "standard output cannot be written") : status;
    return status;
}
