/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists: the displays and the windows of a screen. */
#include "capture/capturer.h"

#include "base/number.h"
#include "platform/clock.h"

#include <string.h>

struct listing {
    bool windows;         /* else displays */
    struct strlist lines; /* owned */
};

static enum capture_result run_list(struct slot *slot, const struct capture_options *options, void *context,
                                    struct error *err)
{
    struct listing *listing = context;
    strlist_deinit(&listing->lines); /* left by a failed attempt */
    const struct capture_backend *backend = slot->backend;
    int status = listing->windows ? backend->windows(slot->capture, options, &listing->lines, err)
                                  : backend->displays(slot->capture, options, &listing->lines, err);
    if (status == 0 && listing->lines.failed)
        status = error_set(err, ERR_NO_MEMORY, "no memory for its list");
    if (status == 0)
        return CAPTURE_OK;
    return status == ERR_CLOSED ? CAPTURE_LOST : CAPTURE_FAILED;
}

static int make_listing(struct capturer *capturer, const struct capture_options *options, bool windows,
                        struct strlist *lines, struct error *err)
{
    struct listing listing = {.windows = windows};
    struct strlist refused = {0};
    struct task task = {run_list, &listing, STAGE_LIST};
    const struct capture_candidate *taken;
    int status = capturer_do(capturer, options, &task, &taken, &refused, err);
    if (status == 0) {
        facts_add(lines, &listing.lines, "");
        if (lines->failed)
            status = error_set(err, ERR_NO_MEMORY, "no memory for %zu lines", listing.lines.count);
    }
    capturer_enter(capturer, STAGE_IDLE, NULL);
    strlist_deinit(&listing.lines);
    strlist_deinit(&refused);
    return status;
}

int capturer_displays(struct capturer *capturer, const struct capture_options *options, struct strlist *facts,
                      struct error *err)
{
    return make_listing(capturer, options, false, facts, err);
}

int capturer_windows(struct capturer *capturer, const struct capture_options *options, struct strlist *lines,
                     struct error *err)
{
    return make_listing(capturer, options, true, lines, err);
}

/* Adds "display.N.KEY=VALUE" with N raised by `first`, the number of displays that are listed already, and raises
   *count to include it. */
static void renumber_display(const char *line, size_t first, struct strlist *facts, size_t *count)
{
    static const char prefix[] = "display.";
    uint64_t number;
    const char *rest = line + sizeof prefix - 1;
    if (strncmp(line, prefix, sizeof prefix - 1) != 0 || !number_take(&rest, UINT32_MAX, &number))
        return;
    strlist_addf(facts, "%s%zu%s", prefix, first + (size_t)number, rest);
    if (first + number >= *count)
        *count = first + (size_t)number + 1;
}

int capturer_all_displays(struct capturer *capturer, const struct capture_options *options, struct strlist *facts,
                          struct error *err)
{
    struct listing listing = {0};
    struct task task = {run_list, &listing, STAGE_LIST};
    struct capture_options own = *options;
    int64_t deadline_ms = os_deadline(options->timeout_ms > 0 ? options->timeout_ms : -1);
    size_t count = 0;
    for (size_t i = 0; i < capturer->slot_count; i++) {
        struct slot *slot = &capturer->slots[i];
        struct error why = {0};
        struct capture_candidate candidate = {.backend = slot->backend->name};
        size_t first = count;
        if (!capturer_is_wanted(slot->backend, options->backend))
            continue;
        if (options->timeout_ms > 0)
            own.timeout_ms = capturer_share(capturer, candidate.backend, capturer->slot_count - i, deadline_ms);
        if (capturer_try(capturer, &candidate, &own, &task, &why) < 0) {
            strlist_addf(facts, "refused=%s: %s", slot->backend->name, why.text);
            continue;
        }
        for (size_t j = 0; j < listing.lines.count; j++)
            renumber_display(listing.lines.items[j], first, facts, &count);
    }
    strlist_addf(facts, "display.count=%zu", count);
    capturer_enter(capturer, STAGE_IDLE, NULL);
    strlist_deinit(&listing.lines);
    return facts->failed ? error_set(err, ERR_NO_MEMORY, "no memory for a list of displays") : 0;
}
