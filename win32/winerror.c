/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/winerror.h"

#include <stdio.h>
#include <winsock2.h>

#define CODES(X)                                                                                                       \
    X(ERROR_FILE_NOT_FOUND, ERR_NOT_FOUND, "No such file or directory")                                                \
    X(ERROR_PATH_NOT_FOUND, ERR_NOT_FOUND, "No such file or directory")                                                \
    X(ERROR_INVALID_DRIVE, ERR_NOT_FOUND, "No such file or directory")                                                 \
    X(ERROR_BAD_NETPATH, ERR_NOT_FOUND, "No such file or directory")                                                   \
    X(ERROR_BAD_NET_NAME, ERR_NOT_FOUND, "No such file or directory")                                                  \
    X(ERROR_BAD_PATHNAME, ERR_NOT_FOUND, "No such file or directory")                                                  \
    X(ERROR_DIRECTORY, ERR_NOT_FOUND, "Not a directory")                                                               \
    X(ERROR_INVALID_NAME, ERR_INVALID, "Invalid argument")                                                             \
    X(ERROR_INVALID_PARAMETER, ERR_INVALID, "Invalid argument")                                                        \
    X(ERROR_FILENAME_EXCED_RANGE, ERR_INVALID, "File name too long")                                                   \
    X(ERROR_NO_UNICODE_TRANSLATION, ERR_INVALID, "Illegal byte sequence")                                              \
    X(ERROR_ACCESS_DENIED, ERR_DENIED, "Permission denied")                                                            \
    X(ERROR_NETWORK_ACCESS_DENIED, ERR_DENIED, "Permission denied")                                                    \
    X(ERROR_PRIVILEGE_NOT_HELD, ERR_DENIED, "Operation not permitted")                                                 \
    X(ERROR_WRITE_PROTECT, ERR_DENIED, "Read-only file system")                                                        \
    X(ERROR_SHARING_VIOLATION, ERR_SYSTEM, "Device or resource busy")                                                  \
    X(ERROR_LOCK_VIOLATION, ERR_SYSTEM, "Device or resource busy")                                                     \
    X(ERROR_USER_MAPPED_FILE, ERR_SYSTEM, "Device or resource busy")                                                   \
    X(ERROR_BAD_EXE_FORMAT, ERR_INVALID, "Exec format error")                                                          \
    X(ERROR_CANT_RESOLVE_FILENAME, ERR_SYSTEM, "Too many levels of symbolic links")                                    \
    X(ERROR_BUSY, ERR_SYSTEM, "Device or resource busy")                                                               \
    X(ERROR_FILE_EXISTS, ERR_SYSTEM, "File exists")                                                                    \
    X(ERROR_ALREADY_EXISTS, ERR_SYSTEM, "File exists")                                                                 \
    X(ERROR_DIR_NOT_EMPTY, ERR_SYSTEM, "Directory not empty")                                                          \
    X(ERROR_DISK_FULL, ERR_SYSTEM, "No space left on device")                                                          \
    X(ERROR_HANDLE_DISK_FULL, ERR_SYSTEM, "No space left on device")                                                   \
    X(ERROR_FILE_TOO_LARGE, ERR_SYSTEM, "File too large")                                                              \
    X(ERROR_TOO_MANY_OPEN_FILES, ERR_SYSTEM, "Too many open files")                                                    \
    X(ERROR_NOT_READY, ERR_SYSTEM, "No medium found")                                                                  \
    X(ERROR_CRC, ERR_SYSTEM, "Input/output error")                                                                     \
    X(ERROR_IO_DEVICE, ERR_SYSTEM, "Input/output error")                                                               \
    X(ERROR_NOT_ENOUGH_MEMORY, ERR_NO_MEMORY, "Cannot allocate memory")                                                \
    X(ERROR_OUTOFMEMORY, ERR_NO_MEMORY, "Cannot allocate memory")                                                      \
    X(ERROR_NO_SYSTEM_RESOURCES, ERR_NO_MEMORY, "Cannot allocate memory")                                              \
    X(ERROR_COMMITMENT_LIMIT, ERR_NO_MEMORY, "Cannot allocate memory")                                                 \
    X(ERROR_BROKEN_PIPE, ERR_CLOSED, "Broken pipe")                                                                    \
    X(ERROR_NO_DATA, ERR_CLOSED, "Broken pipe")                                                                        \
    X(ERROR_PIPE_NOT_CONNECTED, ERR_CLOSED, "Broken pipe")                                                             \
    X(WSAEACCES, ERR_DENIED, "Permission denied")                                                                      \
    X(WSAEADDRINUSE, ERR_SYSTEM, "Address already in use")                                                             \
    X(WSAEADDRNOTAVAIL, ERR_SYSTEM, "Cannot assign requested address")                                                 \
    X(WSAEAFNOSUPPORT, ERR_SYSTEM, "Address family not supported by protocol")                                         \
    X(WSAECONNREFUSED, ERR_SYSTEM, "Connection refused")                                                               \
    X(WSAECONNRESET, ERR_CLOSED, "Connection reset by peer")                                                           \
    X(WSAECONNABORTED, ERR_CLOSED, "Software caused connection abort")                                                 \
    X(WSAESHUTDOWN, ERR_CLOSED, "Broken pipe")                                                                         \
    X(WSAENETRESET, ERR_CLOSED, "Network dropped connection on reset")                                                 \
    X(WSAENETUNREACH, ERR_SYSTEM, "Network is unreachable")                                                            \
    X(WSAEHOSTUNREACH, ERR_SYSTEM, "No route to host")                                                                 \
    X(WSAENETDOWN, ERR_SYSTEM, "Network is down")                                                                      \
    X(WSAENOBUFS, ERR_NO_MEMORY, "No buffer space available")                                                          \
    X(WSAEMFILE, ERR_SYSTEM, "Too many open files")                                                                    \
    X(WSAETIMEDOUT, ERR_TIMEOUT, "Connection timed out")                                                               \
    X(WSAHOST_NOT_FOUND, ERR_NOT_FOUND, "Name or service not known")                                                   \
    X(WSANO_DATA, ERR_NOT_FOUND, "No address associated with hostname")                                                \
    X(WSATRY_AGAIN, ERR_SYSTEM, "Temporary failure in name resolution")

static const struct reason {
    unsigned long code;
    int status;
    const char *text;
} reasons[] = {
#define X(code, status, text) {code, status, text},
    CODES(X)
#undef X
};

static const struct reason *winerror_find(unsigned long code)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].code == code)
            return &reasons[i];
    return NULL;
}

const char *windows_reason(unsigned long code, char text[REASON_SIZE])
{
    const struct reason *reason = winerror_find(code);
    if (reason)
        return reason->text;
    snprintf(text, REASON_SIZE, "Windows error %lu", code);
    return text;
}

int windows_status(unsigned long code)
{
    const struct reason *reason = winerror_find(code);
    return reason ? reason->status : ERR_SYSTEM;
}

int windows_error(struct error *err, unsigned long code, const char *what)
{
    char text[REASON_SIZE];
    return error_set(err, windows_status(code), "%s%s%s", what ? what : "", what ? ": " : "",
                     windows_reason(code, text));
}
