/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system's processes by a snapshot, and their windows. No job object marks a tree, since a test could see that. What
   has lost its parent can't be distinguished from others, unless that parent is one that was ended here. */
#include "platform/process_table.h"
#include "win32/system.h"
#include "win32/process.h"
#include "win32/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <tlhelp32.h>

#define PROCESSES_MAX 8192 /* below OS_PROCESS_TABLE_MAX: names take much memory */
#define KILLED_STATUS 257  /* as winetest.exe has it */

struct entry {
    DWORD pid, parent, threads;
    uint64_t start; /* once looked up; 0 when it can't be known, or the process has ended */
    wchar_t name[MAX_PATH];
    bool looked_up;
};

struct os_process_table {
    size_t count;
    struct entry all[PROCESSES_MAX];
};

const size_t os_process_table_size = sizeof(struct os_process_table);

size_t os_process_table_look(struct os_process_table *table)
{
    PROCESSENTRY32W info = {.dwSize = sizeof info};
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    table->count = 0;
    if (snapshot == INVALID_HANDLE_VALUE)
        return 0;
    for (BOOL more = Process32FirstW(snapshot, &info); more && table->count < PROCESSES_MAX;
         more = Process32NextW(snapshot, &info)) {
        struct entry *entry = &table->all[table->count++];
        *entry =
            (struct entry){.pid = info.th32ProcessID, .parent = info.th32ParentProcessID, .threads = info.cntThreads};
        wcsncpy(entry->name, info.szExeFile, MAX_PATH - 1);
    }
    CloseHandle(snapshot);
    return table->count;
}

uint64_t os_process_table_pid(const struct os_process_table *table, size_t index)
{
    return table->all[index].pid;
}

/* Opens a process, unless its pid has gone to another. */
static HANDLE table_open(const struct entry *entry, DWORD access)
{
    HANDLE process = OpenProcess(access | PROCESS_QUERY_INFORMATION | SYNCHRONIZE, FALSE, entry->pid);
    if (process && entry->start && process_start_time(process) != entry->start) {
        CloseHandle(process);
        return NULL;
    }
    return process;
}

/* Finds the start time of one that runs. Opening every process of the system is dear: only those that may matter. */
static uint64_t table_look_up(struct entry *entry)
{
    if (!entry->looked_up) {
        HANDLE process = table_open(entry, 0);
        entry->looked_up = true;
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

bool os_process_table_is_child(struct os_process_table *table, size_t index, const struct os_process_id *parent)
{
    struct entry *entry = &table->all[index];
    if (entry->parent != parent->pid || entry->pid == parent->pid)
        return false;
    uint64_t start = table_look_up(entry);
    return start && start >= parent->start;
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

void os_process_table_describe(struct os_process_table *table, size_t index, struct os_process_info *info)
{
    const struct entry *entry = &table->all[index];
    HANDLE process = table_open(entry, 0);
    int bits = process ? process_bits(process) : 0;
    if (process)
        CloseHandle(process);
    *info = (struct os_process_info){.pid = entry->pid, .parent = entry->parent};
    utf8_copy(info->name, sizeof info->name, entry->name);
    int len = bits ? snprintf(info->state, sizeof info->state, "%d-bit, ", bits) : 0;
    snprintf(info->state + len, sizeof info->state - (size_t)len, "%lu thread%s", entry->threads,
             entry->threads == 1 ? "" : "s");
}

struct asking {
    const struct os_process_table *table;
    const bool *members;
    size_t asked; /* windows */
};

static BOOL CALLBACK table_ask_window(HWND window, LPARAM argument)
{
    struct asking *asking = (struct asking *)argument;
    DWORD pid;
    GetWindowThreadProcessId(window, &pid);
    for (size_t i = 0; i < asking->table->count; i++)
        if (asking->members[i] && asking->table->all[i].pid == pid && PostMessageW(window, WM_CLOSE, 0, 0))
            asking->asked++;
    return TRUE;
}

size_t os_process_table_ask(struct os_process_table *table, const bool *members)
{
    struct asking asking = {table, members, 0};
    EnumWindows(table_ask_window, (LPARAM)&asking);
    return asking.asked;
}

void os_process_table_kill(struct os_process_table *table, size_t index)
{
    HANDLE process = table_open(&table->all[index], PROCESS_TERMINATE);
    if (!process)
        return;
    TerminateProcess(process, KILLED_STATUS);
    CloseHandle(process);
}

bool os_process_name(uint64_t pid, char name[OS_PROCESS_NAME_SIZE])
{
    PROCESSENTRY32W info = {.dwSize = sizeof info};
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
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
