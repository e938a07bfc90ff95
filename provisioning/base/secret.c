/* SPDX-License-Identifier: Apache-2.0 */
/* secret: see secret.h for the promise.
 *
 * Exists so that key material has one shape that can be wiped and compared
 * safely, and none that can be printed.  Owns only the caller's struct while it
 * fills it; what it reads passes through the stack and is wiped there.  Never
 * puts secret bytes into an error.  A crash leaves no core file once
 * secret_harden_process() has run. */
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define WHSEC_PREFIX "whsec_"
#define WHSEC_MIN    24
#define WHSEC_MAX    64

bool secret_set(struct secret *secret, const void *bytes, size_t len)
{
    if (len == 0 || len > SECRET_MAX)
        return false;
    memmove(secret->bytes, bytes, len);
    /* What a longer, older secret left behind goes too, and a NUL follows. */
    OPENSSL_cleanse(secret->bytes + len, sizeof(secret->bytes) - len);
    secret->len = len;
    return true;
}

void secret_clear(struct secret *secret)
{
    OPENSSL_cleanse(secret, sizeof(*secret));
}

bool secret_equals(const struct secret *a, const void *bytes, size_t len)
{
    return a->len == len && CRYPTO_memcmp(a->bytes, bytes, len) == 0;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* RFC 4648 with padding and nothing besides: EVP_DecodeBlock forgives spaces
 * and stray bits.  Returns the bytes written, -1 when text is not base64 or
 * more than cap. */
static long base64_decode(const char *text, size_t len, unsigned char *out, size_t cap)
{
    size_t pad = 0;
    size_t count = 0;
    unsigned bits = 0;

    if (len == 0 || len % 4 != 0)
        return -1;
    while (pad < 2 && text[len - 1 - pad] == '=')
        pad++;
    for (size_t i = 0; i < len - pad; i++) {
        int value = base64_value(text[i]);
        if (value < 0)
            return -1;
        bits = (bits << 6 | (unsigned)value) & 0xFFFFFF;
        if (i % 4 == 0)
            continue; /* six bits are no byte yet */
        if (count == cap)
            return -1;
        unsigned spare = (unsigned)(3 - i % 4) * 2;
        out[count++] = (unsigned char)(bits >> spare);
    }
    unsigned loose = pad == 0 ? 0 : (pad == 1 ? 3 : 15);
    return (bits & loose) == 0 ? (long)count : -1;
}

bool secret_parse_whsec(struct secret *secret, const char *text, const char **problem)
{
    const size_t prefix = sizeof(WHSEC_PREFIX) - 1;
    unsigned char bytes[SECRET_MAX];
    bool ok = false;

    if (strncmp(text, WHSEC_PREFIX, prefix) != 0) {
        *problem = "does not begin with whsec_";
        return false;
    }
    long len = base64_decode(text + prefix, strlen(text + prefix), bytes, sizeof(bytes));
    if (len < 0)
        *problem = "is not whsec_ and base64 with its padding";
    else if (len < WHSEC_MIN || len > WHSEC_MAX)
        *problem = "does not hold 24 to 64 bytes";
    else
        ok = secret_set(secret, bytes, (size_t)len);
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return ok;
}

/* Up to cap bytes of the file; -1 with errno set. */
static ssize_t read_start(int fd, char *buffer, size_t cap)
{
    size_t len = 0;

    while (len < cap) {
        ssize_t got = read(fd, buffer + len, cap - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

static bool take_first_line(struct secret *secret, const char *buffer, size_t len, const char **problem)
{
    const char *end = memchr(buffer, '\n', len);
    size_t line = end ? (size_t)(end - buffer) : len;

    if (line > 0 && buffer[line - 1] == '\r')
        line--;
    if (line == 0)
        *problem = "is empty";
    else if (line > SECRET_MAX)
        *problem = "has a first line of more than 256 bytes";
    else if (memchr(buffer, '\0', line))
        *problem = "holds a NUL byte";
    else
        return secret_set(secret, buffer, line);
    return false;
}

bool secret_read_file(struct secret *secret, const char *path, const char **problem)
{
    char buffer[SECRET_MAX + 3]; /* one byte too many shows, behind "\r\n" */
    struct stat status;
    bool ok = false;
    /* O_NONBLOCK: a FIFO in that place must not hang a reload. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0) {
        *problem = "cannot be opened";
        return false;
    }
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        *problem = "is not a regular file";
        errno = 0;
        goto out;
    }
    ssize_t len = read_start(fd, buffer, sizeof(buffer));
    if (len < 0) {
        *problem = "cannot be read";
        goto out;
    }
    ok = take_first_line(secret, buffer, (size_t)len, problem);
    errno = 0;
out:
    OPENSSL_cleanse(buffer, sizeof(buffer));
    int saved = errno;
    (void)close(fd);
    errno = saved;
    return ok;
}

void secret_harden_process(void)
{
    const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) != 0)
        log_warn("process.core_limit", log_str("error", strerror(errno)));
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        log_warn("process.dumpable", log_str("error", strerror(errno)));
}
