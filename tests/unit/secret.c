/* SPDX-License-Identifier: Apache-2.0 */
/* Unit test of base/secret: strict reading, wiping, comparing. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/secret.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void whsec_is_strict(void **state)
{
    /* 24 bytes are 32 characters, 64 bytes are 88 with two '='. */
    static const struct {
        const char *text;
        size_t len; /* 0: refused */
    } rows[] = {
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 24},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwQQ==", 25},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwQUI=", 26},
        {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 0},
        {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", 64},
        {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 0},     /* 23 bytes */
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwQR==", 0}, /* stray bits */
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwQUJ=", 0}, /* stray bits */
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwQQ", 0},   /* no padding */
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwQ===", 0},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS=QUJD", 0}, /* '=' inside */
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La-_Sw", 0},     /* URL alphabet */
        {"whsec_ MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", 0},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS ", 0},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", 0},
        {"WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 0},
        {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 0},
        {"whsec_", 0},
        {"", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct secret secret = {0};
        const char *problem = NULL;
        bool ok = secret_parse_whsec(&secret, rows[i].text, &problem);
        if (ok != (rows[i].len > 0) || secret.len != rows[i].len || (!ok && !problem))
            fail_msg("row %zu: %s", i, rows[i].text);
    }
}

static void bytes_are_kept_wiped_and_compared(void **state)
{
    struct secret secret = {0};
    struct secret zero = {0};
    char big[SECRET_MAX + 1];

    (void)state;
    memset(big, 'b', sizeof(big));
    assert_false(secret_set(&secret, "", 0));
    assert_false(secret_set(&secret, big, SECRET_MAX + 1));
    assert_true(secret_set(&secret, big, SECRET_MAX));
    assert_int_equal(secret.bytes[SECRET_MAX], 0);
    assert_true(secret_set(&secret, "token", 5));
    assert_memory_equal(secret.bytes, "token\0\0\0", 8);
    assert_true(secret_equals(&secret, "token", 5));
    assert_false(secret_equals(&secret, "tokem", 5));
    assert_false(secret_equals(&secret, "toke", 4));
    secret_clear(&secret);
    assert_memory_equal(&secret, &zero, sizeof(secret));
}

static void files_give_their_first_line(void **state)
{
    char long_line[SECRET_MAX + 8];
    const struct {
        const char *content;
        size_t len;
        const char *secret; /* NULL: refused */
    } rows[] = {
        {"token", 5, "token"},
        {"token\n", 6, "token"},
        {"token\r\nmore\n", 12, "token"},
        {" sp ace \n", 9, " sp ace "},
        {"", 0, NULL},
        {"\ntoken\n", 7, NULL},
        {"\r\n", 2, NULL},
        {"to\0ken\n", 7, NULL},
        {long_line, SECRET_MAX, ""},
        {long_line, SECRET_MAX + 1, NULL},
        {long_line, SECRET_MAX + 8, NULL},
    };
    char path[] = "/tmp/secret-unit-XXXXXX";

    (void)state;
    memset(long_line, 'x', sizeof(long_line));
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct secret secret = {0};
        const char *problem = NULL;
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, rows[i].content, rows[i].len, 0), (ssize_t)rows[i].len);
        bool ok = secret_read_file(&secret, path, &problem);
        if (ok != (rows[i].secret != NULL))
            fail_msg("row %zu: %s", i, problem ? problem : "accepted");
        if (ok && rows[i].secret[0] && strcmp((char *)secret.bytes, rows[i].secret) != 0)
            fail_msg("row %zu: other bytes", i);
        if (ok && !rows[i].secret[0])
            assert_int_equal(secret.len, SECRET_MAX);
        if (!ok)
            assert_int_equal(errno, 0);
    }
    close(fd);
    unlink(path);
}

static void only_regular_files_are_read(void **state)
{
    struct secret secret = {0};
    const char *problem = NULL;
    char folder[] = "/tmp/secret-unit-XXXXXX";
    char fifo[64];

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
    assert_false(secret_read_file(&secret, fifo, &problem));
    assert_int_equal(errno, ENOENT);
    assert_non_null(problem);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_false(secret_read_file(&secret, fifo, &problem)); /* and does not hang */
    assert_string_equal(problem, "is not a regular file");
    assert_false(secret_read_file(&secret, folder, &problem));
    assert_int_equal(secret.len, 0);
    unlink(fifo);
    rmdir(folder);
}

static void process_leaves_no_core(void **state)
{
    struct rlimit limit;

    (void)state;
    secret_harden_process();
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    assert_int_equal(limit.rlim_cur, 0);
    assert_int_equal(limit.rlim_max, 0);
    assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    /* LeakSanitizer looks at the process through ptrace when it ends. */
    assert_int_equal(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whsec_is_strict),
        cmocka_unit_test(bytes_are_kept_wiped_and_compared),
        cmocka_unit_test(files_give_their_first_line),
        cmocka_unit_test(only_regular_files_are_read),
        cmocka_unit_test(process_leaves_no_core),
    };
    return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
