/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/service/keeper.h"
#include "platform/clock.h"
#include "platform/service.h"
#include "platform/thread.h"
#include "win32/service.h"
#include "win32/service/session.h"
#include "win32/process/wait.h"

#include <stdatomic.h>
#include <stdio.h>

/* Handles have the same value in all that inherit them. */
struct link {
    uint64_t stop;        /* an event: the manager wants an end */
    uint64_t replaced;    /* an event: `next` is the agent now */
    uint64_t keeper;      /* the first process; 0 until it is prepared */
    uint64_t next;        /* a process, a handle of the first one's */
    atomic_uint sessions; /* counts their changes, of which the manager tells the first process */
};

static struct {
    HANDLE section;    /* NULL before the first upgrade */
    struct link *link; /* its view */
    bool is_first;
    atomic_bool keeps; /* another is the agent */
} keeper;

static HANDLE as_handle(uint64_t value)
{
    return (HANDLE)(uintptr_t)value;
}

static void set_inherited(bool inherited)
{
    DWORD flag = inherited ? HANDLE_FLAG_INHERIT : 0;
    const HANDLE handles[] = {keeper.section, as_handle(keeper.link->stop), as_handle(keeper.link->replaced),
                              as_handle(keeper.link->keeper)};
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++)
        SetHandleInformation(handles[i], HANDLE_FLAG_INHERIT, flag);
}

/* ---- the agent that is to be followed ---- */

static bool make_link(void)
{
    HANDLE self = GetCurrentProcess(), copy = NULL;
    keeper.section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof *keeper.link, NULL);
    keeper.link = keeper.section ? MapViewOfFile(keeper.section, FILE_MAP_WRITE, 0, 0, sizeof *keeper.link) : NULL;
    if (!keeper.link)
        return false;
    keeper.link->stop = (uintptr_t)CreateEventW(NULL, TRUE, FALSE, NULL);
    keeper.link->replaced = (uintptr_t)CreateEventW(NULL, FALSE, FALSE, NULL);
    if (DuplicateHandle(self, self, self, &copy, PROCESS_DUP_HANDLE | SYNCHRONIZE, FALSE, 0))
        keeper.link->keeper = (uintptr_t)copy;
    keeper.is_first = keeper.link->stop && keeper.link->replaced && keeper.link->keeper;
    return keeper.is_first;
}

uint64_t keeper_prepare(void)
{
    if (!os_service_is_one() || (!keeper.section && !make_link()) || !keeper.link || !keeper.link->keeper)
        return 0;
    set_inherited(true);
    return (uintptr_t)keeper.section;
}

void keeper_cancel(void)
{
    if (keeper.link)
        set_inherited(false);
}

/* Until the last of the agents has ended; with its exit code. */
static DWORD keep(HANDLE agent)
{
    DWORD code = 1;
    for (;;) {
        const HANDLE handles[] = {as_handle(keeper.link->replaced), agent};
        if (wait_for(handles, 2, OS_FOREVER) != 0)
            break;
        CloseHandle(agent);
        agent = as_handle(keeper.link->next);
    }
    GetExitCodeProcess(agent, &code);
    return code;
}

/* To the first process, which alone can wait for it once this one is gone. */
static void tell_keeper(HANDLE next)
{
    HANDLE copy;
    if (!DuplicateHandle(GetCurrentProcess(), next, as_handle(keeper.link->keeper), &copy, 0, FALSE,
                         DUPLICATE_SAME_ACCESS))
        return; /* the keeper is gone, and nobody to tell */
    keeper.link->next = (uintptr_t)copy;
    SetEvent(as_handle(keeper.link->replaced));
}

void keeper_hand_on(HANDLE next)
{
    HANDLE copy, self = GetCurrentProcess();
    if (!keeper.link)
        return;
    if (!keeper.is_first) {
        tell_keeper(next);
    } else if (DuplicateHandle(self, next, self, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS)) {
        session_count_in(&keeper.link->sessions);
        atomic_store(&keeper.keeps, true);
        service_end(keep(copy));
    }
}

bool keeper_pass_stop(void)
{
    if (!atomic_load(&keeper.keeps))
        return false;
    SetEvent(as_handle(keeper.link->stop));
    return true;
}

/* ---- the next one ---- */

void keeper_adopt(uint64_t handle)
{
    if (!handle)
        return;
    keeper.section = as_handle(handle);
    keeper.link = MapViewOfFile(keeper.section, FILE_MAP_WRITE, 0, 0, sizeof *keeper.link);
    if (!keeper.link)
        return; /* it ends with the first process then */
    set_inherited(false);
    session_count_in(&keeper.link->sessions);
    service_is_adopted();
}

static void wait_for_stop(void *context)
{
    (void)context;
    const HANDLE handles[] = {as_handle(keeper.link->stop), as_handle(keeper.link->keeper)};
    wait_for(handles, 2, OS_FOREVER); /* without the first process the manager starts another agent, on the same port */
    service_stop();
}

void keeper_watch(void)
{
    struct error err;
    if (keeper.link && os_thread_start(wait_for_stop, NULL, &err))
        os_service_failed(err.text);
}
