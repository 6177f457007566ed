/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/file/file.h"
#include "platform/clock.h"
#include "platform/random.h"
#include "win32/file/path.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <aclapi.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_ROOM 64 /* characters of a temporary name, without its folder */
#define BUSY_MS 2000 /* virus scanners hold a file that was just closed */
#define BUSY_STEP_MS 20
#define OWN_SID_SIZE 256 /* bytes of what a token tells of one SID */

/* Reports why a file could not be opened, removed or replaced: of a folder Windows says "access denied". */
static int file_refuse(const wchar_t *path, unsigned long code, struct error *err)
{
    if (code == ERROR_ACCESS_DENIED && path_is_folder(path))
        return error_set(err, ERR_INVALID, "Is a directory");
    return windows_error(err, code, NULL);
}

static int open_regular(HANDLE *out, const wchar_t *path, DWORD flags, uint64_t *size, struct error *err)
{
    LARGE_INTEGER bytes;
    HANDLE handle = CreateFileW(path, GENERIC_READ, SHARE_ALL, NULL, OPEN_EXISTING, flags, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return file_refuse(path, GetLastError(), err);
    int status = 0;
    if (GetFileType(handle) != FILE_TYPE_DISK)
        status = error_set(err, ERR_INVALID, "Not a regular file");
    else if (!GetFileSizeEx(handle, &bytes))
        status = windows_error(err, GetLastError(), NULL);
    if (status) {
        CloseHandle(handle);
        return status;
    }
    *size = (uint64_t)bytes.QuadPart;
    *out = handle;
    return 0;
}

static int open_file(struct os_file **out, const char *path, DWORD flags, uint64_t *size, struct error *err)
{
    wchar_t *full;
    *out = NULL;
    int status = path_from(&full, path, false, err);
    if (status)
        return status;
    struct os_file *file = calloc(1, sizeof *file);
    status = file ? open_regular(&file->handle, full, flags, size, err)
                  : error_set(err, ERR_NO_MEMORY, "Cannot allocate memory");
    free(full);
    if (status)
        free(file);
    else
        *out = file;
    return status;
}

int os_file_open(struct os_file **out, const char *path, uint64_t *size, struct error *err)
{
    return open_file(out, path, FILE_FLAG_SEQUENTIAL_SCAN, size, err);
}

/* Reads what the process's token has of that kind, a struct that begins with a SID; owned by the caller. NULL: a
   failure. */
static PSID *own_sid(TOKEN_INFORMATION_CLASS kind)
{
    HANDLE token;
    DWORD size = OWN_SID_SIZE;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return NULL;
    PSID *sid = malloc(size);
    if (sid && !GetTokenInformation(token, kind, sid, size, &size)) {
        free(sid);
        sid = NULL;
    }
    CloseHandle(token);
    return sid;
}

/* Returns whether the owner is whom the agent runs as, or whom its new files belong to: for an administrator they are
   two. */
static bool is_own_sid(PSID owner)
{
    PSID *user = own_sid(TokenUser), *group = own_sid(TokenOwner);
    bool own = (user && EqualSid(owner, *user)) || (group && EqualSid(owner, *group));
    free(user);
    free(group);
    return own;
}

static int refuse_others(HANDLE handle, struct error *err)
{
    BY_HANDLE_FILE_INFORMATION info;
    PSECURITY_DESCRIPTOR descriptor;
    PSID owner;
    if (!GetFileInformationByHandle(handle, &info))
        return windows_error(err, GetLastError(), NULL);
    if (info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
        return error_set(err, ERR_DENIED, "it is a link");
    if (info.nNumberOfLinks != 1)
        return error_set(err, ERR_DENIED, "it has other names too");
    DWORD code =
        GetSecurityInfo(handle, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION, &owner, NULL, NULL, NULL, &descriptor);
    if (code)
        return windows_error(err, code, NULL);
    int status = is_own_sid(owner) ? 0 : error_set(err, ERR_DENIED, "it belongs to another user");
    LocalFree(descriptor);
    return status;
}

int os_file_open_own(struct os_file **out, const char *path, uint64_t *size, struct error *err)
{
    int status = open_file(out, path, FILE_FLAG_OPEN_REPARSE_POINT, size, err);
    if (status)
        return status;
    status = refuse_others((*out)->handle, err);
    if (status) {
        os_file_close(*out);
        *out = NULL;
    }
    return status;
}

int os_file_read(struct os_file *file, void *bytes, size_t max, struct error *err)
{
    DWORD got;
    if (max > INT_MAX)
        max = INT_MAX;
    if (!ReadFile(file->handle, bytes, (DWORD)max, &got, NULL))
        return windows_error(err, GetLastError(), NULL);
    return (int)got;
}

int os_file_seek(struct os_file *file, uint64_t offset, struct error *err)
{
    LARGE_INTEGER to = {.QuadPart = (LONGLONG)offset};
    return SetFilePointerEx(file->handle, to, NULL, FILE_BEGIN) ? 0 : windows_error(err, GetLastError(), NULL);
}

void os_file_close(struct os_file *file)
{
    if (!file)
        return;
    CloseHandle(file->handle);
    free(file->bytes);
    free(file);
}

int os_file_remove(const char *path, struct error *err)
{
    wchar_t *full;
    int status = path_from(&full, path, false, err);
    if (status)
        return status;
    if (!DeleteFileW(full))
        status = file_refuse(full, GetLastError(), err);
    free(full);
    return status;
}

/* Makes the full path's folders one after the other. One that exists already, as the drive, is passed over. */
static int make_folders(wchar_t *full, struct error *err)
{
    DWORD code = 0;
    for (wchar_t *at = full; *at; at++) {
        if (*at != L'\\' || at == full || at[-1] == L':')
            continue;
        *at = 0;
        (void)CreateDirectoryW(full, NULL);
        *at = L'\\';
    }
    if (!CreateDirectoryW(full, NULL))
        code = GetLastError();
    return code == 0 || path_is_folder(full) ? 0 : file_refuse(full, code, err);
}

int os_folder_make(const char *path, struct error *err)
{
    wchar_t *full;
    int status = path_from(&full, path, false, err);
    if (status)
        return status;
    status = make_folders(full, err);
    free(full);
    return status;
}

/* Returns a new text, a name beside the target that nobody can know before, or NULL without memory. */
static wchar_t *name_beside(const wchar_t *target)
{
    uint64_t number;
    size_t folder = path_folder_len(target), size = folder + NAME_ROOM;
    wchar_t *name = os_random(&number, NULL) ? NULL : calloc(size, sizeof *name);
    if (!name)
        return NULL;
    wmemcpy(name, target, folder);
    _snwprintf(name + folder, NAME_ROOM - 1, L".periscope-%08lx%08lx.old", (unsigned long)(number >> 32),
               (unsigned long)number);
    return name;
}

static bool move_file(const wchar_t *from, const wchar_t *to)
{
    return MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH) != 0;
}

/* Moves aside the file that has the name: one that is open can't be replaced, but renamed (a running executable too). It
   goes when the last handle does, or at the next boot. */
static bool replace_open(const wchar_t *from, const wchar_t *to)
{
    wchar_t *aside = name_beside(to);
    if (!aside)
        return false;
    bool moved = move_file(to, aside), done = moved && move_file(from, to);
    DWORD code = GetLastError();
    if (moved && !done)
        move_file(aside, to);
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
        if (move_file(from, to) || (!path_is_folder(to) && replace_open(from, to)))
            return 0;
        DWORD code = GetLastError();
        if (code != ERROR_SHARING_VIOLATION || os_time_left(deadline) == 0)
            return code;
        os_sleep_ms(BUSY_STEP_MS);
    }
}

int os_file_rename(const char *from, const char *to, struct error *err)
{
    wchar_t *source, *target;
    int status = path_from(&source, from, false, err);
    if (status)
        return status;
    status = path_from(&target, to, false, err);
    DWORD code = status ? 0 : file_rename(source, target);
    if (code)
        status = file_refuse(target, code, err);
    free(source);
    free(target);
    return status;
}

/* Returns ERROR_SHARING_VIOLATION while somebody keeps it from being written; no other reason is one here. */
static DWORD try_to_write(const wchar_t *path)
{
    HANDLE handle =
        CreateFileW(path, FILE_WRITE_DATA, SHARE_ALL, NULL, OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    DWORD code = handle == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    if (handle != INVALID_HANDLE_VALUE)
        CloseHandle(handle);
    return code == ERROR_SHARING_VIOLATION ? code : 0;
}

int os_file_check_replaceable(const char *path, struct error *err)
{
    wchar_t *full;
    int64_t deadline = os_deadline(BUSY_MS);
    int status = path_from(&full, path, false, err);
    if (status)
        return status;
    DWORD code;
    while ((code = try_to_write(full)) != 0 && os_time_left(deadline))
        os_sleep_ms(BUSY_STEP_MS);
    free(full);
    return code ? error_set(err, ERR_DENIED, "Permission denied") : 0;
}

static int sync_handle(HANDLE handle, uint64_t *size, struct error *err)
{
    LARGE_INTEGER now = {0};
    if (size && GetFileSizeEx(handle, &now) && (uint64_t)now.QuadPart == *size)
        return 0;
    if (!FlushFileBuffers(handle))
        return windows_error(err, GetLastError(), NULL);
    if (size)
        *size = (uint64_t)now.QuadPart;
    return 0;
}

int os_file_sync(const char *path, uint64_t *size, struct error *err)
{
    wchar_t *full;
    int status = path_from(&full, path, false, err);
    if (status)
        return status;
    HANDLE handle = CreateFileW(full, GENERIC_WRITE, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        status = file_refuse(full, GetLastError(), err);
    } else {
        if (GetFileType(handle) != FILE_TYPE_DISK)
            status = error_set(err, ERR_INVALID, "Not a regular file");
        else
            status = sync_handle(handle, size, err);
        CloseHandle(handle);
    }
    free(full);
    return status;
}

const char *os_file_name(const char *path)
{
    const char *name = path;
    for (; *path; path++)
        if (*path == '/' || *path == '\\' || *path == ':')
            name = path + 1;
    return name;
}

int os_getcwd(struct buffer *out, struct error *err)
{
    DWORD size = GetCurrentDirectoryW(0, NULL);
    wchar_t *folder = size ? calloc(size, sizeof *folder) : NULL;
    char *text = NULL;
    if (folder && GetCurrentDirectoryW(size, folder) < size)
        text = utf8_from(folder);
    if (text)
        buffer_append(out, text, strlen(text) + 1);
    bool done = text && !out->failed;
    free(folder);
    free(text);
    return done ? 0 : windows_error(err, size ? ERROR_NOT_ENOUGH_MEMORY : GetLastError(), NULL);
}

int os_chdir(const char *path, struct error *err)
{
    wchar_t *folder;
    int status = path_of_working_folder(&folder, path, err);
    if (status)
        return status;
    if (!SetCurrentDirectoryW(folder))
        status = windows_error(err, GetLastError(), NULL);
    free(folder);
    return status;
}
