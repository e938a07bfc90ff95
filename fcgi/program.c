/* SPDX-License-Identifier: Apache-2.0 */
/* program: the loop around signals, database sessions, the door and the batch.
 *
 * One round: wait, serve what has come, send the batch that has gathered.  It
 * owns all of these and the way down: on SIGTERM nothing new is taken in, what
 * waits is answered, and past PROGRAM_DRAIN_MS the rest is answered with 503.
 * A crash loses only what nobody was told was stored. */
#include "fcgi/program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/service.h"
#include "fcgi/batch.h"
#include "fcgi/door.h"
#include "fcgi/intake.h"
#include "store/account.h"
#include "store/callback.h"
#include "store/intake.h"

#define PROGRAM_DRAIN_MS     30000
#define PROGRAM_TICK_MS      1000
#define PROGRAM_PATIENCE_MS  2000 /* a delivery waits this long for a lost database */
#define PROGRAM_HINT_LATE_MS 20   /* a hint waits this long for an idle session */
#define PROGRAM_QUERY_MS     2000 /* the longest that one statement of an operator may run */

/* A session and what epoll was told about it. */
struct link {
    struct session *session;
    struct watch watch;
    int fd;
    short events;
    bool touched; /* ready in this round */
    int64_t ready_ms;
};

struct program {
    const struct program_options *options;
    struct front front;
    struct loop loop;
    struct door *door;
    struct link reader;
    struct link writer;                     /* session NULL in the ops program */
    struct link helpers[FRONT_READERS - 1]; /* more readers, and what operators do: ops alone */
    struct link acting;
    struct watch signal_watch;
    int signal_fd;
    int64_t tick_ms;
    int64_t drain_by_ms; /* 0: not draining */
    int64_t hint_ms;     /* since when a hint waits; 0: none does */
    bool accounts_known; /* the database was told of the configuration's accounts */
    bool ready;          /* the service manager was told so */
    bool refused;        /* a server that may lose what it has committed: no start */
    struct service_watchdog watchdog;
};

static int64_t now_ms(const struct program *program)
{
    return clock_boot_ms(program->front.clock);
}

static void link_ready(void *ctx, uint32_t events)
{
    struct link *link = ctx;
    (void)events;
    link->touched = true;
}

static void orders_moved(void *ctx, const char *channel)
{
    struct front *front = ctx;
    (void)channel;
    if (front->waiting != NULL)
        waiting_hint(front->waiting);
}

/* channel NULL: listens to none. */
static void link_open(struct program *program, struct link *link, const char *role, const char *application,
                      const char *channel)
{
    enum setup_plans plans = !program->options->takes_deliveries ? SETUP_PLANS_VALUES
                             : link == &program->writer          ? SETUP_PLANS_FIXED
                                                                 : SETUP_PLANS_KEYED;
    struct session_options options = {
        .conninfo = program->front.config->database,
        .role = role,
        .application = application,
        .listen = channel,
        .notify = orders_moved,
        .notify_ctx = &program->front,
        .plans = plans,
        .query_ms = program->options->takes_deliveries ? 0 : PROGRAM_QUERY_MS,
        .clock = program->front.clock,
        .durable = true,
    };
    link->session = session_open(&options);
    link->watch = (struct watch){link_ready, link};
    link->fd = -1;
    link->ready_ms = now_ms(program);
}

/* While it connects, libpq may close a descriptor and open another one of the
 * same number, so epoll is told again each time. */
static void link_watch(struct program *program, struct link *link)
{
    int fd = session_fd(link->session);
    short events = session_events(link->session);
    bool same = fd == link->fd && events == link->events && session_ready(link->session);

    if (fd >= 0 && !same)
        loop_watch(&program->loop, fd, (events & POLLIN ? EPOLLIN : 0U) | (events & POLLOUT ? EPOLLOUT : 0U),
                   &link->watch);
    link->fd = fd;
    link->events = events;
}

static void link_step(struct program *program, struct link *link)
{
    if (link->session == NULL)
        return;
    if (link->touched || session_wait_ms(link->session) == 0) {
        link->touched = false;
        session_step(link->session);
    }
    if (session_ready(link->session))
        link->ready_ms = now_ms(program);
    link_watch(program, link);
}

/* One hint after a commit with new orders, in a session that delays no batch. */
static void hint_step(struct program *program)
{
    int64_t now = now_ms(program);

    if (batch_hint_take(program->front.batch) && program->hint_ms == 0)
        program->hint_ms = now;
    if (program->hint_ms == 0 || !session_ready(program->reader.session))
        return;
    if (session_idle(program->reader.session) || now - program->hint_ms >= PROGRAM_HINT_LATE_MS) {
        intake_hint(program->reader.session);
        program->hint_ms = 0;
    }
}

/* Before a batch that may refer to them, in the same session: orders refer to accounts. */
static void accounts_tell(struct program *program)
{
    if (program->accounts_known || program->writer.session == NULL || !session_ready(program->writer.session))
        return;
    account_ensure(program->writer.session, program->front.config, NULL, NULL);
    callbacks_configure(program->writer.session, program->front.config);
    program->accounts_known = true;
}

static void batch_step(struct program *program)
{
    struct batch *batch = program->front.batch;
    const struct config *config = program->front.config;
    struct batch_limits limits = {config->intake_batch, config->commit_timeout_ms};

    if (session_ready(program->writer.session)) {
        accounts_tell(program);
        batch_start(batch, &limits);
        link_step(program, &program->writer); /* on its way now, not a round later */
    } else {
        program->accounts_known = false;
        if (now_ms(program) - program->writer.ready_ms >= PROGRAM_PATIENCE_MS)
            batch_fail_waiting(batch);
    }
    hint_step(program);
}

static void config_reload(struct program *program)
{
    char error[CONFIG_ERROR_MAX];
    struct config *config = config_load_without_tokens(program->options->config_path, error);
    enum log_level level;

    if (config == NULL) {
        log_error("config.kept", log_str("reason", error));
        return;
    }
    if (strcmp(config->database, program->front.config->database) != 0)
        log_warn("config.needs_restart", log_str("option", "database"));
    config_release(&program->front.config);
    program->front.config = config;
    program->accounts_known = false;
    accounts_tell(program); /* now: a batch may be sent before this round's step */
    if (log_level_parse(config->log_level, &level))
        log_open("bridge-fcgi", level);
    log_note("config.loaded", log_str("path", config->path));
}

static void drain_begin(struct program *program)
{
    if (program->drain_by_ms != 0)
        return;
    log_note("program.draining", log_int("waiting", (int64_t)door_busy(program->door)));
    service_stopping();
    program->front.draining = true;
    program->drain_by_ms = now_ms(program) + PROGRAM_DRAIN_MS;
    if (program->front.waiting != NULL)
        waiting_release(program->front.waiting);
    door_drain(program->door);
}

static void signal_ready(void *ctx, uint32_t events)
{
    struct program *program = ctx;
    struct signalfd_siginfo info;
    (void)events;

    while (read(program->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            service_reloading();
            config_reload(program);
            service_ready();
        } else {
            drain_begin(program);
        }
    }
}

/* Before FCGX_Init, which installs handlers where it finds none. */
static bool signals_open(struct program *program)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaction(SIGPIPE, &ignore, NULL);
    sigprocmask(SIG_BLOCK, &set, NULL);
    program->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    program->signal_watch = (struct watch){signal_ready, program};
    if (program->signal_fd < 0)
        return false;
    loop_watch(&program->loop, program->signal_fd, EPOLLIN, &program->signal_watch);
    return true;
}

/* other below 0: no wish. */
static int64_t least(int64_t wait, int64_t other)
{
    return other >= 0 && other < wait ? other : wait;
}

static int64_t wait_least(int64_t wait, const struct link *link)
{
    return link->session != NULL ? least(wait, session_wait_ms(link->session)) : wait;
}

static bool link_tried(const struct link *link)
{
    return link->session == NULL || session_tried(link->session);
}

static bool link_refused(const struct link *link)
{
    return link->session != NULL && session_refusal(link->session) != NULL;
}

/* Ready when the database was tried.  One that is away does not stop the start: deliveries are answered with 503
 * until it is there.  One that may lose what it has committed does. */
static void program_start_step(struct program *program)
{
    if (program->ready)
        return;
    program->refused = link_refused(&program->reader) || link_refused(&program->writer);
    program->ready = !program->refused && link_tried(&program->reader) && link_tried(&program->writer);
    if (program->ready)
        service_ready();
}

static void ops_step(struct program *program)
{
    for (int i = 0; i < FRONT_READERS - 1; i++)
        link_step(program, &program->helpers[i]);
    link_step(program, &program->acting);
}

static int64_t ops_wait(const struct program *program, int64_t wait)
{
    for (int i = 0; i < FRONT_READERS - 1; i++)
        wait = wait_least(wait, &program->helpers[i]);
    return wait_least(wait, &program->acting);
}

static void program_round(struct program *program)
{
    int64_t wait = wait_least(wait_least(PROGRAM_TICK_MS, &program->reader), &program->writer);
    int64_t now;

    wait = ops_wait(program, wait);
    if (program->hint_ms != 0 && wait > PROGRAM_HINT_LATE_MS)
        wait = PROGRAM_HINT_LATE_MS;
    if (program->front.waiting != NULL)
        wait = least(wait, waiting_wait_ms(program->front.waiting));
    loop_step(&program->loop, (int)service_wait_ms(&program->watchdog, wait));
    link_step(program, &program->writer);
    link_step(program, &program->reader);
    ops_step(program);
    if (program->front.batch != NULL)
        batch_step(program);
    if (program->front.waiting != NULL) {
        waiting_step(program->front.waiting);
        link_step(program, &program->reader); /* its look goes out now */
    }
    program_start_step(program);
    now = now_ms(program);
    service_pulse(&program->watchdog, now);
    if (now - program->tick_ms >= PROGRAM_TICK_MS) {
        program->tick_ms = now;
        door_tick(program->door);
    }
}

static bool link_quiet(const struct link *link)
{
    return link->session == NULL || session_idle(link->session) || !session_ready(link->session);
}

static bool program_finished(const struct program *program)
{
    if (program->refused)
        return true;
    if (program->drain_by_ms == 0)
        return false;
    if (now_ms(program) >= program->drain_by_ms)
        return true;
    return door_busy(program->door) == 0 && program->hint_ms == 0 && link_quiet(&program->reader) &&
           link_quiet(&program->writer) && link_quiet(&program->acting);
}

static void program_close(struct program *program)
{
    /* Closing answers what is still with the database: with 503. */
    session_close(&program->writer.session);
    if (program->front.batch != NULL)
        batch_fail_waiting(program->front.batch);
    if (program->front.waiting != NULL)
        waiting_release(program->front.waiting);
    session_close(&program->reader.session);
    for (int i = 0; i < FRONT_READERS - 1; i++)
        session_close(&program->helpers[i].session);
    session_close(&program->acting.session);
    if (program->door != NULL) {
        log_note("program.stopped", log_int("served", program->front.served),
                 log_int("unanswered", (int64_t)door_busy(program->door)));
        door_close(&program->door);
    }
    waiting_free(&program->front.waiting);
    batch_free(&program->front.batch);
    config_release(&program->front.config);
    if (program->signal_fd >= 0)
        close(program->signal_fd);
    loop_close(&program->loop);
}

static void ops_open(struct program *program)
{
    for (int i = 0; i < FRONT_READERS - 1; i++) {
        link_open(program, &program->helpers[i], program->options->role, "bridge-fcgi ops", NULL);
        program->front.readers[i + 1] = program->helpers[i].session;
    }
    link_open(program, &program->acting, "bridge_operator", "bridge-fcgi ops acts", NULL);
    program->front.acting = program->acting.session;
}

static bool program_open(struct program *program)
{
    const struct program_options *options = program->options;
    char error[DOOR_ERROR_MAX];

    if (!loop_open(&program->loop) || !signals_open(program)) {
        log_error("program.failed", log_str("reason", strerror(errno)));
        return false;
    }
    struct door_options door = {.loop = &program->loop,
                                .path = options->socket_path,
                                .passed = options->passed_socket,
                                .mode = options->socket_mode,
                                .handle = front_handle,
                                .ctx = &program->front};
    program->door = door_open(&door, error);
    if (program->door == NULL) {
        log_error("program.failed", log_str("reason", error));
        return false;
    }
    bool intake = options->takes_deliveries;
    link_open(program, &program->reader, options->role, intake ? "bridge-fcgi intake reads" : "bridge-fcgi ops",
              intake ? "bridge_done" : NULL);
    program->front.reader = program->front.readers[0] = program->reader.session;
    if (intake) {
        link_open(program, &program->writer, options->role, "bridge-fcgi intake", NULL);
        program->front.writer = program->writer.session;
        program->front.batch = batch_new(program->writer.session, intake_answer);
        program->front.waiting = waiting_new(program->reader.session, program->front.clock, intake_waited);
    } else {
        ops_open(program);
    }
    return true;
}

int program_run(const struct program_options *options, struct config **config)
{
    struct program program = {.options = options, .signal_fd = -1, .loop.epoll_fd = -1};
    bool opened;

    program.front.clock = &clock_system;
    program.front.routes = options->routes;
    program.front.config = *config;
    *config = NULL;
    service_watchdog_init(&program.watchdog);
    opened = program_open(&program);
    if (opened) {
        log_note("program.started", log_str("part", options->name), log_str("version", BRIDGE_VERSION));
        while (!program_finished(&program))
            program_round(&program);
    }
    program_close(&program);
    if (program.refused)
        return EX_CONFIG;
    return opened ? EX_OK : EX_OSERR;
}
