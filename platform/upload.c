/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A new file beside the one that it is to replace: the name changes hands once all is there. */
#include "platform/new_file.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_TRIES 100 /* leftovers of an earlier process with our pid */
#define NAME_ROOM 64   /* bytes of a temporary name, without its folder */

struct os_upload {
    struct os_new_file *file; /* owned; NULL once it was closed */
    bool durable;             /* on the disk before it takes its name */
    char *target, *temporary; /* owned */
};

static void upload_free(struct os_upload *upload)
{
    free(upload->target);
    free(upload->temporary);
    free(upload);
}

static int upload_no_memory(struct error *err)
{
    return error_set(err, ERR_NO_MEMORY, "Cannot allocate memory");
}

/* Makes a file beside the target, of a name that no other upload has. */
static int upload_make_file(struct os_upload *upload, enum os_upload_kind kind, struct error *err)
{
    static atomic_uint counter;
    size_t folder = os_path_folder_len(upload->target);
    int status = OS_FILE_EXISTS;
    for (int i = 0; i < NAME_TRIES && status == OS_FILE_EXISTS; i++) {
        memcpy(upload->temporary, upload->target, folder);
        snprintf(upload->temporary + folder, NAME_ROOM, ".periscope-%llu-%u.tmp", (unsigned long long)os_own_pid(),
                 atomic_fetch_add(&counter, 1));
        status = os_new_file_make(&upload->file, upload->temporary, kind, err);
    }
    return status == OS_FILE_EXISTS ? error_set(err, ERR_SYSTEM, "File exists") : status;
}

int os_upload_begin(struct os_upload **out, const char *path, enum os_upload_kind kind, struct error *err)
{
    *out = NULL;
    int status = os_new_file_check(path, err);
    if (status)
        return status;
    struct os_upload *upload = calloc(1, sizeof *upload);
    if (!upload)
        return upload_no_memory(err);
    upload->durable = kind != OS_UPLOAD_ORDINARY;
    upload->target = strdup(path);
    upload->temporary = malloc(strlen(path) + NAME_ROOM);
    status = upload->target && upload->temporary ? upload_make_file(upload, kind, err) : upload_no_memory(err);
    if (status)
        upload_free(upload);
    else
        *out = upload;
    return status;
}

int os_upload_write(struct os_upload *upload, const void *bytes, size_t len, struct error *err)
{
    const char *next = bytes;
    while (len > 0) {
        int done = os_new_file_write(upload->file, next, len, err);
        if (done < 0)
            return done;
        next += done;
        len -= (size_t)done;
    }
    return 0;
}

int os_upload_commit(struct os_upload *upload, struct error *err)
{
    int status = os_new_file_close(upload->file, upload->durable, err);
    upload->file = NULL;
    if (status == 0)
        status = os_file_rename(upload->temporary, upload->target, err);
    if (status) {
        os_upload_abandon(upload);
        return status;
    }
    if (upload->durable)
        os_new_file_sync_name(upload->target);
    upload_free(upload);
    return 0;
}

void os_upload_abandon(struct os_upload *upload)
{
    if (!upload)
        return;
    if (upload->file)
        (void)os_new_file_close(upload->file, false, NULL);
    (void)os_file_remove(upload->temporary, NULL);
    upload_free(upload);
}

int os_upload_whole(const char *path, enum os_upload_kind kind, const void *bytes, size_t len, struct error *err)
{
    struct os_upload *upload;
    int status = os_upload_begin(&upload, path, kind, err);
    if (status)
        return status;
    status = os_upload_write(upload, bytes, len, err);
    if (status == 0)
        return os_upload_commit(upload, err);
    os_upload_abandon(upload);
    return status;
}
