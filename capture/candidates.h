/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order in which sources are tried. */
#ifndef CAPTURE_CANDIDATES_H
#define CAPTURE_CANDIDATES_H

#include "capture/capture.h"

void candidates_clear(struct capture_candidates *candidates); /* accepts zeroed ones */

/* Adds a backend, to choose what it will, unless it is among them. */
void candidates_complete(struct capture_candidates *candidates, const char *backend);

/* The one after `last` (NULL: the first) that is of another backend than `taken`, and of the same screen or not. */
const struct capture_candidate *candidates_other(const struct capture_candidates *candidates,
                                                 const struct capture_candidate *taken,
                                                 const struct capture_candidate *last, bool same_screen);

/* chosen, why `taken` was; refused, for what was passed over; and a warning when a person looks at another screen, which
   was tried before. */
void candidates_add_facts(const struct capture_candidates *candidates, const struct capture_candidate *taken,
                          struct strlist *facts);

#endif
