/* SPDX-License-Identifier: Apache-2.0 */
/* ceiling: the least that a FastCGI program on libfcgi and one epoll loop can
 * do: read the request, answer 202.
 *
 * It exists to be compared with: it checks nothing, stores nothing and knows no
 * database, so nothing behind the same nginx can be much faster.  Owns its
 * socket and one object per connection, never freed while it runs.  A crash
 * leaves the socket file, which the next start replaces. */
#include <fcgiapp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#define EVENTS  256
#define BACKLOG 4096

/* As long as what the bridge answers. */
#define ANSWER_BODY "{\"order_id\":\"1000000\",\"state\":\"queued\",\"reason\":null}"
static const char ANSWER[] = "Status: 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 53\r\n"
                             "Cache-Control: no-store\r\nLocation: /v1/orders/1000000\r\n\r\n" ANSWER_BODY;
_Static_assert(sizeof ANSWER_BODY - 1 == 53, "Content-Length says so");

struct peer {
    FCGX_Request request;
    struct peer *next_free;
};

struct ceiling {
    int epoll_fd;
    int listen_fd;
    struct peer *free;
};

static struct peer *peer_take(struct ceiling *ceiling)
{
    struct peer *peer = ceiling->free;

    if (peer != NULL) {
        ceiling->free = peer->next_free;
        return peer;
    }
    peer = calloc(1, sizeof *peer);
    if (peer == NULL)
        abort();
    FCGX_InitRequest(&peer->request, ceiling->listen_fd, FCGI_FAIL_ACCEPT_ON_INTR);
    return peer;
}

static void peer_give_back(struct ceiling *ceiling, struct peer *peer)
{
    peer->next_free = ceiling->free;
    ceiling->free = peer;
}

/* Answers what was accepted and waits for the connection's next request. */
static void peer_serve(struct ceiling *ceiling, struct peer *peer)
{
    char body[65536];
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.ptr = peer};

    while (FCGX_GetStr(body, sizeof body, peer->request.in) == (int)sizeof body)
        ;
    FCGX_PutStr(ANSWER, (int)sizeof ANSWER - 1, peer->request.out);
    FCGX_Finish_r(&peer->request);
    int fd = peer->request.ipcFd;
    if (fd < 0)
        peer_give_back(ceiling, peer);
    else if (epoll_ctl(ceiling->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0)
        epoll_ctl(ceiling->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* At an end of file FCGX_Accept_r would take another connection: look first. */
static void peer_ready(struct ceiling *ceiling, struct peer *peer)
{
    char byte;

    if (recv(peer->request.ipcFd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0)
        FCGX_Free(&peer->request, 1);
    else if (FCGX_Accept_r(&peer->request) == 0) {
        peer_serve(ceiling, peer);
        return;
    }
    peer_give_back(ceiling, peer);
}

static void listener_ready(struct ceiling *ceiling)
{
    for (;;) {
        struct peer *peer = peer_take(ceiling);
        if (FCGX_Accept_r(&peer->request) < 0) {
            peer_give_back(ceiling, peer);
            return;
        }
        peer_serve(ceiling, peer);
    }
}

static int listener_open(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    memcpy(address.sun_path, path, strnlen(path, sizeof address.sun_path - 1));
    unlink(path);
    umask(0117);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    close(fd);
    return -1;
}

/* TERM and INT end it; before FCGX_Init, which installs handlers of its own. */
static int signals_open(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static void ceiling_run(struct ceiling *ceiling)
{
    struct epoll_event events[EVENTS];

    for (;;) {
        int count = epoll_wait(ceiling->epoll_fd, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                return;
            if (events[i].data.ptr == ceiling)
                listener_ready(ceiling);
            else
                peer_ready(ceiling, events[i].data.ptr);
        }
    }
}

int main(int argc, char **argv)
{
    struct ceiling ceiling = {.epoll_fd = epoll_create1(EPOLL_CLOEXEC), .listen_fd = -1};
    struct epoll_event signal_event = {.events = EPOLLIN};
    struct epoll_event listen_event = {.events = EPOLLIN, .data.ptr = &ceiling};
    int signal_fd;

    if (argc != 2) {
        fputs("usage: ceiling SOCKET\n", stderr);
        return EX_USAGE;
    }
    signal_fd = signals_open();
    ceiling.listen_fd = listener_open(argv[1]);
    if (ceiling.listen_fd < 0 || signal_fd < 0 || FCGX_Init() != 0 ||
        epoll_ctl(ceiling.epoll_fd, EPOLL_CTL_ADD, signal_fd, &signal_event) != 0 ||
        epoll_ctl(ceiling.epoll_fd, EPOLL_CTL_ADD, ceiling.listen_fd, &listen_event) != 0) {
        perror("ceiling");
        return EX_OSERR;
    }
    ceiling_run(&ceiling);
    unlink(argv[1]);
    return EX_OK;
}
