/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decides which of the screens of a guest a person sees: orders the sources to try by what is known of the guest's
 * virtual terminals, session, cards and X servers. Memory in, values out.
 */
#ifndef CAPTURE_CHOICE_H
#define CAPTURE_CHOICE_H

#include "capture/capture.h"
#include "capture/card_class.h"

#define CHOICE_CARDS_MAX 64 /* the kernel's limit, so that a set of cards is a uint64_t */
#define CHOICE_SERVERS_MAX 64

struct choice_card {
    unsigned number; /* of /dev/dri/cardN */
    struct card_identity identity;
    enum card_class class;
    unsigned active_outputs; /* that show something */
    bool has_text;           /* the text consoles are drawn on it */
};

struct choice_server {
    unsigned number; /* N of :N */
    int pid;         /* 0: unknown */
    char name[16];   /* of its process */
    unsigned vt;     /* 0: none, or unknown */
    bool rootless;   /* Xwayland: its root window is never shown */
    bool of_root;    /* root's own */
    bool chosen;     /* by DISPLAY */
    bool shown;      /* it has the active virtual terminal or seat0's active session */
    uint64_t cards;  /* the cards that it has open: bit N for card N */
};

/* The Wayland compositor of the active session. */
struct choice_compositor {
    int pid; /* 0: none is known */
    char name[16];
    uint64_t cards; /* that it has open: bit N for card N */
    bool is_unsure; /* time was up before all processes were looked at */
};

enum choice_vt_mode { VT_MODE_UNKNOWN, VT_MODE_TEXT, VT_MODE_GRAPHICS };

struct choice_scene {
    unsigned vt; /* the active one; 0: there is none */
    enum choice_vt_mode vt_mode;
    char session[32], session_type[16]; /* seat0's active one, as "3" and "wayland"; "" when not known */
    struct choice_card cards[CHOICE_CARDS_MAX];
    size_t card_count;
    struct choice_server
        servers[CHOICE_SERVERS_MAX]; /* without those that no monitor shows while DISPLAY names another */
    size_t server_count;
    char display[CAPTURE_DISPLAY_SIZE]; /* DISPLAY, of whose server a picture is expected; "": of none in particular */
    struct choice_compositor compositor;
};

/* Lists the sources to try, in order: for the whole screen or, where `output` is not NULL, for that output or "all". */
void choice_make(const struct choice_scene *scene, const char *output, struct capture_candidates *candidates);

#endif
