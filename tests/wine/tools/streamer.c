/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* streamer.exe ACTION...: tests/integration/streamer.py for Windows, with the same actions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define CHUNK 65536 /* bytes */

int wmain(int argc, wchar_t **argv);

int _dowildcard = 0;

static void put(DWORD name, const void *bytes, DWORD len)
{
    DWORD done;
    const char *next = bytes;
    for (; len > 0; next += done, len -= done)
        if (!WriteFile(GetStdHandle(name), next, len, &done, NULL))
            ExitProcess(99);
}

static void put_text(DWORD name, const wchar_t *text)
{
    char bytes[4096];
    int len = WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, sizeof bytes, NULL, NULL);
    bytes[len - 1] = '\n';
    put(name, bytes, (DWORD)len);
}

/* Writes the numbers from 0 on, eight bytes each, the most significant first. */
static void fill(unsigned long long len)
{
    static unsigned char bytes[CHUNK];
    for (unsigned long long done = 0; done < len;) {
        for (unsigned i = 0; i < CHUNK; i++)
            bytes[i] = (unsigned char)((done + i) / 8 >> 8 * (7 - (done + i) % 8));
        DWORD step = len - done < CHUNK ? (DWORD)(len - done) : CHUNK;
        put(STD_OUTPUT_HANDLE, bytes, step);
        done += step;
    }
}

static void cat(unsigned long long len)
{
    static char bytes[CHUNK];
    DWORD got;
    while (len > 0 && ReadFile(GetStdHandle(STD_INPUT_HANDLE), bytes, len < CHUNK ? (DWORD)len : CHUNK, &got, NULL) &&
           got) {
        put(STD_OUTPUT_HANDLE, bytes, got);
        len -= got;
    }
}

/* Leaves a process behind that holds the outputs, and writes "late" at its end. */
static void leave(const wchar_t *ms)
{
    wchar_t path[MAX_PATH], line[2 * MAX_PATH];
    STARTUPINFOW info = {.cb = sizeof info,
                         .dwFlags = STARTF_USESTDHANDLES,
                         .hStdInput = GetStdHandle(STD_INPUT_HANDLE),
                         .hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE),
                         .hStdError = GetStdHandle(STD_ERROR_HANDLE)};
    PROCESS_INFORMATION process;
    GetModuleFileNameW(NULL, path, MAX_PATH);
    _snwprintf(line, 2 * MAX_PATH, L"\"%ls\" sleep:%ls out:late", path, ms);
    if (!CreateProcessW(path, line, NULL, NULL, TRUE, 0, NULL, NULL, &info, &process))
        ExitProcess(98);
}

static void act(const wchar_t *name, const wchar_t *value)
{
    if (wcscmp(name, L"out") == 0)
        put_text(STD_OUTPUT_HANDLE, value);
    else if (wcscmp(name, L"err") == 0)
        put_text(STD_ERROR_HANDLE, value);
    else if (wcscmp(name, L"fill") == 0)
        fill(_wcstoui64(value, NULL, 10));
    else if (wcscmp(name, L"cat") == 0)
        cat(*value ? _wcstoui64(value, NULL, 10) : ~0ull);
    else if (wcscmp(name, L"sleep") == 0)
        Sleep(wcstoul(value, NULL, 10));
    else if (wcscmp(name, L"leave") == 0)
        leave(value);
    else
        ExitProcess(wcstoul(value, NULL, 10));
}

int wmain(int argc, wchar_t **argv)
{
    for (int i = 1; i < argc; i++) {
        wchar_t *value = wcschr(argv[i], ':');
        if (value)
            *value++ = 0;
        act(argv[i], value ? value : L"");
    }
    return 0;
}
