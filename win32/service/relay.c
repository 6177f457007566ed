/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/service/relay.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "win32/user/session.h"
#include "win32/waker.h"

#include <stdatomic.h>
#include <stdio.h>

/* Handles have the same value in all that inherit them. */
struct link {
    uint64_t stop;            /* an event: the service control manager requested a stop */
    uint64_t replaced;        /* an event: `next` is the agent now */
    uint64_t first;           /* the first process; 0 until it is prepared */
    uint64_t next;            /* a process, a handle of the first one's */
    atomic_uint sessions;     /* counts their changes, of which the manager tells the first process */
    atomic_uint machine_ends; /* so does this; where older agents have nothing, as in what follows */
    uint64_t changed;         /* an event: `sessions` has changed */
};

static struct {
    HANDLE section;    /* NULL before the first upgrade */
    struct link *link; /* its view */
    bool is_first;
    bool is_adopted;         /* this process is the agent of a service that another one is for the manager */
    atomic_bool is_replaced; /* another is the agent */
    void (*stop)(void);      /* set before the thread that calls it */
} relay;

static HANDLE as_handle(uint64_t value)
{
    return (HANDLE)(uintptr_t)value;
}

static void relay_set_inherited(bool inherited)
{
    DWORD flag = inherited ? HANDLE_FLAG_INHERIT : 0;
    const HANDLE handles[] = {relay.section, as_handle(relay.link->stop), as_handle(relay.link->replaced),
                              as_handle(relay.link->first), as_handle(relay.link->changed)};
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++)
        SetHandleInformation(handles[i], HANDLE_FLAG_INHERIT, flag);
}

/* ---- the agent that is to be followed ---- */

static bool relay_make_link(void)
{
    HANDLE self = GetCurrentProcess(), copy = NULL;
    relay.section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof *relay.link, NULL);
    relay.link = relay.section ? MapViewOfFile(relay.section, FILE_MAP_WRITE, 0, 0, sizeof *relay.link) : NULL;
    if (!relay.link)
        return false;
    relay.link->stop = (uintptr_t)CreateEventW(NULL, TRUE, FALSE, NULL);
    relay.link->replaced = (uintptr_t)CreateEventW(NULL, FALSE, FALSE, NULL);
    relay.link->changed = (uintptr_t)CreateEventW(NULL, FALSE, FALSE, NULL);
    if (DuplicateHandle(self, self, self, &copy, PROCESS_DUP_HANDLE | SYNCHRONIZE, FALSE, 0))
        relay.link->first = (uintptr_t)copy;
    relay.is_first = relay.link->stop && relay.link->replaced && relay.link->first;
    return relay.is_first;
}

uint64_t relay_prepare(void)
{
    if ((!relay.section && !relay_make_link()) || !relay.link || !relay.link->first)
        return 0;
    relay_set_inherited(true);
    return (uintptr_t)relay.section;
}

void relay_cancel(void)
{
    if (relay.link)
        relay_set_inherited(false);
}

/* Waits for the end of the last agent and returns its exit code. */
static DWORD relay_wait_for_last(HANDLE agent)
{
    DWORD code = 1;
    for (;;) {
        const HANDLE handles[] = {as_handle(relay.link->replaced), agent};
        if (wait_for(handles, 2, OS_FOREVER) != 0)
            break;
        CloseHandle(agent);
        agent = as_handle(relay.link->next);
    }
    GetExitCodeProcess(agent, &code);
    return code;
}

/* Tells the first process of the next agent: it alone can wait for it once this one is gone. */
static void relay_notify_first(HANDLE next)
{
    HANDLE copy;
    if (!DuplicateHandle(GetCurrentProcess(), next, as_handle(relay.link->first), &copy, 0, FALSE,
                         DUPLICATE_SAME_ACCESS))
        return; /* the first process is gone */
    relay.link->next = (uintptr_t)copy;
    SetEvent(as_handle(relay.link->replaced));
}

bool relay_hand_over(HANDLE next, DWORD *exit_code)
{
    HANDLE copy, self = GetCurrentProcess();
    if (!relay.link)
        return false;
    if (!relay.is_first) {
        relay_notify_first(next);
        return false;
    }
    if (!DuplicateHandle(self, next, self, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS))
        return false;
    session_count_in(&relay.link->sessions);
    session_use_event(as_handle(relay.link->changed));
    atomic_store(&relay.is_replaced, true);
    *exit_code = relay_wait_for_last(copy);
    return true;
}

void relay_note_machine_ends(void)
{
    if (relay.link)
        atomic_store(&relay.link->machine_ends, 1);
}

bool relay_machine_ends(void)
{
    return relay.link && atomic_load(&relay.link->machine_ends);
}

bool relay_forward_stop(void)
{
    if (!atomic_load(&relay.is_replaced))
        return false;
    SetEvent(as_handle(relay.link->stop));
    return true;
}

/* ---- the next one ---- */

void relay_adopt(uint64_t handle)
{
    if (!handle)
        return;
    relay.section = as_handle(handle);
    relay.link = MapViewOfFile(relay.section, FILE_MAP_WRITE, 0, 0, sizeof *relay.link);
    if (!relay.link)
        return; /* it ends with the first process then */
    relay_set_inherited(false);
    session_count_in(&relay.link->sessions);
    if (relay.link->changed)
        session_use_event(as_handle(relay.link->changed));
    relay.is_adopted = true;
}

bool relay_is_adopted(void)
{
    return relay.is_adopted;
}

static void relay_wait_for_stop(void *context)
{
    (void)context;
    const HANDLE handles[] = {as_handle(relay.link->stop), as_handle(relay.link->first)};
    wait_for(handles, 2, OS_FOREVER); /* without the first process the manager starts another agent, on the same port */
    relay.stop();
}

int relay_watch_stop(void (*stop)(void), struct error *err)
{
    relay.stop = stop;
    return relay.link ? os_thread_start(relay_wait_for_stop, NULL, err) : 0;
}
