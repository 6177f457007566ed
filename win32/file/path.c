/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/file/path.h"
#include "win32/file/path_name.h"
#include "platform/path.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdlib.h>
#include <windows.h>

#define SHORT_PATH_MAX 247                   /* characters; a folder's own limit, below MAX_PATH */
#define SELF_PATH_MAX 32768                  /* characters */
#define FOLDER_CHARACTERS_MAX (MAX_PATH - 2) /* of a working folder, to which Windows adds a separator */
#define DRIVE_ROOT_LEN 3

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

/* Asks nothing of a text beyond Windows' bound: what counts its length in 16 bits would take its beginning for it. */
wchar_t *path_make_full(const wchar_t *name, unsigned long *code)
{
    bool short_enough = wcslen(name) <= PATH_CHARACTERS_MAX;
    DWORD size = short_enough ? GetFullPathNameW(name, 0, NULL, NULL) : 0;
    if (!short_enough || size > PATH_CHARACTERS_MAX) {
        *code = ERROR_FILENAME_EXCED_RANGE;
        return NULL;
    }
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
    status = full ? path_check_names(name, devices, err) : windows_error(err, code, NULL);
    free(name);
    if (status) {
        free(full);
        return status;
    }
    if (!devices && is_device(full))
        status = error_set(err, ERR_INVALID, "Not a regular file");
    else if (!(*out = with_long_prefix(full)))
        status = windows_error(err, ERROR_NOT_ENOUGH_MEMORY, NULL);
    free(full);
    return status;
}

/* Removes the prefix and the last separator, with which no process has its working folder. One that is too long ends a
   process of Wine's that starts another there. */
static int shorten_folder(wchar_t *path, struct error *err)
{
    size_t drop = begins(path, L"\\\\?\\UNC\\") ? 6 : begins(path, L"\\\\?\\") ? 4 : 0, len = wcslen(path) - drop;
    wmemmove(path, path + drop, len + 1);
    if (drop == 6)
        path[0] = L'\\';
    if (len > DRIVE_ROOT_LEN && path[len - 1] == L'\\')
        path[--len] = 0;
    if (len <= FOLDER_CHARACTERS_MAX)
        return 0;
    return error_set(err, ERR_LIMIT, "Windows has no working folders of more than %d characters",
                     FOLDER_CHARACTERS_MAX);
}

bool path_is_folder(const wchar_t *path)
{
    DWORD attributes = GetFileAttributesW(path);
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
}

int path_of_working_folder(wchar_t **out, const char *utf8, struct error *err)
{
    int status = path_from(out, utf8, false, err);
    if (status)
        return status;
    DWORD attributes = GetFileAttributesW(*out), code = GetLastError();
    if (attributes == INVALID_FILE_ATTRIBUTES)
        status = windows_error(err, code, NULL);
    else if (!(attributes & FILE_ATTRIBUTE_DIRECTORY))
        status = windows_error(err, ERROR_DIRECTORY, NULL);
    else
        status = shorten_folder(*out, err);
    if (status) {
        free(*out);
        *out = NULL;
    }
    return status;
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

/* Returns the full path of a name, without the prefix for long ones; a new text. */
static int spell_out(wchar_t **out, const char *utf8, struct error *err)
{
    wchar_t *name;
    unsigned long code;
    *out = NULL;
    int status = utf16_from(&name, *utf8 ? utf8 : ".", err);
    if (status)
        return status;
    *out = path_make_full(begins(name, L"\\\\?\\") ? name + 4 : name, &code);
    free(name);
    return *out ? 0 : windows_error(err, code, NULL);
}

/* Returns what follows the folder, a new text with '/' between its parts; NULL without memory. */
static char *rest_of(const wchar_t *path)
{
    char *rest = utf8_from(path);
    for (char *c = rest; c && *c; c++)
        if (*c == '\\')
            *c = '/';
    return rest;
}

int os_path_below(char **rest, const char *path, const char *folder, struct error *err)
{
    wchar_t *full, *above = NULL;
    *rest = NULL;
    int status = spell_out(&full, path, err);
    if (status == 0)
        status = spell_out(&above, folder, err);
    size_t len = above ? wcslen(above) : 0;
    bool below = status == 0 && _wcsnicmp(full, above, len) == 0 && full[len] == L'\\';
    if (below && !(*rest = rest_of(full + len + 1)))
        status = windows_error(err, ERROR_NOT_ENOUGH_MEMORY, NULL);
    free(full);
    free(above);
    return status;
}
