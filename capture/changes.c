/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits for a change of the screen at a source that tells of it. */
#include "capture/capturer.h"

#include <stdio.h>
#include <string.h>

static enum capture_result run_changes(struct slot *slot, const struct capture_options *options, void *context,
                                       struct error *err)
{
    struct strlist *facts = context;
    int status = slot->backend->changes
                     ? slot->backend->changes(slot->capture, options, facts, err)
                     : error_set(err, ERR_UNAVAILABLE, "the backend %s tells of no changes", slot->backend->name);
    if (status == 0)
        return CAPTURE_OK;
    return status == ERR_CLOSED ? CAPTURE_LOST : CAPTURE_FAILED;
}

int capturer_changes(struct capturer *capturer, const char *watch, const struct capture_options *options,
                     struct strlist *facts, struct error *err)
{
    char name[32];
    size_t len = strcspn(watch, ":");
    struct capture_candidate candidate = {.backend = name};
    struct task task = {run_changes, facts, STAGE_CHANGES};
    if (len >= sizeof name || strlen(watch + len) >= sizeof candidate.source)
        return error_set(err, ERR_INVALID, "'%.80s' is no source of changes", watch);
    snprintf(name, sizeof name, "%.*s", (int)len, watch);
    snprintf(candidate.source, sizeof candidate.source, "%s", watch + len);
    int status = capturer_try(capturer, &candidate, options, &task, err);
    capturer_enter(capturer, STAGE_IDLE, NULL);
    return status;
}
