/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A new file beside the one that it is to replace: the name changes hands once all is there. */
#include "platform/new_file.h"
#include "platform/random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_TRIES 16 /* nobody can guess a name of 64 random bits: what fails so often has another reason */
#define NAME_ROOM 64  /* bytes of a temporary name, without its folder */

struct os_upload {
    struct os_new_file *file; /* owned; NULL once it was closed */
    bool durable;             /* on the disk before it takes its name */
    char *target, *temporary; /* owned; no text in temporary: the file has no name */
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

/* Makes up a name beside the target that nobody can know, and so take or block, before. */
static int upload_make_name(struct os_upload *upload, struct error *err)
{
    size_t folder = os_path_folder_len(upload->target);
    uint64_t number;
    int status = os_random(&number, err);
    if (status)
        return status;
    memcpy(upload->temporary, upload->target, folder);
    snprintf(upload->temporary + folder, NAME_ROOM, OS_TEMPORARY_HEAD "%016" PRIx64 OS_TEMPORARY_TAIL, number);
    return 0;
}

static int upload_make_named(struct os_upload *upload, enum os_upload_kind kind, struct error *err)
{
    int status = OS_FILE_EXISTS;
    for (int i = 0; i < NAME_TRIES && status == OS_FILE_EXISTS; i++) {
        status = upload_make_name(upload, err);
        if (status == 0)
            status = os_new_file_make(&upload->file, upload->temporary, kind, err);
    }
    return status == OS_FILE_EXISTS ? error_set(err, ERR_SYSTEM, "File exists") : status;
}

/* Makes a file beside the target, best without a name: then nothing is left of it when the process is killed. */
static int upload_make_file(struct os_upload *upload, enum os_upload_kind kind, struct error *err)
{
    *upload->temporary = '\0';
    int status = os_new_file_make_unnamed(&upload->file, upload->target, kind, err);
    return status == OS_FILE_NEEDS_NAME ? upload_make_named(upload, kind, err) : status;
}

/* Makes the file stay, under a temporary name: none can be given that another file has. */
static int upload_keep(struct os_upload *upload, struct error *err)
{
    if (*upload->temporary)
        return os_new_file_keep(upload->file, upload->temporary, upload->durable, err);
    int status = OS_FILE_EXISTS;
    for (int i = 0; i < NAME_TRIES && status == OS_FILE_EXISTS; i++) {
        status = upload_make_name(upload, err);
        if (status == 0)
            status = os_new_file_keep(upload->file, upload->temporary, upload->durable, err);
    }
    if (status)
        *upload->temporary = '\0';
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

int os_upload_resemble(struct os_upload *upload, struct error *err)
{
    return os_new_file_resemble(upload->file, upload->target, err);
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

int os_upload_read(struct os_upload *upload, uint64_t offset, void *bytes, size_t max, struct error *err)
{
    return os_new_file_read(upload->file, offset, bytes, max, err);
}

int os_upload_describe(struct os_upload *upload, uint32_t mode, int64_t mtime_ns, struct error *err)
{
    return os_new_file_describe(upload->file, mode, mtime_ns, err);
}

/* Closes the file, whose content and name are there then. */
static int upload_finish(struct os_upload *upload, struct error *err)
{
    int status = upload_keep(upload, err);
    if (status)
        return status;
    status = os_new_file_close(upload->file, err);
    upload->file = NULL;
    return status;
}

int os_upload_commit(struct os_upload *upload, struct error *err)
{
    int status = upload_finish(upload, err);
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
        (void)os_new_file_close(upload->file, NULL);
    if (*upload->temporary)
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

/* Returns whether a file of that name can be an upload's: the random number, or before it was one a pid and a count. */
static bool is_temporary_name(const char *name)
{
    size_t len = strlen(name), head = strlen(OS_TEMPORARY_HEAD), tail = strlen(OS_TEMPORARY_TAIL);
    if (len <= head + tail || strncmp(name, OS_TEMPORARY_HEAD, head) != 0 ||
        strcmp(name + len - tail, OS_TEMPORARY_TAIL) != 0)
        return false;
    return strspn(name + head, "0123456789abcdef-") == len - head - tail;
}

unsigned os_upload_sweep(void)
{
    return os_new_file_sweep(is_temporary_name);
}
