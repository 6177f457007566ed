/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/process/program.h"
#include "win32/file/path.h"
#include "win32/file/path_name.h"

#include <stdbool.h>
#include <stdlib.h>
#include <windows.h>

#define PROGRAM_PATH_MAX 32768    /* characters */
#define NAME_CHARACTERS_MAX 32000 /* what is added to it stays below Windows' bound */

/* Joins three texts to a new one; NULL without memory. */
static wchar_t *join(const wchar_t *a, const wchar_t *b, const wchar_t *c)
{
    wchar_t *text = calloc(wcslen(a) + wcslen(b) + wcslen(c) + 1, sizeof *text);
    if (!text)
        return NULL;
    wcscpy(text, a);
    wcscat(text, b);
    return wcscat(text, c);
}

static bool program_is_file(const wchar_t *path)
{
    return GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES && !path_is_folder(path);
}

static bool is_relative(const wchar_t *name)
{
    return name[0] != '\\' && name[0] != '/' && !(name[0] && name[1] == ':');
}

static wchar_t *find_at(const wchar_t *name, const wchar_t *folder)
{
    wchar_t *path = folder && is_relative(name) ? join(folder, L"\\", name) : join(name, L"", L"");
    wchar_t *exe = path ? join(path, L".exe", L"") : NULL, *found = NULL;
    unsigned long ignored;
    if (path && program_is_file(path))
        found = path_make_full(path, &ignored);
    else if (exe && program_is_file(exe))
        found = path_make_full(exe, &ignored);
    free(path);
    free(exe);
    return found;
}

static wchar_t *search(const wchar_t *path, const wchar_t *name)
{
    wchar_t *found = calloc(PROGRAM_PATH_MAX, sizeof *found);
    DWORD len = found ? SearchPathW(path, name, L".exe", PROGRAM_PATH_MAX, found, NULL) : 0;
    if (len > 0 && len < PROGRAM_PATH_MAX && program_is_file(found))
        return found;
    free(found);
    return NULL;
}

wchar_t *program_find(const wchar_t *name, const wchar_t *folder, const wchar_t *path, unsigned long *code)
{
    wchar_t *found = NULL;
    *code = ERROR_FILE_NOT_FOUND;
    if (wcslen(name) > NAME_CHARACTERS_MAX) {
        *code = ERROR_FILENAME_EXCED_RANGE;
        return NULL;
    }
    if (wcspbrk(name, L"\\/:"))
        return find_at(name, folder);
    if (path)
        found = search(path, name);
    return found ? found : search(NULL, name);
}

wchar_t *program_shell(unsigned long *code)
{
    wchar_t folder[MAX_PATH];
    UINT len = GetSystemDirectoryW(folder, MAX_PATH);
    wchar_t *path = len > 0 && len < MAX_PATH ? join(folder, L"\\", L"cmd.exe") : NULL;
    *code = ERROR_FILE_NOT_FOUND;
    return path;
}
