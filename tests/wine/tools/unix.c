/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* unix.exe PROGRAM [ARGUMENT...]: a Windows process that stands for a Unix program, so that tests written for /bin/sh and
 * its friends can be children of the Windows agent. Wine starts the program with this process's standard handles, folder
 * and environment, but gives no handle of it; its exit status comes back through a file. The exit code is its own, or
 * 0x10000 and the number of the signal that ended it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define POLL_MS 5
#define ROOT L"Z:"

int wmain(int argc, wchar_t **argv);

int _dowildcard = 0;

/* As Wine takes a command line apart for a Unix program: as any other. */
static void append(wchar_t *line, const wchar_t *argument)
{
    size_t backslashes = 0;
    wchar_t *next = line + wcslen(line);
    *next++ = ' ';
    *next++ = '"';
    for (; *argument; argument++) {
        backslashes = *argument == '\\' ? backslashes + 1 : 0;
        if (*argument == '"') {
            for (size_t i = 0; argument[-1 - (int)i] == '\\'; i++)
                *next++ = '\\';
            *next++ = '\\';
        }
        *next++ = *argument;
    }
    while (backslashes-- > 0)
        *next++ = '\\';
    wcscpy(next, L"\"");
}

static int start(wchar_t *line)
{
    STARTUPINFOW info = {.cb = sizeof info,
                         .dwFlags = STARTF_USESTDHANDLES,
                         .hStdInput = GetStdHandle(STD_INPUT_HANDLE),
                         .hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE),
                         .hStdError = GetStdHandle(STD_ERROR_HANDLE)};
    PROCESS_INFORMATION process;
    return CreateProcessW(ROOT L"\\usr\\bin\\python3", line, NULL, NULL, TRUE, 0, NULL, NULL, &info, &process);
}

/* The number in the file, which is there at once with all its content. */
static unsigned wait_for(const wchar_t *path)
{
    char text[32] = "";
    for (;;) {
        FILE *file = _wfopen(path, L"rb");
        if (file) {
            size_t len = fread(text, 1, sizeof text - 1, file);
            fclose(file);
            text[len] = 0;
            DeleteFileW(path);
            return (unsigned)atoi(text);
        }
        Sleep(POLL_MS);
    }
}

/* A file that is open for appending alone can't go to a Unix process as it is; its name can. */
static void append_handle(wchar_t *line, DWORD number)
{
    wchar_t path[4096];
    HANDLE handle = GetStdHandle(number);
    DWORD len = GetFileType(handle) == FILE_TYPE_DISK ? GetFinalPathNameByHandleW(handle, path, 4096, 0) : 0;
    wchar_t *root = len > 0 && len < 4096 ? wcsstr(path, ROOT) : NULL;
    for (wchar_t *next = root; next && *next; next++)
        if (*next == '\\')
            *next = '/';
    append(line, root ? root + wcslen(ROOT) : L"");
}

/* Arguments: the file for the status, those of the three standard handles, the program's command line. */
static const wchar_t script[] =
    L"import os, subprocess, sys\n"
    L"for fd, path in enumerate(sys.argv[2:5]):\n"
    L"    if path:\n"
    L"        os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND if fd else os.O_RDONLY), fd)\n"
    L"os.environ['PATH'] = '/usr/bin:/bin'\n"
    L"child = subprocess.Popen(sys.argv[5:])\n"
    L"try:\n"
    L"    status = child.wait(90)\n" /* it may be all that is left of a test */
    L"except subprocess.TimeoutExpired:\n"
    L"    child.kill()\n"
    L"    status = child.wait()\n"
    L"with open(sys.argv[1] + '.new', 'w') as file:\n"
    L"    file.write(str(status if status >= 0 else 0x10000 - status))\n"
    L"os.rename(sys.argv[1] + '.new', sys.argv[1])\n";

int wmain(int argc, wchar_t **argv)
{
    static wchar_t line[65536], name[128], path[160];
    if (argc < 2)
        return 2;
    _snwprintf(name, 127, L"/tmp/periscope-unix-%lu-%lu", GetCurrentProcessId(), GetTickCount());
    _snwprintf(path, 159, ROOT L"%ls", name);
    DeleteFileW(path);
    wcscpy(line, L"python3 -S -c");
    append(line, script);
    append(line, name);
    append_handle(line, STD_INPUT_HANDLE);
    append_handle(line, STD_OUTPUT_HANDLE);
    append_handle(line, STD_ERROR_HANDLE);
    for (int i = 1; i < argc; i++)
        append(line, argv[i]);
    if (!start(line)) {
        fprintf(stderr, "unix.exe: could not start python3: %lu\n", GetLastError());
        return 126;
    }
    ExitProcess(wait_for(path));
}
