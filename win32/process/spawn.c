/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/process/spawn.h"
#include "win32/system.h"
#include "win32/user/session.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Of Wine's on a busy machine one process in some thousands ends before anything of the program ran, which is
   ERROR_INTERNAL_ERROR: another one is started then. */
#define TRIES 3

#ifndef PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE
#define PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE 0x20016 /* of Windows 10 1809 */
#endif

/* Windows XP has no list of the handles to pass on: there one child is started at a time. */
typedef BOOL WINAPI initialize_list(LPPROC_THREAD_ATTRIBUTE_LIST list, DWORD count, DWORD flags, SIZE_T *size);
typedef BOOL WINAPI update_attribute(LPPROC_THREAD_ATTRIBUTE_LIST list, DWORD flags, DWORD_PTR attribute, void *value,
                                     SIZE_T size, void *previous, SIZE_T *returned);
typedef void WINAPI delete_list(LPPROC_THREAD_ATTRIBUTE_LIST list);

struct handle_list {
    HANDLE handles[3]; /* each once */
    DWORD count;
    struct pseudo_console console;
    LPPROC_THREAD_ATTRIBUTE_LIST attributes; /* owned; NULL where Windows has no such thing */
};

/* Returns whether it is a console's handle of Windows 7 or before: no handle of the kernel's, so nothing can be inherited
   of it, and it is good in each process that shares the console. */
static bool is_console_number(HANDLE handle)
{
    return ((uintptr_t)handle & 3) == 3;
}

static void add_handle(struct handle_list *list, HANDLE handle)
{
    if (!handle || is_console_number(handle))
        return;
    for (DWORD i = 0; i < list->count; i++)
        if (list->handles[i] == handle)
            return;
    list->handles[list->count++] = handle;
}

static void handle_list_init(struct handle_list *list)
{
    initialize_list *initialize =
        SYSTEM_FUNCTION(initialize_list *, L"kernel32.dll", "InitializeProcThreadAttributeList");
    update_attribute *update = SYSTEM_FUNCTION(update_attribute *, L"kernel32.dll", "UpdateProcThreadAttribute");
    bool console = list->console.reference != NULL;
    DWORD_PTR attribute = console ? PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE : PROC_THREAD_ATTRIBUTE_HANDLE_LIST;
    void *value = console ? (void *)&list->console : (void *)list->handles;
    SIZE_T size = 0, value_size = console ? sizeof value : list->count * sizeof list->handles[0];
    if (!initialize || !update || (list->count == 0 && !console))
        return;
    initialize(NULL, 1, 0, &size);
    list->attributes = malloc(size);
    if (list->attributes && initialize(list->attributes, 1, 0, &size) &&
        update(list->attributes, 0, attribute, value, value_size, NULL, NULL))
        return;
    free(list->attributes);
    list->attributes = NULL;
}

static void handle_list_deinit(struct handle_list *list)
{
    delete_list *deinitialize = SYSTEM_FUNCTION(delete_list *, L"kernel32.dll", "DeleteProcThreadAttributeList");
    if (list->attributes && deinitialize)
        deinitialize(list->attributes);
    free(list->attributes);
}

/* Makes the child's copies, which alone are inheritable. What can't be copied is no handle: the child gets none. */
static void copy_handles(const struct spawn *how, HANDLE copies[3])
{
    HANDLE self = GetCurrentProcess();
    for (int i = 0; i < 3; i++) {
        copies[i] = is_console_number(how->standard[i]) ? how->standard[i] : NULL;
        if (how->standard[i] && !copies[i])
            DuplicateHandle(self, how->standard[i], self, &copies[i], 0, TRUE, DUPLICATE_SAME_ACCESS);
    }
}

static DWORD create_process(const struct spawn *how, BOOL inherit, DWORD flags, STARTUPINFOW *start,
                            PROCESS_INFORMATION *out)
{
    wchar_t desktop[] = SESSION_DESKTOP;
    BOOL done;
    if (how->token) {
        start->lpDesktop = desktop;
        done = CreateProcessAsUserW(how->token, how->application, how->command_line, NULL, NULL, inherit, flags,
                                    how->environment, how->folder, start, out);
    } else {
        done = CreateProcessW(how->application, how->command_line, NULL, NULL, inherit, flags, how->environment,
                              how->folder, start, out);
    }
    return done ? 0 : GetLastError();
}

static DWORD spawn_create(const struct spawn *how, HANDLE standard[3], PROCESS_INFORMATION *out)
{
    STARTUPINFOEXW start = {.StartupInfo = {.cb = sizeof start.StartupInfo}};
    struct handle_list list = {.console.reference = how->console};
    DWORD flags = how->flags | (how->environment ? CREATE_UNICODE_ENVIRONMENT : 0);
    for (int i = 0; i < 3; i++)
        add_handle(&list, standard[i]);
    if (standard[0] || standard[1] || standard[2] || how->console) {
        start.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
        start.StartupInfo.hStdInput = standard[0];
        start.StartupInfo.hStdOutput = standard[1];
        start.StartupInfo.hStdError = standard[2];
    }
    if (!how->all_handles)
        handle_list_init(&list);
    if (how->console && !list.attributes)
        return ERROR_NOT_ENOUGH_MEMORY;
    if (list.attributes) {
        start.StartupInfo.cb = sizeof start;
        start.lpAttributeList = list.attributes;
        flags |= EXTENDED_STARTUPINFO_PRESENT;
    }
    DWORD code;
    int tries = TRIES;
    do {
        code = create_process(how, how->all_handles || list.count > 0, flags, &start.StartupInfo, out);
    } while (code == ERROR_INTERNAL_ERROR && --tries > 0);
    handle_list_deinit(&list);
    if (code == 0 && !out->hProcess)
        code = ERROR_BAD_EXE_FORMAT; /* Wine has started a Unix program, about which it says nothing more */
    return code;
}

/* A spin lock that yields: nothing else can be set up before the first thread without a start-up call. */
static atomic_flag spawning = ATOMIC_FLAG_INIT;

DWORD spawn(const struct spawn *how, PROCESS_INFORMATION *out)
{
    HANDLE copies[3];
    bool alone = !system_function(L"kernel32.dll", "InitializeProcThreadAttributeList");
    while (alone && atomic_flag_test_and_set(&spawning))
        Sleep(1);
    copy_handles(how, copies);
    DWORD code = spawn_create(how, copies, out);
    for (int i = 0; i < 3; i++)
        if (copies[i] && !is_console_number(copies[i]))
            CloseHandle(copies[i]);
    if (alone)
        atomic_flag_clear(&spawning);
    return code;
}

DWORD spawn_process(const struct spawn *how, HANDLE *process)
{
    PROCESS_INFORMATION info;
    DWORD code = spawn(how, &info);
    if (code)
        return code;
    CloseHandle(info.hThread);
    *process = info.hProcess;
    return 0;
}

HANDLE spawn_own_handle(int number, bool shares_console)
{
    static const DWORD names[3] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    DWORD mode;
    HANDLE handle = GetStdHandle(names[number]);
    if (!handle || handle == INVALID_HANDLE_VALUE)
        return NULL;
    return shares_console || !GetConsoleMode(handle, &mode) ? handle : NULL;
}
