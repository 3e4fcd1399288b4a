/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replays a corpus as a plain test: each file whole, then cut at each of its bytes.  An empty
 * corpus or a file that cannot be read is a failure: such a test would say nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* From memory that ends with the input, so that a sanitizer sees one byte too many. */
static int input_run(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL)
        return -ENOMEM;
    memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    return 0;
}

static int file_run(const char *folder, const char *name)
{
    static uint8_t bytes[INPUT_MAX];
    char path[4096];
    size_t size, step;
    FILE *file;
    int r = 0;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (file == NULL)
        return -errno;
    size = fread(bytes, 1, sizeof bytes, file);
    if (ferror(file) || !feof(file))
        r = -EIO;
    fclose(file);
    step = 1 + size / 4096;
    for (size_t cut = 0; r == 0 && cut < size; cut += step)
        r = input_run(bytes, cut);
    return r == 0 ? input_run(bytes, size) : r;
}

static int folder_run(const char *folder, DIR *open)
{
    int files = 0;

    for (const struct dirent *entry; (entry = readdir(open)) != NULL;) {
        int r;

        if (entry->d_name[0] == '.')
            continue;
        r = file_run(folder, entry->d_name);
        if (r < 0) {
            fprintf(stderr, "%s/%s: %s\n", folder, entry->d_name, strerror(-r));
            return -1;
        }
        files++;
    }
    return files;
}

int main(int argc, char **argv)
{
    DIR *open;
    int files;

    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return EXIT_FAILURE;
    }
    open = opendir(argv[1]);
    if (open == NULL) {
        fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
        return EXIT_FAILURE;
    }
    files = folder_run(argv[1], open);
    closedir(open);
    printf("%s: %d files replayed\n", argv[1], files);
    return files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
