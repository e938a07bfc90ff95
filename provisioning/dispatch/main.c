/* SPDX-License-Identifier: Apache-2.0 */
/* bridge-worker: carries orders out at the providers.
 *
 * One loop over libcurl's transfers, four database sessions and a signal
 * descriptor.  It owns no state that matters: intents and outcomes are rows, and
 * a worker that dies is taken over when its leases run out.  It never listens on
 * a socket. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/service.h"
#include "base/text.h"
#include "dispatch/callback.h"
#include "dispatch/claim.h"
#include "dispatch/house.h"
#include "dispatch/outcome.h"
#include "query.h"
#include "store/account.h"
#include "store/callback.h"

#define GOODBYE_TIMEOUT_MS 2000
#define SESSIONS           4
#define DRAIN_SAY_MS       5000

static void notified(void *ctx, const char *channel)
{
    (void)channel;
    claim_wake(ctx);
}

static struct session *worker_session(struct worker *worker, const char *part, enum setup_plans plans, bool listen)
{
    char application[128];
    snprintf(application, sizeof application, "bridge-worker %s", part);
    struct session_options options = {.conninfo = worker->config->database,
                                      .role = "bridge_worker",
                                      .application = application,
                                      .listen = listen ? "bridge_work" : NULL,
                                      .notify = notified,
                                      .notify_ctx = worker,
                                      .plans = plans,
                                      .clock = worker->clock,
                                      .durable = true};
    return session_open(&options);
}

static struct account_state *account_known(struct worker *worker, const char *name)
{
    for (size_t i = 0; i < worker->account_count; i++)
        if (worker->accounts[i]->configured && text_same(worker->accounts[i]->config->name, name))
            return worker->accounts[i];
    return NULL;
}

static void account_configure(struct account_state *account, struct config *config,
                              const struct config_account *settings)
{
    config_release(&account->owner);
    account->owner = config_hold(config);
    account->config = settings;
    account->configured = true;
}

/* Gives every configured account its state; what is no longer configured stays for the work that still runs. */
static void worker_configure(struct worker *worker, struct config *config)
{
    size_t before = worker->account_count;
    struct account_state **added = heap_alloc((before + config->account_count) * sizeof *added);
    size_t count = before;
    if (before > 0)
        for (size_t i = 0; i < before; i++)
            added[i] = worker->accounts[i];
    for (size_t i = 0; i < config->account_count; i++) {
        struct account_state *account = account_known(worker, config->accounts[i].name);
        if (account == NULL) {
            account = heap_alloc(sizeof *account);
            account->worker = worker;
            added[count++] = account;
        }
        account_configure(account, config, &config->accounts[i]);
    }
    for (size_t i = 0; i < before; i++)
        if (added[i]->configured && config_account_find(config, added[i]->config->name) == NULL)
            added[i]->configured = false;
    free(worker->accounts);
    worker->accounts = added;
    worker->account_count = count;
    worker->config = config;
}

static void accounts_known(void *ctx, const struct rows *rows)
{
    struct worker *worker = ctx;
    if (rows_status(rows) == ROWS_OK)
        claim_wake(worker);
    else
        log_error("accounts.not_stored", log_str("reason", rows_error(rows)));
}

static void worker_reload(struct worker *worker)
{
    char error[CONFIG_ERROR_MAX];
    struct config *old = worker->config, *fresh = config_load(old->path, error);
    if (fresh == NULL) {
        log_error("config.kept", log_str("reason", error));
        return;
    }
    worker_configure(worker, fresh);
    config_release(&old);
    account_ensure(worker->house, fresh, accounts_known, worker);
    callbacks_configure(worker->house, fresh);
    log_note("config.reloaded", log_str("path", fresh->path));
}

static void signals_read(struct worker *worker, int fd)
{
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            service_reloading();
            worker_reload(worker);
            service_ready();
        } else {
            service_stopping();
            log_note("worker.draining", log_int("running", worker->running));
            worker->draining = true;
        }
    }
}

static int signals_open(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return b >= 0 && b < a ? b : a;
}

static int worker_wait_ms(const struct worker *worker)
{
    int64_t wait = claim_wait_ms(worker);
    wait = earlier(wait, outcome_wait_ms(worker));
    wait = earlier(wait, callback_wait(worker));
    wait = earlier(wait, session_wait_ms(worker->work));
    wait = earlier(wait, session_wait_ms(worker->house));
    wait = earlier(wait, session_wait_ms(worker->fence));
    wait = earlier(wait, session_wait_ms(worker->notices));
    return (int)service_wait_ms(&worker->watchdog, wait > 60000 ? 60000 : wait);
}

/* A claim on its way may bring work that has to be given back. */
static bool worker_busy(const struct worker *worker)
{
    for (size_t i = 0; i < worker->account_count; i++)
        if (worker->accounts[i]->claiming || worker->accounts[i]->lane_claiming || worker->accounts[i]->windowing)
            return true;
    return worker->running > 0 || outcome_pending(worker) || callback_busy(worker);
}

/* Says what a stopping worker still waits for. */
static void drain_report(const struct worker *worker, int64_t *said_ms)
{
    int64_t now = worker_now_ms(worker);
    if (!worker->draining || now - *said_ms < DRAIN_SAY_MS)
        return;
    *said_ms = now;
    log_note("worker.waiting", log_int("calls", (int64_t)provider_loop_running(worker->loop)),
             log_int("works", worker->running), log_str("database", session_ready(worker->work) ? "there" : "away"));
}

/* Ready when every session was tried; false: the server may lose what it has committed. */
static bool worker_start(struct worker *worker, struct session *const sessions[SESSIONS])
{
    bool tried = true;
    if (worker->ready)
        return true;
    for (size_t i = 0; i < SESSIONS; i++) {
        if (session_refusal(sessions[i]) != NULL)
            return false;
        tried = tried && session_tried(sessions[i]);
    }
    worker->ready = tried;
    if (tried)
        service_ready();
    return true;
}

static bool worker_loop(struct worker *worker, int signals)
{
    struct house house = {0};
    int64_t said_ms = 0;
    struct session *const sessions[SESSIONS] = {worker->work, worker->house, worker->fence, worker->notices};
    while (!worker->draining || worker_busy(worker)) {
        struct loop_wait waits[SESSIONS + 1] = {{.fd = signals, .events = POLLIN}};
        size_t count = 1;
        for (size_t i = 0; i < SESSIONS; i++)
            if (session_fd(sessions[i]) >= 0)
                waits[count++] =
                    (struct loop_wait){.fd = session_fd(sessions[i]), .events = session_events(sessions[i])};
        provider_loop_step(worker->loop, waits, count, worker_wait_ms(worker));
        signals_read(worker, signals);
        for (size_t i = 0; i < SESSIONS; i++)
            session_step(sessions[i]);
        outcome_flush(worker);
        claim_step(worker);
        callback_step(worker);
        house_step(worker, &house);
        drain_report(worker, &said_ms);
        for (size_t i = 0; i < SESSIONS; i++)
            session_step(sessions[i]); /* sends what was just submitted */
        if (!worker_start(worker, sessions))
            return false;
        service_pulse(&worker->watchdog, worker_now_ms(worker));
    }
    return true;
}

static void worker_goodbye(struct worker *worker)
{
    struct params params;
    params_init(&params);
    params_text(&params, worker->name);
    if (session_ready(worker->house)) /* a database that is away forgets us by itself */
        session_run(worker->house, &QUERY_WORKER_GONE, &params, GOODBYE_TIMEOUT_MS, NULL, NULL);
    params_clear(&params);
    provider_loop_close(&worker->loop);
    session_close(&worker->work);
    session_close(&worker->house);
    session_close(&worker->fence);
    session_close(&worker->notices);
    for (size_t i = 0; i < worker->account_count; i++) {
        config_release(&worker->accounts[i]->owner);
        free(worker->accounts[i]);
    }
    config_release(&worker->config);
    free(worker->accounts);
}

static void worker_name(struct worker *worker)
{
    char host[64] = "";
    gethostname(host, sizeof host - 1);
    snprintf(worker->name, sizeof worker->name, "%s:%d:%08x", host, (int)getpid(), (unsigned)worker_random());
}

static int usage(FILE *out, int status)
{
    fputs("usage: bridge-worker --config FILE\n"
          "Carries orders out at the providers.  SIGTERM drains, SIGHUP reloads.\n",
          out);
    return status;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, 0, 'c'}, {"help", no_argument, 0, 'h'}, {"version", no_argument, 0, 'V'}, {0}};
    const char *path = "/etc/license-bridge/bridge.conf";
    for (int c; (c = getopt_long(argc, argv, "c:hV", options, NULL)) != -1;) {
        if (c == 'c')
            path = optarg;
        else if (c == 'V')
            return puts("bridge-worker " BRIDGE_VERSION) < 0 ? EX_IOERR : EX_OK;
        else
            return c == 'h' ? usage(stdout, EX_OK) : usage(stderr, EX_USAGE);
    }
    if (optind != argc)
        return usage(stderr, EX_USAGE);

    char error[CONFIG_ERROR_MAX];
    struct worker worker = {.clock = &clock_system};
    log_open("bridge-worker", LOG_LEVEL_INFO);
    secret_harden_process();
    memory_guard_crypto();
    json_set_alloc_funcs(heap_alloc, free); /* no memory is not bad JSON */
    struct config *config = config_load(path, error);
    if (config == NULL) {
        log_error("config.unusable", log_str("reason", error));
        return EX_CONFIG;
    }
    enum log_level level;
    if (log_level_parse(config->log_level, &level))
        log_open("bridge-worker", level);
    int signals = signals_open();
    worker_name(&worker);
    worker.loop = provider_loop_open();
    worker_configure(&worker, config);
    worker.work = worker_session(&worker, "work", SETUP_PLANS_KEYED, true);
    worker.house = worker_session(&worker, "house", SETUP_PLANS_SETS, false);
    worker.fence = worker_session(&worker, "fence", SETUP_PLANS_KEYED, false);
    worker.notices = worker_session(&worker, "notices", SETUP_PLANS_SETS, false);
    account_ensure(worker.house, config, accounts_known, &worker);
    callbacks_configure(worker.house, config);
    log_note("worker.started", log_str("worker", worker.name), log_str("version", BRIDGE_VERSION),
             log_int("accounts", (int64_t)config->account_count));
    service_watchdog_init(&worker.watchdog);
    bool started = worker_loop(&worker, signals);
    log_note("worker.stopped", log_str("worker", worker.name));
    worker_goodbye(&worker);
    close(signals);
    return started ? EX_OK : EX_CONFIG;
}
