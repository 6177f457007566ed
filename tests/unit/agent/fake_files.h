/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of one name each, kept in memory, in place of the system's; what is done to them is logged. */
#ifndef TESTS_UNIT_AGENT_FAKE_FILES_H
#define TESTS_UNIT_AGENT_FAKE_FILES_H

#include "platform/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct os_file {
    size_t pos;
};

struct os_upload {
    const char *path; /* borrowed */
    enum os_upload_kind kind;
    struct buffer bytes;
};

static struct {
    const char *path; /* the one file that can be opened */
    const char *text; /* what is in it */
    size_t len, step; /* its bytes, and how many one read gives at most */
    int open_status, read_status;
    int begin_status, write_status, commit_status; /* of uploads: 0 or an ERR_ */
    int rename_status[4];                          /* of the renames, in order */
    int renames;
    int open_files, open_uploads;
    char log[1024]; /* "rename a b; remove c; ..." */
    char stored[256];
    size_t stored_len;
} files;

#define FILES_LOG(...) snprintf(files.log + strlen(files.log), sizeof files.log - strlen(files.log), __VA_ARGS__)

int os_file_open(struct os_file **out, const char *path, uint64_t *size, struct error *err)
{
    if (files.open_status || !files.path || strcmp(path, files.path) != 0)
        return error_set(err, files.open_status ? files.open_status : ERR_NOT_FOUND, "No such file or directory");
    *out = calloc(1, sizeof **out);
    *size = files.len;
    files.open_files++;
    return 0;
}

int os_file_open_own(struct os_file **out, const char *path, uint64_t *size, struct error *err)
{
    return os_file_open(out, path, size, err);
}

int os_file_read(struct os_file *file, void *bytes, size_t max, struct error *err)
{
    size_t left = files.len - file->pos, len = left < max ? left : max;
    if (files.read_status)
        return error_set(err, files.read_status, "Input/output error");
    if (files.step && len > files.step)
        len = files.step;
    memcpy(bytes, files.text + file->pos, len);
    file->pos += len;
    return (int)len;
}

void os_file_close(struct os_file *file)
{
    if (file)
        files.open_files--;
    free(file);
}

int os_file_rename(const char *from, const char *to, struct error *err)
{
    int status = files.rename_status[files.renames++ & 3];
    FILES_LOG("rename %s %s%s; ", from, to, status ? " fails" : "");
    return status ? error_set(err, status, "Permission denied") : 0;
}

int os_file_remove(const char *path, struct error *err)
{
    (void)err;
    FILES_LOG("remove %s; ", path);
    return 0;
}

int os_upload_begin(struct os_upload **out, const char *path, enum os_upload_kind kind, struct error *err)
{
    *out = NULL;
    if (files.begin_status)
        return error_set(err, files.begin_status, "Read-only file system");
    *out = calloc(1, sizeof **out);
    **out = (struct os_upload){.path = path, .kind = kind};
    buffer_init(&(*out)->bytes, 64u << 20);
    files.open_uploads++;
    return 0;
}

int os_upload_write(struct os_upload *upload, const void *bytes, size_t len, struct error *err)
{
    if (files.write_status)
        return error_set(err, files.write_status, "No space left on device");
    buffer_append(&upload->bytes, bytes, len);
    return 0;
}

static void upload_end(struct os_upload *upload)
{
    buffer_deinit(&upload->bytes);
    free(upload);
    files.open_uploads--;
}

int os_upload_commit(struct os_upload *upload, struct error *err)
{
    static const char *const kinds[] = {
        [OS_UPLOAD_PRIVATE] = "private",
        [OS_UPLOAD_EXECUTABLE] = "executable",
        [OS_UPLOAD_PROGRAM] = "program",
        [OS_UPLOAD_ORDINARY] = "ordinary",
    };
    int status = files.commit_status;
    if (status == 0) {
        FILES_LOG("store %s %s; ", kinds[upload->kind], upload->path);
        files.stored_len = upload->bytes.len < sizeof files.stored ? upload->bytes.len : sizeof files.stored;
        memcpy(files.stored, upload->bytes.data, files.stored_len);
    }
    upload_end(upload);
    return status ? error_set(err, status, "Input/output error") : 0;
}

unsigned os_upload_sweep(void)
{
    return 0;
}

void os_upload_abandon(struct os_upload *upload)
{
    if (!upload)
        return;
    FILES_LOG("abandon %s; ", upload->path);
    upload_end(upload);
}

int os_upload_whole(const char *path, enum os_upload_kind kind, const void *bytes, size_t len, struct error *err)
{
    struct os_upload *upload;
    int status = os_upload_begin(&upload, path, kind, err);
    if (status == 0)
        status = os_upload_write(upload, bytes, len, err);
    return status ? status : os_upload_commit(upload, err);
}

static inline void files_reset(const char *path, const char *text)
{
    memset(&files, 0, sizeof files);
    files.path = path;
    files.text = text;
    files.len = text ? strlen(text) : 0;
}

#endif
