/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A child that tells how it was started: writes a line for each argument, the variable TELL and the working folder, in
 * UTF-8, to standard output, and which of the handles given as "handle=N" it can use.
 *
 *     exit=N     ends with that code          sleep=N   first sleeps that many milliseconds
 *     start=X    starts X, and does not wait  console   tells whether it can open CONIN$
 *     station    tells the window station and desktop that it is on, and whether a person can see them
 *     mode=N     sets the error mode          mode      tells it
 *     place      tells whether it is in a job, and its priority class
 *     seat       tells what it can ask about its console, standard handles and the window in front
 *     interrupt  sends an interrupt to all that share its console, and tells whether it came
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

int _dowildcard = 0;

int wmain(int argc, wchar_t **argv);

static void say(const char *what, const wchar_t *text)
{
    static char utf8[200000];
    WideCharToMultiByte(CP_UTF8, 0, text, -1, utf8, sizeof utf8, NULL, NULL);
    printf("%s=%s\n", what, utf8);
    fflush(stdout);
}

static void start(wchar_t *line)
{
    STARTUPINFOW info = {.cb = sizeof info};
    PROCESS_INFORMATION process;
    if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &info, &process))
        printf("start failed: %lu\n", GetLastError());
}

static void say_handle(HANDLE handle)
{
    DWORD flags;
    printf("handle %s\n", GetHandleInformation(handle, &flags) ? "open" : "closed");
}

static void say_console(void)
{
    HANDLE input = CreateFileW(L"CONIN$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    printf("console %s\n", input != INVALID_HANDLE_VALUE ? "yes" : "no");
}

static void say_station(void)
{
    wchar_t station[128] = L"", desktop[128] = L"";
    USEROBJECTFLAGS flags = {.dwFlags = 0};
    GetUserObjectInformationW(GetProcessWindowStation(), UOI_NAME, station, sizeof station, NULL);
    GetUserObjectInformationW(GetProcessWindowStation(), UOI_FLAGS, &flags, sizeof flags, NULL);
    GetUserObjectInformationW(GetThreadDesktop(GetCurrentThreadId()), UOI_NAME, desktop, sizeof desktop, NULL);
    printf("%ls %ls %s\n", station, desktop, flags.dwFlags & WSF_VISIBLE ? "visible" : "invisible");
}

static void say_place(void)
{
    BOOL in_job = FALSE;
    IsProcessInJob(GetCurrentProcess(), NULL, &in_job);
    printf("job %s, priority %#lx\n", in_job ? "yes" : "no", GetPriorityClass(GetCurrentProcess()));
}

static const char *window_state(HWND window)
{
    return !window ? "none" : IsWindowVisible(window) ? "shown" : "hidden";
}

/* Waits for a console's window that is about to come to the front. */
static HWND window_in_front(HWND console)
{
    HWND front = GetForegroundWindow();
    for (int i = 0; i < 100 && front != console && IsWindowVisible(console); i++) {
        Sleep(30);
        front = GetForegroundWindow();
    }
    return front;
}

static void say_seat(void)
{
    DWORD processes[16], mode;
    HWND console = GetConsoleWindow(), front = window_in_front(console);
    static const DWORD names[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    printf("console of %lu, code page %u, its window %s, in front %s\n", GetConsoleProcessList(processes, 16),
           GetConsoleCP(), window_state(console),
           !front             ? "none"
           : front == console ? "the console"
                              : "another");
    for (int i = 0; i < 3; i++) {
        HANDLE handle = GetStdHandle(names[i]);
        printf("standard %d: type %lu, %s\n", i, GetFileType(handle),
               GetConsoleMode(handle, &mode) ? "console" : "none");
    }
}

static HANDLE interrupted;

static BOOL WINAPI on_interrupt(DWORD event)
{
    return event == CTRL_C_EVENT && SetEvent(interrupted);
}

static void say_interrupt(void)
{
    interrupted = CreateEventW(NULL, TRUE, FALSE, NULL);
    SetConsoleCtrlHandler(on_interrupt, TRUE);
    if (!GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0))
        printf("interrupt failed: %lu\n", GetLastError());
    else
        printf("interrupt %s\n", WaitForSingleObject(interrupted, 3000) == WAIT_OBJECT_0 ? "came" : "did not come");
}

static int value_of(const wchar_t *argument, const wchar_t *key, const wchar_t **value)
{
    size_t len = wcslen(key);
    *value = argument + len;
    return wcsncmp(argument, key, len) == 0;
}

int wmain(int argc, wchar_t **argv)
{
    static wchar_t text[32768];
    const wchar_t *value;
    unsigned long code = 0;
    for (int i = 1; i < argc; i++)
        say("argument", argv[i]);
    if (GetEnvironmentVariableW(L"TELL", text, 32768))
        say("TELL", text);
    GetCurrentDirectoryW(32768, text);
    say("folder", text);
    for (int i = 1; i < argc; i++) {
        if (value_of(argv[i], L"exit=", &value))
            code = wcstoul(value, NULL, 0);
        else if (value_of(argv[i], L"sleep=", &value))
            Sleep(wcstoul(value, NULL, 0));
        else if (value_of(argv[i], L"start=", &value))
            start(_wcsdup(value));
        else if (value_of(argv[i], L"handle=", &value))
            say_handle((HANDLE)(uintptr_t)_wcstoui64(value, NULL, 0));
        else if (value_of(argv[i], L"mode=", &value))
            SetErrorMode(wcstoul(value, NULL, 0));
        else if (wcscmp(argv[i], L"mode") == 0)
            printf("mode %u\n", SetErrorMode(0));
        else if (wcscmp(argv[i], L"place") == 0)
            say_place();
        else if (wcscmp(argv[i], L"console") == 0)
            say_console();
        else if (wcscmp(argv[i], L"seat") == 0)
            say_seat();
        else if (wcscmp(argv[i], L"interrupt") == 0)
            say_interrupt();
        else if (wcscmp(argv[i], L"station") == 0)
            say_station();
        fflush(stdout);
    }
    ExitProcess(code);
}
