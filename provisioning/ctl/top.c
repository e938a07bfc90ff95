/* SPDX-License-Identifier: Apache-2.0 */
/* bridgectl top: the operators' overview, live.
 *
 * One statement a second, the one that the dashboard's first page asks.  It
 * changes nothing.  Keys, signals and the database's socket are waited for in one place, so that
 * `q` works while the database is away.  However it ends, but for a kill -9, the terminal is
 * as it was. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/output.h"
#include "ctl/top_frame.h"
#include "query.h"

#define ANSWER_TIMEOUT_MS 5000
#define INTERVAL_MAX_S    3600
#define KEYS_MAX          64

struct top {
    struct ctl *ctl;
    json_t *overview;              /* the last that was read; NULL: none yet */
    char problem[CTL_PROBLEM_MAX]; /* why there is no newer one; "": there is */
    int64_t interval_ms;
    int64_t due_ms; /* when to ask again, by the boot clock */
    bool asked;     /* an answer is on its way */
    bool stale;     /* the screen does not show what is known */
    bool over;
    int signals;
};

/* The one row as an object: documents as they are, all else as text. */
static json_t *row_object(const struct rows *rows)
{
    json_t *object = json_object();

    for (int column = 0; column < rows_width(rows); column++) {
        const char *text = rows_cell(rows, 0, column);
        json_t *value = text != NULL && rows_kind(rows, column) == ROWS_JSON ? json_loads(text, JSON_DECODE_ANY, NULL)
                                                                             : json_text(text);
        json_object_set_new(object, rows_name(rows, column), value != NULL ? value : json_null());
    }
    return object;
}

static void overview_read(void *ctx, const struct rows *rows)
{
    struct top *top = ctx;

    top->asked = false;
    top->stale = true;
    top->problem[0] = '\0';
    if (ctl_rows_status(top->ctl, rows) != EX_OK || rows_count(rows) != 1) {
        (void)snprintf(top->problem, sizeof top->problem, "%s", top->ctl->problem);
        return;
    }
    json_decref(top->overview);
    top->overview = row_object(rows);
}

/* For a pipe, a file or --json: what is known now, once. */
static int top_once(struct top *top)
{
    struct params params;
    struct frame frame;

    params_init(&params);
    int status = ctl_query(top->ctl, &QUERY_OPS_OVERVIEW, &params, overview_read, top);
    if (status != EX_OK || top->overview == NULL)
        return status;
    if (top->ctl->json) {
        json_print(top->overview, stdout);
        return EX_OK;
    }
    frame_init(&frame, &top->ctl->arena);
    frame_add_overview(&frame, top->overview, clock_wall_ms(&clock_system));
    frame_print(&frame, stdout);
    return EX_OK;
}

static void top_draw(struct top *top)
{
    struct winsize size = {0};
    struct arena arena;
    struct frame frame;

    (void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    arena_init(&arena);
    frame_init(&frame, &arena);
    if (top->problem[0] != '\0')
        frame_add(&frame, FRAME_ALARM, top->problem);
    if (top->overview != NULL)
        frame_add_overview(&frame, top->overview, clock_wall_ms(&clock_system));
    frame_draw(&frame, size.ws_col > 0 ? size.ws_col : 80, size.ws_row > 0 ? size.ws_row : 24, stdout);
    (void)fflush(stdout);
    arena_clear(&arena);
    top->stale = false;
}

static void keys_read(struct top *top)
{
    char keys[KEYS_MAX];
    ssize_t count = read(STDIN_FILENO, keys, sizeof keys);

    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN))
        top->over = true; /* the terminal is gone */
    for (ssize_t i = 0; i < count; i++)
        top->over |= keys[i] == 'q' || keys[i] == 'Q';
}

static void signals_read(struct top *top)
{
    struct signalfd_siginfo info;

    while (read(top->signals, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo == SIGWINCH)
            top->stale = true;
        else
            top->over = true;
}

/* The sooner of two waits; -1 is for ever. */
static int64_t wait_min(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

static void top_wait(struct top *top)
{
    struct session *session = top->ctl->session;
    int64_t now_ms = clock_boot_ms(&clock_system), due_ms = -1;
    struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                           {.fd = top->signals, .events = POLLIN},
                           {.fd = session_fd(session), .events = session_events(session)}};

    if (!top->asked)
        due_ms = top->due_ms > now_ms ? top->due_ms - now_ms : 0;
    (void)poll(fds, sizeof fds / sizeof fds[0], (int)wait_min(due_ms, session_wait_ms(session)));
    if (fds[0].revents != 0)
        keys_read(top);
    if (fds[1].revents != 0)
        signals_read(top);
    session_step(session);
}

static void top_watch(struct top *top)
{
    while (!top->over) {
        int64_t now_ms = clock_boot_ms(&clock_system);
        if (!top->asked && now_ms >= top->due_ms) {
            top->asked = true;
            top->due_ms = now_ms + top->interval_ms;
            session_submit(top->ctl->session, &QUERY_OPS_OVERVIEW, NULL, ANSWER_TIMEOUT_MS, overview_read, top);
        }
        if (top->stale)
            top_draw(top);
        top_wait(top);
    }
}

/* On a terminal: until somebody presses q. */
static int top_live(struct top *top)
{
    struct termios before, raw;
    sigset_t ours, outer;
    int status = ctl_connect(top->ctl);

    if (status != EX_OK)
        return ctl_fail(status, "%s", top->ctl->problem);
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGHUP);
    sigaddset(&ours, SIGQUIT);
    sigaddset(&ours, SIGWINCH);
    top->signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    if (top->signals < 0 || tcgetattr(STDIN_FILENO, &before) != 0) {
        status = ctl_fail(EX_OSERR, "this terminal cannot be used: %s", strerror(errno));
        goto out;
    }
    raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    raw.c_cc[VSUSP] = _POSIX_VDISABLE; /* it would leave our picture behind */
    (void)sigprocmask(SIG_BLOCK, &ours, &outer);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    fputs("\033[?1049h\033[?25l", stdout); /* a screen of our own, without a cursor */
    top_watch(top);
    fputs("\033[?25h\033[?1049l", stdout);
    (void)fflush(stdout);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
    (void)sigprocmask(SIG_SETMASK, &outer, NULL);
out:
    if (top->signals >= 0)
        (void)close(top->signals);
    return status;
}

int top_run(struct ctl *ctl)
{
    struct top top = {.ctl = ctl, .signals = -1};
    int64_t seconds = 1;
    int status = ctl_number_option(ctl, "interval", 1, INTERVAL_MAX_S, &seconds);

    if (status != EX_OK)
        return status;
    top.interval_ms = seconds * 1000;
    status = ctl->json || isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0 ? top_once(&top) : top_live(&top);
    session_close(&ctl->session); /* whatever is still on its way is answered before the overview goes */
    json_decref(top.overview);
    return status;
}
