/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One small thread waits for each child: it costs some memory and has none of the races that cancelling a wait of the
   system's thread pool has. */
#include "platform/process.h"
#include "platform/thread.h"
#include "win32/process.h"
#include "win32/winerror.h"

static void (*on_change)(void *context); /* set before the first thread */
static void *on_change_context;

static void watch_main(void *context)
{
    HANDLE process = context;
    WaitForSingleObject(process, INFINITE);
    CloseHandle(process);
    on_change(on_change_context);
}

int process_watch_exit(HANDLE process, struct error *err)
{
    HANDLE copy, self = GetCurrentProcess();
    if (!DuplicateHandle(self, process, self, &copy, SYNCHRONIZE, FALSE, 0))
        return windows_error(err, GetLastError(), "could not watch a child");
    int status = os_thread_start(watch_main, copy, err);
    if (status)
        CloseHandle(copy);
    return status;
}

int os_process_unconfine(struct error *err)
{
    (void)err;
    return 0;
}

int os_process_watch(void (*changed)(void *context), void *context, struct error *err)
{
    (void)err;
    on_change = changed;
    on_change_context = context;
    return 0;
}
