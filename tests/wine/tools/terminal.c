/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program for a terminal: tells its console's size, then does what is typed, a command a line. It opens its console itself,
 * since Wine gives the programs of a pseudo console no standard handles.
 *
 *     exit N     ends with that status
 *     size       tells the size again
 *     linger     starts itself once more, in the same terminal; that one writes a line each time it reads one
 *     TEXT       told as "got TEXT"
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define LINE_SIZE 256
#define FAILURES_MAX 10

static HANDLE input, output;

static void terminal_say(const char *text)
{
    DWORD wrote;
    WriteFile(output, text, (DWORD)strlen(text), &wrote, NULL);
}

static BOOL WINAPI note_control(DWORD event)
{
    if (event == CTRL_C_EVENT)
        terminal_say("interrupted\r\n");
    return event == CTRL_C_EVENT;
}

static void tell_size(void)
{
    CONSOLE_SCREEN_BUFFER_INFO info = {.dwSize = {0, 0}};
    char text[LINE_SIZE];
    GetConsoleScreenBufferInfo(output, &info);
    snprintf(text, sizeof text, "size %dx%d\r\n", info.srWindow.Right - info.srWindow.Left + 1,
             info.srWindow.Bottom - info.srWindow.Top + 1);
    terminal_say(text);
}

static void start_again(void)
{
    char path[MAX_PATH], line[] = "terminal.exe again";
    STARTUPINFOA start = {.cb = sizeof start};
    PROCESS_INFORMATION info;
    if (GetModuleFileNameA(NULL, path, MAX_PATH) &&
        CreateProcessA(path, line, NULL, NULL, FALSE, 0, NULL, NULL, &start, &info))
        terminal_say("started\r\n");
}

static void terminal_do(char *line)
{
    char text[LINE_SIZE + 16];
    line[strcspn(line, "\r\n")] = 0;
    if (strncmp(line, "exit ", 5) == 0)
        ExitProcess((UINT)atoi(line + 5));
    if (strcmp(line, "size") == 0) {
        tell_size();
    } else if (strcmp(line, "linger") == 0) {
        start_again();
    } else {
        snprintf(text, sizeof text, "got %s\r\n", line);
        terminal_say(text);
    }
}

int main(int argc, char **argv)
{
    char line[LINE_SIZE];
    DWORD got;
    (void)argv;
    input = CreateFileA("CONIN$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                        0, NULL);
    output = CreateFileA("CONOUT$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                         OPEN_EXISTING, 0, NULL);
    if (input == INVALID_HANDLE_VALUE || output == INVALID_HANDLE_VALUE)
        return 99;
    SetConsoleCtrlHandler(note_control, TRUE);
    if (argc == 1)
        tell_size();
    for (int failures = 0; failures < FAILURES_MAX; failures++) { /* Ctrl-C fails what reads */
        got = 0;
        if (ReadFile(input, line, sizeof line - 1, &got, NULL) && got)
            failures = 0;
        line[got] = 0;
        if (got)
            terminal_do(line);
    }
    return 98;
}
