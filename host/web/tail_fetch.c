/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the texts that pages follow come from. */
#include "host/web/tail_fetch.h"

#include "host/periscope.h"
#include "host/web/guest.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MS 1000 /* between two looks at the log, which no event tells of */
#define CHILD_MS 20000
#define CONNECT_MS 5000
#define ANSWER_MS 30000
#define LOG_MAX (1u << 20) /* bytes of the agent's log */

static atomic_uint tail_count;

/* Waits between two looks; returns whether to go on. */
static bool fetch_goes_on(struct tail *tail, int ms)
{
    os_waker_wait(tail->stopped, os_deadline(ms));
    return !atomic_load(&tail->stop);
}

/* ---- the agent's log: a file of which only the end is kept ---- */

static int fetch_log(struct tail *tail, struct periscope *periscope)
{
    uint8_t *before = NULL, *now;
    size_t before_len = 0, len;
    int status = 0;
    do {
        status = periscope_get_bytes(periscope, ".periscope/log.txt", LOG_MAX, &now, &len);
        if (status)
            break;
        size_t from = tail_new_part(before, before_len, now, len);
        if (from < len)
            tail_add(tail, now + from, len - from);
        free(before);
        before = now;
        before_len = len;
    } while (fetch_goes_on(tail, LOG_MS));
    free(before);
    return status;
}

/* ---- events ---- */

/* Adds an event, "NUMBER\tTIME\tKIND\tTEXT", as a line without its number. */
static void fetch_add_event(struct tail *tail, const char *event)
{
    struct buffer line;
    const char *time = strchr(event, '\t');
    buffer_init(&line, 4096);
    for (const char *p = time ? time + 1 : event; *p; p++)
        buffer_append(&line, *p == '\t' ? " " : p, 1);
    buffer_append(&line, "\n", 1);
    if (!line.failed)
        tail_add(tail, line.data, line.len);
    buffer_deinit(&line);
}

static int fetch_events(struct tail *tail, struct periscope *periscope)
{
    char id[96] = "id=", since[40] = "since=0";
    const char *options[] = {"wait-ms=20000", since, id, NULL};
    int status = 0;
    while (!status && !atomic_load(&tail->stop)) {
        struct periscope_strings facts;
        options[1] = id[3] ? since : NULL;
        status = periscope_events(periscope, options, &facts);
        const char *last = periscope_strings_get(&facts, "last"), *now = periscope_strings_get(&facts, "id");
        for (size_t i = 0; i < facts.count; i++)
            if (strncmp(facts.items[i], "event=", 6) == 0)
                fetch_add_event(tail, facts.items[i] + 6);
        snprintf(since, sizeof since, "since=%.20s", last ? last : "0");
        snprintf(id, sizeof id, "id=%.80s", now ? now : "");
        periscope_strings_free(&facts);
    }
    return status;
}

/* ---- what a program writes ---- */

static bool fetch_child_output(void *context, int stream, const void *bytes, size_t len)
{
    struct tail *tail = context;
    (void)stream;
    tail_add(tail, bytes, len);
    return !atomic_load(&tail->stop);
}

static bool fetch_child_dropped(void *context, int stream, uint64_t len, const char *why)
{
    struct tail *tail = context;
    char line[200];
    (void)stream;
    snprintf(line, sizeof line, "\n(%llu bytes are gone%s%.100s)\n", (unsigned long long)len, why ? ": " : "",
             why ? why : "");
    tail_add(tail, line, strlen(line));
    return !atomic_load(&tail->stop);
}

static int fetch_child(struct tail *tail, struct periscope *periscope)
{
    struct periscope_follow child = {.pid = strtoull(tail->what + 6, NULL, 10),
                                     .wanted = {true, true},
                                     .output = fetch_child_output,
                                     .dropped = fetch_child_dropped,
                                     .context = tail};
    int status;
    do {
        status = periscope_follow(periscope, &child, CHILD_MS);
        bool lacks_one = status == PERISCOPE_REFUSED && child.wanted[0] && child.wanted[1] &&
                         strstr(periscope_error_text(periscope), "was not asked for");
        if (lacks_one)
            child.wanted[strstr(periscope_error_text(periscope), "stream out") ? 0 : 1] = false;
        if (lacks_one)
            status = PERISCOPE_STILL_RUNNING;
    } while (status == PERISCOPE_STILL_RUNNING && !atomic_load(&tail->stop));
    return status;
}

static void fetch_set_connection(struct tail *tail, struct periscope *periscope)
{
    os_mutex_lock(tail->lock);
    tail->periscope = periscope;
    os_mutex_unlock(tail->lock);
}

/* ---- its thread ---- */

/* Fetches until the end, or until it is stopped. */
static void tail_fetch(struct tail *tail)
{
    const struct target *target = &tail->guest->config->target;
    struct periscope *periscope = periscope_new(target->host, target->port);
    if (!periscope) {
        tail_end(tail, "no memory");
        return;
    }
    periscope_set_timeouts(periscope, CONNECT_MS, ANSWER_MS);
    fetch_set_connection(tail, periscope);
    int status = strcmp(tail->what, "log") == 0      ? fetch_log(tail, periscope)
                 : strcmp(tail->what, "events") == 0 ? fetch_events(tail, periscope)
                                                     : fetch_child(tail, periscope);
    fetch_set_connection(tail, NULL);
    tail_end(tail, status ? periscope_error_text(periscope) : "its end");
    periscope_free(periscope);
}

static bool tail_is_known(const char *what)
{
    return strcmp(what, "log") == 0 || strcmp(what, "events") == 0 ||
           (strncmp(what, "child:", 6) == 0 && what[6] && strspn(what + 6, "0123456789") == strlen(what + 6));
}

static void tail_main(void *context)
{
    struct tail *tail = context;
    tail_fetch(tail);
    atomic_fetch_sub(&tail_count, 1);
    tail_release(tail);
}

struct tail *tail_start(struct guest *guest, uint32_t id, const char *what, struct error *err)
{
    if (strlen(what) >= TAIL_WHAT_SIZE || !tail_is_known(what)) {
        error_set(err, ERR_INVALID, "'%.60s' can't be followed: log, events or child:PID", what);
        return NULL;
    }
    if (atomic_fetch_add(&tail_count, 1) >= TAILS_MAX) {
        atomic_fetch_sub(&tail_count, 1);
        error_set(err, ERR_LIMIT, "%d texts are followed already", TAILS_MAX);
        return NULL;
    }
    struct tail *tail = tail_new(guest, id, what, err);
    if (tail)
        tail->owners = 2;
    if (tail && os_thread_start(tail_main, tail, err) == 0)
        return tail;
    atomic_fetch_sub(&tail_count, 1);
    if (tail) {
        tail->owners = 1;
        tail_release(tail);
    }
    return NULL;
}
