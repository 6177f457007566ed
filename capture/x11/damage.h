/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What differs from the last picture of a server, as XDamage tells it: only that much is got of the next one. */
#ifndef CAPTURE_X11_DAMAGE_H
#define CAPTURE_X11_DAMAGE_H

#include "capture/x11/screen.h"

struct x11_damage {
    XID damage, region;  /* 0: none yet */
    int event;           /* the number of DamageNotify */
    unsigned long taken; /* the request that took what was drawn last */
    int screen;          /* that is watched */
    bool is_refused;     /* the server has no DAMAGE */
    bool watches;
    /* The picture that the next one may continue. */
    uint64_t number;  /* 0: none */
    int64_t whole_ms; /* when it was got whole the last time */
    struct rect area;
    Time changed; /* RandR's */
    /* What else there is to tell of it, which holds until an event of another kind. */
    bool is_disturbed;
    char asked[256];         /* the options that its area comes from */
    struct strlist warnings; /* owned */
};

/* Returns whether nothing but drawing was told since the picture that this one is to continue: then its area and warnings
   hold, as far as the server tells of changes. Of DPMS, the screen saver and gamma tables it does not, but a picture is whole
   once in 2 s. Between x11_connection_enter() and _leave(), like all here. */
bool x11_damage_is_all(const struct x11_damage *damage, const struct x11_screen *screen,
                       const struct capture_options *options);
/* Notes what a picture is of that is taken anew. */
void x11_damage_ask(struct x11_damage *damage, const struct capture_options *options);

/* Begins to watch a screen, before all of it is got, unless that can't be relied on there. */
void x11_damage_begin(struct x11_damage *damage, struct x11_connection *connection, const struct x11_screen *screen);

/* Returns whether a picture of this area can continue the one that was asked for. */
bool x11_damage_continues(const struct x11_damage *damage, const struct x11_screen *screen, const struct rect *area,
                          uint64_t since);
/* Returns whether something was drawn since the last x11_damage_take(), by all that the server has answered. */
bool x11_damage_has_come(struct x11_damage *damage, struct x11_connection *connection);
/* Adds what was drawn since to told->rects, within the area and in its coordinates: all of the area where that is half of
   it, or more rectangles than there is room for. One round trip. Returns false when it can't be had. */
bool x11_damage_take(struct x11_damage *damage, struct x11_connection *connection, struct capture_damage *told);
/* Puts all of the area into told->rects, instead of what is there. */
void x11_damage_take_all(const struct x11_damage *damage, struct capture_damage *told);

/* Notes the picture of `area` that is ready now, and gives it a number where it is watched. */
void x11_damage_note(struct x11_damage *damage, const struct x11_screen *screen, const struct rect *area,
                     struct capture_damage *told);

#endif
