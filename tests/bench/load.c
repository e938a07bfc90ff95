/* SPDX-License-Identifier: Apache-2.0 */
/* load: N connections that each send a freshly signed webhook, wait for its
 * answer and send the next one (a closed loop), for a time or a number.
 *
 * It exists because the usual load generators send one fixed request: the
 * bridge would answer a duplicate and store nothing.  Owns its connections and
 * the count of what was answered; what matters of a run goes to standard output
 * as one JSON object.  Never connects anywhere but to 127.0.0.1, and never
 * counts an answer that did not come whole.  A crash leaves nothing behind. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"
#include "histogram.h"
#include "webhook.h"

#define ANSWER_MAX      16384
#define CONNECTIONS_MAX 4096
#define EVENTS          256
#define STATUS_MAX      600
#define BROKEN_MAX      1000              /* then the other side is not worth measuring */
#define PATIENCE_US     INT64_C(30000000) /* for the last answers */

struct options {
    long port;
    long connections;
    double seconds; /* 0: not bounded by time */
    long count;     /* 0: not bounded by number */
    long first;
    long rate; /* webhooks a second; 0: as fast as they are answered */
    struct webhook_maker maker;
};

struct connection {
    int fd;
    bool busy;
    int64_t began_us;
    size_t got;
    char answer[ANSWER_MAX];
};

struct run {
    const struct options *options;
    struct webhook_maker *maker;
    struct connection *connections;
    int epoll_fd;
    uint64_t next; /* number of the next webhook */
    uint64_t left; /* still to send */
    int64_t until_us;
    int64_t due_us; /* with a rate: when the next one is to be sent */
    long busy;
    uint64_t statuses[STATUS_MAX];
    uint64_t broken;
    struct histogram latencies; /* of 2xx alone: a refusal is quick and worth nothing */
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool connection_open(struct run *run, struct connection *connection)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)run->options->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    int on = 1;

    connection->got = 0;
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0)
        return false;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(connection->fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
        epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) == 0)
        return true;
    close(connection->fd);
    connection->fd = -1;
    return false;
}

static void connection_close(struct connection *connection)
{
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
}

static bool run_over(const struct run *run)
{
    return run->left == 0 || run->broken >= BROKEN_MAX || (run->until_us != 0 && now_us() >= run->until_us);
}

static bool run_due(const struct run *run)
{
    return run->options->rate == 0 || now_us() >= run->due_us;
}

/* With a rate, a webhook's wait begins when it was due, not when a connection was free for it. */
static int64_t run_begin(struct run *run)
{
    int64_t began_us = run->options->rate > 0 ? run->due_us : now_us();

    if (run->options->rate > 0)
        run->due_us += 1000000 / run->options->rate;
    return began_us;
}

static void connection_send(struct run *run, struct connection *connection)
{
    char request[WEBHOOK_MAX];

    while (!run_over(run) && run_due(run)) {
        if (connection->fd < 0 && !connection_open(run, connection)) {
            run->broken++;
            continue;
        }
        size_t len = webhook_write(run->maker, run->next, request);
        run->next++;
        run->left--;
        connection->got = 0;
        connection->began_us = run_begin(run);
        /* A fresh or drained socket takes so little at once. */
        if (send(connection->fd, request, len, MSG_NOSIGNAL) == (ssize_t)len) {
            connection->busy = true;
            run->busy++;
            return;
        }
        run->broken++;
        connection_close(connection);
    }
}

static void connection_ended(struct run *run, struct connection *connection)
{
    if (connection->busy) {
        connection->busy = false;
        run->busy--;
    }
}

static void connection_broke(struct run *run, struct connection *connection)
{
    connection_close(connection);
    if (connection->busy)
        run->broken++;
    connection_ended(run, connection);
    connection_send(run, connection);
}

static void answer_count(struct run *run, const struct connection *connection, int status)
{
    run->statuses[status >= 0 && status < STATUS_MAX ? status : 0]++;
    if (status >= 200 && status < 300)
        histogram_add(&run->latencies, now_us() - connection->began_us);
}

static void connection_ready(struct run *run, struct connection *connection)
{
    struct answer answer = {0};
    size_t room = sizeof connection->answer - 1 - connection->got;
    ssize_t got = room > 0 ? recv(connection->fd, connection->answer + connection->got, room, MSG_DONTWAIT) : 0;

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0 || !connection->busy) {
        connection_broke(run, connection);
        return;
    }
    connection->got += (size_t)got;
    connection->answer[connection->got] = '\0';
    switch (answer_look(connection->answer, connection->got, &answer)) {
    case ANSWER_PART:
        return;
    case ANSWER_BAD:
        connection_broke(run, connection);
        return;
    case ANSWER_WHOLE:
        answer_count(run, connection, answer.status);
        connection_ended(run, connection);
        if (answer.closes)
            connection_close(connection);
        connection_send(run, connection);
        return;
    }
}

/* With a rate, connections rest until something is due. */
static void run_pace(struct run *run)
{
    for (long i = 0; i < run->options->connections && !run_over(run) && run_due(run); i++)
        if (!run->connections[i].busy)
            connection_send(run, &run->connections[i]);
}

static void run_loop(struct run *run)
{
    bool paced = run->options->rate > 0;
    struct epoll_event events[EVENTS];
    int64_t patience_us = 0;

    for (long i = 0; i < run->options->connections; i++)
        connection_send(run, &run->connections[i]);
    while (run->busy > 0 || (paced && !run_over(run))) {
        int count = epoll_wait(run->epoll_fd, events, EVENTS, paced ? 1 : 200);
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (connection->fd >= 0)
                connection_ready(run, connection);
        }
        if (paced)
            run_pace(run);
        if (!run_over(run))
            continue;
        if (patience_us == 0)
            patience_us = now_us() + PATIENCE_US;
        if (now_us() >= patience_us)
            break;
    }
    run->broken += (uint64_t)run->busy; /* never answered */
}

static void result_print(const struct run *run, double seconds)
{
    const struct histogram *latencies = &run->latencies;
    const char *comma = "";

    printf("{\"first\":%ld,\"sent\":%llu,\"ok\":%llu,\"broken\":%llu,\"seconds\":%.6f,\"rps\":%.1f,",
           run->options->first, (unsigned long long)(run->next - (uint64_t)run->options->first),
           (unsigned long long)latencies->count, (unsigned long long)run->broken, seconds,
           seconds > 0 ? (double)latencies->count / seconds : 0);
    printf("\"p50_us\":%lld,\"p99_us\":%lld,\"max_us\":%lld,\"statuses\":{",
           (long long)histogram_share(latencies, 0.50), (long long)histogram_share(latencies, 0.99),
           (long long)latencies->max_us);
    for (int status = 0; status < STATUS_MAX; status++) {
        if (run->statuses[status] > 0) {
            printf("%s\"%d\":%llu", comma, status, (unsigned long long)run->statuses[status]);
            comma = ",";
        }
    }
    puts("}}");
}

static int run_all(struct options *options)
{
    struct run run = {.options = options, .maker = &options->maker, .next = (uint64_t)options->first};
    int status = EX_OSERR;
    long opened = 0;
    int64_t began_us;

    run.left = options->count > 0 ? (uint64_t)options->count : UINT64_MAX;
    run.connections = calloc((size_t)options->connections, sizeof *run.connections);
    run.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (run.epoll_fd < 0 || run.connections == NULL)
        goto out;
    while (opened < options->connections && connection_open(&run, &run.connections[opened]))
        opened++;
    if (opened < options->connections)
        goto out;
    began_us = now_us();
    run.due_us = began_us;
    run.until_us = options->seconds > 0 ? began_us + (int64_t)(options->seconds * 1e6) : 0;
    run_loop(&run);
    result_print(&run, (double)(now_us() - began_us) / 1e6);
    status = EX_OK;
out:
    if (status != EX_OK)
        perror("load");
    for (long i = 0; i < opened; i++)
        connection_close(&run.connections[i]);
    if (run.epoll_fd >= 0)
        close(run.epoll_fd);
    free(run.connections);
    return status;
}

static int usage(FILE *out, int status)
{
    fputs("usage: load --port N --path P (--seconds S | --count N) [--connections N] [--type license.create]\n"
          "            [--product cpanel] [--first N] [--service N] [--tag T]\n"
          "            [--rate N]\n"
          "Posts signed webhooks, each unique (of one service, if told), to 127.0.0.1; the secret comes from "
          "WEBHOOK_SECRET.\n",
          out);
    return status;
}

static bool number_read(const char *text, long min, long max, long *out)
{
    char *end;
    errno = 0;
    *out = strtol(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *out >= min && *out <= max;
}

static bool option_read(int letter, char *value, struct options *options)
{
    long number;
    switch (letter) {
    case 'p':
        return number_read(value, 1, 65535, &options->port);
    case 'c':
        return number_read(value, 1, CONNECTIONS_MAX, &options->connections);
    case 'n':
        return number_read(value, 1, 1L << 30, &options->count);
    case 'f':
        return number_read(value, 0, 1L << 30, &options->first);
    case 'R':
        return number_read(value, 1, 1000000, &options->rate);
    case 'S':
        if (!number_read(value, 1, 1L << 30, &number))
            return false;
        options->maker.service = (uint64_t)number;
        return true;
    case 's':
        options->seconds = strtod(value, NULL);
        return options->seconds > 0;
    case 'P':
        options->maker.path = value;
        return *value == '/' && strlen(value) < 256;
    case 't':
        options->maker.type = value;
        return strlen(value) < 64;
    case 'g':
        options->maker.tag = value;
        return strlen(value) < 32;
    case 'r':
        options->maker.product = value;
        return strlen(value) < 64;
    default:
        return false;
    }
}

int main(int argc, char **argv)
{
    static const struct option names[] = {
        {"port", required_argument, 0, 'p'},
        {"connections", required_argument, 0, 'c'},
        {"count", required_argument, 0, 'n'},
        {"first", required_argument, 0, 'f'},
        {"path", required_argument, 0, 'P'},
        {"rate", required_argument, 0, 'R'},
        {"seconds", required_argument, 0, 's'},
        {"service", required_argument, 0, 'S'},
        {"type", required_argument, 0, 't'},
        {"tag", required_argument, 0, 'g'},
        {"help", no_argument, 0, 'h'},
        {"product", required_argument, 0, 'r'},
        {0},
    };
    struct options options = {.connections = 1,
                              .maker = {.type = "license.create", .tag = "bench", .product = "cpanel"}};
    const char *secret = getenv("WEBHOOK_SECRET");
    int status;

    for (int letter; (letter = getopt_long(argc, argv, "h", names, NULL)) != -1;) {
        if (letter == 'h')
            return usage(stdout, EX_OK);
        if (!option_read(letter, optarg, &options))
            return usage(stderr, EX_USAGE);
    }
    if (optind != argc || options.port == 0 || options.maker.path == NULL ||
        (options.seconds <= 0 && options.count == 0))
        return usage(stderr, EX_USAGE);
    if (secret == NULL || !webhook_open(&options.maker, secret)) {
        fputs("load: WEBHOOK_SECRET is no secret (whsec_ and base64)\n", stderr);
        return EX_CONFIG;
    }
    status = run_all(&options);
    webhook_close(&options.maker);
    return status;
}
