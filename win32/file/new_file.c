/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/new_file.h"
#include "win32/file/node.h"
#include "win32/file/path.h"
#include "win32/system.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define WRITE_STEP (1u << 20) /* bytes */
#define SWEEP_MAX 100000      /* files that are looked at: a start must not take long */

/* kernel32.dll's, from Windows Vista on. */
typedef BOOL WINAPI set_file_information(HANDLE file, FILE_INFO_BY_HANDLE_CLASS what, void *info, DWORD size);

struct os_new_file {
    HANDLE handle; /* owned */
};

int os_new_file_check(const char *path, struct error *err)
{
    wchar_t *full;
    int status = path_from(&full, path, false, err);
    if (status)
        return status;
    size_t len = strlen(path);
    if (path[len - 1] == '/' || path[len - 1] == '\\' || path_is_folder(full))
        status = error_set(err, ERR_INVALID, "Is a directory");
    free(full);
    return status;
}

size_t os_path_folder_len(const char *path)
{
    size_t len = strlen(path);
    while (len > 0 && path[len - 1] != '/' && path[len - 1] != '\\')
        len--;
    if (len == 0 && (path[0] | 0x20) >= 'a' && (path[0] | 0x20) <= 'z' && path[1] == ':')
        len = 2; /* a name in the folder that is the drive's current one */
    return len;
}

int os_new_file_make_unnamed(struct os_new_file **out, const char *path, enum os_upload_kind kind, struct error *err)
{
    (void)path;
    (void)kind;
    (void)err;
    *out = NULL;
    return OS_FILE_NEEDS_NAME;
}

/* Sets whether the file goes with its last handle, however the process ends. Windows XP can't, and keeps it. */
static DWORD mark_deleted(HANDLE handle, BOOL deleted)
{
    set_file_information *set = SYSTEM_FUNCTION(set_file_information *, L"kernel32.dll", "SetFileInformationByHandle");
    FILE_DISPOSITION_INFO info = {.DeleteFile = deleted != 0};
    return !set || set(handle, FileDispositionInfo, &info, sizeof info) ? 0 : GetLastError();
}

static DWORD create_new(struct os_new_file *file, const wchar_t *path)
{
    file->handle = CreateFileW(path, GENERIC_READ | GENERIC_WRITE | DELETE, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
                               CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file->handle == INVALID_HANDLE_VALUE)
        return GetLastError();
    (void)mark_deleted(file->handle, TRUE);
    return 0;
}

/* Makes a file alike for each kind: whether it may be executed depends on its name, and who may read it on the folder. */
int os_new_file_make(struct os_new_file **out, const char *path, enum os_upload_kind kind, struct error *err)
{
    wchar_t *full;
    (void)kind;
    *out = NULL;
    int status = path_from(&full, path, false, err);
    if (status)
        return status;
    struct os_new_file *file = malloc(sizeof *file);
    DWORD code = file ? create_new(file, full) : ERROR_NOT_ENOUGH_MEMORY;
    free(full);
    if (code) {
        free(file);
        return code == ERROR_FILE_EXISTS ? OS_FILE_EXISTS : windows_error(err, code, NULL);
    }
    *out = file;
    return 0;
}

int os_new_file_write(struct os_new_file *file, const void *bytes, size_t len, struct error *err)
{
    DWORD done, step = len < WRITE_STEP ? (DWORD)len : WRITE_STEP;
    if (!WriteFile(file->handle, bytes, step, &done, NULL))
        return windows_error(err, GetLastError(), NULL);
    return (int)done;
}

/* Reads where a structure says, which moves the place of writing: it is set back. */
int os_new_file_read(struct os_new_file *file, uint64_t offset, void *bytes, size_t max, struct error *err)
{
    OVERLAPPED from = {.Offset = (DWORD)offset, .OffsetHigh = (DWORD)(offset >> 32)};
    LARGE_INTEGER none = {0}, at;
    DWORD got = 0, code = 0;
    if (!SetFilePointerEx(file->handle, none, &at, FILE_CURRENT))
        return windows_error(err, GetLastError(), NULL);
    if (!ReadFile(file->handle, bytes, max < WRITE_STEP ? (DWORD)max : WRITE_STEP, &got, &from))
        code = GetLastError();
    if (!SetFilePointerEx(file->handle, at, NULL, FILE_BEGIN))
        return windows_error(err, GetLastError(), NULL);
    return code == 0 || code == ERROR_HANDLE_EOF ? (int)got : windows_error(err, code, NULL);
}

int os_new_file_describe(struct os_new_file *file, uint32_t mode, int64_t mtime_ns, struct error *err)
{
    DWORD code = node_set(file->handle, mode, mtime_ns);
    return code ? windows_error(err, code, NULL) : 0;
}

int os_new_file_keep(struct os_new_file *file, const char *path, bool durable, struct error *err)
{
    (void)path;
    if (durable && !FlushFileBuffers(file->handle))
        return windows_error(err, GetLastError(), NULL);
    DWORD code = mark_deleted(file->handle, FALSE);
    return code ? windows_error(err, code, NULL) : 0;
}

int os_new_file_close(struct os_new_file *file, struct error *err)
{
    DWORD code = CloseHandle(file->handle) ? 0 : GetLastError();
    free(file);
    return code ? windows_error(err, code, NULL) : 0;
}

void os_new_file_sync_name(const char *path)
{
    (void)path; /* a rename waits for the disk by itself */
}

/* Deletes a file that nobody has open, no link and no folder. */
static bool sweep_one(const wchar_t *name)
{
    HANDLE handle = CreateFileW(name, DELETE, 0, NULL, OPEN_EXISTING,
                                FILE_FLAG_DELETE_ON_CLOSE | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    return handle != INVALID_HANDLE_VALUE && CloseHandle(handle);
}

static bool is_left_behind(const WIN32_FIND_DATAW *found, bool (*is_ours)(const char *name))
{
    char name[MAX_PATH * 3];
    utf8_copy(name, sizeof name, found->cFileName);
    return !(found->dwFileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT)) && is_ours(name);
}

unsigned os_new_file_sweep(bool (*is_ours)(const char *name))
{
    WIN32_FIND_DATAW found;
    unsigned removed = 0, looked_at = 0;
    HANDLE list = FindFirstFileW(TEXT(OS_TEMPORARY_HEAD) L"*" TEXT(OS_TEMPORARY_TAIL), &found);
    if (list == INVALID_HANDLE_VALUE)
        return 0;
    do
        removed += is_left_behind(&found, is_ours) && sweep_one(found.cFileName);
    while (looked_at++ < SWEEP_MAX && FindNextFileW(list, &found));
    FindClose(list);
    return removed;
}
