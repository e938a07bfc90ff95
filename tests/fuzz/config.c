/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration file, and the dump of what was read from it. */
#include "base/config.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    char path[64];
    char error[CONFIG_ERROR_MAX] = "";

    if (nowhere == NULL) {
        /* Where secrets are looked up: the published example, from the repository's root. */
        PROMISE(setenv("CREDENTIALS_DIRECTORY", "tests/fuzz/credentials", 1) == 0);
        nowhere = fopen("/dev/null", "w");
    }
    int fd = memfd_create("bridge.conf", MFD_CLOEXEC);
    PROMISE(nowhere != NULL && fd >= 0 && write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct config *config = config_load_without_tokens(path, error);
    if (config != NULL) {
        for (size_t i = 0; i < config->source_count; i++)
            PROMISE(config->sources[i].name != NULL && config->sources[i].format != NULL);
        config_dump(config, nowhere);
        config_release(&config);
    } else {
        PROMISE(strncmp(error, path, strlen(path)) == 0);
    }
    (void)close(fd);
    return 0;
}
