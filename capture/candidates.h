/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order in which sources are tried. */
#ifndef CAPTURE_CANDIDATES_H
#define CAPTURE_CANDIDATES_H

#include "base/strlist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAPTURE_CANDIDATES_MAX 144
#define CAPTURE_SCREEN_UNKNOWN UINT32_MAX
#define CAPTURE_DISPLAY_SIZE 64

struct capture_candidate {
    const char *backend; /* its name */
    char source[16];     /* the backend's source: "card1", ":0"; "": the backend chooses */
    char reason[320];    /* why it is a candidate, and at this place in the order */
    uint32_t screen;     /* candidates with the same number capture the same screen */
    bool is_shown;       /* a person sees that screen; a picture of another screen instead of it gets a warning */
    bool if_uniform;     /* also tried when all pixels of the candidate before it have one colour */
    bool is_display;     /* it shows what the X server of DISPLAY shows */
};

struct capture_candidates {
    struct capture_candidate items[CAPTURE_CANDIDATES_MAX];
    size_t count;
    char display
        [CAPTURE_DISPLAY_SIZE]; /* a picture of another screen than this DISPLAY's gets a warning; "": none does */
    bool is_unsure;             /* which card is in front could not be found out: a picture gets a warning */
    struct strlist passed_over; /* owned: "WHAT: why" for each source that is not even tried */
};

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
