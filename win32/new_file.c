/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/new_file.h"
#include "win32/path.h"
#include "win32/winerror.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define WRITE_STEP (1u << 20) /* bytes */

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

uint64_t os_own_pid(void)
{
    return GetCurrentProcessId();
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
    DWORD code = ERROR_NOT_ENOUGH_MEMORY;
    if (file) {
        file->handle = CreateFileW(full, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, CREATE_NEW,
                                   FILE_ATTRIBUTE_NORMAL, NULL);
        code = file->handle == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    }
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

int os_new_file_close(struct os_new_file *file, bool durable, struct error *err)
{
    DWORD code = !durable || FlushFileBuffers(file->handle) ? 0 : GetLastError();
    CloseHandle(file->handle);
    free(file);
    return code ? windows_error(err, code, NULL) : 0;
}

void os_new_file_sync_name(const char *path)
{
    (void)path; /* a rename waits for the disk by itself */
}
