/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/file/node.h"
#include "win32/file/file.h"
#include "win32/file/path.h"
#include "win32/system.h"
#include "win32/winerror.h"

#include <stdlib.h>

#define EPOCH_OFFSET INT64_C(116444736000000000) /* from 1601 to 1970 in Windows' unit */
#define UNIT_NS 100

typedef BOOL WINAPI set_information(HANDLE file, FILE_INFO_BY_HANDLE_CLASS what, void *info, DWORD size);

int64_t node_time(const FILETIME *time)
{
    const int64_t most = INT64_MAX / UNIT_NS;
    int64_t units = (int64_t)((uint64_t)time->dwHighDateTime << 32 | time->dwLowDateTime) - EPOCH_OFFSET;
    return (units < -most ? -most : units > most ? most : units) * UNIT_NS;
}

uint32_t node_mode(DWORD attributes)
{
    uint32_t folder = attributes & FILE_ATTRIBUTE_DIRECTORY ? 0111 : 0;
    return folder | (attributes & FILE_ATTRIBUTE_READONLY && !folder ? 0444 : 0666);
}

enum os_node_type node_type_of(DWORD attributes)
{
    if (attributes & FILE_ATTRIBUTE_REPARSE_POINT)
        return OS_NODE_LINK;
    return attributes & FILE_ATTRIBUTE_DIRECTORY ? OS_NODE_FOLDER : OS_NODE_FILE;
}

DWORD node_from_handle(struct os_node *node, HANDLE handle)
{
    BY_HANDLE_FILE_INFORMATION info;
    if (!GetFileInformationByHandle(handle, &info))
        return GetLastError();
    *node = (struct os_node){
        .type = node_type_of(info.dwFileAttributes),
        .mode = node_mode(info.dwFileAttributes),
        .mtime_ns = node_time(&info.ftLastWriteTime),
        .names = info.nNumberOfLinks,
        .device = info.dwVolumeSerialNumber,
        .id = (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow,
    };
    if (node->type == OS_NODE_FILE)
        node->size = (uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow;
    return 0;
}

DWORD node_set(HANDLE handle, uint32_t mode, int64_t mtime_ns)
{
    uint64_t units = (uint64_t)(mtime_ns / UNIT_NS + EPOCH_OFFSET);
    FILETIME time = {.dwLowDateTime = (DWORD)units, .dwHighDateTime = (DWORD)(units >> 32)};
    if (mtime_ns != OS_NODE_SAME_TIME && !SetFileTime(handle, NULL, NULL, &time))
        return GetLastError();
    if (mode == OS_NODE_SAME || mode & 0222)
        return 0;
    /* Windows XP has no such function, and the file stays one that may be written. */
    set_information *set = SYSTEM_FUNCTION(set_information *, L"kernel32.dll", "SetFileInformationByHandle");
    FILE_BASIC_INFO basic = {.FileAttributes = FILE_ATTRIBUTE_READONLY};
    return !set || set(handle, FileBasicInfo, &basic, sizeof basic) ? 0 : GetLastError();
}

int os_node_look(struct os_node *node, const char *path, bool follow, struct error *err)
{
    wchar_t *full;
    int status = path_from(&full, path, false, err);
    if (status)
        return status;
    HANDLE handle = CreateFileW(full, FILE_READ_ATTRIBUTES, SHARE_ALL, NULL, OPEN_EXISTING,
                                FILE_FLAG_BACKUP_SEMANTICS | (follow ? 0 : FILE_FLAG_OPEN_REPARSE_POINT), NULL);
    DWORD code = handle == INVALID_HANDLE_VALUE ? GetLastError() : node_from_handle(node, handle);
    if (handle != INVALID_HANDLE_VALUE)
        CloseHandle(handle);
    free(full);
    return code ? windows_error(err, code, NULL) : 0;
}

int os_node_of_file(struct os_node *node, struct os_file *file, struct error *err)
{
    DWORD code = node_from_handle(node, file->handle);
    return code ? windows_error(err, code, NULL) : 0;
}
