/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order in which sources are tried. */
#ifndef CAPTURE_CANDIDATES_H
#define CAPTURE_CANDIDATES_H

#include "capture/capture.h"

void candidates_clear(struct capture_candidates *candidates); /* accepts zeroed ones */

/* Adds a backend, which chooses its source itself, unless it is listed already. */
void candidates_complete(struct capture_candidates *candidates, const char *backend);

/* Finds the candidate after `last` (NULL: the first one) that is of another backend than `taken` and, depending on
   same_screen, of the same screen or of another one. Returns NULL when there is none. */
const struct capture_candidate *candidates_other(const struct capture_candidates *candidates,
                                                 const struct capture_candidate *taken,
                                                 const struct capture_candidate *last, bool same_screen);

/* Adds the facts chosen (why `taken` was) and refused (for each source that was passed over), and a warning when an
   earlier candidate shows a person another screen. */
void candidates_add_facts(const struct capture_candidates *candidates, const struct capture_candidate *taken,
                          struct strlist *facts);

#endif
