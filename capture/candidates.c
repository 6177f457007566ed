/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/candidates.h"

#include <string.h>

void candidates_clear(struct capture_candidates *candidates)
{
    strlist_deinit(&candidates->passed_over);
    candidates->count = 0;
    candidates->display[0] = 0;
    candidates->is_unsure = false;
}

void candidates_complete(struct capture_candidates *candidates, const char *backend)
{
    for (size_t i = 0; i < candidates->count; i++)
        if (strcmp(candidates->items[i].backend, backend) == 0)
            return;
    if (candidates->count < CAPTURE_CANDIDATES_MAX)
        candidates->items[candidates->count++] =
            (struct capture_candidate){.backend = backend, .screen = CAPTURE_SCREEN_UNKNOWN, .is_display = true};
}

const struct capture_candidate *candidates_other(const struct capture_candidates *candidates,
                                                 const struct capture_candidate *taken,
                                                 const struct capture_candidate *last, bool same_screen)
{
    const struct capture_candidate *end = candidates->items + candidates->count;
    for (const struct capture_candidate *candidate = last ? last + 1 : candidates->items; candidate < end; candidate++)
        if (strcmp(candidate->backend, taken->backend) != 0 && (candidate->screen == taken->screen) == same_screen)
            return candidate;
    return NULL;
}

void candidates_add_facts(const struct capture_candidates *candidates, const struct capture_candidate *taken,
                          struct strlist *facts)
{
    const struct capture_candidate *first = candidates->items;
    if (*taken->reason)
        strlist_addf(facts, "chosen=%s", taken->reason);
    for (size_t i = 0; i < candidates->passed_over.count; i++)
        strlist_addf(facts, "refused=%s", candidates->passed_over.items[i]);
    while (first < taken && !first->is_shown)
        first++;
    if (candidates->is_unsure)
        strlist_add(facts,
                    "warning=a person may look at another card: which one the session's compositor has open was not "
                    "found out in time");
    bool is_other = candidates->display[0] && !taken->is_display;
    if (is_other)
        strlist_addf(facts, "warning=this is not the screen of DISPLAY=%s", candidates->display);
    if (first < taken && first->screen != taken->screen && !(is_other && first->is_display))
        strlist_addf(facts, "warning=this is not the first choice, which can't be read: %s", first->reason);
}
