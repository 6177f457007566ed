/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/record/recording.h"

#include "agent/events.h"
#include "agent/log.h"
#include "agent/worker/answer.h"
#include "platform/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 1000       /* of one request to the worker: how long a stop may take */
#define STILL_WAIT_MS 2000 /* the same of a screen that has long held still: each request costs a few wake-ups */
#define STILL_WAITS 10     /* requests in a row without a change */
#define REQUEST_MS 8000    /* until a worker that does not answer is ended */
#define AGAIN_MS 1000      /* after a failure */
#define DROPPED_MAX 1000   /* pictures that one new one drops at most */
#define INDEX_SHARE 4      /* the index may have this part of the bytes */
#define INDEX_LINES_MIN 8  /* lines that always have room */

/* ---- what is written ---- */

/* Notes what can't be written down; it is said in the index once that works again. */
static void recording_failed(struct recording *r, const char *what, const struct error *why)
{
    char text[sizeof r->failure];
    snprintf(text, sizeof text, "%s%.240s", what, why->text);
    os_mutex_lock(r->recorder->lock);
    bool is_new = strcmp(r->failure, text) != 0;
    memcpy(r->failure, text, sizeof text);
    os_mutex_unlock(r->recorder->lock);
    if (is_new)
        log_line("recording %s: %s", r->id, text);
    r->next_ms = os_deadline(AGAIN_MS);
    if (!is_new)
        return;
    memcpy(r->unsaid, text, sizeof text);
    r->unsaid_at = record_now();
    r->key[0] = '\0';
    stored_pin(&r->stored);
}

static void recording_works(struct recording *r)
{
    os_mutex_lock(r->recorder->lock);
    bool again = *r->failure != 0;
    r->failure[0] = '\0';
    os_mutex_unlock(r->recorder->lock);
    if (again)
        log_line("recording %s: goes on", r->id);
}

/* Says what could not be said before. The thread has the user's rights. */
static int recording_say_failure(struct recording *r, struct error *err)
{
    int status = *r->unsaid ? index_add(&r->index, &r->unsaid_at, err, "fail %s", r->unsaid) : 0;
    if (status == 0)
        r->unsaid[0] = '\0';
    return status;
}

/* Returns whether there is room for one more file of that size. */
static bool recording_has_room(const struct recording *r, uint64_t more)
{
    return r->stored.bytes + r->index.size + more <= r->wanted.bytes && r->stored.count + 2 <= r->wanted.files;
}

/* Drops old pictures until there is room. */
static int recording_make_room(struct recording *r, uint64_t more, struct error *err)
{
    int status = 0;
    for (unsigned i = 0; i < DROPPED_MAX && status == 0 && !recording_has_room(r, more); i++) {
        const struct stored_picture *oldest = stored_oldest(&r->stored);
        if (!oldest)
            return ERR_LIMIT;
        uint32_t number = oldest->number;
        status = index_drop(&r->index, number, "for want of room", err);
        if (status == ERR_NOT_FOUND)
            status = 0; /* somebody else has removed it */
        if (status == 0) {
            stored_drop(&r->stored, number);
            r->dropped_count++;
        }
    }
    return status;
}

void recording_set_stopping(struct recording *r, const char *why)
{
    os_mutex_lock(r->recorder->lock);
    if (why && !r->stopping)
        snprintf(r->why, sizeof r->why, "%s", why);
    r->stopping |= why != NULL;
    r->resting |= why == NULL;
    if (r->wake)
        os_waker_set(r->wake);
    os_mutex_unlock(r->recorder->lock);
}

/* What the worker says of a picture; borrowed from its answer. */
struct sight {
    const char *hash, *key, *size, *rect;
    bool moving;
    struct record_time time;
    struct slice file;
};

static int recording_store(struct recording *r, const struct sight *sight, struct error *err)
{
    char name[INDEX_FILE_SIZE], base[32] = "";
    struct stored_picture picture = {.number = r->last + 1, .bytes = sight->file.len};
    if (sight->rect) {
        picture.base = r->stored.whole.number;
        snprintf(base, sizeof base, " base=%" PRIu32 " at=", picture.base);
    }
    int status = index_store(&r->index, picture.number, sight->file.data, sight->file.len, err);
    index_file_name(name, picture.number);
    if (status == 0)
        status = index_add(&r->index, &sight->time, err, "%s %" PRIu32 " %s %s %s%s%s%s",
                           sight->rect ? "part" : "picture", picture.number, sight->hash, sight->size, name, base,
                           sight->rect ? sight->rect : "", sight->moving ? " moving=1" : "");
    if (status)
        return status;
    r->last = picture.number;
    return stored_add(&r->stored, &picture, sight->key, sight->hash)
               ? 0
               : error_set(err, ERR_NO_MEMORY, "no memory to count the pictures");
}

/* Writes down what the screen shows. The thread has the user's rights. */
static int recording_note(struct recording *r, const struct sight *sight, struct error *err)
{
    uint32_t known = stored_find(&r->stored, sight->key);
    uint64_t bytes = known ? 0 : sight->file.len;
    int status = recording_make_room(r, bytes + (uint64_t)INDEX_LINES_MIN * INDEX_LINE_MAX, err);
    if (status == ERR_LIMIT || r->index.size > r->wanted.bytes / INDEX_SHARE) {
        recording_set_stopping(r, "its bound of bytes or files is reached, and nothing of it may be dropped");
        return 0;
    }
    if (status == 0)
        status = recording_say_failure(r, err);
    if (status == 0 && known)
        status = index_add(&r->index, &sight->time, err, "same %" PRIu32 "%s", known, sight->moving ? " moving=1" : "");
    else if (status == 0)
        status = recording_store(r, sight, err);
    if (status)
        return status;
    if (known) {
        r->stored.shown = known;
        r->same_count++;
    }
    snprintf(r->key, sizeof r->key, "%s", sight->key);
    return 0;
}

/* ---- looks ---- */

static int64_t number_of(const char *text)
{
    return text ? strtoll(text, NULL, 10) : 0;
}

/* Reads the worker's answer. Returns false when the screen has not changed. */
static bool sight_read(struct sight *sight, const struct strlist *facts, const struct buffer *list)
{
    struct record_time now = record_now();
    *sight = (struct sight){strlist_get(facts, "hash"), strlist_get(facts, "key"),    strlist_get(facts, "size"),
                            strlist_get(facts, "rect"), strlist_get(facts, "moving"), now,
                            answer_file(list)};
    int64_t seen_us = number_of(strlist_get(facts, "seen-us"));
    if (seen_us > 0 && seen_us < now.boot_us) {
        sight->time.wall_us -= now.boot_us - seen_us;
        sight->time.boot_us = seen_us;
    }
    return sight->hash && sight->key && sight->size && sight->file.len > 0;
}

static void recording_take(struct recording *r, const struct buffer *list)
{
    struct strlist facts = {0};
    struct sight sight;
    struct error err;
    answer_add_lines(list, &facts);
    r->waits++;
    if (sight_read(&sight, &facts, list)) {
        r->waits = 0;
        int status = os_identity_enter(r->as, &err);
        if (status == 0) {
            status = recording_note(r, &sight, &err);
            os_identity_leave(r->as);
        }
        r->next_ms = os_deadline((int64_t)(1000 / r->wanted.rate));
        if (status)
            recording_failed(r, "nothing can be kept: ", &err);
        else
            recording_works(r);
    }
    strlist_deinit(&facts);
}

static void recording_look(struct recording *r, int wait_ms)
{
    struct strlist options = {0};
    struct buffer list;
    struct error err;
    buffer_init(&list, WIRE_REPLY_MAX);
    for (size_t i = 0; i < r->wanted.options.count; i++)
        strlist_add(&options, r->wanted.options.items[i]);
    strlist_addf(&options, "wait-ms=%d", wait_ms);
    strlist_addf(&options, "deadline-ms=%d", REQUEST_MS);
    if (*r->key)
        strlist_addf(&options, "shown=%s", r->key);
    if (r->stored.whole.number)
        strlist_addf(&options, "base=%s", r->stored.whole.key);
    int status = options.failed ? error_set(&err, ERR_NO_MEMORY, "no memory for a look")
                                : worker_pool_picture(r->pool, "record", &options, NULL, &list, &err);
    if (status)
        recording_failed(r, "", &err);
    else
        recording_take(r, &list);
    strlist_deinit(&options);
    buffer_deinit(&list);
}

static bool is_fault(const char *kind)
{
    return strcmp(kind, "gpu") == 0 || strcmp(kind, "kernel") == 0 || strcmp(kind, "crash") == 0;
}

/* Takes the next action that was noted; *lost: how many before it are gone. */
static bool recording_next_input(struct recording *r, struct record_input *input, uint64_t *lost)
{
    struct recorder *recorder = r->recorder;
    os_mutex_lock(recorder->lock);
    uint64_t oldest = recorder->input_count > RECORD_INPUTS ? recorder->input_count - RECORD_INPUTS : 0;
    bool found = r->input < recorder->input_count;
    *lost = r->input < oldest ? oldest - r->input : 0;
    r->input += *lost;
    if (found)
        *input = recorder->inputs[r->input++ % RECORD_INPUTS];
    os_mutex_unlock(recorder->lock);
    return found;
}

static int recording_note_inputs(struct recording *r, struct error *err)
{
    struct record_input input;
    uint64_t lost;
    int status = 0;
    while (status == 0 && recording_next_input(r, &input, &lost)) {
        if (lost)
            status = index_add(&r->index, &input.time, err, "input (%" PRIu64 " more before it)", lost);
        if (status == 0)
            status = index_add(&r->index, &input.time, err, "input %s", input.text);
    }
    return status;
}

/* Writes down what has happened in the guest since the last look, and what failed. */
static int recording_note_events(struct recording *r, struct error *err)
{
    struct event_copy event;
    int status = recording_say_failure(r, err);
    while (status == 0 && events_next(r->event, &event)) {
        struct record_time time = {event.boot_ms * 1000, event.time_ms * 1000};
        status = index_add(&r->index, &time, err, "event %" PRIu64 " %s %s", event.number, event.kind, event.text);
        if (status == 0)
            r->event = event.number;
        if (is_fault(event.kind))
            stored_pin(&r->stored);
    }
    if (status == 0)
        status = recording_note_inputs(r, err);
    if (status == 0 && r->synced != r->index.size)
        status = index_sync(&r->index, err);
    if (status == 0)
        r->synced = r->index.size;
    return status;
}

static bool recording_has_news(struct recording *r)
{
    struct event_copy event;
    os_mutex_lock(r->recorder->lock);
    bool input = r->input != r->recorder->input_count;
    os_mutex_unlock(r->recorder->lock);
    return input || *r->unsaid || r->synced != r->index.size || events_next(r->event, &event);
}

static void recording_write_down(struct recording *r)
{
    struct error err;
    if (!recording_has_news(r))
        return;
    int status = os_identity_enter(r->as, &err);
    if (status == 0) {
        status = recording_note_events(r, &err);
        os_identity_leave(r->as);
    }
    if (status)
        recording_failed(r, "nothing can be kept: ", &err);
}

/* ---- the thread ---- */

static void recording_publish(struct recording *r)
{
    os_mutex_lock(r->recorder->lock);
    r->pictures = r->last;
    r->same = r->same_count;
    r->dropped = r->dropped_count;
    r->bytes = r->stored.bytes + r->index.size;
    r->files = r->stored.count + 1;
    r->looked = true;
    os_waker_set(r->changed);
    os_mutex_unlock(r->recorder->lock);
}

static bool recording_goes_on(struct recording *r)
{
    os_mutex_lock(r->recorder->lock);
    bool goes_on = !r->stopping && !r->resting;
    os_mutex_unlock(r->recorder->lock);
    return goes_on;
}

static void recording_say_end(struct recording *r)
{
    struct record_time now = record_now();
    struct error err;
    int status = os_identity_enter(r->as, &err);
    if (status == 0) {
        status = index_add(&r->index, &now, &err, "stop %s", r->why);
        if (status == 0)
            status = index_sync(&r->index, &err);
        os_identity_leave(r->as);
    }
    if (status)
        recording_failed(r, "its end can't be written: ", &err);
}

void recording_discard(struct recording *r)
{
    worker_pool_stop(r->pool);
    index_deinit(&r->index);
    stored_deinit(&r->stored);
    strlist_deinit(&r->wanted.options);
    free(r->wanted.own);
    r->wanted.own = NULL;
    os_identity_free(r->as);
}

bool recording_is_on(const struct recording *r)
{
    return r->state == RECORDING_RUNS || r->state == RECORDING_RESTS;
}

void recording_reset(struct recording *r)
{
    r->wanted = (struct recording_wanted){0};
    r->as = NULL;
    r->key[0] = r->unsaid[0] = '\0';
    r->last = 0;
    r->synced = r->same_count = r->dropped_count = 0;
    r->next_ms = 0;
    r->waits = 0;
}

int recording_make_wakers(struct recording *r, struct error *err)
{
    struct os_waker *wake = NULL, *changed = NULL;
    int status = os_waker_new(&wake, err);
    if (status == 0)
        status = os_waker_new(&changed, err);
    os_mutex_lock(r->recorder->lock);
    r->wake = wake; /* else recording_release() frees what there is */
    r->changed = changed;
    os_mutex_unlock(r->recorder->lock);
    return status;
}

void recording_release(struct recording *r)
{
    if (recording_is_on(r) || r->waiting)
        return;
    os_waker_free(r->wake);
    os_waker_free(r->changed);
    r->wake = r->changed = NULL;
}

void recording_set_stopped(struct recording *r, const char *why)
{
    recording_discard(r);
    os_mutex_lock(r->recorder->lock);
    if (why)
        snprintf(r->why, sizeof r->why, "%s", why);
    r->state = RECORDING_STOPPED;
    if (r->changed)
        os_waker_set(r->changed);
    recording_release(r);
    os_mutex_unlock(r->recorder->lock);
}

void recording_give_up(struct recording *r, const char *why)
{
    recording_set_stopped(r, why);
    log_line("recording %s has stopped: %s", r->id, r->why);
}

/* Records until it is to stop or to rest, with a last look then. */
static void recording_run(struct recording *r)
{
    while (recording_goes_on(r)) {
        recording_look(r, r->last == 0 ? 0 : r->waits < STILL_WAITS ? WAIT_MS : STILL_WAIT_MS);
        recording_write_down(r);
        recording_publish(r);
        (void)os_waker_wait(r->wake, r->next_ms);
    }
    recording_look(r, 0);
    recording_write_down(r);
    recording_publish(r);
}

/* Rests, unless it is to stop or to go on by now. What the screen shows meanwhile is not known, which is written down once it
   goes on. */
static bool recording_rest(struct recording *r)
{
    worker_pool_stop(r->pool);
    index_rest(&r->index);
    os_mutex_lock(r->recorder->lock);
    bool rests = r->resting && !r->stopping;
    if (rests && !*r->unsaid) {
        snprintf(r->unsaid, sizeof r->unsaid, "the agent becomes another executable");
        r->unsaid_at = record_now();
    }
    if (rests) {
        r->key[0] = '\0';
        stored_pin(&r->stored);
        r->state = RECORDING_RESTS;
        os_waker_set(r->changed);
    }
    os_mutex_unlock(r->recorder->lock);
    return rests;
}

static bool recording_is_stopping(struct recording *r)
{
    os_mutex_lock(r->recorder->lock);
    bool stopping = r->stopping;
    os_mutex_unlock(r->recorder->lock);
    return stopping;
}

void recording_main(void *context)
{
    struct recording *r = context;
    while (!recording_is_stopping(r)) {
        recording_run(r);
        if (!recording_is_stopping(r) && recording_rest(r))
            return;
    }
    recording_say_end(r);
    recording_give_up(r, NULL);
}
