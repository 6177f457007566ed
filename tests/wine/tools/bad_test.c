/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small Wine test whose units don't end, each for another reason. */
#include "tests/wine/tools/mode.h"

#include <stdio.h>
#include <string.h>

static void test_pass(void) {}

static void test_crash(void)
{
    *(volatile int *)0 = 1;
}

/* Does what Windows' error reporting does where it is told to keep minidumps, into the folder BAD_DUMPS; then crashes. */
static void test_reported(void)
{
    char path[MAX_PATH], folder[MAX_PATH] = "";
    GetEnvironmentVariableA("BAD_DUMPS", folder, sizeof folder - 32);
    snprintf(path, sizeof path, "%s\\bad_test.exe.%lu.dmp", folder, GetCurrentProcessId());
    FILE *file = fopen(path, "wb");
    if (file) {
        fputs("MDMP, as it were", file);
        fclose(file);
    }
    TerminateProcess(GetCurrentProcess(), 0xc0000005);
}

static void test_dialog(void)
{
    MessageBoxW(NULL, L"Body text \x4e2d\x6587\nand a second line", L"A dialog", MB_OKCANCEL);
}

static void test_hang(void)
{
    WNDCLASSA class = {.lpfnWndProc = DefWindowProcA, .lpszClassName = "BadTest"};
    MSG message;
    RegisterClassA(&class);
    CreateWindowExA(0, "BadTest", "A window that hangs", WS_OVERLAPPEDWINDOW | WS_VISIBLE, 40, 30, 300, 200, NULL, NULL,
                    NULL, NULL);
    while (PeekMessageA(&message, NULL, 0, 0, PM_REMOVE))
        DispatchMessageA(&message);
    Sleep(INFINITE);
}

static void test_sleep(void)
{
    Sleep(INFINITE);
}

/* Leaves the screen in another mode, and the cursor in a corner of it. */
static void test_mode(void)
{
    RECT corner = {10, 20, 110, 70};
    printf("mode.c:%d: mode %ld\n", __LINE__, set_mode(640, 480));
    Sleep(1000);
    printf("mode.c:%d: clip %d\n", __LINE__, ClipCursor(&corner));
    fflush(stdout);
    Sleep(INFINITE);
}

/* It outlives this process and has its standard output. */
static void test_grandchild(void)
{
    STARTUPINFOA info = {.cb = sizeof info};
    PROCESS_INFORMATION process;
    char line[MAX_PATH + 32] = "\"";
    GetModuleFileNameA(NULL, line + 1, MAX_PATH);
    strcat(line, "\" sleep");
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &info, &process))
        printf("grandchild.c:%d: Test failed: CreateProcess: %lu\n", __LINE__, GetLastError());
}

static const struct {
    const char *name;
    void (*run)(void);
} units[] = {{"pass", test_pass}, {"crash", test_crash}, {"reported", test_reported}, {"dialog", test_dialog},
             {"hang", test_hang}, {"mode", test_mode},   {"sleep", test_sleep},       {"grandchild", test_grandchild}};

int main(int argc, char **argv)
{
    static const wchar_t mark[] = L"periscope bad_test mark"; /* for who reads a dump */
    volatile wchar_t on_stack[sizeof mark / sizeof *mark];
    for (size_t i = 0; i < sizeof mark / sizeof *mark; i++)
        on_stack[i] = mark[i];
    if (argc != 2 || strcmp(argv[1], "--list") == 0) {
        puts("Valid test names:");
        for (size_t i = 0; i < sizeof units / sizeof *units; i++)
            printf("    %s\n", units[i].name);
        return 0;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(units[i].name, argv[1]) != 0)
            continue;
        printf("%s.c:%d: it begins\n", argv[1], __LINE__);
        fflush(stdout);
        units[i].run();
        if (on_stack[0] != mark[0]) /* it stays there until now */
            return 3;
        printf("%04lx:%s: 1 tests executed (0 marked as todo, 0 as flaky, 0 failures), 0 skipped.\n",
               GetCurrentProcessId(), argv[1]);
        return 0;
    }
    return 2;
}
