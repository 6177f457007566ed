/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where input goes: to what a picture would show. */
#include "capture/capturer.h"

#include <stdio.h>
#include <string.h>

/* Once a source is open and was asked, no other one is tried: a part of it may have been done. */
struct driving {
    struct strlist *facts;
    bool asked;
};

static enum capture_result run_input(struct slot *slot, const struct capture_options *options, void *context,
                                     struct error *err)
{
    struct driving *driving = context;
    driving->asked = true;
    if (!slot->backend->input) {
        error_set(err, ERR_UNAVAILABLE, "blocked: %s takes no input", slot->backend->name);
        return CAPTURE_FAILED;
    }
    return slot->backend->input(slot->capture, options, driving->facts, err) ? CAPTURE_FAILED : CAPTURE_OK;
}

/* Returns the source that is better for input and has the same screen as this candidate, or the candidate. */
static const struct capture_candidate *input_better(struct capturer *capturer, const struct capture_candidate *one)
{
    const struct slot *slot = capturer_slot(capturer, one->backend);
    if (!slot || !slot->backend->input_last || one->screen == CAPTURE_SCREEN_UNKNOWN)
        return one;
    for (size_t i = 0; i < capturer->candidates.count; i++) {
        const struct capture_candidate *other = &capturer->candidates.items[i];
        const struct slot *own = capturer_slot(capturer, other->backend);
        if (other->screen == one->screen && own && own->backend->input && !own->backend->input_last)
            return other;
    }
    return one;
}

static int capturer_leave(struct capturer *capturer, const struct capture_options *options, struct error *err)
{
    struct capture_options own = *options;
    struct strlist facts = {0};
    struct slot *slot = *capturer->driven.backend ? capturer_slot(capturer, capturer->driven.backend) : NULL;
    int status = 0;
    own.source = *capturer->driven.source ? capturer->driven.source : NULL;
    own.actions = NULL;
    capturer_enter(capturer, STAGE_INPUT, slot ? slot->backend : NULL);
    if (slot && slot->capture && slot->backend->input)
        status = slot->backend->input(slot->capture, &own, &facts, err);
    strlist_deinit(&facts);
    capturer->driven = (struct capture_candidate){.backend = ""};
    return status;
}

/* Lets go of the source before, where it is another one. */
static void capturer_change(struct capturer *capturer, const struct capture_options *options,
                            const struct capture_candidate *to)
{
    struct error err;
    const struct capture_candidate *from = &capturer->driven;
    if (from->backend && *from->backend &&
        (strcmp(from->backend, to->backend) != 0 || strcmp(from->source, to->source) != 0))
        capturer_leave(capturer, options, &err);
}

static int input_on(struct capturer *capturer, const struct capture_options *options,
                    const struct capture_candidate *candidate, struct driving *driving, struct error *err)
{
    struct task task = {run_input, driving, STAGE_INPUT};
    capturer_change(capturer, options, candidate);
    int status = capturer_try(capturer, candidate, options, &task, err);
    if (driving->asked)
        capturer->driven = *candidate;
    return status;
}

/* Goes through the candidates until one can be asked, as for a picture. */
static int input_try_all(struct capturer *capturer, const struct capture_options *options, struct strlist *facts,
                         struct error *err)
{
    struct driving driving = {.facts = facts};
    struct buffer reasons;
    int status = error_set(err, ERR_UNAVAILABLE, "blocked: there is no screen");
    buffer_init(&reasons, ERROR_LIST_MAX);
    for (size_t i = 0; i < capturer->candidates.count && status && !driving.asked; i++) {
        const struct capture_candidate *one = input_better(capturer, &capturer->candidates.items[i]);
        status = input_on(capturer, options, one, &driving, err);
        if (status && !driving.asked)
            buffer_printf(&reasons, "%s%s: %s", reasons.len ? "; " : "", one->backend, err->text);
    }
    if (status && !driving.asked && reasons.len)
        error_set(err, status, "blocked: %s", (const char *)reasons.data);
    buffer_deinit(&reasons);
    return status;
}

int capturer_input(struct capturer *capturer, const struct capture_options *options, struct strlist *facts,
                   struct error *err)
{
    int status;
    if (options->actions) {
        capturer_find(capturer, options);
        status = input_try_all(capturer, options, facts, err);
    } else {
        status = capturer->driven.backend ? capturer_leave(capturer, options, err) : 0;
    }
    capturer_enter(capturer, STAGE_IDLE, NULL);
    return status;
}
