/* SPDX-License-Identifier: Apache-2.0 */
/* config_folder: a folder of its own with a configuration and the files it
 * names, for the unit tests of base/config. */
#ifndef UNIT_CONFIG_FOLDER_H
#define UNIT_CONFIG_FOLDER_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/config.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SECRET_A    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define SECRET_B    "whsec_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define TOKEN       "tok-0123456789"

/* Pieces that most rows are made of. */
#define URL     "base_url = \"https://api.example/v1\" "
#define ACCOUNT "account m { provider = 724license " URL "token_file = token }\n"
#define PRODUCT "product p { account = m type = cpanel }\n"
#define SOURCE  "source s { secrets = { a.secret } products = { p } }\n"

static char folder[64];
static char path[128];
static char error[CONFIG_ERROR_MAX];

static void put(const char *name, const char *content)
{
    char file[192];

    (void)snprintf(file, sizeof(file), "%s/%s", folder, name);
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    assert_true(fputs(content, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static struct config *load_text(const char *text)
{
    put("bridge.conf", text);
    return config_load(path, error);
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/config-unit-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/bridge.conf", folder);
    unsetenv("CREDENTIALS_DIRECTORY");
    put("a.secret", SECRET_A "\n");
    put("b.secret", SECRET_B "\n");
    put("bad.secret", "whsec_short\n");
    put("token", TOKEN "\n");
    put("bad.token", "two words\n");
    put("empty", "");
    put("ca.pem", "-\n");
    put("********", SECRET_A "\n");
    return 0;
}

static int remove_one(const char *file, const struct stat *status, int flag, struct FTW *walk)
{
    (void)status;
    (void)flag;
    (void)walk;
    return remove(file);
}

static int teardown(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
