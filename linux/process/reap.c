/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/process/reap.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>

struct listed {
    pid_t pid;
    bool owned;
};

static pthread_mutex_t reap_lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows, and each waitpid() */
static struct listed *listed;
static size_t listed_count, listed_capacity;
static bool frozen;

/* Returns the entry of a pid, a new one if there is none, NULL without memory. The lock is held. */
static struct listed *reap_entry(pid_t pid)
{
    for (size_t i = 0; i < listed_count; i++)
        if (listed[i].pid == pid)
            return &listed[i];
    if (listed_count == listed_capacity) {
        size_t capacity = listed_capacity ? listed_capacity * 2 : 16;
        struct listed *grown = realloc(listed, capacity * sizeof *grown);
        if (!grown)
            return NULL;
        listed = grown;
        listed_capacity = capacity;
    }
    listed[listed_count] = (struct listed){.pid = pid};
    return &listed[listed_count++];
}

static void reap_list(pid_t pid, bool owned)
{
    pthread_mutex_lock(&reap_lock);
    struct listed *entry = reap_entry(pid);
    if (entry)
        entry->owned = owned;
    pthread_mutex_unlock(&reap_lock);
}

void reap_own(pid_t pid)
{
    reap_list(pid, true);
}

void reap_disown(pid_t pid)
{
    pthread_mutex_lock(&reap_lock);
    struct listed *entry = listed;
    while (entry < listed + listed_count && entry->pid != pid)
        entry++;
    if (entry < listed + listed_count)
        *entry = listed[--listed_count];
    pthread_mutex_unlock(&reap_lock);
}

void reap_later(pid_t pid)
{
    reap_list(pid, false);
    reap_abandoned(); /* it may have exited before it was listed */
}

void reap_abandoned(void)
{
    pthread_mutex_lock(&reap_lock);
    for (size_t i = listed_count; i-- > 0 && !frozen;)
        if (!listed[i].owned && waitpid(listed[i].pid, NULL, WNOHANG) != 0)
            listed[i] = listed[--listed_count];
    pthread_mutex_unlock(&reap_lock);
}

pid_t reap_one(pid_t pid, int *status)
{
    pthread_mutex_lock(&reap_lock);
    pid_t done = frozen ? 0 : waitpid(pid, status, WNOHANG);
    int code = errno;
    pthread_mutex_unlock(&reap_lock);
    errno = code;
    return done;
}

static void reap_set_frozen(bool value)
{
    pthread_mutex_lock(&reap_lock);
    frozen = value;
    pthread_mutex_unlock(&reap_lock);
}

void reap_freeze(void)
{
    reap_set_frozen(true);
}

void reap_thaw(void)
{
    reap_set_frozen(false);
    reap_abandoned(); /* of what has exited meanwhile the signals are gone */
}

void reap_save(struct buffer *out)
{
    pthread_mutex_lock(&reap_lock);
    for (size_t i = 0; i < listed_count; i++)
        buffer_printf(out, " %ld", (long)listed[i].pid);
    pthread_mutex_unlock(&reap_lock);
}

void reap_restore(const char *text)
{
    char *end;
    for (long pid; (pid = strtol(text, &end, 10)) > 1; text = end)
        reap_later((pid_t)pid);
}
