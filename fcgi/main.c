/* SPDX-License-Identifier: Apache-2.0 */
/* bridge-fcgi: the front door, as `intake` for panels or as `ops` for operators.
 *
 * Two processes of one program, so that heavy reads never delay an order.  It
 * holds no upstream token and cannot spend: it hands orders to PostgreSQL and
 * nothing else.  This file reads the command line; program.c does the rest. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/service.h"
#include "fcgi/ops.h"
#include "fcgi/program.h"
#include "fcgi/routes.h"

#define CONFIG_DEFAULT "/etc/license-bridge/bridge.conf"
#define MODE_DEFAULT   0660 /* nginx's group may reach the socket, nobody else */

static const char USAGE[] = "usage: bridge-fcgi intake|ops [--config FILE] --socket PATH [--socket-mode MODE]\n"
                            "       bridge-fcgi --version\n"
                            "\n"
                            "Without --socket the socket that systemd passes is used.\n";

static int usage_error(const char *text)
{
    fprintf(stderr, "bridge-fcgi: %s\n%s", text, USAGE);
    return EX_USAGE;
}

/* Octal, like chmod's; nobody outside the group ever gets in. */
static bool mode_parse(const char *text, mode_t *mode)
{
    char *end;
    unsigned long value = strtoul(text, &end, 8);

    if (*text < '0' || *text > '7' || *end != '\0' || value > 0770)
        return false;
    *mode = (mode_t)value;
    return true;
}

static bool part_choose(const char *word, struct program_options *options)
{
    options->name = word;
    if (strcmp(word, "intake") == 0) {
        options->routes = ROUTES_INTAKE;
        options->role = "bridge_intake";
        options->takes_deliveries = true;
        return true;
    }
    options->routes = ROUTES_OPS;
    options->role = "bridge_ops";
    return strcmp(word, "ops") == 0;
}

/* 0, or the exit status + 1 of a run that is over already. */
static int options_read(int argc, char **argv, struct program_options *options)
{
    static const struct option LONG[] = {
        {"config", required_argument, NULL, 'c'},
        {"socket", required_argument, NULL, 's'},
        {"socket-mode", required_argument, NULL, 'm'},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "c:s:m:Vh", LONG, NULL)) != -1) {
        switch (option) {
        case 'c':
            options->config_path = optarg;
            break;
        case 's':
            options->socket_path = optarg;
            break;
        case 'm':
            if (!mode_parse(optarg, &options->socket_mode))
                return usage_error("--socket-mode must be octal, at most 0770") + 1;
            break;
        case 'V':
            printf("bridge-fcgi %s\n", BRIDGE_VERSION);
            return EX_OK + 1;
        case 'h':
            fputs(USAGE, stdout);
            return EX_OK + 1;
        default:
            return usage_error("unknown option") + 1;
        }
    }
    if (optind + 1 != argc || !part_choose(argv[optind], options))
        return usage_error("say intake or ops") + 1;
    return 0;
}

/* A descriptor per connection from nginx: take all that we may have. */
static void descriptors_raise(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    struct program_options options = {.config_path = CONFIG_DEFAULT, .socket_mode = MODE_DEFAULT};
    char error[CONFIG_ERROR_MAX];
    enum log_level level = LOG_LEVEL_INFO;
    int ended = options_read(argc, argv, &options);

    if (ended != 0)
        return ended - 1;
    options.passed_socket = options.socket_path == NULL ? service_socket() : -1;
    if (options.socket_path == NULL && options.passed_socket < 0)
        return usage_error(options.passed_socket == -1 ? "--socket is missing"
                                                       : "what was passed is not one listening socket");
    secret_harden_process();
    descriptors_raise();
    memory_guard_crypto();
    json_set_alloc_funcs(heap_alloc, free); /* no memory is not bad JSON */
    log_open("bridge-fcgi", level);
    struct config *config = config_load_without_tokens(options.config_path, error);
    if (config == NULL) {
        log_error("config.bad", log_str("reason", error));
        return EX_CONFIG;
    }
    log_level_parse(config->log_level, &level);
    log_open("bridge-fcgi", level);
    return program_run(&options, &config);
}
