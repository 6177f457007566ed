/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/scratch.h"
#include "linux/file/scratch.h"
#include "linux/errno.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *scratch_base(void)
{
    const char *base = getenv("TMPDIR");
    return base && *base == '/' ? base : "/tmp";
}

/* Makes a folder of our own, since the kernel lets nobody open others' files for creation in /tmp itself
   (fs.protected_regular). Others may pass through it, but not list it. */
static int scratch_make_folder(char **folder, struct error *err)
{
    const char *base = scratch_base();
    if (asprintf(folder, "%s/periscope-XXXXXX", base) < 0) {
        *folder = NULL;
        return error_set(err, ERR_NO_MEMORY, "no memory for the name of a temporary folder");
    }
    if (!mkdtemp(*folder)) {
        int code = errno;
        char what[300];
        snprintf(what, sizeof what, "could not make a folder in %.200s", base);
        free(*folder);
        return errno_error(err, code, what);
    }
    if (chmod(*folder, 0711) == 0)
        return 0;
    int code = errno;
    rmdir(*folder);
    free(*folder);
    return errno_error(err, code, "could not open a temporary folder to others");
}

int os_scratch_make(char **path, struct error *err)
{
    char *folder;
    *path = NULL;
    int status = scratch_make_folder(&folder, err);
    if (status)
        return status;
    int fd = -1;
    if (asprintf(path, "%s/XXXXXX", folder) < 0)
        *path = NULL;
    if (*path)
        fd = mkstemp(*path);
    if (fd < 0 || fchmod(fd, 0666) < 0)
        status = errno_error(err, errno, "could not make a temporary file");
    if (fd >= 0)
        close(fd);
    if (status) {
        if (fd >= 0)
            unlink(*path);
        rmdir(folder);
        free(*path);
        *path = NULL;
    }
    free(folder);
    return status;
}

void os_scratch_remove(char *path)
{
    if (!path)
        return;
    unlink(path);
    *strrchr(path, '/') = 0;
    rmdir(path);
    free(path);
}

/* Opens a file without a name, or where the file system keeps none, takes its name away. */
int scratch_open_descriptor(const char *base)
{
    char *name;
    int fd = open(base, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    if (asprintf(&name, "%s/periscope-XXXXXX", base) < 0)
        return -1;
    fd = mkostemp(name, O_CLOEXEC);
    int code = errno;
    if (fd >= 0)
        unlink(name);
    free(name);
    errno = code;
    return fd;
}

int os_scratch_open(FILE **out, struct error *err)
{
    char what[300];
    int fd = scratch_open_descriptor(scratch_base());
    *out = fd < 0 ? NULL : fdopen(fd, "w+b");
    if (*out)
        return 0;
    int code = errno;
    if (fd >= 0)
        close(fd);
    snprintf(what, sizeof what, "could not create a temporary file in '%.200s'", scratch_base());
    return errno_error(err, code, what);
}
