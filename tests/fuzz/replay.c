/* SPDX-License-Identifier: Apache-2.0 */
/* replay: runs a target over files and folders of kept inputs, without a fuzzer. */
#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

static unsigned replayed;

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat facts;

    PROMISE(file != NULL && fstat(fileno(file), &facts) == 0);
    size_t size = (size_t)facts.st_size;
    uint8_t *data = malloc(size > 0 ? size : 1); /* exactly as long, so that a sanitizer sees one byte too many */
    PROMISE(data != NULL && fread(data, 1, size, file) == size);
    (void)fclose(file);
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    replayed++;
}

static void replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    PROMISE(dir != NULL);
    while ((entry = readdir(dir)) != NULL) {
        char path[PATH_MAX];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        replay_file(path);
    }
    (void)closedir(dir);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay_folder(argv[i]);
    printf("replayed %u\n", replayed);
    return replayed > 0 ? 0 : 1;
}
