/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of the desktop: what was found, and what follows from it. desktop_decide() is memory in, values out; to look
 * and to wait is each system's (capture/linux/desktop.c, capture/win32/gdi_desktop.c), in a worker.
 */
#ifndef CAPTURE_DESKTOP_H
#define CAPTURE_DESKTOP_H

#include "capture/capture.h"
#include "platform/desktop_state.h"

#define DESKTOP_TEXT_SIZE 256
#define DESKTOP_SETTLE_MS 500 /* for which the outputs have to stay as they are after a change that was seen */

/* What was found. A text says why, in words, and is "" where that does not hold. */
struct desktop_scene {
    char ending[DESKTOP_TEXT_SIZE];    /* the system shuts down */
    char updating[DESKTOP_TEXT_SIZE];  /* it installs updates, and nobody is to use it */
    char booting[DESKTOP_TEXT_SIZE];   /* nobody can log on yet */
    char greeter[DESKTOP_TEXT_SIZE];   /* a log-on screen has the seat */
    char expected[DESKTOP_TEXT_SIZE];  /* a session of the seat that is to have a screen */
    char no_screen[DESKTOP_TEXT_SIZE]; /* nothing draws a desktop */
    char unmanaged[DESKTOP_TEXT_SIZE]; /* the screen is there, and no window manager, compositor or shell has it yet */
    bool is_bare;                      /* nothing else lacks on an unmanaged one, which a kiosk's stays for ever */
    char manager[DESKTOP_TEXT_SIZE];   /* who has it */
    char locked[DESKTOP_TEXT_SIZE];
    char asleep[DESKTOP_TEXT_SIZE];
    char unsettled[DESKTOP_TEXT_SIZE]; /* the outputs have just changed */
};

/* Decides the state, and lists its reasons in words: the one that decides first. */
enum desktop_state desktop_decide(const struct desktop_scene *scene, struct strlist *reasons);
/* Returns whether what decides is that the screen is bare. */
bool desktop_is_bare(const struct desktop_scene *scene);

/* What a look has found beside the scene. */
struct desktop_look {
    struct desktop_scene scene;
    struct strlist lines; /* owned: "gpu=ADDRESS DRIVER" of each, "-" without one; "output=NAME WxH" of each */
    int tick_ms;          /* after which to look again, since what is missing makes no event; 0: it does */
};

/* Looks once. `outputs`: lists them too, where somebody has the screen. */
int desktop_look(struct capturer *capturer, const struct capture_options *options, bool outputs,
                 struct desktop_look *look, struct error *err);
/* Waits until something happens that may concern the desktop, or the deadline. */
void desktop_await(struct capturer *capturer, int64_t deadline_ms);

/* ---- what the systems share ---- */

/* Notes the layout of the outputs, in any form, and makes them unsettled for a while after they were seen to change. Of the
   first look nothing is known. */
void desktop_note_layout(const char *layout, struct desktop_look *look);
/* Adds the outputs with their sizes to the lines. */
void desktop_list_outputs(struct capturer *capturer, const struct capture_options *options, struct desktop_look *look);

/* ---- what the worker calls ---- */

/* Adds the facts desktop.state and desktop.reason, and "desktop.unmanaged=1" where what decides is that the screen is bare. */
int desktop_facts(struct capturer *capturer, const struct capture_options *options, struct strlist *facts,
                  struct error *err);
/* Looks until what is found has another hash than `seen`, or until options->timeout_ms is nearly over. Adds the same facts,
   the lines of the look, and "hash=N". */
int desktop_watch(struct capturer *capturer, const struct capture_options *options, uint64_t seen,
                  struct strlist *facts, struct error *err);

#endif
