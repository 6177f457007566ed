/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/say.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAY_MS 500
#define SAY_POLL_MS 1

struct saying {
    atomic_int users; /* the last of the two threads frees it */
    atomic_bool done;
    int stream;
    char text[SAY_SIZE];
};

static void saying_release(struct saying *saying)
{
    if (atomic_fetch_sub(&saying->users, 1) == 1)
        free(saying);
}

static void say_main(void *context)
{
    struct saying *saying = context;
    os_standard_write(saying->stream, saying->text, strlen(saying->text));
    atomic_store(&saying->done, true);
    saying_release(saying);
}

/* Begins to write in another thread. Returns NULL without memory or a thread. */
static struct saying *say_begin(int stream, const char *text)
{
    struct saying *saying = calloc(1, sizeof *saying);
    if (!saying)
        return NULL;
    atomic_init(&saying->users, 2);
    saying->stream = stream;
    snprintf(saying->text, sizeof saying->text, "%s", text);
    if (os_thread_start(say_main, saying, NULL)) {
        free(saying);
        return NULL;
    }
    return saying;
}

void say(int stream, const char *text)
{
    int64_t deadline = os_deadline(SAY_MS);
    struct saying *saying = say_begin(stream, text);
    if (!saying) {
        os_standard_try_write(stream, text, strnlen(text, SAY_SIZE - 1));
        return;
    }
    while (!atomic_load(&saying->done) && os_time_left(deadline))
        os_sleep_ms(SAY_POLL_MS);
    saying_release(saying);
}
