/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/terminal.h"

#include <io.h>
#include <windows.h>

void os_standard_write(int stream, const void *bytes, size_t len)
{
    for (const char *at = bytes; len > 0;) {
        int done = _write(stream, at, (unsigned)len);
        if (done <= 0)
            return;
        at += done;
        len -= (size_t)done;
    }
}

/* Whoever reads a pipe may have stopped, and there is no question for its room. */
void os_standard_try_write(int stream, const void *bytes, size_t len)
{
    DWORD type = GetFileType((HANDLE)_get_osfhandle(stream));
    if (type == FILE_TYPE_DISK || type == FILE_TYPE_CHAR)
        os_standard_write(stream, bytes, len);
}

int os_terminal_width(void)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    if (!GetConsoleScreenBufferInfo(GetStdHandle(STD_ERROR_HANDLE), &info))
        return 0;
    return info.srWindow.Right - info.srWindow.Left + 1;
}

bool os_terminal_is_output(void)
{
    DWORD mode;
    return GetConsoleMode(GetStdHandle(STD_OUTPUT_HANDLE), &mode) && mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING;
}

/* The command is not made for Windows; its parts are, for their tests. */
bool os_terminal_raw(void)
{
    return false;
}

void os_terminal_restore(void) {}

bool os_terminal_size(unsigned *columns, unsigned *rows)
{
    *columns = *rows = 0;
    return false;
}

int os_terminal_watch(void (*changed)(void *context), void *context, struct error *err)
{
    (void)changed;
    (void)context;
    (void)err;
    return 0;
}
