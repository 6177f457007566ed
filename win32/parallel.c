/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/parallel.h"

#include "platform/thread.h"

#include <process.h>
#include <stdatomic.h>
#include <windows.h>

#define STACK_SIZE (256 * 1024) /* bytes */

struct share {
    void (*work)(void *context, size_t index);
    void *context; /* borrowed */
    size_t count;
    atomic_size_t next;
};

static unsigned __stdcall take_pieces(void *argument)
{
    struct share *share = argument;
    for (size_t index; (index = atomic_fetch_add(&share->next, 1)) < share->count;)
        share->work(share->context, index);
    return 0;
}

void os_parallel(unsigned threads, size_t count, void (*work)(void *context, size_t index), void *context)
{
    struct share share = {.work = work, .context = context, .count = count};
    HANDLE helpers[OS_PARALLEL_MAX - 1];
    unsigned started = 0;
    if (threads == 0)
        threads = os_cpu_count();
    if (threads > count)
        threads = count ? (unsigned)count : 1;
    if (threads > OS_PARALLEL_MAX)
        threads = OS_PARALLEL_MAX;
    for (; started < threads - 1; started++) {
        helpers[started] =
            (HANDLE)_beginthreadex(NULL, STACK_SIZE, take_pieces, &share, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
        if (!helpers[started])
            break;
    }
    take_pieces(&share);
    for (unsigned i = 0; i < started; i++) {
        WaitForSingleObject(helpers[i], INFINITE);
        CloseHandle(helpers[i]);
    }
}
