/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Folders are held open without sharing their removal, so that none on the way can be renamed or exchanged for a link
   while something below it is used. */
#include "platform/folder.h"
#include "platform/random.h"
#include "win32/file/file.h"
#include "win32/file/node.h"
#include "win32/file/path.h"
#include "win32/file/path_name.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG_PREFIX L"\\\\?\\"
#define PREFIX_LEN 4
#define WRITE_STEP (1u << 20) /* bytes */
#define TEMPORARY_CHARACTERS 40

struct os_folder {
    HANDLE handle; /* owned */
    wchar_t *path; /* owned: full, with the prefix for long ones, without a separator at its end */
};

struct os_folder_file {
    HANDLE handle;            /* owned */
    wchar_t *target, *beside; /* owned: its name to be, and the one that it has */
};

static int folder_no_memory(struct error *err)
{
    return windows_error(err, ERROR_NOT_ENOUGH_MEMORY, NULL);
}

/* Opens a folder that is no link; *path is the folder's then, or is freed. */
static int folder_from(struct os_folder **out, wchar_t *path, bool follow, struct error *err)
{
    BY_HANDLE_FILE_INFORMATION info;
    int status = 0;
    struct os_folder *folder = calloc(1, sizeof *folder);
    HANDLE handle =
        CreateFileW(path, FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | (follow ? 0 : FILE_FLAG_OPEN_REPARSE_POINT), NULL);
    if (handle == INVALID_HANDLE_VALUE) /* a folder whose time may not be set */
        handle = CreateFileW(path, FILE_READ_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                             FILE_FLAG_BACKUP_SEMANTICS | (follow ? 0 : FILE_FLAG_OPEN_REPARSE_POINT), NULL);
    if (!folder || handle == INVALID_HANDLE_VALUE || !GetFileInformationByHandle(handle, &info))
        status = folder ? windows_error(err, GetLastError(), NULL) : folder_no_memory(err);
    else if (!follow && info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
        status = error_set(err, ERR_DENIED, "it is a link");
    else if (!(info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY))
        status = windows_error(err, ERROR_DIRECTORY, NULL);
    *out = status ? NULL : folder;
    if (status == 0) {
        folder->handle = handle;
        folder->path = path;
        return 0;
    }
    if (handle != INVALID_HANDLE_VALUE)
        CloseHandle(handle);
    free(folder);
    free(path);
    return status;
}

int os_folder_open(struct os_folder **out, const char *path, struct error *err)
{
    wchar_t *full;
    *out = NULL;
    int status = path_from(&full, path, false, err);
    if (status)
        return status;
    bool is_long = wcsncmp(full, LONG_PREFIX, PREFIX_LEN) == 0 || wcsncmp(full, L"\\\\", 2) == 0;
    size_t len = wcslen(full);
    wchar_t *prefixed = calloc(len + PREFIX_LEN + 1, sizeof *prefixed);
    if (prefixed) {
        wcscpy(prefixed, is_long ? L"" : LONG_PREFIX); /* what is below may be long */
        wcscat(prefixed, full);
        len = wcslen(prefixed);
        if (len > 0 && prefixed[len - 1] == L'\\' && len > 3 && prefixed[len - 2] != L':')
            prefixed[len - 1] = 0;
    }
    free(full);
    return prefixed ? folder_from(out, prefixed, true, err) : folder_no_memory(err);
}

/* Makes the full path of a name in the folder, one part that Windows can have. */
static int folder_path(wchar_t **out, struct os_folder *folder, const char *name, struct error *err)
{
    wchar_t *wide;
    *out = NULL;
    if (strpbrk(name, "/\\") || !*name)
        return error_set(err, ERR_INVALID, "Windows has no names with '\\' in them");
    int status = utf16_from(&wide, name, err);
    if (status)
        return status;
    status = path_check_names(wide, false, err);
    size_t len = wcslen(folder->path) + 1 + wcslen(wide);
    if (status == 0 && len > PATH_CHARACTERS_MAX)
        status = windows_error(err, ERROR_FILENAME_EXCED_RANGE, NULL);
    if (status == 0 && !(*out = calloc(len + 1, sizeof **out)))
        status = folder_no_memory(err);
    if (status == 0) {
        wcscpy(*out, folder->path);
        wcscat(*out, L"\\");
        wcscat(*out, wide);
    }
    free(wide);
    return status;
}

int os_folder_enter(struct os_folder **out, struct os_folder *in, const char *name, struct error *err)
{
    wchar_t *path;
    *out = NULL;
    int status = folder_path(&path, in, name, err);
    return status ? status : folder_from(out, path, false, err);
}

void os_folder_close(struct os_folder *folder)
{
    if (!folder)
        return;
    CloseHandle(folder->handle);
    free(folder->path);
    free(folder);
}

/* ---- looking ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_name(struct strlist *names, const wchar_t *wide, struct error *err)
{
    if (wcscmp(wide, L".") == 0 || wcscmp(wide, L"..") == 0)
        return 0;
    char *name = utf8_from(wide);
    bool added = name && strlist_add(names, name);
    free(name);
    if (added)
        return 0;
    return names->count >= STRLIST_MAX_COUNT ? error_set(err, ERR_LIMIT, "it has more than %d names", STRLIST_MAX_COUNT)
                                             : folder_no_memory(err);
}

int os_folder_list(struct os_folder *folder, struct strlist *names, struct error *err)
{
    WIN32_FIND_DATAW found;
    int status = 0;
    size_t len = wcslen(folder->path);
    wchar_t *pattern = calloc(len + 3, sizeof *pattern);
    if (!pattern)
        return folder_no_memory(err);
    wcscpy(pattern, folder->path);
    wcscat(pattern, L"\\*");
    HANDLE list = FindFirstFileW(pattern, &found);
    DWORD code = list == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    free(pattern);
    if (code)
        return code == ERROR_FILE_NOT_FOUND ? 0 : windows_error(err, code, NULL); /* a drive's root may be empty */
    do
        status = add_name(names, found.cFileName, err);
    while (status == 0 && FindNextFileW(list, &found));
    if (status == 0 && GetLastError() != ERROR_NO_MORE_FILES)
        status = windows_error(err, GetLastError(), NULL);
    FindClose(list);
    if (status == 0 && names->count)
        qsort(names->items, names->count, sizeof *names->items, compare_names);
    return status;
}

int os_folder_look(struct os_folder *folder, const char *name, struct os_node *node, struct error *err)
{
    wchar_t *path;
    int status = folder_path(&path, folder, name, err);
    if (status)
        return status;
    HANDLE handle = CreateFileW(path, FILE_READ_ATTRIBUTES, SHARE_ALL, NULL, OPEN_EXISTING,
                                FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    DWORD code = handle == INVALID_HANDLE_VALUE ? GetLastError() : node_from_handle(node, handle);
    if (handle != INVALID_HANDLE_VALUE)
        CloseHandle(handle);
    free(path);
    return code ? windows_error(err, code, NULL) : 0;
}

int os_folder_open_file(struct os_folder *folder, const char *name, struct os_file **out, struct os_node *node,
                        struct error *err)
{
    wchar_t *path;
    *out = NULL;
    int status = folder_path(&path, folder, name, err);
    if (status)
        return status;
    struct os_file *file = calloc(1, sizeof *file);
    if (file)
        file->handle = CreateFileW(path, GENERIC_READ, SHARE_ALL, NULL, OPEN_EXISTING,
                                   FILE_FLAG_SEQUENTIAL_SCAN | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    DWORD code = !file ? ERROR_NOT_ENOUGH_MEMORY : file->handle == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    free(path);
    if (code) {
        free(file);
        return windows_error(err, code, NULL);
    }
    code = node_from_handle(node, file->handle);
    status = code ? windows_error(err, code, NULL) : 0;
    if (status == 0 && (GetFileType(file->handle) != FILE_TYPE_DISK || node->type != OS_NODE_FILE))
        status = error_set(err, ERR_INVALID, "Not a regular file");
    if (status)
        os_file_close(file);
    else
        *out = file;
    return status;
}

/* Reads none: what links of Windows lead to is no name for another system. */
int os_folder_read_link(struct os_folder *folder, const char *name, struct buffer *target, struct error *err)
{
    (void)folder;
    (void)name;
    (void)target;
    return error_set(err, ERR_UNAVAILABLE, "links of Windows are not read");
}

/* ---- changing ---- */

int os_folder_make_folder(struct os_folder *folder, const char *name, struct error *err)
{
    wchar_t *path;
    int status = folder_path(&path, folder, name, err);
    if (status)
        return status;
    DWORD code = CreateDirectoryW(path, NULL) ? 0 : GetLastError();
    if (code == ERROR_ALREADY_EXISTS && path_is_folder(path))
        code = 0;
    free(path);
    return code ? windows_error(err, code, NULL) : 0;
}

/* Makes none: it takes a right that few users have, and whether a file or a folder will be there. */
int os_folder_make_link(struct os_folder *folder, const char *name, const char *target, struct error *err)
{
    (void)folder;
    (void)name;
    (void)target;
    return error_set(err, ERR_UNAVAILABLE, "links are not made on Windows");
}

static int name_beside(wchar_t **out, struct os_folder *folder, struct error *err)
{
    uint64_t number;
    char name[TEMPORARY_CHARACTERS];
    int status = os_random(&number, err);
    if (status)
        return status;
    snprintf(name, sizeof name, ".periscope-%08lx%08lx.tmp", (unsigned long)(number >> 32), (unsigned long)number);
    return folder_path(out, folder, name, err);
}

int os_folder_file_make(struct os_folder_file **out, struct os_folder *folder, const char *name, struct error *err)
{
    struct os_folder_file *file = *out = calloc(1, sizeof *file);
    if (!file)
        return folder_no_memory(err);
    file->handle = INVALID_HANDLE_VALUE;
    int status = folder_path(&file->target, folder, name, err);
    if (status == 0 && path_is_folder(file->target))
        status = error_set(err, ERR_INVALID, "Is a directory");
    if (status == 0)
        status = name_beside(&file->beside, folder, err);
    if (status == 0)
        file->handle =
            CreateFileW(file->beside, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    if (status == 0 && file->handle == INVALID_HANDLE_VALUE)
        status = windows_error(err, GetLastError(), NULL);
    if (status) {
        os_folder_file_abandon(file);
        *out = NULL;
    }
    return status;
}

int os_folder_file_write(struct os_folder_file *file, const void *bytes, size_t len, struct error *err)
{
    const char *next = bytes;
    while (len > 0) {
        DWORD done, step = len < WRITE_STEP ? (DWORD)len : WRITE_STEP;
        if (!WriteFile(file->handle, next, step, &done, NULL))
            return windows_error(err, GetLastError(), NULL);
        next += done;
        len -= done;
    }
    return 0;
}

int os_folder_file_keep(struct os_folder_file *file, uint32_t mode, int64_t mtime_ns, struct error *err)
{
    DWORD code = node_set(file->handle, OS_NODE_SAME, mtime_ns);
    if (!CloseHandle(file->handle) && code == 0)
        code = GetLastError();
    file->handle = INVALID_HANDLE_VALUE;
    if (code == 0)
        code = file_rename(file->beside, file->target);
    if (code == 0) {
        free(file->beside);
        file->beside = NULL;
        if (mode != OS_NODE_SAME && !(mode & 0222))
            SetFileAttributesW(file->target, FILE_ATTRIBUTE_READONLY);
    }
    os_folder_file_abandon(file);
    return code ? windows_error(err, code, NULL) : 0;
}

void os_folder_file_abandon(struct os_folder_file *file)
{
    if (!file)
        return;
    if (file->handle != INVALID_HANDLE_VALUE)
        CloseHandle(file->handle);
    if (file->beside)
        DeleteFileW(file->beside);
    free(file->beside);
    free(file->target);
    free(file);
}

/* Sets the time alone: a folder that is read-only has a meaning for the shell only. */
int os_folder_describe(struct os_folder *folder, uint32_t mode, int64_t mtime_ns, struct error *err)
{
    (void)mode;
    DWORD code = node_set(folder->handle, OS_NODE_SAME, mtime_ns);
    return code ? windows_error(err, code, NULL) : 0;
}

int os_folder_remove(struct os_folder *folder, const char *name, bool is_folder, struct error *err)
{
    wchar_t *path;
    int status = folder_path(&path, folder, name, err);
    if (status)
        return status;
    DWORD attributes = GetFileAttributesW(path);
    if (attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_READONLY && !is_folder)
        SetFileAttributesW(path, FILE_ATTRIBUTE_NORMAL);
    bool as_folder = is_folder || (attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_DIRECTORY &&
                                   attributes & FILE_ATTRIBUTE_REPARSE_POINT);
    DWORD code = (as_folder ? RemoveDirectoryW(path) : DeleteFileW(path)) ? 0 : GetLastError();
    free(path);
    return code ? windows_error(err, code, NULL) : 0;
}

int os_folder_unmake(const char *path, struct error *err)
{
    wchar_t *full;
    int status = path_from(&full, path, false, err);
    if (status)
        return status;
    DWORD code = RemoveDirectoryW(full) ? 0 : GetLastError();
    free(full);
    return code ? windows_error(err, code, NULL) : 0;
}

/* Leaves that to Windows: only an administrator can ask for it. */
int os_folder_sync(struct os_folder *folder, struct error *err)
{
    (void)folder;
    (void)err;
    return 0;
}

int os_space_look(struct os_space *space, const char *path, struct error *err)
{
    wchar_t *full;
    ULARGE_INTEGER available, total, all_free;
    int status = path_from(&full, path, false, err);
    if (status)
        return status;
    if (!path_is_folder(full))
        full[path_folder_len(full)] = 0;
    DWORD code = GetDiskFreeSpaceExW(full, &available, &total, &all_free) ? 0 : GetLastError();
    free(full);
    if (code)
        return windows_error(err, code, NULL);
    *space = (struct os_space){.total = total.QuadPart, .free = all_free.QuadPart, .available = available.QuadPart};
    return 0;
}
