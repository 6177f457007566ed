/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recordings as an upgrade hands them over: lines of text. */
#include "agent/log.h"
#include "agent/record/recorder.h"
#include "agent/record/recording.h"
#include "base/line.h"
#include "base/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BEFORE "record " /* each line */

/* Ends a line with a text of any bytes. */
static void recording_save_text(struct buffer *out, const char *text)
{
    line_append(out, text);
    buffer_append(out, "\n", 1);
}

static void recording_save_texts(const struct recording *r, struct buffer *out)
{
    buffer_printf(out, BEFORE "folder ");
    recording_save_text(out, r->folder);
    buffer_printf(out, BEFORE "index %" PRIu64 " ", r->index.size);
    recording_save_text(out, r->index.folder);
    buffer_printf(out, BEFORE "user ");
    recording_save_text(out, os_identity_user(r->as));
    buffer_printf(out, BEFORE "unsaid %" PRId64 " %" PRId64 " ", r->unsaid_at.boot_us, r->unsaid_at.wall_us);
    recording_save_text(out, r->unsaid);
    for (size_t i = 0; i < r->wanted.options.count; i++) {
        buffer_printf(out, BEFORE "option ");
        recording_save_text(out, r->wanted.options.items[i]);
    }
}

static void recording_save(const struct recording *r, struct buffer *out)
{
    buffer_printf(out, BEFORE "id %s\n", r->id);
    recording_save_texts(r, out);
    buffer_printf(out,
                  BEFORE "counts %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                  r->wanted.rate, r->wanted.bytes, r->wanted.files, r->last, r->same_count, r->dropped_count, r->event);
    stored_save(&r->stored, out, BEFORE);
}

/* Appends a line that ends in a text of a host, whose newlines become blanks. */
static void save_text(struct buffer *out, const char *key, const char *text)
{
    buffer_printf(out, BEFORE "%s ", key);
    for (; *text; text++)
        buffer_append(out, *text == '\n' ? " " : text, 1);
    buffer_append(out, "\n", 1);
}

/* One that has stopped is no more than what is listed of it. */
static void recording_save_stopped(const struct recording *r, struct buffer *out)
{
    if (!*r->id || strchr(r->folder, '\n'))
        return;
    buffer_printf(out, BEFORE "id %s\n" BEFORE "folder %s\n", r->id, r->folder);
    save_text(out, "failure", r->failure);
    buffer_printf(out, BEFORE "listed %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", r->pictures,
                  r->same, r->dropped, r->bytes, r->files);
    save_text(out, "stopped", r->why);
}

/* Returns the one that was begun first of those that were begun after `order`, or NULL. The lock is held. */
static const struct recording *recorder_next(const struct recorder *recorder, uint64_t order)
{
    const struct recording *next = NULL;
    for (size_t i = 0; i < RECORDINGS_MAX; i++) {
        const struct recording *r = &recorder->slots[i];
        if (r->state != RECORDING_FREE && r->order > order && (!next || r->order < next->order))
            next = r;
    }
    return next;
}

void recorder_save(struct recorder *recorder, struct buffer *out)
{
    os_mutex_lock(recorder->lock);
    for (const struct recording *r = recorder_next(recorder, 0); r; r = recorder_next(recorder, r->order)) {
        if (r->state == RECORDING_RESTS)
            recording_save(r, out);
        else if (r->state == RECORDING_STOPPED)
            recording_save_stopped(r, out);
        else
            log_line("recording %s ends with this executable: it does not come to rest", r->id);
    }
    os_mutex_unlock(recorder->lock);
}

/* ---- taking over ---- */

static void restore_recording(struct recorder *recorder, const char *id)
{
    struct error err;
    struct recording *r = recorder_take_slot(recorder);
    recorder->restored = r;
    if (!r)
        return;
    recording_reset(r);
    snprintf(r->id, sizeof r->id, "%s", id);
    r->state = RECORDING_RESTS;
    if (recording_make_wakers(r, &err))
        recording_give_up(r, err.text);
}

static bool restore_index(struct recording *r, const char *text)
{
    struct error err;
    bool good = number_take(&text, INT64_MAX, &r->synced) && *text == ' ';
    return good && index_resume(&r->index, text + 1, r->synced, &err) == 0;
}

static bool restore_unsaid(struct recording *r, const char *text)
{
    int at = 0;
    bool good =
        sscanf(text, "%" SCNd64 " %" SCNd64 "%n", &r->unsaid_at.boot_us, &r->unsaid_at.wall_us, &at) == 2 && text[at];
    snprintf(r->unsaid, sizeof r->unsaid, "%s", good ? text + at + 1 : "");
    return good;
}

static bool restore_counts(struct recording *r, const char *text)
{
    struct recording_wanted *wanted = &r->wanted;
    return sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu32 " %" SCNu64 " %" SCNu64 " %" SCNu64,
                  &wanted->rate, &wanted->bytes, &wanted->files, &r->last, &r->same_count, &r->dropped_count,
                  &r->event) == 7 &&
           wanted->rate > 0;
}

static bool restore_listed(struct recording *r, const char *text)
{
    return sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &r->pictures, &r->same, &r->dropped,
                  &r->bytes, &r->files) == 5;
}

/* The last line of one that has stopped. */
static bool restore_stopped(struct recording *r, const char *why)
{
    recording_set_stopped(r, why);
    return true;
}

/* Returns what is behind the word, or NULL. */
static const char *after(const char *line, const char *word)
{
    size_t len = strlen(word);
    return strncmp(line, word, len) == 0 ? line + len : NULL;
}

static bool restore_field(struct recording *r, const char *line)
{
    struct error err;
    const char *text;
    if ((text = after(line, "folder ")))
        return snprintf(r->folder, sizeof r->folder, "%s", text) < (int)sizeof r->folder;
    if ((text = after(line, "index ")))
        return restore_index(r, text);
    if ((text = after(line, "user ")))
        return os_identity_find(&r->as, *text ? text : OS_IDENTITY_AGENT, &err) == 0;
    if ((text = after(line, "unsaid ")))
        return restore_unsaid(r, text);
    if ((text = after(line, "counts ")))
        return restore_counts(r, text);
    if ((text = after(line, "option ")))
        return strlist_add(&r->wanted.options, text);
    if ((text = after(line, "failure ")))
        return snprintf(r->failure, sizeof r->failure, "%s", text) >= 0;
    if ((text = after(line, "listed ")))
        return restore_listed(r, text);
    if ((text = after(line, "stopped ")))
        return restore_stopped(r, text);
    return stored_restore(&r->stored, line);
}

bool recorder_restore(struct recorder *recorder, const char *line)
{
    const char *text = after(line, BEFORE), *id = text ? after(text, "id ") : NULL;
    if (id)
        restore_recording(recorder, id);
    struct recording *r = recorder->restored;
    if (!id && text && r && r->state == RECORDING_RESTS && !restore_field(r, text))
        recording_give_up(r, "not all of it could be taken over");
    return text != NULL;
}

/* ---- going on ---- */

static void recording_go_on(struct recording *r)
{
    struct error err;
    os_mutex_lock(r->recorder->lock);
    bool rests = r->state == RECORDING_RESTS;
    bool whole = r->as && r->index.folder && r->wanted.rate;
    r->resting = false;
    if (rests && whole) {
        r->state = RECORDING_RUNS;
        recording_reserve(r);
        os_waker_clear(r->wake);
    }
    os_mutex_unlock(r->recorder->lock);
    if (rests && !whole)
        recording_give_up(r, "not all of it could be taken over");
    else if (rests && os_thread_start(recording_main, r, &err))
        recording_give_up(r, err.text);
}

void recorder_go_on(struct recorder *recorder)
{
    for (size_t i = 0; i < RECORDINGS_MAX; i++)
        recording_go_on(&recorder->slots[i]);
}
