/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading /proc/PID/environ waits for the process's memory map, which a process can hold locked for ever (it waits for
   NFS, or for its own FUSE server). So one thread reads, and another watches it: one that makes no progress is left
   alone, that process is passed over, and a new thread reads. */
#include "linux/user/session_environment.h"
#include "linux/lookup.h"
#include "linux/proc.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STUCK_MS 500      /* without progress */
#define STUCK_MAX 16      /* processes that a thread waits for each; with so many nothing more is read */
#define COMPLETE_MS 5000  /* after it a complete environment is looked for anew, while it is used */
#define INCOMPLETE_MS 500 /* after it one without a display is looked for anew, and waited for */
#define NO_PROCESS (-1)

struct environment {
    long pid; /* who named the display; 0: nobody */
    unsigned long long start;
    bool complete; /* it names a display */
    unsigned serial;
    char note[300]; /* of this look */
    size_t len;
    char text[SESSION_ENVIRONMENT_MAX]; /* NUL after each variable */
};

/* ---- processes that are passed over ---- */

static pthread_mutex_t stuck_lock = PTHREAD_MUTEX_INITIALIZER;
static long stuck[STUCK_MAX]; /* under stuck_lock: the processes that a thread waits for; 0: free */

static bool stuck_replace(long pid, long by)
{
    size_t i = 0;
    pthread_mutex_lock(&stuck_lock);
    while (i < STUCK_MAX && stuck[i] != pid)
        i++;
    if (i < STUCK_MAX)
        stuck[i] = by;
    pthread_mutex_unlock(&stuck_lock);
    return i < STUCK_MAX;
}

static bool is_stuck(long pid)
{
    return stuck_replace(pid, pid);
}

static void stuck_add(long pid)
{
    stuck_replace(0, pid);
}

static void stuck_remove(long pid)
{
    stuck_replace(pid, 0);
}

static bool stuck_is_full(void)
{
    return !is_stuck(0);
}

static unsigned long long start_of(long pid)
{
    struct proc_stat info;
    return proc_stat_read((pid_t)pid, &info) ? info.start : 0;
}

/* ---- the thread that reads ---- */

struct reader {
    struct session_question question;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t ended;
    long pid;         /* being read; NO_PROCESS before the first */
    unsigned steps;   /* processes so far */
    bool done, alone; /* nobody watches it: it frees itself */
    struct environment found;
};

static void reader_free(struct reader *reader)
{
    pthread_cond_destroy(&reader->ended);
    pthread_mutex_destroy(&reader->lock);
    free(reader);
}

static bool reader_may_read(void *context, long pid)
{
    struct reader *reader = context;
    if (is_stuck(pid))
        return false;
    pthread_mutex_lock(&reader->lock);
    bool alone = reader->alone;
    if (!alone) { /* else it stays the one that is passed over, until this thread ends */
        reader->pid = pid;
        reader->steps++;
    }
    pthread_mutex_unlock(&reader->lock);
    return !alone;
}

static void environment_keep(struct environment *found, const struct strlist *list)
{
    found->complete = strlist_get(list, "DISPLAY") || strlist_get(list, "WAYLAND_DISPLAY");
    for (size_t i = 0; i < list->count; i++) {
        size_t size = strlen(list->items[i]) + 1;
        if (size > sizeof found->text - found->len)
            continue;
        memcpy(found->text + found->len, list->items[i], size);
        found->len += size;
    }
}

static void reader_look(struct reader *reader, struct environment *found)
{
    struct strlist list = {0};
    struct error err;
    const struct session_question *question = &reader->question;
    const struct login_search search = {.session = question->has_session ? &question->session : NULL,
                                        .user = question->rights.user,
                                        .root = question->root,
                                        .may_read = reader_may_read,
                                        .context = reader};
    if (question->as_user && rights_take(&question->rights, "the user", &err)) {
        snprintf(found->note, sizeof found->note, "the session's environment was not looked for: %.200s", err.text);
        return;
    }
    found->pid = login_environment(&search, &list);
    if (question->as_user)
        rights_give_back();
    found->start = found->pid ? start_of(found->pid) : 0;
    environment_keep(found, &list);
    strlist_deinit(&list);
}

static void reader_main(void *context)
{
    struct reader *reader = context;
    reader_look(reader, &reader->found);
    pthread_mutex_lock(&reader->lock);
    reader->done = true;
    bool alone = reader->alone;
    pthread_cond_signal(&reader->ended);
    pthread_mutex_unlock(&reader->lock);
    if (!alone)
        return;
    stuck_remove(reader->pid);
    reader_free(reader);
}

static struct reader *reader_new(const struct session_question *question)
{
    pthread_condattr_t attributes;
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return NULL;
    reader->question = *question;
    reader->pid = NO_PROCESS;
    pthread_mutex_init(&reader->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&reader->ended, &attributes);
    pthread_condattr_destroy(&attributes);
    return reader;
}

/* ---- the one that watches it ---- */

/* Waits until the reader is done. Returns false when it makes no progress: it is alone then, and *pid is the process. */
static bool reader_watch(struct reader *reader, long *pid)
{
    unsigned steps;
    pthread_mutex_lock(&reader->lock);
    do {
        struct timespec end;
        int code = 0;
        steps = reader->steps;
        clock_gettime(CLOCK_MONOTONIC, &end);
        end.tv_nsec += STUCK_MS / 2 * 1000000L; /* it may have begun with the process in between */
        end.tv_sec += end.tv_nsec / 1000000000L;
        end.tv_nsec %= 1000000000L;
        while (!reader->done && code == 0)
            code = pthread_cond_timedwait(&reader->ended, &reader->lock, &end);
    } while (!reader->done && reader->steps != steps);
    bool done = reader->done;
    reader->alone = !done;
    *pid = reader->pid;
    if (!done)
        stuck_add(*pid);
    pthread_mutex_unlock(&reader->lock);
    return done;
}

static void note_stuck(struct environment *found, long pid)
{
    struct proc_stat info = {.name = "?"};
    if (pid < 0) {
        snprintf(found->note, sizeof found->note,
                 "the user's runtime folder does not let itself be looked at within %d ms: it is passed over",
                 STUCK_MS);
        return;
    }
    proc_stat_read((pid_t)pid, &info);
    snprintf(found->note, sizeof found->note,
             "process %ld (%s) does not let its environment be read within %d ms: it is passed over", pid, info.name,
             STUCK_MS);
}

/* Reads once. Returns false when it should be tried again, without the process that it got stuck with. */
static bool environment_try(const struct session_question *question, struct environment *found)
{
    long pid;
    struct reader *reader = reader_new(question);
    struct error err;
    if (!reader || os_thread_start(reader_main, reader, &err)) {
        snprintf(found->note, sizeof found->note, "the session's environment was not looked for: no thread or memory");
        if (reader)
            reader_free(reader);
        return true;
    }
    if (!reader_watch(reader, &pid)) {
        note_stuck(found, pid);
        return false;
    }
    char note[sizeof found->note];
    memcpy(note, found->note, sizeof note);
    *found = reader->found;
    if (!*found->note)
        memcpy(found->note, note, sizeof note);
    reader_free(reader);
    return true;
}

static void environment_look(const void *question, void *answer)
{
    static atomic_uint serial;
    struct environment *found = answer;
    bool done = false;
    while (!done && !stuck_is_full())
        done = environment_try(question, found);
    if (!done && !*found->note)
        snprintf(found->note, sizeof found->note,
                 "the session's environment was not looked for: %d processes do not let theirs be read", STUCK_MAX);
    found->serial = atomic_fetch_add(&serial, 1) + 1;
}

static enum lookup_age environment_age(const void *answer, int64_t age_ms)
{
    const struct environment *found = answer;
    if (!found->complete || !found->pid || start_of(found->pid) != found->start)
        return age_ms < INCOMPLETE_MS ? LOOKUP_FRESH : LOOKUP_STALE;
    return age_ms < COMPLETE_MS ? LOOKUP_FRESH : LOOKUP_AGING;
}

int session_environment(const struct session_question *question, struct strlist *out, char *note, size_t note_size,
                        struct error *err)
{
    static struct lookup_cache cache = {.question_size = sizeof *question,
                                        .size = sizeof(struct environment),
                                        .look = environment_look,
                                        .age = environment_age,
                                        .patience_ms = SESSION_ENVIRONMENT_MS,
                                        .lock = PTHREAD_MUTEX_INITIALIZER};
    static atomic_uint noted;
    char key[LOOKUP_KEY_SIZE];
    *note = 0;
    struct environment *found = calloc(1, sizeof *found);
    if (!found)
        return error_set(err, ERR_NO_MEMORY, "no memory for an environment");
    snprintf(key, sizeof key, "the environment of user %lu%s%s%s%s", (unsigned long)question->rights.user,
             question->has_session ? " in session " : "", question->has_session ? question->session.id : "",
             question->has_session ? " on " : "", question->has_session ? question->session.terminal : "");
    int status = lookup_get(&cache, key, question, found, err);
    for (const char *at = found->text; status >= 0 && at < found->text + found->len; at += strlen(at) + 1)
        strlist_add(out, at);
    if (status >= 0 && found->serial != atomic_exchange(&noted, found->serial))
        snprintf(note, note_size, "%s", found->note);
    if (status == LOOKUP_OLD)
        status = error_set(err, ERR_TIMEOUT, "%s could not be looked for again: an older one is used", key);
    free(found);
    return status;
}
