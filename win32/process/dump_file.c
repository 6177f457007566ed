/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/process/dump_file.h"
#include "win32/winerror.h"

int dump_failed(const char *what, DWORD pid, DWORD code, struct error *err)
{
    char text[REASON_SIZE];
    return error_set(err, windows_status(code), "%s process %lu: %s", what, pid, windows_reason(code, text));
}

int dump_read_file(HANDLE file, DWORD pid, struct buffer *out, struct error *err)
{
    LARGE_INTEGER size, start = {.QuadPart = 0};
    DWORD got = 0;
    if (!GetFileSizeEx(file, &size) || !SetFilePointerEx(file, start, NULL, FILE_BEGIN))
        return dump_failed("could not read the minidump of", pid, GetLastError(), err);
    uint8_t *bytes = size.QuadPart < 0x7fffffff ? buffer_extend(out, (size_t)size.QuadPart) : NULL;
    if (!bytes)
        return error_set(err, ERR_LIMIT, "the minidump of process %lu has %lld bytes, which are too many", pid,
                         size.QuadPart);
    if (!ReadFile(file, bytes, (DWORD)size.QuadPart, &got, NULL) || got != size.QuadPart)
        return dump_failed("could not read the minidump of", pid, GetLastError(), err);
    return 0;
}
