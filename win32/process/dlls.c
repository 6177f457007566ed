/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/process/dlls.h"
#include "win32/system.h"
#include "win32/file/path.h"
#include "win32/process/pe.h"
#include "win32/text.h"

#include <stdlib.h>
#include <windows.h>

struct open_file {
    struct pe_file base; /* first: the file is it */
    HANDLE handle;
};

static bool read_file(struct pe_file *file, uint64_t offset, void *bytes, size_t len)
{
    OVERLAPPED at = {.Offset = (DWORD)offset, .OffsetHigh = (DWORD)(offset >> 32)};
    DWORD got = 0;
    return ReadFile(((struct open_file *)file)->handle, bytes, (DWORD)len, &got, &at) && got == len;
}

/* ---- one DLL ---- */

static bool dlls_is_file(const wchar_t *folder, const wchar_t *name)
{
    size_t size = wcslen(folder) + wcslen(name) + 2;
    wchar_t *path = calloc(size, sizeof *path);
    if (!path)
        return true; /* unknown: let Windows say */
    wcscpy(path, folder);
    wcscat(path, L"\\");
    wcscat(path, name);
    DWORD attributes = GetFileAttributesW(path);
    free(path);
    return attributes != INVALID_FILE_ATTRIBUTES && !(attributes & FILE_ATTRIBUTE_DIRECTORY);
}

/* Looks in the folder with the system's DLLs of that many bits, where it is not our own: SysWOW64, or for a 32-bit
   agent the real System32 by the name that shows it. */
static bool in_other_system(const wchar_t *name, int bits)
{
    wchar_t folder[MAX_PATH + 16];
    UINT len = bits == 32 ? GetSystemWow64DirectoryW(folder, MAX_PATH) : GetWindowsDirectoryW(folder, MAX_PATH);
    if (len == 0 || len >= MAX_PATH)
        return true; /* as above */
    if (bits == 64)
        wcscpy(folder + len, L"\\Sysnative");
    return dlls_is_file(folder, name);
}

static bool loads_as_data(const wchar_t *name)
{
    /* The names of API sets stand for other DLLs and are no files: only the loader knows them. */
    bool api_set = _wcsnicmp(name, L"api-ms-", 7) == 0 || _wcsnicmp(name, L"ext-ms-", 7) == 0;
    HMODULE module = LoadLibraryExW(name, NULL, api_set ? DONT_RESOLVE_DLL_REFERENCES : LOAD_LIBRARY_AS_DATAFILE);
    if (module)
        FreeLibrary(module);
    return module != NULL;
}

static bool in_path(const wchar_t *name, const wchar_t *search)
{
    wchar_t unused[1];
    return search && SearchPathW(search, name, NULL, 1, unused, NULL) != 0;
}

static bool is_found(const wchar_t *name, const wchar_t *folder, const wchar_t *search, int bits)
{
    bool in_system = bits == OWN_BITS ? loads_as_data(name) : in_other_system(name, bits);
    return in_system || dlls_is_file(folder, name) || in_path(name, search);
}

/* ---- all of them ---- */

static void check_all(const struct strlist *names, wchar_t *folder, const wchar_t *search, int bits,
                      struct strlist *missing)
{
    for (size_t i = 0; i < names->count; i++) {
        wchar_t *name;
        if (utf16_from(&name, names->items[i], NULL))
            continue; /* in some code page: let Windows say */
        if (!is_found(name, folder, search, bits))
            strlist_add(missing, names->items[i]);
        free(name);
    }
}

void dlls_missing(const wchar_t *program, const wchar_t *search, struct strlist *missing)
{
    struct strlist names = {0};
    int bits;
    struct open_file file = {.base = {read_file}};
    wchar_t *folder = _wcsdup(program);
    file.handle = CreateFileW(program, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, 0, NULL);
    if (folder && file.handle != INVALID_HANDLE_VALUE && pe_imports(&file.base, &names, &bits, NULL) == 0) {
        folder[path_folder_len(folder)] = 0;
        check_all(&names, folder, search, bits, missing);
    }
    if (file.handle != INVALID_HANDLE_VALUE)
        CloseHandle(file.handle);
    strlist_deinit(&names);
    free(folder);
}
