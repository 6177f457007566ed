/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/path.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdlib.h>
#include <windows.h>

#define SHORT_PATH_MAX 247  /* characters; a folder's own limit, below MAX_PATH */
#define SELF_PATH_MAX 32768 /* characters */

static bool begins(const wchar_t *text, const wchar_t *prefix)
{
    return wcsncmp(text, prefix, wcslen(prefix)) == 0;
}

static bool is_device(const wchar_t *full)
{
    return begins(full, L"\\\\.\\") || begins(full, L"\\\\?\\GLOBALROOT");
}

/* Returns a new text, or NULL without memory. */
static wchar_t *with_long_prefix(const wchar_t *full)
{
    bool share = begins(full, L"\\\\"), plain = wcslen(full) <= SHORT_PATH_MAX || begins(full, L"\\\\?\\");
    const wchar_t *prefix = plain ? L"" : share ? L"\\\\?\\UNC" : L"\\\\?\\";
    size_t size = wcslen(prefix) + wcslen(full) + 1;
    wchar_t *path = calloc(size, sizeof *path);
    if (!path)
        return NULL;
    wcscpy(path, prefix);
    wcscat(path, !plain && share ? full + 1 : full);
    return path;
}

wchar_t *path_make_full(const wchar_t *name, unsigned long *code)
{
    DWORD size = GetFullPathNameW(name, 0, NULL, NULL);
    wchar_t *full = size ? calloc(size, sizeof *full) : NULL;
    if (full && GetFullPathNameW(name, size, full, NULL) < size)
        return full;
    *code = size && !full ? ERROR_NOT_ENOUGH_MEMORY : ERROR_PATH_NOT_FOUND;
    free(full);
    return NULL;
}

int path_from(wchar_t **out, const char *utf8, bool devices, struct error *err)
{
    wchar_t *name;
    unsigned long code = 0;
    *out = NULL;
    if (!*utf8)
        return windows_error(err, ERROR_PATH_NOT_FOUND, NULL);
    int status = utf16_from(&name, utf8, err);
    if (status)
        return status;
    wchar_t *full = path_make_full(name, &code);
    free(name);
    if (!full)
        return windows_error(err, code, NULL);
    if (!devices && is_device(full))
        status = error_set(err, ERR_INVALID, "Not a regular file");
    else if (!(*out = with_long_prefix(full)))
        status = windows_error(err, ERROR_NOT_ENOUGH_MEMORY, NULL);
    free(full);
    return status;
}

bool path_is_folder(const wchar_t *path)
{
    DWORD attributes = GetFileAttributesW(path);
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
}

size_t path_folder_len(const wchar_t *path)
{
    size_t len = wcslen(path);
    while (len > 0 && path[len - 1] != '\\' && path[len - 1] != '/')
        len--;
    return len;
}

int path_of_self(wchar_t **out, struct error *err)
{
    wchar_t *path = calloc(SELF_PATH_MAX, sizeof *path);
    *out = NULL;
    if (!path)
        return windows_error(err, ERROR_NOT_ENOUGH_MEMORY, "unable to get the process filename");
    DWORD len = GetModuleFileNameW(NULL, path, SELF_PATH_MAX);
    if (len == 0 || len >= SELF_PATH_MAX) {
        DWORD code = GetLastError();
        free(path);
        return error_set(err, ERR_SYSTEM, "unable to get the process filenames (le=%lu)", code);
    }
    *out = path;
    return 0;
}
