/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the files of a configuration: the main one, and behind it those of conf.d beside it, in
 * order of name as bytes, whatever the locale is.  What cannot be read is an error: a whitelist
 * that is silently missing takes its addresses from the sets.
 *
 * The directory belongs to a main file of the name wildset.conf only.  A file of another name is
 * complete by itself: one that is tried out in a shared directory must not take in what somebody
 * else has put there.
 */
#include "base/file.h"
#include "daemon/config/reader.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES_MAX = 256 }; /* in conf.d: four times as many as there can be whitelists */

struct config_files {
    struct config_file *file;
    struct file_text *text;
    char **path;
    size_t count;
};

static const char main_name[] = "wildset.conf", folder_name[] = "conf.d", ending[] = ".conf";

static const char *file_problem(int result)
{
    switch (-result) {
    case ENOENT:
        return "there is no such file; --config names another";
    case EISDIR:
        return "is a directory, expected a file";
    case ENODEV:
        return "is not a regular file";
    case EFBIG:
        return "is larger than 1 MiB";
    default:
        return strerror(-result);
    }
}

static __attribute__((format(printf, 4, 5))) int
tell(char error[static CONFIG_ERROR_MAX], int result, const char *path, const char *format, ...)
{
    va_list arguments;
    int used = snprintf(error, CONFIG_ERROR_MAX, "%.*s: ", CONFIG_PATH_SHOWN_MAX, path);

    va_start(arguments, format);
    vsnprintf(error + used, CONFIG_ERROR_MAX - (size_t)used, format, arguments);
    va_end(arguments);
    return result;
}

/* Takes `path`. */
static int files_add(struct config_files *files, char *path, char error[static CONFIG_ERROR_MAX])
{
    struct file_text text;

    if (!path)
        return tell(error, -ENOMEM, folder_name, "out of memory");
    int result = file_read(path, CONFIG_SIZE_MAX, 0, &text);
    if (result) {
        tell(error, result, path, "%s",
             result == -ENOENT && files->count > 0 ? "a link to nothing: remove it"
                                                   : file_problem(result));
        free(path);
        return result;
    }
    files->path[files->count] = path;
    files->text[files->count] = text;
    files->file[files->count++] =
        (struct config_file){.path = path, .text = text.bytes, .size = text.size};
    return 0;
}

/* ---- conf.d ---- */

static int is_wanted(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name), end = sizeof(ending) - 1;

    return entry->d_name[0] != '.' && length > end &&
           strcmp(entry->d_name + length - end, ending) == 0;
}

static int compare_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* It goes to logs and terminals as it stands. */
static bool name_is_plain(const char *name)
{
    return name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                             "0123456789._-+@")] == '\0';
}

/* Who can make files there can have any address allowed. */
static int folder_judge(const char *path, const char *folder, char error[static CONFIG_ERROR_MAX])
{
    struct stat main_file, status;

    if (stat(folder, &status) || stat(path, &main_file))
        return tell(error, -errno, folder, "%s", strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return tell(error, -ENOTDIR, folder, "is not a directory, expected one");
    if (status.st_uid != 0 && status.st_uid != main_file.st_uid)
        return tell(error, -EPERM, folder,
                    "belongs to user %u, who could add whitelists: expected root or the owner of"
                    " %.*s",
                    (unsigned)status.st_uid, CONFIG_PATH_SHOWN_MAX, path);
    if (status.st_mode & S_IWOTH)
        return tell(error, -EPERM, folder,
                    "anybody could add whitelists: take that right away, `chmod o-w %.*s`",
                    CONFIG_PATH_SHOWN_MAX, folder);
    return 0;
}

static int folder_add(struct config_files *files, const char *folder, struct dirent **entries,
                      int count, char error[static CONFIG_ERROR_MAX])
{
    int result = 0;

    if (count > FILES_MAX)
        return tell(error, -E2BIG, folder, "%d files, at most %d are read", count, FILES_MAX);
    for (int i = 0; i < count && result == 0; i++) {
        char *path = NULL;

        if (!name_is_plain(entries[i]->d_name))
            return tell(error, -EINVAL, folder,
                        "holds a file whose name has other characters than letters, digits and"
                        " ._-+@: rename it");
        if (asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0)
            path = NULL;
        result = files_add(files, path, error);
    }
    return result;
}

/* None where it does not exist. */
static int folder_read(struct config_files *files, const char *path, const char *folder,
                       char error[static CONFIG_ERROR_MAX])
{
    struct stat status;
    struct dirent **entries = NULL;

    if (stat(folder, &status) && errno == ENOENT)
        return 0;
    int result = folder_judge(path, folder, error);
    if (result)
        return result;
    int count = scandir(folder, &entries, is_wanted, compare_bytes);
    if (count < 0)
        return tell(error, -errno, folder, "%s", strerror(errno));
    result = folder_add(files, folder, entries, count, error);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    return result;
}

/* ---- all ---- */

static bool files_new(struct config_files *files)
{
    *files = (struct config_files){
        .file = calloc(1 + FILES_MAX, sizeof(*files->file)),
        .text = calloc(1 + FILES_MAX, sizeof(*files->text)),
        .path = calloc(1 + FILES_MAX, sizeof(*files->path)),
    };
    return files->file && files->text && files->path;
}

static void files_free(struct config_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->path[i]);
        file_text_free(&files->text[i]);
    }
    free(files->path);
    free(files->text);
    free(files->file);
}

static int files_read(struct config_files *files, const char *path,
                      char error[static CONFIG_ERROR_MAX])
{
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash + 1 - path) : 0;
    int result = files_add(files, strdup(path), error);
    char *name;

    if (result || strcmp(path + folder, main_name) != 0)
        return result;
    if (asprintf(&name, "%.*s%s", folder, path, folder_name) < 0)
        return tell(error, -ENOMEM, path, "out of memory");
    result = folder_read(files, path, name, error);
    free(name);
    return result;
}

int config_read(const char *path, struct config **out, char error[static CONFIG_ERROR_MAX])
{
    struct config_files files;
    int result = files_new(&files) ? files_read(&files, path, error)
                                   : tell(error, -ENOMEM, path, "out of memory");

    if (result == 0)
        result = config_from_files(files.file, files.count, out, error);
    files_free(&files);
    return result;
}
