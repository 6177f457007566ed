/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/lookup.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct job {
    struct lookup_cache *cache;
    struct lookup_entry *entry; /* its own while entry->looking is this job */
    void *question, *answer;    /* owned */
};

/* Makes what is waited on, which no initializer can: deadlines are monotonic. The lock is held. */
static void make_ready(struct lookup_cache *cache)
{
    pthread_condattr_t attributes;
    if (cache->ready)
        return;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&cache->ended, &attributes);
    pthread_condattr_destroy(&attributes);
    cache->ready = true;
}

static void job_free(struct job *job)
{
    if (!job)
        return;
    free(job->question);
    free(job->answer);
    free(job);
}

static struct job *job_new(struct lookup_cache *cache, struct lookup_entry *entry, const void *question)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    *job = (struct job){cache, entry, malloc(cache->question_size), calloc(1, cache->size)};
    if (!job->question || !job->answer) {
        job_free(job);
        return NULL;
    }
    memcpy(job->question, question, cache->question_size);
    return job;
}

static void job_main(void *context)
{
    struct job *job = context;
    struct lookup_cache *cache = job->cache;
    struct lookup_entry *entry = job->entry;
    cache->look(job->question, job->answer);
    pthread_mutex_lock(&cache->lock);
    void *older = entry->answer;
    entry->answer = job->answer;
    job->answer = older;
    entry->made++;
    entry->made_ms = os_clock_ms();
    entry->looking = NULL;
    pthread_cond_broadcast(&cache->ended);
    pthread_mutex_unlock(&cache->lock);
    job_free(job);
}

/* Returns the key's entry, or else the free or the oldest one for it; NULL while a look-up is under way for each. */
static struct lookup_entry *find_entry(struct lookup_cache *cache, const char *key)
{
    struct lookup_entry *oldest = NULL;
    for (struct lookup_entry *entry = cache->entries; entry < cache->entries + LOOKUP_ENTRIES; entry++) {
        if (strcmp(entry->key, key) == 0)
            return entry;
        if (!entry->looking && (!oldest || entry->made_ms < oldest->made_ms))
            oldest = entry;
    }
    if (oldest) {
        free(oldest->answer);
        *oldest = (struct lookup_entry){.answer = NULL};
        snprintf(oldest->key, sizeof oldest->key, "%s", key);
    }
    return oldest;
}

/* Starts a look-up. Where no thread can be had the calling one does it. The lock is held, and released meanwhile. */
static int lookup_start(struct lookup_cache *cache, struct lookup_entry *entry, const void *question, struct error *err)
{
    struct job *job = job_new(cache, entry, question);
    if (!job)
        return error_set(err, ERR_NO_MEMORY, "no memory to look up %s", entry->key);
    entry->looking = job;
    entry->started_ms = os_clock_ms();
    if (os_thread_start(job_main, job, NULL) == 0)
        return 0;
    pthread_mutex_unlock(&cache->lock);
    job_main(job);
    pthread_mutex_lock(&cache->lock);
    return 0;
}

/* Waits for the end of the look-up that is under way. The lock is held, and released meanwhile. */
static void lookup_wait(struct lookup_cache *cache, const struct lookup_entry *entry)
{
    const void *job = entry->looking;
    int64_t end_ms = entry->started_ms + cache->patience_ms;
    struct timespec end = {.tv_sec = (time_t)(end_ms / 1000), .tv_nsec = (long)(end_ms % 1000) * 1000000};
    while (entry->looking && entry->looking == job && os_clock_ms() < end_ms)
        pthread_cond_timedwait(&cache->ended, &cache->lock, &end);
}

static enum lookup_age age_of(const struct lookup_cache *cache, const struct lookup_entry *entry)
{
    return entry->answer ? cache->age(entry->answer, os_clock_ms() - entry->made_ms) : LOOKUP_STALE;
}

static int lookup_in(struct lookup_cache *cache, struct lookup_entry *entry, const char *key, const void *question,
                     struct error *err)
{
    enum lookup_age age = age_of(cache, entry);
    unsigned before = entry->made;
    if (age == LOOKUP_FRESH)
        return 0;
    int status = entry->looking ? 0 : lookup_start(cache, entry, question, err);
    if (age == LOOKUP_AGING)
        return 0;
    if (status == 0)
        lookup_wait(cache, entry);
    if (strcmp(entry->key, key) == 0 && entry->answer)
        return entry->made == before ? LOOKUP_OLD : 0;
    return status ? status
                  : error_set(err, ERR_TIMEOUT, "looking up %s takes more than %d ms", key, cache->patience_ms);
}

int lookup_get(struct lookup_cache *cache, const char *key, const void *question, void *answer, struct error *err)
{
    int status;
    pthread_mutex_lock(&cache->lock);
    make_ready(cache);
    struct lookup_entry *entry = find_entry(cache, key);
    if (entry)
        status = lookup_in(cache, entry, key, question, err);
    else
        status = error_set(err, ERR_LIMIT, "%d look-ups are under way without an answer", LOOKUP_ENTRIES);
    if (status >= 0)
        memcpy(answer, entry->answer, cache->size);
    pthread_mutex_unlock(&cache->lock);
    return status;
}
