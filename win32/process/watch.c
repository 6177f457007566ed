/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One small thread waits for each child: it costs some memory and has none of the races that cancelling a wait of the
   system's thread pool has. */
#include "platform/clock.h"
#include "platform/process.h"
#include "platform/thread.h"
#include "win32/process/process.h"
#include "win32/winerror.h"

#include <stdatomic.h>

static void (*on_change)(void *context); /* set before the first thread */
static void *on_change_context;

#define INTERRUPT_MS 5000 /* that one may take from who sends it to the agent */

static atomic_uint running;
static atomic_llong interrupt_deadline_ms; /* of the program that ended last */

static void watch_main(void *context)
{
    HANDLE process = context;
    WaitForSingleObject(process, INFINITE);
    CloseHandle(process);
    atomic_store(&interrupt_deadline_ms, os_deadline(INTERRUPT_MS));
    atomic_fetch_sub(&running, 1);
    on_change(on_change_context);
}

int process_watch_exit(HANDLE process, struct error *err)
{
    HANDLE copy, self = GetCurrentProcess();
    if (!DuplicateHandle(self, process, self, &copy, SYNCHRONIZE, FALSE, 0))
        return windows_error(err, GetLastError(), "could not watch a child");
    atomic_fetch_add(&running, 1);
    int status = os_thread_start(watch_main, copy, err);
    if (status) {
        atomic_fetch_sub(&running, 1);
        CloseHandle(copy);
    }
    return status;
}

/* Survives an interrupt while a program of a host runs, or has just run. It may be that program's: tests send themselves
   one, which all get that share the console. */
static BOOL WINAPI survive_interrupt(DWORD event)
{
    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
        return FALSE;
    return atomic_load(&running) > 0 || os_time_left(atomic_load(&interrupt_deadline_ms)) > 0;
}

int os_process_unconfine(struct error *err)
{
    (void)err;
    return 0;
}

int os_process_watch(void (*changed)(void *context), void *context, struct error *err)
{
    on_change = changed;
    on_change_context = context;
    if (!SetConsoleCtrlHandler(survive_interrupt, TRUE))
        return windows_error(err, GetLastError(), "could not watch for interrupts");
    return 0;
}
