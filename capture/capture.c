/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/capturer.h"

#include "capture/candidates.h"
#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOUND_MS 2000 /* for which the sources found for one picture serve those that follow it */

int capturer_new(struct capturer **out, const struct capture_backend *const *backends, capture_chooser *choose,
                 struct error *err)
{
    struct capturer *capturer = calloc(1, sizeof *capturer);
    size_t count = 0;
    while (backends[count])
        count++;
    if (capturer)
        capturer->slots = calloc(count ? count : 1, sizeof *capturer->slots);
    *out = NULL;
    if (!capturer || !capturer->slots) {
        capturer_free(capturer);
        return error_set(err, ERR_NO_MEMORY, "no memory for %zu capture backends", count);
    }
    capturer->slot_count = count;
    capturer->choose = choose;
    for (size_t i = 0; i < count; i++)
        capturer->slots[i].backend = backends[i];
    *out = capturer;
    return 0;
}

void capturer_enter(struct capturer *capturer, enum stage stage, const struct capture_backend *backend)
{
    atomic_store(&capturer->current, backend);
    atomic_store(&capturer->stage, stage);
}

void capturer_close(struct capturer *capturer, struct slot *slot)
{
    capturer_enter(capturer, STAGE_CLOSE, slot->backend);
    slot->backend->close(slot->capture);
    slot->capture = NULL;
}

void capturer_free(struct capturer *capturer)
{
    if (!capturer)
        return;
    for (size_t i = 0; i < capturer->slot_count; i++)
        capturer_close(capturer, &capturer->slots[i]);
    candidates_clear(&capturer->candidates);
    bases_deinit(&capturer->bases);
    free(capturer->slots);
    free(capturer);
}

void capturer_describe_hang(struct capturer *capturer, char *text, size_t size)
{
#define X(symbol, doing, of_backend) {doing, of_backend},
    static const struct {
        const char *doing;
        bool of_backend;
    } stages[] = {STAGES(X)};
#undef X
    enum stage stage = atomic_load(&capturer->stage);
    const struct capture_backend *backend = atomic_load(&capturer->current);
    char more[512] = "";
    if (!backend || !stages[stage].of_backend) {
        snprintf(text, size, "%s", stages[stage].doing);
        return;
    }
    if (backend->describe_hang)
        backend->describe_hang(more, sizeof more);
    snprintf(text, size, "%s: %s%s%s", backend->name, stages[stage].doing, *more ? ": " : "", more);
}

/* ---- a task on one source ---- */

struct slot *capturer_slot(struct capturer *capturer, const char *backend)
{
    for (size_t i = 0; i < capturer->slot_count; i++)
        if (strcmp(capturer->slots[i].backend->name, backend) == 0)
            return &capturer->slots[i];
    return NULL;
}

static enum capture_result run_task(struct capturer *capturer, struct slot *slot, const struct capture_options *options,
                                    const struct task *task, struct error *err)
{
    if (!slot->capture) {
        capturer_enter(capturer, STAGE_OPEN, slot->backend);
        err->status = slot->backend->open(&slot->capture, options, err);
        if (err->status < 0)
            return CAPTURE_FAILED;
    }
    capturer_enter(capturer, task->stage, slot->backend);
    err->status = 0;
    enum capture_result result = task->run(slot, options, task->context, err);
    if (result == CAPTURE_FAILED && err->status == 0)
        error_set(err, ERR_SYSTEM, "it failed and gave no reason");
    return result;
}

int capturer_try(struct capturer *capturer, const struct capture_candidate *candidate,
                 const struct capture_options *options, const struct task *task, struct error *err)
{
    struct capture_options own = *options;
    struct slot *slot = capturer_slot(capturer, candidate->backend);
    own.source = *candidate->source ? candidate->source : NULL;
    if (!slot)
        return error_set(err, ERR_UNAVAILABLE, "this agent was built without it");
    for (int attempt = 1;; attempt++) {
        enum capture_result result = run_task(capturer, slot, &own, task, err);
        if (result != CAPTURE_LOST)
            return result == CAPTURE_OK ? 0 : err->status;
        capturer_close(capturer, slot);
        if (attempt == 2)
            return error_prefix(err, ERR_UNAVAILABLE, "lost again after it was opened anew");
    }
}

int capturer_watch(struct capturer *capturer, const char *backend)
{
    struct slot *slot = capturer_slot(capturer, backend);
    return slot && slot->capture && slot->backend->watch ? slot->backend->watch(slot->capture) : -1;
}

/* ---- a task on the first candidate that can do it ---- */

/* Returns whether another backend may succeed after this failure. */
static bool may_try_next(int status)
{
    return status != ERR_INVALID && status != ERR_NO_MEMORY && status != ERR_LIMIT;
}

int capturer_share(const struct capturer *capturer, const char *backend, size_t left_count, int64_t deadline_ms)
{
    int64_t left_ms = os_time_left(deadline_ms);
    for (size_t i = 0; i < capturer->slot_count; i++)
        if (strcmp(capturer->slots[i].backend->name, backend) == 0 && capturer->slots[i].backend->shares_time)
            left_ms /= (int64_t)left_count;
    return left_ms > 1 ? (int)left_ms : 1;
}

bool capturer_is_wanted(const struct capture_backend *backend, const char *name)
{
    return name ? strcmp(backend->name, name) == 0 : !backend->only_by_name;
}

static int refuse_all(const struct capturer *capturer, const char *name, const struct strlist *refused, int status,
                      struct error *err)
{
    struct buffer text;
    buffer_init(&text, ERROR_LIST_MAX);
    for (size_t i = 0; i < refused->count; i++)
        buffer_printf(&text, "%s%s", i > 0 ? "; " : "", refused->items[i]);
    if (refused->count == 0) {
        status = name ? ERR_INVALID : ERR_UNAVAILABLE;
        if (name)
            buffer_printf(&text, "there is no capture backend '%s' among:", name);
        else
            buffer_printf(&text, "no capture backend can be chosen, one must be named:");
        for (size_t i = 0; i < capturer->slot_count; i++)
            buffer_printf(&text, " %s", capturer->slots[i].backend->name);
    }
    error_set(err, status, "%s", text.data ? (const char *)text.data : "no memory for the reasons");
    buffer_deinit(&text);
    return status;
}

/* Adds a reason, once: several sources of a backend may have the same. */
static void add_refusal(struct strlist *refused, const char *backend, const char *reason)
{
    size_t len = strlen(backend);
    for (size_t i = 0; i < refused->count; i++) {
        const char *item = refused->items[i];
        if (strncmp(item, backend, len) == 0 && strncmp(item + len, ": ", 2) == 0 &&
            strcmp(item + len + 2, reason) == 0)
            return;
    }
    strlist_addf(refused, "%s: %s", backend, reason);
}

void capturer_find(struct capturer *capturer, const struct capture_options *options)
{
    capturer_enter(capturer, STAGE_CHOOSE, NULL);
    capturer->found_ms = 0;
    candidates_clear(&capturer->candidates);
    if (capturer->choose && !options->backend)
        capturer->choose(options, &capturer->candidates);
    for (size_t i = 0; i < capturer->slot_count; i++)
        if (capturer_is_wanted(capturer->slots[i].backend, options->backend))
            candidates_complete(&capturer->candidates, capturer->slots[i].backend->name);
}

/* Finds them for a picture that follows others, if those were found long ago, or for other options. Returns true where they
   were kept: to find them reads what each process of the system has open. */
static bool capturer_keep(struct capturer *capturer, const struct capture_options *options)
{
    char found_for[sizeof capturer->found_for];
    int len = snprintf(found_for, sizeof found_for, "%s %d %s", options->backend ? options->backend : "",
                       options->passive, options->output ? options->output : "");
    bool fits = options->damage && len < (int)sizeof found_for;
    if (fits && capturer->found_ms && os_clock_ms() - capturer->found_ms < FOUND_MS &&
        strcmp(found_for, capturer->found_for) == 0)
        return true;
    capturer_find(capturer, options);
    capturer->found_ms = fits ? os_clock_ms() : 0;
    strcpy(capturer->found_for, found_for);
    return false;
}

int capturer_do(struct capturer *capturer, const struct capture_options *options, const struct task *task,
                const struct capture_candidate **taken, struct strlist *refused, struct error *err)
{
    struct error reason = {0};
    struct capture_options own = *options;
    capturer->deadline_ms = os_deadline(options->timeout_ms > 0 ? options->timeout_ms : -1);
    bool is_kept = capturer_keep(capturer, options);
    for (size_t i = 0; i < capturer->candidates.count && may_try_next(reason.status); i++) {
        const struct capture_candidate *candidate = &capturer->candidates.items[i];
        size_t left = capturer->candidates.count - i;
        if (options->timeout_ms > 0) /* the first, which is likely the right one, has a half of it */
            own.timeout_ms =
                capturer_share(capturer, candidate->backend, i == 0 && left > 2 ? 2 : left, capturer->deadline_ms);
        reason.status = capturer_try(capturer, candidate, &own, task, &reason);
        *taken = candidate;
        if (reason.status == 0)
            return 0;
        capturer->found_ms = 0;
        if (!is_kept) {
            add_refusal(refused, candidate->backend, reason.text);
            continue;
        }
        capturer_find(capturer, options); /* and all over again */
        is_kept = false;
        reason.status = 0;
        i = (size_t)-1;
    }
    return refuse_all(capturer, options->backend, refused, reason.status, err);
}
