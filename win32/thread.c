/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/thread.h"
#include "platform/clock.h"
#include "win32/waker.h"
#include "win32/winerror.h"

#include <process.h>
#include <stdio.h>
#include <stdlib.h>

#define STEP_MS 0x40000000      /* below INFINITE */
#define STACK_SIZE (256 * 1024) /* bytes reserved; only what is touched becomes memory */

struct start {
    void (*main)(void *context);
    void *context;
};

static unsigned __stdcall thread_main(void *argument)
{
    struct start start = *(struct start *)argument;
    free(argument);
    start.main(start.context);
    return 0;
}

static int thread_create(HANDLE *thread, void (*main)(void *context), void *context, struct error *err)
{
    struct start *start = malloc(sizeof *start);
    if (!start)
        return error_set(err, ERR_NO_MEMORY, "no memory to start a thread");
    *start = (struct start){main, context};
    *thread = (HANDLE)_beginthreadex(NULL, STACK_SIZE, thread_main, start, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (*thread)
        return 0;
    int status = windows_error(err, GetLastError(), "could not start a thread");
    free(start);
    return status;
}

int os_thread_start(void (*main)(void *context), void *context, struct error *err)
{
    HANDLE thread;
    int status = thread_create(&thread, main, context, err);
    if (status == 0)
        CloseHandle(thread);
    return status;
}

struct os_thread {
    HANDLE handle; /* owned */
};

int os_thread_start_joinable(struct os_thread **out, void (*main)(void *context), void *context, struct error *err)
{
    struct os_thread *thread = malloc(sizeof *thread);
    *out = NULL;
    if (!thread)
        return error_set(err, ERR_NO_MEMORY, "no memory to start a thread");
    int status = thread_create(&thread->handle, main, context, err);
    if (status)
        free(thread);
    else
        *out = thread;
    return status;
}

void os_thread_join(struct os_thread *thread)
{
    WaitForSingleObject(thread->handle, INFINITE);
    CloseHandle(thread->handle);
    free(thread);
}

unsigned os_cpu_count(void)
{
    DWORD_PTR process, system;
    unsigned count = 0;
    if (GetProcessAffinityMask(GetCurrentProcess(), &process, &system))
        for (; process; process &= process - 1)
            count++;
    return count ? count : 1;
}

struct os_mutex {
    CRITICAL_SECTION section;
};

static void *thread_allocate(size_t size)
{
    void *memory = malloc(size);
    if (!memory) { /* while the program starts, or a picture is made */
        fputs("no memory for a lock\n", stderr);
        exit(1);
    }
    return memory;
}

struct os_mutex *os_mutex_new(void)
{
    struct os_mutex *mutex = thread_allocate(sizeof *mutex);
    InitializeCriticalSection(&mutex->section);
    return mutex;
}

void os_mutex_free(struct os_mutex *mutex)
{
    if (mutex)
        DeleteCriticalSection(&mutex->section);
    free(mutex);
}

void os_mutex_lock(struct os_mutex *mutex)
{
    EnterCriticalSection(&mutex->section);
}

void os_mutex_unlock(struct os_mutex *mutex)
{
    LeaveCriticalSection(&mutex->section);
}

struct waiting {
    HANDLE told; /* NULL without memory: it looks again and again */
    struct waiting *next;
};

/* Each who waits has an event of its own, which nobody who comes later can take away: Windows XP has no condition variables. */
struct os_condition {
    CRITICAL_SECTION section; /* of the list */
    struct waiting *all;
};

struct os_condition *os_condition_new(void)
{
    struct os_condition *condition = thread_allocate(sizeof *condition);
    InitializeCriticalSection(&condition->section);
    condition->all = NULL;
    return condition;
}

void os_condition_free(struct os_condition *condition)
{
    if (condition)
        DeleteCriticalSection(&condition->section);
    free(condition);
}

static void condition_leave(struct os_condition *condition, const struct waiting *who)
{
    struct waiting **link = &condition->all;
    EnterCriticalSection(&condition->section);
    while (*link && *link != who)
        link = &(*link)->next;
    if (*link)
        *link = who->next;
    LeaveCriticalSection(&condition->section);
}

void os_condition_wait(struct os_condition *condition, struct os_mutex *mutex)
{
    struct waiting waiting = {.told = CreateEventW(NULL, TRUE, FALSE, NULL)};
    EnterCriticalSection(&condition->section);
    waiting.next = condition->all;
    condition->all = &waiting;
    LeaveCriticalSection(&condition->section);
    os_mutex_unlock(mutex);
    if (waiting.told)
        WaitForSingleObject(waiting.told, INFINITE);
    else
        Sleep(1);
    condition_leave(condition, &waiting);
    os_mutex_lock(mutex);
    if (waiting.told)
        CloseHandle(waiting.told);
}

void os_condition_tell(struct os_condition *condition)
{
    EnterCriticalSection(&condition->section);
    for (const struct waiting *waiting = condition->all; waiting; waiting = waiting->next)
        if (waiting->told)
            SetEvent(waiting->told);
    LeaveCriticalSection(&condition->section);
}

int wait_for(const HANDLE *handles, unsigned count, int64_t deadline_ms)
{
    for (;;) {
        int64_t left = os_time_left(deadline_ms);
        DWORD step = left == OS_FOREVER ? INFINITE : left > STEP_MS ? STEP_MS : (DWORD)left;
        DWORD result = WaitForMultipleObjects(count, handles, FALSE, step);
        if (result < WAIT_OBJECT_0 + count)
            return (int)(result - WAIT_OBJECT_0);
        if (result == WAIT_FAILED)
            abort(); /* a handle that is none: our own mistake, and going on would spin */
        if (os_time_left(deadline_ms) == 0)
            return WAIT_NONE;
    }
}

int os_waker_new(struct os_waker **out, struct error *err)
{
    struct os_waker *waker = malloc(sizeof *waker);
    *out = NULL;
    if (!waker)
        return error_set(err, ERR_NO_MEMORY, "no memory to wait");
    waker->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!waker->event) {
        int status = windows_error(err, GetLastError(), "could not wait");
        free(waker);
        return status;
    }
    *out = waker;
    return 0;
}

void os_waker_free(struct os_waker *waker)
{
    if (!waker)
        return;
    CloseHandle(waker->event);
    free(waker);
}

void os_waker_set(struct os_waker *waker)
{
    SetEvent(waker->event);
}

void os_waker_clear(struct os_waker *waker)
{
    ResetEvent(waker->event);
}

bool os_waker_wait(struct os_waker *waker, int64_t deadline_ms)
{
    return wait_for(&waker->event, 1, deadline_ms) != WAIT_NONE;
}
