/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Captures pixels in the guest as an image with facts about it. Runs in the worker process only: any call may hang,
 * and then the agent kills the process. Knows nothing of RPCs. One thread.
 *
 * Facts are "key=value" strings, one line each, keys of letters, digits, dots and hyphens. docs/protocol.md lists
 * them all, under `screenshot`.
 */
#ifndef CAPTURE_CAPTURE_H
#define CAPTURE_CAPTURE_H

#include "capture/candidates.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/strlist.h"
#include "picture/image.h"

#include <stdbool.h>
#include <stdint.h>

#define CAPTURE_SIZE_MAX IMAGE_SIZE_MAX

struct rect {
    int32_t x, y;
    uint32_t width, height;
};

#define CAPTURE_DAMAGE_MAX 16

/* Which pixels may be others than in an earlier picture of the same source. */
struct capture_damage {
    uint64_t since;  /* asked: the number of that picture; 0: none */
    uint64_t number; /* answered: the number of this one; 0: this source has none */
    bool is_known;   /* it is that picture but for the rectangles */
    uint32_t count;
    struct rect rects[CAPTURE_DAMAGE_MAX]; /* in the picture */
};

/* Where a picture is to be, so that it need not be copied. */
struct capture_memory {
    uint8_t *(*get)(struct capture_memory *memory, size_t size); /* the same bytes each time; NULL: no room */
};

struct capture_options {
    const char *backend; /* NULL: choose one; else use this one or fail */
    const char *source;  /* the backend's source, as in a candidate; NULL: the backend chooses */
    const char *output;  /* NULL: the whole screen; "all": every output; else the name of one, as in display.N.name */
    const struct strlist *card_classes; /* NULL, or rules "DRIVER=CLASS" as in capture/card_class.h */
    bool has_region;
    struct rect region; /* of the output or screen; must lie within it */
    bool cursor;        /* draw it; else the facts of capture/pointer.h are added, where it is known */
    bool shape;         /* with its pixels */
    bool colors;        /* apply the colour conversion of the display hardware, which follows the framebuffers */
    bool crc;           /* also add the fact crc=software, where the backend has more than 8 bits a channel */
    bool passive;       /* do nothing that programs on the screen could notice; ignored when a backend is named */
    int timeout_ms;     /* how long the caller waits; the backend gives up before */
    struct capture_damage *damage; /* NULL: not asked for. Never with the cursor drawn */
    const struct strlist *actions; /* of input (capture/input/action.h); NULL: let go of all, and leave */
    /* For a backend in a process of its own: what its open() needs to know, and where the picture is to be. */
    struct slice target;
    struct capture_memory *memory; /* NULL: in the backend's own */
};

enum capture_result { CAPTURE_OK, CAPTURE_LOST /* the source was lost: open it again */, CAPTURE_FAILED };

struct capture; /* defined by each backend; the definitions have nothing in common */

struct capture_backend {
    const char *name, *summary;
    /* Connects to the source. ERR_UNAVAILABLE or ERR_DENIED, with the reason in words, when that is not possible. */
    int (*open)(struct capture **out, const struct capture_options *options, struct error *err);
    /* Captures a picture, which is valid until the next call. Adds the facts output, geometry (WxH+X+Y on the virtual
       screen), cursor and warnings ("warning=display asleep"). The caller adds the time. */
    enum capture_result (*grab)(struct capture *capture, const struct capture_options *options,
                                struct image_view *image, struct strlist *facts, struct error *err);
    /* Begins a picture that a grab() with these options may want next, and returns at once. NULL: it can't. */
    void (*begin)(struct capture *capture, const struct capture_options *options);
    /* displays and windows return ERR_CLOSED when the source was lost and must be opened again. displays adds
       display.count=N and, from 0, display.N.name, .geometry, .backend, .mode, .driver, .pci, .class where known. */
    int (*displays)(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                    struct error *err);
    /* Adds the CRCs that hardware computes over the outputs (all, or the one of the options): the facts crc and
       refused. NULL: this source knows of no such hardware. */
    int (*crcs)(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                struct error *err);
    /* Adds one line for each top-level window, bottom to top: tab-separated fields, see docs/protocol.md. */
    int (*windows)(struct capture *capture, const struct capture_options *options, struct strlist *lines,
                   struct error *err);
    /* Adds who has the screen, in words: the facts manager or unmanaged, then locked, asleep and layout where they hold.
       NULL: this source does not know. */
    int (*desktop)(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                   struct error *err);
    /* Returns a descriptor that can be read once those facts may have changed, until the next call, or -1. NULL: -1. */
    int (*watch)(struct capture *capture);
    /* In a process of its own: waits for that, or until `other` can be read. */
    void (*await)(struct capture *capture, int other);
    /* Does the actions of a person at the screen, all or, after a failure, the first of them. Adds the fact by=. NULL: this
       source takes none. */
    int (*input)(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                 struct error *err);
    /* Waits until the pixels or the pointer may be others than at the last call, or timeout_ms is nearly over: adds "pixels=1"
       and "pointer=1". A picture that this can be asked for has the fact `watch`. NULL: this source tells of no changes. */
    int (*changes)(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                   struct error *err);
    void (*close)(struct capture *capture); /* accepts NULL and a half-open one */
    /* Writes what a call above that hangs is waiting for ("the X server does not answer GetImage"), or "" when nothing
       is known. It is called from another thread, takes no lock and calls nothing that may hang. NULL: nothing is ever
       known. */
    void (*describe_hang)(char *text, size_t size);
    bool only_by_name; /* only used when requested by name, or when a chooser names it */
    bool input_last;   /* another source of the same screen takes input better */
    bool shares_time;  /* gives up at timeout_ms whatever its source does, so that others can be tried */
};

extern const struct capture_backend *const capture_backends[]; /* NULL-terminated, in order of preference */

/* ---- the order in which they are tried ---- */

/* Inspects the current state of the system and adds the candidates to try, in order. */
typedef void capture_chooser(const struct capture_options *options, struct capture_candidates *candidates);
extern capture_chooser *const capture_choose; /* of this system; NULL: only the order of preference counts */

/* Lists the rules "DRIVER=CLASS" that are of no card of this system, each with the reason. Reads files only. */
extern void (*const capture_unused_rules)(const struct strlist *rules, struct strlist *out);

/* Serves a backend in a process of its own, which this system's backends start with CAPTURE_SOURCE_ARGUMENT and these
   arguments after it. Returns the exit status. NULL: there is none. */
#define CAPTURE_SOURCE_ARGUMENT "--capture-source"
extern int (*const capture_source_main)(int argc, char **argv);

/* ---- what the worker calls (capture.c) ---- */

/* Keeps backends open between calls. A backend whose source was lost is opened again, once a call. Each call uses the
   first candidate that can do it: first those that `choose` gives, then, in their order, the backends that it did not
   name. With NULL for `choose`, or when a backend is requested, only the latter count. */
struct capturer;
int capturer_new(struct capturer **out, const struct capture_backend *const *backends /* borrowed; NULL-terminated */,
                 capture_chooser *choose, struct error *err);
void capturer_free(struct capturer *capturer); /* accepts NULL */

enum picture_format { PICTURE_PNG, PICTURE_PPM };
/* Where the file of a picture goes while it is encoded. The calls come from several threads, one at a time. */
struct picture_sink {
    /* Tells all facts of the picture but the last PICTURE_LATE_FACTS, and how many calls of write there will be. */
    int (*begin)(void *context, const struct strlist *facts, size_t writes, struct error *err);
    int (*write)(void *context, const uint8_t *bytes, size_t len, struct error *err);
    void *context; /* borrowed */
};

#define PICTURE_LATE_FACTS 2 /* hash and time-encode-us: known when the file is */

struct picture_options {
    struct capture_options capture;
    enum picture_format format;
    uint32_t scale;         /* 0 or 1: as large as the screen; N: 1/N of its width and height (picture/scale.h) */
    bool small;             /* a PNG with matches: smaller, in three times the time */
    bool compare;           /* also compare with the picture of another backend */
    const char *if_changed; /* NULL, or a hash as in the fact `hash`: with that hash nothing is encoded */
    bool delta;             /* the file has only what differs from that picture, where it is still there */
    /* NULL, or where a whole PNG goes, and `file` stays empty; borrowed. What if_changed or delta are given for and another
       file go to `file`. */
    const struct picture_sink *sink;
};

/* Takes a picture and encodes it into `file` (left empty when unchanged, which the fact `unchanged=1` reports). Facts:
   backend, output, geometry, time (RFC 3339, UTC, of the request: the picture is not older), hash (picture/hash.h),
   cursor, chosen (why this source), refused (one for each source tried before: "x11: why"), warning. `compare` adds
   compare.backend, compare.source, compare.pixels (how many differ) and, where some differ, compare.box (WxH+X+Y in the
   picture), or else compare.refused. */
int capturer_take(struct capturer *capturer, const struct picture_options *options, struct strlist *facts,
                  struct buffer *file, struct error *err);
/* Adds `crc=SOURCE VALUE OUTPUT…` for each CRC that is available and `refused=SOURCE: why` for the others, after the
   facts of the picture whose pixels were read. Fails when none is available. */
int capturer_crc(struct capturer *capturer, const struct capture_options *options, struct strlist *facts,
                 struct error *err);
/* Lists the displays of the first candidate that can. Of the options, only backend, card_classes and timeout_ms
   count. */
int capturer_displays(struct capturer *capturer, const struct capture_options *options, struct strlist *facts,
                      struct error *err);
/* Lists the displays of every source of the screen, or of the requested backend: those of one source after those of the
   other, and `refused=BACKEND: why` for each source that could not list any. */
int capturer_all_displays(struct capturer *capturer, const struct capture_options *options, struct strlist *facts,
                          struct error *err);
int capturer_windows(struct capturer *capturer, const struct capture_options *options, struct strlist *lines,
                     struct error *err);

/* Does the actions on what a picture would show first. NULL for options->actions: lets go of all that it holds. Where
   another source is shown than before, the former is let go of. */
int capturer_input(struct capturer *capturer, const struct capture_options *options, struct strlist *facts,
                   struct error *err);
/* Waits for a change at the source that the fact `watch` of a picture names: capture_backend's changes(). */
int capturer_changes(struct capturer *capturer, const char *watch, const struct capture_options *options,
                     struct strlist *facts, struct error *err);

/* Describes in words what a call above that has not returned is doing. It is called from another thread. */
void capturer_describe_hang(struct capturer *capturer, char *text, size_t size);

#endif
