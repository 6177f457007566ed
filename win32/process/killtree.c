/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ends a child with all it started: those whose parent is in the tree and older than they are. No job object, since a
   test could see that. What has lost its parent can't be told from others, unless that parent is one that was ended
   here. */
#include "platform/clock.h"
#include "win32/bits.h"
#include "win32/process.h"
#include "win32/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <tlhelp32.h>

#define PROCESSES_MAX 8192
#define POLL_MS 20
#define KILL_MS 3000      /* how long what is ended may take; one in a driver's call takes for ever */
#define KILLED_STATUS 257 /* as winetest.exe has it */
#define NAME_SIZE OS_PROCESS_NAME_SIZE

struct entry {
    struct process_identity id;
    DWORD parent, threads;
    wchar_t name[MAX_PATH];
    bool member, looked_up;
};

struct tree {
    struct entry *all; /* owned, PROCESSES_MAX */
    size_t count;
    struct process_identity root;
    struct process_identity *listed; /* owned: those already told of */
    size_t listed_count;
    size_t asked; /* windows */
};

/* ---- looking ---- */

static void take_snapshot(struct tree *tree)
{
    PROCESSENTRY32W info = {.dwSize = sizeof info};
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    tree->count = 0;
    if (snapshot == INVALID_HANDLE_VALUE)
        return;
    for (BOOL more = Process32FirstW(snapshot, &info); more && tree->count < PROCESSES_MAX;
         more = Process32NextW(snapshot, &info)) {
        struct entry *entry = &tree->all[tree->count++];
        *entry = (struct entry){
            .id = {info.th32ProcessID, 0}, .parent = info.th32ParentProcessID, .threads = info.cntThreads};
        wcsncpy(entry->name, info.szExeFile, MAX_PATH - 1);
    }
    CloseHandle(snapshot);
}

static HANDLE open_entry(const struct entry *entry, DWORD access)
{
    HANDLE process = OpenProcess(access | PROCESS_QUERY_INFORMATION | SYNCHRONIZE, FALSE, entry->id.pid);
    if (process && entry->id.start && process_start_time(process) != entry->id.start) {
        CloseHandle(process); /* its pid has gone to another */
        return NULL;
    }
    return process;
}

/* Opening every process of the system is dear: only those that may matter. */
static bool look_up(struct entry *entry)
{
    if (!entry->looked_up) {
        HANDLE process = open_entry(entry, 0);
        entry->looked_up = true;
        if (process) {
            if (WaitForSingleObject(process, 0) != WAIT_OBJECT_0)
                entry->id.start = process_start_time(process);
            CloseHandle(process);
        }
    }
    return entry->id.start != 0;
}

static bool is_child_of(struct entry *entry, const struct process_identity *parent)
{
    return entry->parent == parent->pid && entry->id.pid != parent->pid && look_up(entry) &&
           entry->id.start >= parent->start;
}

static bool pid_was_reused(struct tree *tree, const struct process_identity *id)
{
    for (size_t i = 0; i < tree->count; i++)
        if (tree->all[i].id.pid == id->pid)
            return look_up(&tree->all[i]) && tree->all[i].id.start != id->start;
    return false;
}

/* Those ended here count as parents although they are gone. The root's pid is held by its handle. */
static bool is_child(struct tree *tree, struct entry *entry)
{
    if (is_child_of(entry, &tree->root))
        return true;
    for (size_t i = 0; i < tree->listed_count; i++)
        if (is_child_of(entry, &tree->listed[i]) && !pid_was_reused(tree, &tree->listed[i]))
            return true;
    for (size_t i = 0; i < tree->count; i++)
        if (tree->all[i].member && is_child_of(entry, &tree->all[i].id))
            return true;
    return false;
}

/* The window of a child's console is its child too, and ends by itself with the last program in it. */
static bool is_console(const struct entry *entry)
{
    return _wcsicmp(entry->name, L"conhost.exe") == 0;
}

/* The number of live members. */
static size_t tree_look(struct tree *tree)
{
    size_t live = 0;
    bool grew = true;
    take_snapshot(tree);
    for (size_t i = 0; i < tree->count; i++) {
        struct entry *entry = &tree->all[i];
        entry->member = entry->id.pid == tree->root.pid && look_up(entry) && entry->id.start == tree->root.start;
    }
    while (grew) {
        grew = false;
        for (size_t i = 0; i < tree->count; i++)
            if (!tree->all[i].member && is_child(tree, &tree->all[i]))
                grew = tree->all[i].member = true;
    }
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->all[i].id.pid == GetCurrentProcessId() || is_console(&tree->all[i]))
            tree->all[i].member = false;
        live += tree->all[i].member;
    }
    return live;
}

/* ---- ending ---- */

static void tell(struct tree *tree, const struct entry *entry, struct strlist *killed)
{
    char name[NAME_SIZE];
    for (size_t i = 0; i < tree->listed_count; i++)
        if (tree->listed[i].pid == entry->id.pid && tree->listed[i].start == entry->id.start)
            return;
    if (tree->listed_count == PROCESSES_MAX)
        return;
    tree->listed[tree->listed_count++] = entry->id;
    utf8_copy(name, sizeof name, entry->name);
    strlist_addf(killed, "%lu %s", entry->id.pid, name);
}

static BOOL CALLBACK ask_window(HWND window, LPARAM argument)
{
    struct tree *tree = (struct tree *)argument;
    DWORD pid;
    GetWindowThreadProcessId(window, &pid);
    for (size_t i = 0; i < tree->count; i++)
        if (tree->all[i].member && tree->all[i].id.pid == pid && PostMessageW(window, WM_CLOSE, 0, 0))
            tree->asked++;
    return TRUE;
}

static void terminate_all(struct tree *tree, struct strlist *killed)
{
    for (size_t i = 0; i < tree->count; i++) {
        if (!tree->all[i].member)
            continue;
        tell(tree, &tree->all[i], killed);
        HANDLE process = open_entry(&tree->all[i], PROCESS_TERMINATE);
        if (process) {
            TerminateProcess(process, KILLED_STATUS);
            CloseHandle(process);
        }
    }
}

static bool tree_gone_by(struct tree *tree, int64_t deadline_ms)
{
    while (tree_look(tree)) {
        if (os_time_left(deadline_ms) == 0)
            return false;
        os_sleep_ms(POLL_MS);
    }
    return true;
}

static int tree_end(struct tree *tree, int grace_ms, struct strlist *killed, struct error *err)
{
    char name[NAME_SIZE];
    if (!tree_look(tree))
        return 0;
    for (size_t i = 0; i < tree->count; i++)
        if (tree->all[i].member)
            tell(tree, &tree->all[i], killed);
    if (grace_ms > 0) {
        EnumWindows(ask_window, (LPARAM)tree);
        if (tree->asked > 0 && tree_gone_by(tree, os_deadline(grace_ms))) /* what was not asked needs no time */
            return 0;
    }
    int64_t deadline = os_deadline(KILL_MS);
    do { /* again and again: what is being ended may still be starting others */
        terminate_all(tree, killed);
        if (tree_gone_by(tree, os_deadline(POLL_MS)))
            return 0;
    } while (os_time_left(deadline));
    for (size_t i = 0; i < tree->count; i++)
        if (tree->all[i].member) {
            utf8_copy(name, sizeof name, tree->all[i].name);
            return error_set(err, ERR_TIMEOUT, "the %lu process (%s) does not end even by TerminateProcess",
                             tree->all[i].id.pid, name);
        }
    return 0;
}

static int tree_init(struct tree *tree, const struct os_process *process, struct error *err)
{
    *tree = (struct tree){.root = process_identity(process)};
    tree->all = calloc(PROCESSES_MAX, sizeof *tree->all);
    tree->listed = calloc(PROCESSES_MAX, sizeof *tree->listed);
    return tree->all && tree->listed ? 0 : error_set(err, ERR_NO_MEMORY, "no memory to list the processes");
}

static void tree_deinit(struct tree *tree)
{
    free(tree->all);
    free(tree->listed);
}

int os_process_kill_tree(struct os_process *process, int grace_ms, struct strlist *killed, struct error *err)
{
    struct tree tree;
    int status = tree_init(&tree, process, err);
    if (status == 0)
        status = tree_end(&tree, grace_ms, killed, err);
    tree_deinit(&tree);
    return status;
}

/* ---- telling ---- */

static void describe(struct os_process_info *info, const struct entry *entry)
{
    HANDLE process = open_entry(entry, 0);
    int bits = process ? process_bits(process) : 0;
    if (process)
        CloseHandle(process);
    *info = (struct os_process_info){.pid = entry->id.pid, .parent = entry->parent};
    utf8_copy(info->name, sizeof info->name, entry->name);
    int len = bits ? snprintf(info->state, sizeof info->state, "%d-bit, ", bits) : 0;
    snprintf(info->state + len, sizeof info->state - (size_t)len, "%lu thread%s", entry->threads,
             entry->threads == 1 ? "" : "s");
}

int os_process_tree(const struct os_process *process, struct os_process_info **out, size_t *count, struct error *err)
{
    struct tree tree;
    *out = NULL;
    *count = 0;
    int status = tree_init(&tree, process, err);
    if (status == 0) {
        *out = calloc(tree_look(&tree) + 1, sizeof **out);
        status = *out ? 0 : error_set(err, ERR_NO_MEMORY, "no memory to list the processes");
    }
    for (size_t i = 0; *out && i < tree.count; i++)
        if (tree.all[i].member)
            describe(&(*out)[(*count)++], &tree.all[i]);
    tree_deinit(&tree);
    return status;
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
