/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/append.h"
#include "platform/clock.h"
#include "platform/identity.h"
#include "platform/service.h"
#include "platform/upgrade_file.h"
#include "win32/file/file.h"
#include "win32/file/path.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sddl.h> /* needs windows.h */

#define OWN_FOLDER L"Periscope"                                  /* of the folder for all users' data */
#define OWN_FOLDER_ACCESS L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)" /* the system and administrators, nobody else */
#define BUSY_MS 2000                                             /* virus scanners hold a file that was just closed */
#define BUSY_STEP_MS 20

struct os_append {
    HANDLE handle;
};

void os_own_folder_find(struct buffer *out)
{
    wchar_t data[MAX_PATH];
    if (!os_service_is_one())
        return;
    DWORD len = GetEnvironmentVariableW(L"ProgramData", data, MAX_PATH);
    if (len == 0 || len >= MAX_PATH)
        len = GetEnvironmentVariableW(L"ALLUSERSPROFILE", data, MAX_PATH); /* before Vista */
    char *text = len > 0 && len < MAX_PATH ? utf8_from(data) : NULL;
    if (text)
        buffer_printf(out, "%s\\%ls", text, OWN_FOLDER);
    if (text)
        buffer_append(out, "", 1);
    free(text);
}

/* Makes the folder; for a service, one that only the system and administrators may use. */
static DWORD make_own_folder(const wchar_t *path, bool for_agent_alone)
{
    SECURITY_ATTRIBUTES access = {.nLength = sizeof access};
    if (for_agent_alone && !ConvertStringSecurityDescriptorToSecurityDescriptorW(OWN_FOLDER_ACCESS, SDDL_REVISION_1,
                                                                                 &access.lpSecurityDescriptor, NULL))
        return GetLastError();
    DWORD code = CreateDirectoryW(path, for_agent_alone ? &access : NULL) ? 0 : GetLastError();
    LocalFree(access.lpSecurityDescriptor);
    return code == ERROR_ALREADY_EXISTS && path_is_folder(path) ? 0 : code;
}

/* Checks who may write in the folder, and on the way to it, as of a file in it. */
static int check_way_of(const char *path, const char *run_as, struct error *err)
{
    size_t size = strlen(path) + 3;
    char *file = malloc(size);
    if (!file)
        return error_set(err, ERR_NO_MEMORY, "Cannot allocate memory");
    snprintf(file, size, "%s\\x", path);
    int status = os_upgrade_check_folder(file, run_as, err);
    free(file);
    return status;
}

int os_own_folder_make(const char *path, const char *run_as, struct error *err)
{
    wchar_t *full;
    int status = path_from(&full, path, false, err);
    if (status)
        return status;
    DWORD code = make_own_folder(full, strcmp(run_as, OS_IDENTITY_AGENT) != 0);
    free(full);
    return code ? windows_error(err, code, NULL) : check_way_of(path, run_as, err);
}

static HANDLE open_alone(const wchar_t *path)
{
    int64_t deadline = os_deadline(BUSY_MS);
    for (;;) {
        HANDLE handle = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_ALWAYS,
                                    FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
        if (handle != INVALID_HANDLE_VALUE || GetLastError() != ERROR_SHARING_VIOLATION || os_time_left(deadline) == 0)
            return handle;
        os_sleep_ms(BUSY_STEP_MS);
    }
}

static DWORD cut_file(HANDLE handle, uint64_t size)
{
    LARGE_INTEGER at = {.QuadPart = (LONGLONG)size};
    return SetFilePointerEx(handle, at, NULL, FILE_BEGIN) && SetEndOfFile(handle) ? 0 : GetLastError();
}

int os_append_open(struct os_append **out, const char *path, uint64_t size, struct error *err)
{
    wchar_t *full;
    *out = NULL;
    int status = path_from(&full, path, false, err);
    if (status)
        return status;
    struct os_append *file = malloc(sizeof *file);
    HANDLE handle = file ? open_alone(full) : INVALID_HANDLE_VALUE;
    DWORD code = !file ? ERROR_NOT_ENOUGH_MEMORY : handle == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    free(full);
    if (code == 0 && (code = cut_file(handle, size)) != 0)
        CloseHandle(handle);
    if (code) {
        free(file);
        return code == ERROR_SHARING_VIOLATION ? error_set(err, ERR_UNAVAILABLE, "another agent has it")
                                               : windows_error(err, code, NULL);
    }
    file->handle = handle;
    *out = file;
    return 0;
}

int os_append_write(struct os_append *file, const void *bytes, size_t len, struct error *err)
{
    DWORD done;
    for (const char *at = bytes; len > 0; at += done, len -= done)
        if (!WriteFile(file->handle, at, len < (1u << 20) ? (DWORD)len : 1u << 20, &done, NULL))
            return windows_error(err, GetLastError(), NULL);
    return 0;
}

int os_append_sync(struct os_append *file, struct error *err)
{
    return FlushFileBuffers(file->handle) ? 0 : windows_error(err, GetLastError(), NULL);
}

int os_append_rename(const char *from, const char *to, struct error *err)
{
    return os_file_rename(from, to, err); /* it waits for the disk */
}

void os_append_close(struct os_append *file)
{
    if (!file)
        return;
    CloseHandle(file->handle);
    free(file);
}
