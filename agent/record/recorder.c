/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/record/recorder.h"

#include "agent/events.h"
#include "agent/record/recording.h"
#include "platform/clock.h"
#include "platform/random.h"
#include "platform/sysinfo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_MS 15000 /* that a start waits for the first picture */
#define STOP_MS 15000  /* that a stop waits for the last one */
#define END_MS 5000    /* the same of the agent's own end */
#define OWN_PLACE ".periscope/" PLACE_NAME "/"

int recorder_new(struct recorder **out, const struct strlist *card_classes, struct children *children,
                 struct error *err)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    int status = recorder ? 0 : error_set(err, ERR_NO_MEMORY, "no memory for the recorder");
    *out = recorder;
    for (size_t i = 0; i < RECORDINGS_MAX && status == 0; i++) {
        recorder->slots[i].recorder = recorder;
        status = worker_pool_new(&recorder->slots[i].pool, card_classes, err);
        if (status == 0)
            worker_pool_spare_children(recorder->slots[i].pool, children);
    }
    if (status == 0)
        recorder->lock = os_mutex_new();
    return status;
}

/* ---- starting ---- */

/* Lists those that have not stopped. Returns how many bytes they may have of the agent's own folder. Of each no more than one above
   PLACE_BYTES is counted, so that the sum fits. */
static uint64_t recorder_list_ids(struct recorder *recorder, struct strlist *ids)
{
    uint64_t reserved = 0;
    os_mutex_lock(recorder->lock);
    for (size_t i = 0; i < RECORDINGS_MAX; i++) {
        const struct recording *r = &recorder->slots[i];
        if (!recording_is_on(r))
            continue;
        strlist_add(ids, r->id);
        reserved += r->reserved < PLACE_BYTES ? r->reserved : PLACE_BYTES + 1;
    }
    os_mutex_unlock(recorder->lock);
    return reserved;
}

void recording_reserve(struct recording *r)
{
    static const char own[] = OWN_PLACE;
    r->reserved = strncmp(r->folder, own, sizeof own - 1) == 0 ? r->wanted.bytes : 0;
}

struct recording *recorder_take_slot(struct recorder *recorder)
{
    struct recording *found = NULL;
    os_mutex_lock(recorder->lock);
    for (size_t i = 0; i < RECORDINGS_MAX; i++) {
        struct recording *r = &recorder->slots[i];
        if (!recording_is_on(r) && !r->waiting && (!found || r->order < found->order))
            found = r;
    }
    if (found) {
        found->state = RECORDING_RUNS;
        found->order = ++recorder->order;
        found->input = recorder->input_count;
        found->looked = found->stopping = found->resting = false;
        found->why[0] = found->failure[0] = found->id[0] = '\0';
        found->pictures = found->same = found->dropped = found->bytes = found->files = found->reserved = 0;
    }
    os_mutex_unlock(recorder->lock);
    return found;
}

static void recorder_give_slot(struct recording *r)
{
    os_mutex_lock(r->recorder->lock);
    r->state = RECORDING_FREE;
    r->order = 0;
    recording_release(r);
    os_mutex_unlock(r->recorder->lock);
}

static int recording_name(struct recording *r, struct error *err)
{
    uint64_t number;
    int status = os_random(&number, err);
    if (status == 0)
        status = recording_make_wakers(r, err);
    if (status)
        return status;
    os_mutex_lock(r->recorder->lock);
    place_write_id(r->id, number);
    if (r->wanted.folder)
        snprintf(r->folder, sizeof r->folder, "%s", r->wanted.folder);
    else
        snprintf(r->folder, sizeof r->folder, r->wanted.own ? OWN_PLACE "%s" : "recording-%s", r->id);
    recording_reserve(r);
    os_mutex_unlock(r->recorder->lock);
    return 0;
}

/* Appends the options that a reader may want to know, the output last. */
static void describe_options(const struct recording *r, char *text, size_t size)
{
    const char *output = strlist_get(&r->wanted.options, "output");
    size_t len = 0;
    for (size_t i = 0; i < r->wanted.options.count && len < size; i++)
        if (strncmp(r->wanted.options.items[i], "output=", 7) != 0 && !strchr(r->wanted.options.items[i], ' '))
            len += (size_t)snprintf(text + len, size - len, " %s", r->wanted.options.items[i]);
    if (output && len < size)
        snprintf(text + len, size - len, " output=%s", output);
}

/* Makes the folder, which has a path of its own where hosts know it by a name. */
static int recording_make_folder(struct recording *r, struct error *err)
{
    char path[sizeof r->folder];
    struct strlist in_use = {0};
    if (!r->wanted.own)
        return index_make(&r->index, r->folder, err);
    uint64_t reserved = recorder_list_ids(r->recorder, &in_use);
    int status = place_make_room(r->wanted.own, &in_use, reserved, err);
    strlist_deinit(&in_use);
    snprintf(path, sizeof path, "%s/%s", r->wanted.own, r->id);
    return status ? status : index_make(&r->index, path, err);
}

/* Makes the folder and the first line. The thread has the user's rights. */
static int recording_make(struct recording *r, struct error *err)
{
    struct strlist facts = {0};
    struct record_time now = record_now();
    char options[2048] = "";
    int status = recording_make_folder(r, err);
    os_sysinfo(&facts);
    const char *boot = strlist_get(&facts, "boot.id");
    describe_options(r, options, sizeof options);
    if (status == 0)
        status = index_add(&r->index, &now, err, "start version=1 boot=%s agent=%s rate=%" PRIu64 "%s",
                           boot ? boot : "", PERISCOPE_VERSION, r->wanted.rate, options);
    strlist_deinit(&facts);
    return status ? error_prefix(err, status, "unable to record into '%s'", r->folder) : 0;
}

static int recording_begin(struct recording *r, struct error *err)
{
    int status = recording_name(r, err);
    if (status == 0)
        status = os_identity_enter(r->as, err);
    if (status)
        return status;
    status = recording_make(r, err);
    os_identity_leave(r->as);
    if (status == 0)
        status = os_thread_start(recording_main, r, err);
    return status;
}

static void recording_add_facts(const struct recording *r, struct strlist *facts)
{
    const struct {
        const char *key;
        uint64_t value;
    } counts[] = {{"pictures", r->pictures},
                  {"same", r->same},
                  {"dropped", r->dropped},
                  {"bytes", r->bytes},
                  {"files", r->files}};
    strlist_addf(facts, "id=%s", r->id);
    strlist_addf(facts, "folder=%s", r->folder);
    strlist_addf(facts, "state=%s", recording_is_on(r) ? "recording" : "stopped");
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        strlist_addf(facts, "%s=%" PRIu64, counts[i].key, counts[i].value);
    if (*r->failure)
        strlist_addf(facts, "failure=%s", r->failure);
    if (r->state == RECORDING_STOPPED)
        strlist_addf(facts, "reason=%s", r->why);
}

static void add_clock(struct strlist *facts)
{
    struct record_time now = record_now();
    strlist_addf(facts, "mono-us=%" PRId64, now.boot_us);
    strlist_addf(facts, "wall-us=%" PRId64, now.wall_us);
}

/* Waits until the recording has looked, or has stopped. Returns false when that takes too long. The lock is held, and released
   while it waits. */
static bool recording_wait(struct recording *r, uint64_t order, bool stopped, int64_t deadline_ms)
{
    bool woken = true;
    r->waiting++;
    while (woken && r->changed && r->order == order && r->state == RECORDING_RUNS && (stopped || !r->looked)) {
        os_mutex_unlock(r->recorder->lock);
        woken = os_waker_wait(r->changed, deadline_ms);
        os_mutex_lock(r->recorder->lock);
        if (r->state == RECORDING_RUNS) /* else all that wait are to see it */
            os_waker_clear(r->changed);
    }
    r->waiting--;
    recording_release(r);
    return woken;
}

int recorder_start(struct recorder *recorder, struct recording_wanted *wanted, struct os_identity *as,
                   struct strlist *facts, struct error *err)
{
    struct recording *r = recorder_take_slot(recorder);
    if (!r) {
        strlist_deinit(&wanted->options);
        free(wanted->own);
        os_identity_free(as);
        return error_set(err, ERR_LIMIT, "%d recordings run already: stop one first", RECORDINGS_MAX);
    }
    recording_reset(r);
    r->wanted = *wanted;
    r->as = as;
    r->event = events_last();
    int status = recording_begin(r, err);
    if (status) {
        recording_discard(r);
        recorder_give_slot(r);
        return status;
    }
    os_mutex_lock(recorder->lock);
    (void)recording_wait(r, r->order, false, os_deadline(FIRST_MS));
    add_clock(facts);
    recording_add_facts(r, facts);
    os_mutex_unlock(recorder->lock);
    return 0;
}

/* ---- stopping ---- */

static struct recording *recorder_find(struct recorder *recorder, const char *id)
{
    for (size_t i = 0; i < RECORDINGS_MAX; i++)
        if (recorder->slots[i].state != RECORDING_FREE && *id && strcmp(recorder->slots[i].id, id) == 0)
            return &recorder->slots[i];
    return NULL;
}

int recorder_stop(struct recorder *recorder, const char *id, const char *why, struct strlist *facts, struct error *err)
{
    int status = 0;
    os_mutex_lock(recorder->lock);
    struct recording *r = recorder_find(recorder, id);
    os_mutex_unlock(recorder->lock);
    if (!r)
        return error_set(err, ERR_NOT_FOUND, "there is no recording '%.64s'", id);
    recording_set_stopping(r, why);
    os_mutex_lock(recorder->lock);
    if (!recording_wait(r, r->order, true, os_deadline(STOP_MS)))
        status = error_set(err, ERR_TIMEOUT, "recording %s has not stopped within %d s", id, STOP_MS / 1000);
    add_clock(facts);
    recording_add_facts(r, facts);
    os_mutex_unlock(recorder->lock);
    return status;
}

void recorder_list(struct recorder *recorder, struct strlist *facts)
{
    os_mutex_lock(recorder->lock);
    add_clock(facts);
    for (size_t i = 0; i < RECORDINGS_MAX; i++)
        if (recorder->slots[i].state != RECORDING_FREE && *recorder->slots[i].id)
            recording_add_facts(&recorder->slots[i], facts);
    os_mutex_unlock(recorder->lock);
}

void recorder_end(struct recorder *recorder, const char *why)
{
    int64_t deadline_ms = os_deadline(END_MS);
    for (size_t i = 0; i < RECORDINGS_MAX; i++) {
        struct recording *r = &recorder->slots[i];
        os_mutex_lock(recorder->lock);
        bool runs = r->state == RECORDING_RUNS;
        os_mutex_unlock(recorder->lock);
        if (runs)
            recording_set_stopping(r, why);
    }
    os_mutex_lock(recorder->lock);
    for (size_t i = 0; i < RECORDINGS_MAX; i++)
        (void)recording_wait(&recorder->slots[i], recorder->slots[i].order, true, deadline_ms);
    os_mutex_unlock(recorder->lock);
}

static bool recorder_runs(const struct recorder *recorder)
{
    for (size_t i = 0; i < RECORDINGS_MAX; i++)
        if (recording_is_on(&recorder->slots[i]))
            return true;
    return false;
}

int recorder_check_removable(struct recorder *recorder, const char *id, struct error *err)
{
    os_mutex_lock(recorder->lock);
    const struct recording *r = recorder_find(recorder, id);
    bool runs = r && recording_is_on(r);
    os_mutex_unlock(recorder->lock);
    if (!place_is_id(id))
        return error_set(err, ERR_DENIED, "only whole recordings are removed");
    return runs ? error_set(err, ERR_UNAVAILABLE, "it records: stop it first") : 0;
}

/* Says what was done, and of keys and texts not which: passwords are typed, and the folder may be the user's. */
static void recorder_say_input(struct record_input *input, const char *action)
{
    bool typed = strncmp(action, "key=", 4) == 0 || strncmp(action, "text=", 5) == 0;
    int shown = typed ? (int)strcspn(action, "=") : (int)strlen(action);
    snprintf(input->text, sizeof input->text, "%.*s", shown, action);
}

void recorder_note_input(struct recorder *recorder, const struct strlist *actions)
{
    os_mutex_lock(recorder->lock);
    for (size_t i = 0; recorder_runs(recorder) && i < actions->count; i++) {
        struct record_input *input = &recorder->inputs[recorder->input_count % RECORD_INPUTS];
        if (strncmp(actions->items[i], "move=", 5) == 0)
            continue;
        input->time = record_now();
        recorder_say_input(input, actions->items[i]);
        recorder->input_count++;
    }
    os_mutex_unlock(recorder->lock);
}
