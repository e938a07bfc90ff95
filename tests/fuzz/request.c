/* SPDX-License-Identifier: Apache-2.0 */
/* FastCGI parameters and body → struct request, through libfcgi itself.
 *
 * Input: lines NAME=VALUE up to an empty line, then the body.  It is packed into
 * the records that nginx would send; what is announced as CONTENT_LENGTH is the
 * input's own matter. */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fcgi/auth.h"
#include "fcgi/request.h"
#include "tests/fuzz/fuzz.h"

enum { FCGI_BEGIN = 1, FCGI_PARAMETERS = 4, FCGI_INPUT = 5, RECORD_MAX = 65535 };

static struct sockaddr_un address;
static int listener = -1;

static void listener_open(void)
{
    address.sun_family = AF_UNIX;
    int len = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "bridge-fuzz-%d", (int)getpid());
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    PROMISE(listener >= 0 && bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 8) == 0);
    PROMISE(FCGX_Init() == 0);
}

static void record_send(int fd, uint8_t type, const void *content, size_t len)
{
    const uint8_t head[8] = {1, type, 0, 1, (uint8_t)(len >> 8), (uint8_t)len, 0, 0};

    PROMISE(send(fd, head, sizeof head, MSG_NOSIGNAL) == (ssize_t)sizeof head);
    PROMISE(len == 0 || send(fd, content, len, MSG_NOSIGNAL) == (ssize_t)len);
}

static size_t length_put(uint8_t *out, size_t len)
{
    const uint8_t bytes[4] = {(uint8_t)(0x80 | len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
    memcpy(out, bytes, sizeof bytes);
    return sizeof bytes;
}

/* The lines as name-value pairs of one record; what does not fit is left out. */
static void params_send(int fd, const uint8_t **data, size_t *size)
{
    static uint8_t content[RECORD_MAX];
    size_t used = 0;

    while (*size > 0) {
        char *line = fuzz_line(data, size);
        char *equals = strchr(line, '=');
        size_t name = equals != NULL ? (size_t)(equals - line) : strlen(line);
        size_t value = equals != NULL ? strlen(equals + 1) : 0;
        bool last = line[0] == '\0';
        if (!last && used + 8 + name + value <= sizeof content) {
            used += length_put(content + used, name);
            used += length_put(content + used, value);
            memcpy(content + used, line, name);
            if (value > 0)
                memcpy(content + used + name, equals + 1, value);
            used += name + value;
        }
        free(line);
        if (last)
            break;
    }
    record_send(fd, FCGI_PARAMETERS, content, used);
    if (used > 0)
        record_send(fd, FCGI_PARAMETERS, NULL, 0);
}

static void request_judge(struct request *request, size_t body)
{
    struct problem problem = {0};

    if (!request_read(request))
        return;
    if (request->problem.status == 0) {
        PROMISE(request->body_len <= REQUEST_BODY_MAX && request->body_len == body);
        PROMISE(request->body[request->body_len] == '\0');
        PROMISE(strlen(request->path) <= REQUEST_PATH_MAX);
        (void)request_query(request, "state");
        (void)auth_bearer(request);
        if (!auth_headers_check(request, 1700000000, &problem))
            PROMISE(problem.status == 400 || problem.status == 401);
    } else {
        PROMISE(request->problem.text != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t begin[8] = {0, 1, 0};
    static struct request request;

    if (listener < 0)
        listener_open();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(address.sun_path + 1));
    PROMISE(fd >= 0 && connect(fd, (struct sockaddr *)&address, len) == 0);
    record_send(fd, FCGI_BEGIN, begin, sizeof begin);
    params_send(fd, &data, &size);
    if (size > RECORD_MAX)
        size = RECORD_MAX;
    record_send(fd, FCGI_INPUT, data, size);
    if (size > 0)
        record_send(fd, FCGI_INPUT, NULL, 0);
    PROMISE(shutdown(fd, SHUT_WR) == 0);

    PROMISE(FCGX_InitRequest(&request.fcgi, listener, 0) == 0);
    arena_init(&request.arena);
    if (FCGX_Accept_r(&request.fcgi) == 0) {
        request_judge(&request, size);
        FCGX_Finish_r(&request.fcgi);
    }
    FCGX_Free(&request.fcgi, 1);
    request_clear(&request);
    (void)close(fd);
    return 0;
}
