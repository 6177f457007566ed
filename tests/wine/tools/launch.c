/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts a program as somebody else than the agent would, waits, and ends with its code.
 *
 *     launch new PROGRAM ARGUMENT...               in a console of its own, with this one's standard handles
 *     launch hidden PROGRAM ARGUMENT...            the same without its window, nor that of this one's console
 *     launch testagentd FILE PROGRAM ARGUMENT...   as testagentd 1.x does (platform_run), both outputs in FILE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define LINE_SIZE 32768 /* bytes */

/* Puts each argument in quotes, as testagentd does: what they hold needs no escaping here. */
static void build_line(char line[LINE_SIZE], char **argv)
{
    size_t len = 0;
    line[0] = 0;
    for (; *argv && len + strlen(*argv) + 4 < LINE_SIZE; argv++)
        len += (size_t)sprintf(line + len, "%s\"%s\"", len ? " " : "", *argv);
}

static int launch(char **argv, STARTUPINFOA *start, DWORD flags)
{
    static char line[LINE_SIZE];
    PROCESS_INFORMATION process;
    DWORD code = 1;
    build_line(line, argv);
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, flags, NULL, NULL, start, &process)) {
        fprintf(stderr, "launch: %s: %lu\n", line, GetLastError());
        return 1;
    }
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    ExitProcess(code);
}

static HANDLE append_to(const char *name)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    return CreateFileA(name, FILE_APPEND_DATA, FILE_SHARE_DELETE | FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited,
                       CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
}

int main(int argc, char **argv)
{
    STARTUPINFOA start = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES};
    start.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    start.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    start.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (argc > 2 && strcmp(argv[1], "new") == 0)
        return launch(argv + 2, &start, CREATE_NEW_CONSOLE);
    if (argc > 2 && strcmp(argv[1], "hidden") == 0) {
        ShowWindow(GetConsoleWindow(), SW_HIDE);
        return launch(argv + 2, &start, CREATE_NO_WINDOW);
    }
    if (argc > 3 && strcmp(argv[1], "testagentd") == 0) {
        start.hStdOutput = start.hStdError = append_to(argv[2]);
        return launch(argv + 3, &start, NORMAL_PRIORITY_CLASS);
    }
    fputs("usage: launch new|hidden PROGRAM ARGUMENT... | launch testagentd FILE PROGRAM ARGUMENT...\n", stderr);
    return 2;
}
