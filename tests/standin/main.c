/* SPDX-License-Identifier: Apache-2.0 */
/* Why: an upstream that tests and the demo can lean on, because its own ledger
 * says what was bought.  Owns the listening socket, the threads and the one book.
 * Never opens a network port: nginx does.  A crash leaves a stale socket file,
 * which the next start removes. */
#include <errno.h>
#include <fcgiapp.h>
#include <getopt.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "money.h"
#include "turn.h"

#define THREADS     64
#define THREADS_MAX 1024
#define STACK_BYTES (512 * 1024)
#define BACKLOG     1024
#define END_SECONDS 2

struct options {
    const char *socket;
    long threads;
    uint64_t seed;
    const char *token;
    const char *balance;
};

struct server {
    struct book book;
    int listener;
    atomic_bool stop;
};

/* One per thread; the ending main thread wakes it through its connection. */
struct worker {
    struct server *server;
    pthread_t thread;
    atomic_int connection; /* -1: none */
};

static void usage(FILE *out)
{
    fputs("usage: standin --socket PATH [--threads N] [--seed N] [--token T] [--balance CREDITS]\n"
          "       STANDIN_TOKEN and STANDIN_BALANCE give the same for the account \"main\"\n",
          out);
}

static bool options_read(int argc, char **argv, struct options *options)
{
    static const struct option longs[] = {
        {"socket", required_argument, NULL, 's'},  {"threads", required_argument, NULL, 't'},
        {"seed", required_argument, NULL, 'r'},    {"token", required_argument, NULL, 'k'},
        {"balance", required_argument, NULL, 'b'}, {NULL, 0, NULL, 0}};
    int letter;

    *options = (struct options){
        .threads = THREADS, .seed = 1, .token = getenv("STANDIN_TOKEN"), .balance = getenv("STANDIN_BALANCE")};
    while ((letter = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (letter) {
        case 's':
            options->socket = optarg;
            break;
        case 't':
            options->threads = strtol(optarg, NULL, 10);
            break;
        case 'r':
            options->seed = strtoull(optarg, NULL, 10);
            break;
        case 'k':
            options->token = optarg;
            break;
        case 'b':
            options->balance = optarg;
            break;
        default:
            return false;
        }
    }
    return options->socket && optind == argc && options->threads >= 1 && options->threads <= THREADS_MAX;
}

/* FCGX_OpenSocket would end the process on an error without a word. */
static int listener_open(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        goto out;
    }
    memcpy(address.sun_path, path, strlen(path));
    if (fd < 0 || (unlink(path) < 0 && errno != ENOENT))
        goto out;
    umask(0117);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && chmod(path, 0660) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
out:
    fprintf(stderr, "standin: cannot listen on %s: %s\n", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static void request_serve(struct server *server, FCGX_Request *fcgi)
{
    struct request *request = request_read(fcgi);
    struct reply reply = {.retry_after = -1};

    if (strncmp(request->path, CONTROL_PREFIX, strlen(CONTROL_PREFIX)) == 0)
        control_serve(&server->book, request, &reply);
    else
        turn_serve(&server->book, &request, fcgi->ipcFd, &reply);
    reply_send(&reply, fcgi->out);
    reply_clear(&reply);
    request_free(request);
}

static void *worker_run(void *ctx)
{
    struct worker *worker = ctx;
    struct server *server = worker->server;
    FCGX_Request fcgi;

    FCGX_InitRequest(&fcgi, server->listener, FCGI_FAIL_ACCEPT_ON_INTR);
    while (!atomic_load(&server->stop)) {
        if (FCGX_Accept_r(&fcgi) < 0) {
            /* Out of descriptors, say: no reason to spin. */
            book_pause(&server->book, 10);
            continue;
        }
        atomic_store(&worker->connection, fcgi.ipcFd);
        request_serve(server, &fcgi);
        FCGX_Finish_r(&fcgi);
        if (fcgi.ipcFd < 0)
            atomic_store(&worker->connection, -1);
    }
    FCGX_Free(&fcgi, 1);
    return NULL;
}

static struct worker *workers_start(struct server *server, long count)
{
    struct worker *workers = need_zeroed((size_t)count, sizeof *workers);
    pthread_attr_t attr;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    for (long i = 0; i < count; i++) {
        workers[i].server = server;
        atomic_init(&workers[i].connection, -1);
        if (pthread_create(&workers[i].thread, &attr, worker_run, &workers[i]) != 0)
            abort();
    }
    pthread_attr_destroy(&attr);
    return workers;
}

/* Wakes every thread wherever it waits: in accept, for nginx's next request on a
 * kept connection, or in a fault.  False when one did not end in time. */
static bool workers_end(struct server *server, struct worker *workers, long count)
{
    struct timespec until;
    bool all = true;

    atomic_store(&server->stop, true);
    eventfd_write(server->book.stop_fd, 1);
    FCGX_ShutdownPending();
    shutdown(server->listener, SHUT_RDWR);
    for (long i = 0; i < count; i++) {
        int fd = atomic_load(&workers[i].connection);
        if (fd >= 0)
            shutdown(fd, SHUT_RD);
    }
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += END_SECONDS;
    for (long i = 0; i < count; i++)
        all = pthread_timedjoin_np(workers[i].thread, NULL, &until) == 0 && all;
    return all;
}

static bool server_open(struct server *server, const struct options *options)
{
    struct book *book = &server->book;

    if (options->balance && !money_parse(options->balance, &book->balance)) {
        fputs("standin: the balance is a decimal with at most four places\n", stderr);
        return false;
    }
    book->token = options->token;
    book->seed = options->seed;
    book->stop_fd = eventfd(0, EFD_CLOEXEC);
    pthread_mutex_init(&book->lock, NULL);
    book_fill(book);
    server->listener = listener_open(options->socket);
    return server->listener >= 0 && book->stop_fd >= 0;
}

static void server_close(struct server *server)
{
    late_stop(&server->book);
    book_clear(&server->book, false);
    map_clear(&server->book.words, free);
    close(server->listener);
    close(server->book.stop_fd);
}

int main(int argc, char **argv)
{
    static struct server server;
    struct options options;
    sigset_t ends;
    int signal_seen;

    if (!options_read(argc, argv, &options)) {
        usage(stderr);
        return EX_USAGE;
    }
    /* Blocked before libfcgi looks, or it would put its own SIGTERM handler in. */
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    json_object_seed(0);
    if (!server_open(&server, &options))
        return EX_OSERR;
    FCGX_Init();
    late_start(&server.book);
    struct worker *workers = workers_start(&server, options.threads);
    fputs("standin: ready\n", stderr);
    sigwait(&ends, &signal_seen);
    unlink(options.socket);
    if (!workers_end(&server, workers, options.threads))
        _exit(EXIT_SUCCESS); /* one hangs in libfcgi; nothing that matters is lost */
    free(workers);
    server_close(&server);
    return EXIT_SUCCESS;
}
