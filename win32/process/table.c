/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system's processes by a snapshot, and their windows. No job object marks a tree, since a test could see that. What
   has lost its parent can't be distinguished from others, unless that parent is one that was ended here. */
#include "platform/process_table.h"
#include "win32/system.h"
#include "win32/process/process.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdio.h>
#include <stdlib.h>
#include <tlhelp32.h>

#define PROCESSES_MAX 8192 /* below OS_PROCESS_TABLE_MAX: names take much memory */
#define UNITS_PER_MS 10000 /* of a FILETIME */
#define LOOKS_MOST 5       /* in a row, of those that Windows asks for once more */
#ifndef PROCESS_QUERY_LIMITED_INFORMATION
#define PROCESS_QUERY_LIMITED_INFORMATION 0x1000 /* since Vista: also of processes with more rights than the agent */
#endif

struct entry {
    DWORD pid, parent, threads;
    uint64_t start; /* once looked up; 0 when it can't be known, or the process has ended */
    wchar_t name[MAX_PATH];
    bool looked_up;
    bool refused; /* it runs, but may not be looked at */
};

struct os_process_table {
    size_t count;
    struct entry all[PROCESSES_MAX];
};

const size_t os_process_table_size = sizeof(struct os_process_table);

static HANDLE table_snapshot(void)
{
    HANDLE snapshot = INVALID_HANDLE_VALUE;
    for (int i = 0; i < LOOKS_MOST && snapshot == INVALID_HANDLE_VALUE; i++) {
        snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
        if (snapshot == INVALID_HANDLE_VALUE && GetLastError() != ERROR_BAD_LENGTH)
            break;
    }
    return snapshot;
}

/* Copies the processes of a snapshot. Returns 0, or the code of the failure. */
static DWORD table_fill(struct os_process_table *table, HANDLE snapshot)
{
    PROCESSENTRY32W info = {.dwSize = sizeof info};
    BOOL more = Process32FirstW(snapshot, &info);
    for (; more && table->count < PROCESSES_MAX; more = Process32NextW(snapshot, &info)) {
        struct entry *entry = &table->all[table->count++];
        *entry =
            (struct entry){.pid = info.th32ProcessID, .parent = info.th32ParentProcessID, .threads = info.cntThreads};
        wcsncpy(entry->name, info.szExeFile, MAX_PATH - 1);
    }
    if (more)
        return ERROR_MORE_DATA;
    return GetLastError() == ERROR_NO_MORE_FILES ? 0 : GetLastError();
}

int os_process_table_look(struct os_process_table *table, size_t *count, struct error *err)
{
    HANDLE snapshot = table_snapshot();
    *count = table->count = 0;
    if (snapshot == INVALID_HANDLE_VALUE)
        return windows_error(err, GetLastError(), "could not look at the processes");
    DWORD code = table_fill(table, snapshot);
    CloseHandle(snapshot);
    *count = table->count;
    if (code == ERROR_MORE_DATA)
        return error_set(err, ERR_LIMIT, "could not look at all processes: there are more than %d", PROCESSES_MAX);
    return code ? windows_error(err, code, "could not look at all processes") : 0;
}

uint64_t os_process_table_pid(const struct os_process_table *table, size_t index)
{
    return table->all[index].pid;
}

/* Opens a process. *code: 0, ERROR_INVALID_PARAMETER if it has ended (its pid may have gone to another), or why it may
   not be opened. */
static HANDLE table_open(const struct entry *entry, DWORD access, DWORD *code)
{
    HANDLE process = OpenProcess(access | PROCESS_QUERY_INFORMATION | SYNCHRONIZE, FALSE, entry->pid);
    if (!process && GetLastError() == ERROR_ACCESS_DENIED)
        process = OpenProcess(access | PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE, entry->pid);
    *code = process ? 0 : GetLastError();
    if (process && entry->start && process_start_time(process) != entry->start) {
        CloseHandle(process);
        *code = ERROR_INVALID_PARAMETER;
        return NULL;
    }
    return process;
}

/* Finds the start time of one that runs. Opening every process of the system is dear: only those that may matter. */
static uint64_t table_look_up(struct entry *entry)
{
    if (!entry->looked_up) {
        DWORD code;
        HANDLE process = table_open(entry, 0, &code);
        entry->looked_up = true;
        entry->refused = !process && code != ERROR_INVALID_PARAMETER;
        if (process) {
            if (WaitForSingleObject(process, 0) != WAIT_OBJECT_0)
                entry->start = process_start_time(process);
            CloseHandle(process);
        }
    }
    return entry->start;
}

uint64_t os_process_table_start(struct os_process_table *table, size_t index)
{
    return table_look_up(&table->all[index]);
}

/* One that may not be looked at may be a child. It can't be ended either, so that no stranger is. */
bool os_process_table_is_child(struct os_process_table *table, size_t index, const struct os_process_id *parent)
{
    struct entry *entry = &table->all[index];
    if (entry->parent != parent->pid || entry->pid == parent->pid)
        return false;
    uint64_t start = table_look_up(entry);
    return entry->refused || (start && start >= parent->start && (!parent->end || start <= parent->end));
}

/* The parent's pid says it, with the times. */
bool os_process_table_keeps(const struct os_process_table *table, const struct os_process_id *leader)
{
    (void)table;
    (void)leader;
    return true;
}

/* Excludes conhost.exe too: the window of a child's console is its child, and ends by itself with the last program in
   it. */
bool os_process_table_is_exempt(const struct os_process_table *table, size_t index)
{
    return table->all[index].pid == GetCurrentProcessId() || _wcsicmp(table->all[index].name, L"conhost.exe") == 0;
}

void os_process_table_name(const struct os_process_table *table, size_t index, char name[OS_PROCESS_NAME_SIZE])
{
    utf8_copy(name, OS_PROCESS_NAME_SIZE, table->all[index].name);
}

static uint64_t table_cpu_ms(HANDLE process)
{
    FILETIME created, exited, kernel, user;
    if (!GetProcessTimes(process, &created, &exited, &kernel, &user))
        return 0;
    return (((uint64_t)kernel.dwHighDateTime << 32 | kernel.dwLowDateTime) +
            ((uint64_t)user.dwHighDateTime << 32 | user.dwLowDateTime)) /
           UNITS_PER_MS;
}

void os_process_table_describe(struct os_process_table *table, size_t index, struct os_process_info *info)
{
    const struct entry *entry = &table->all[index];
    DWORD code;
    HANDLE process = table_open(entry, 0, &code);
    int bits = process ? process_bits(process) : 0;
    *info = (struct os_process_info){.pid = entry->pid, .parent = entry->parent};
    if (process) {
        info->cpu_ms = table_cpu_ms(process);
        CloseHandle(process);
    }
    utf8_copy(info->name, sizeof info->name, entry->name);
    int len = bits ? snprintf(info->state, sizeof info->state, "%d-bit, ", bits) : 0;
    snprintf(info->state + len, sizeof info->state - (size_t)len, "%lu thread%s", entry->threads,
             entry->threads == 1 ? "" : "s");
}

struct asking {
    const struct os_process_table *table;
    const bool *members;
    HWND console; /* the agent's own, which a program that shares it may pass for the owner of */
    size_t asked; /* windows */
};

static BOOL CALLBACK table_ask_window(HWND window, LPARAM argument)
{
    struct asking *asking = (struct asking *)argument;
    DWORD pid;
    GetWindowThreadProcessId(window, &pid);
    for (size_t i = 0; i < asking->table->count; i++)
        if (asking->members[i] && asking->table->all[i].pid == pid && window != asking->console &&
            PostMessageW(window, WM_CLOSE, 0, 0))
            asking->asked++;
    return TRUE;
}

size_t os_process_table_ask(struct os_process_table *table, const bool *members)
{
    struct asking asking = {table, members, GetConsoleWindow(), 0};
    EnumWindows(table_ask_window, (LPARAM)&asking);
    return asking.asked;
}

/* Windows stops threads, not processes. */
void os_process_table_freeze(struct os_process_table *table, const bool *members)
{
    (void)table;
    (void)members;
}

int os_process_table_kill(struct os_process_table *table, size_t index, struct error *err)
{
    DWORD code;
    HANDLE process = table_open(&table->all[index], PROCESS_TERMINATE, &code);
    if (process) {
        if (!TerminateProcess(process, PROCESS_KILLED_STATUS))
            code = GetLastError();
        if (code && WaitForSingleObject(process, 0) == WAIT_OBJECT_0)
            code = 0; /* it had ended already */
        CloseHandle(process);
    }
    return code && code != ERROR_INVALID_PARAMETER ? windows_error(err, code, NULL) : 0;
}

bool os_process_name(uint64_t pid, char name[OS_PROCESS_NAME_SIZE])
{
    PROCESSENTRY32W info = {.dwSize = sizeof info};
    HANDLE snapshot = table_snapshot();
    bool found = false;
    *name = 0;
    if (snapshot == INVALID_HANDLE_VALUE)
        return false;
    for (BOOL more = Process32FirstW(snapshot, &info); more; more = Process32NextW(snapshot, &info)) {
        found = info.th32ProcessID == pid;
        if (found)
            break;
    }
    if (found)
        utf8_copy(name, OS_PROCESS_NAME_SIZE, info.szExeFile);
    CloseHandle(snapshot);
    return found;
}

bool os_process_cpu(uint64_t pid, uint64_t start_time, uint64_t *ms)
{
    DWORD code;
    HANDLE process = table_open(&(struct entry){.pid = (DWORD)pid, .start = start_time}, 0, &code);
    if (!process)
        return false;
    *ms = table_cpu_ms(process);
    CloseHandle(process);
    return true;
}
