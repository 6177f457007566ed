/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process of other bits is dumped by an executable of those bits, if one is there: periscoped32.exe or periscoped64.exe
   beside this one, called with OS_DUMP_ARGUMENT. Never seen at work: no system that runs both kinds was at hand. */
#include "win32/process/dump_other.h"
#include "platform/dump.h"
#include "win32/file/path.h"
#include "win32/process/spawn.h"
#include "win32/text.h"

#include <stdio.h>
#include <stdlib.h>

#define WAIT_MS 15000

/* Returns the path of that executable, a new text; NULL without memory. */
static wchar_t *sibling(int bits, struct error *err)
{
    wchar_t *self, *path;
    if (path_of_self(&self, err))
        return NULL;
    size_t len = path_folder_len(self), size = len + 32;
    path = calloc(size, sizeof *path);
    if (path)
        _snwprintf(path, size - 1, L"%.*lsperiscoped%d.exe", (int)len, self, bits);
    else
        error_set(err, ERR_NO_MEMORY, "no memory for the name of another executable");
    free(self);
    return path;
}

static DWORD dump_other_run(wchar_t *path, DWORD pid, HANDLE file, DWORD *exit_code)
{
    wchar_t line[64];
    HANDLE process;
    struct spawn how = {
        .application = path, .command_line = line, .standard = {NULL, file, NULL}, .flags = CREATE_NO_WINDOW};
    _snwprintf(line, 63, L"periscoped.exe %hs %lu", OS_DUMP_ARGUMENT, pid);
    line[63] = 0;
    DWORD code = spawn_process(&how, &process);
    if (code)
        return code;
    if (WaitForSingleObject(process, WAIT_MS) != WAIT_OBJECT_0)
        TerminateProcess(process, WAIT_TIMEOUT);
    if (!GetExitCodeProcess(process, exit_code))
        *exit_code = STILL_ACTIVE;
    CloseHandle(process);
    return 0;
}

int dump_by_other(DWORD pid, int bits, HANDLE file, struct error *err)
{
    DWORD exit_code = 0;
    wchar_t *path = sibling(bits, err);
    if (!path)
        return err->status;
    bool there = GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
    DWORD code = there ? dump_other_run(path, pid, file, &exit_code) : 0;
    free(path);
    if (!there)
        return error_set(err, ERR_UNAVAILABLE,
                         "no minidump of process %lu: it has %d bits, this agent has others, and there is no "
                         "periscoped%d.exe beside it",
                         pid, bits, bits);
    if (code || exit_code)
        return error_set(err, ERR_SYSTEM, "no minidump of process %lu: periscoped%d.exe %s %lu", pid, bits,
                         code ? "could not be started: Windows error" : "ended with", code ? code : exit_code);
    return 0;
}
