/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/clock.h"
#include "platform/file.h"
#include "win32/file.h"
#include "win32/path.h"
#include "win32/winerror.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_TRIES 100        /* leftovers of an earlier process with our pid */
#define NAME_ROOM 64          /* characters of a temporary name, without its folder */
#define WRITE_STEP (1u << 20) /* bytes */
#define BUSY_MS 2000          /* virus scanners hold a file that was just closed */
#define BUSY_STEP_MS 20

struct os_upload {
    HANDLE handle;
    bool durable;                /* on the disk before it takes its name */
    wchar_t *target, *temporary; /* owned */
};

static void upload_free(struct os_upload *upload)
{
    if (upload->handle != INVALID_HANDLE_VALUE)
        CloseHandle(upload->handle);
    free(upload->target);
    free(upload->temporary);
    free(upload);
}

/* The new file takes the name, so what has it must be something that a file may replace. */
static int check_target(const char *path, const wchar_t *full, struct error *err)
{
    size_t len = strlen(path);
    if (path[len - 1] == '/' || path[len - 1] == '\\' || path_is_folder(full))
        return error_set(err, ERR_INVALID, "Is a directory");
    return 0;
}

/* A new text beside the target that no other upload of this process has, or NULL without memory. */
static wchar_t *beside(const wchar_t *target, const wchar_t *ending)
{
    static atomic_uint counter;
    size_t folder = path_folder_len(target), size = folder + NAME_ROOM;
    wchar_t *name = calloc(size, sizeof *name);
    if (!name)
        return NULL;
    wmemcpy(name, target, folder);
    _snwprintf(name + folder, NAME_ROOM - 1, L".periscope-%lu-%u.%ls", GetCurrentProcessId(),
               atomic_fetch_add(&counter, 1), ending);
    return name;
}

static int open_temporary(struct os_upload *upload, struct error *err)
{
    DWORD code = ERROR_FILE_EXISTS;
    for (int i = 0; i < NAME_TRIES && code == ERROR_FILE_EXISTS; i++) {
        free(upload->temporary);
        upload->temporary = beside(upload->target, L"tmp");
        if (!upload->temporary)
            return windows_error(err, ERROR_NOT_ENOUGH_MEMORY, NULL);
        upload->handle = CreateFileW(upload->temporary, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
                                     CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
        if (upload->handle != INVALID_HANDLE_VALUE)
            return 0;
        code = GetLastError();
    }
    return windows_error(err, code, NULL);
}

int os_upload_begin(struct os_upload **out, const char *path, enum os_upload_kind kind, struct error *err)
{
    *out = NULL;
    struct os_upload *upload = calloc(1, sizeof *upload);
    if (!upload)
        return windows_error(err, ERROR_NOT_ENOUGH_MEMORY, NULL);
    upload->handle = INVALID_HANDLE_VALUE;
    upload->durable = kind != OS_UPLOAD_ORDINARY; /* what may be executed, its name tells */
    int status = path_from(&upload->target, path, false, err);
    if (status == 0)
        status = check_target(path, upload->target, err);
    if (status == 0)
        status = open_temporary(upload, err);
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
        DWORD done, step = len < WRITE_STEP ? (DWORD)len : WRITE_STEP;
        if (!WriteFile(upload->handle, next, step, &done, NULL))
            return windows_error(err, GetLastError(), NULL);
        next += done;
        len -= done;
    }
    return 0;
}

static bool move(const wchar_t *from, const wchar_t *to)
{
    return MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH) != 0;
}

/* A file that is open can't be replaced, but it can be renamed (a running executable too): it is moved aside and goes
   when the last handle does, or at the next boot. */
static bool replace_open(const wchar_t *from, const wchar_t *to)
{
    wchar_t *aside = beside(to, L"old");
    if (!aside)
        return false;
    bool moved = move(to, aside), done = moved && move(from, to);
    DWORD code = GetLastError();
    if (moved && !done)
        move(aside, to);
    if (done && !DeleteFileW(aside))
        MoveFileExW(aside, NULL, MOVEFILE_DELAY_UNTIL_REBOOT);
    free(aside);
    SetLastError(code);
    return done;
}

DWORD file_rename(const wchar_t *from, const wchar_t *to)
{
    int64_t deadline = os_deadline(BUSY_MS);
    for (;;) {
        if (move(from, to) || (!path_is_folder(to) && replace_open(from, to)))
            return 0;
        DWORD code = GetLastError();
        if (code != ERROR_SHARING_VIOLATION || os_time_left(deadline) == 0)
            return code;
        os_sleep_ms(BUSY_STEP_MS);
    }
}

int os_upload_commit(struct os_upload *upload, struct error *err)
{
    DWORD code = !upload->durable || FlushFileBuffers(upload->handle) ? 0 : GetLastError();
    CloseHandle(upload->handle);
    upload->handle = INVALID_HANDLE_VALUE;
    if (code == 0)
        code = file_rename(upload->temporary, upload->target);
    if (code) {
        os_upload_abandon(upload);
        return windows_error(err, code, NULL);
    }
    upload_free(upload);
    return 0;
}

void os_upload_abandon(struct os_upload *upload)
{
    if (!upload)
        return;
    if (upload->handle != INVALID_HANDLE_VALUE)
        CloseHandle(upload->handle);
    upload->handle = INVALID_HANDLE_VALUE;
    DeleteFileW(upload->temporary);
    upload_free(upload);
}
