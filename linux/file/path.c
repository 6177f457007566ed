/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/path.h"
#include "linux/errno.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Appends the parts of path to the absolute one in out, which has room for them. */
static void append_parts(char *out, const char *path)
{
    char *end = out + strlen(out);
    for (size_t len; *path; path += len) {
        path += strspn(path, "/");
        len = strcspn(path, "/");
        if (len == 0 || (len == 1 && *path == '.'))
            continue;
        if (len == 2 && memcmp(path, "..", 2) == 0) {
            while (end > out && *--end != '/')
                ;
        } else {
            *end++ = '/';
            memcpy(end, path, len);
            end += len;
        }
        *end = '\0';
    }
}

/* Returns the absolute path without "." and "..", by its spelling alone, or NULL without memory. */
static char *spell_out(const char *folder, const char *path)
{
    size_t len = strlen(path);
    char *out = malloc(strlen(folder) + len + 3);
    if (!out)
        return NULL;
    *out = '\0';
    if (*path != '/')
        append_parts(out, folder);
    append_parts(out, path);
    if (len > 0 && path[len - 1] == '/')
        strcat(out, "/");
    return out;
}

int os_path_below(char **rest, const char *path, const char *folder, struct error *err)
{
    *rest = NULL;
    char *cwd = getcwd(NULL, 0);
    if (!cwd && errno == ENOMEM)
        return errno_error(err, ENOMEM, NULL);
    const char *start = cwd ? cwd : "/"; /* it was removed: a name in it is still known by its spelling */
    char *full = spell_out(start, path), *above = spell_out(start, folder);
    bool known = full && above;
    size_t len = above ? strlen(above) : 0;
    bool below = known && strncmp(full, above, len) == 0 && full[len] == '/';
    if (below)
        *rest = strdup(full + len + 1);
    free(full);
    free(above);
    free(cwd);
    return known && (!below || *rest) ? 0 : errno_error(err, ENOMEM, NULL);
}
