/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pixels in the guest, as an image and what is known about it. Runs in the worker process only: any call may hang,
 * and then the agent kills the process. Knows nothing of RPCs. One thread.
 *
 * Facts are "key=value" strings, one line each, keys of letters, digits, dots and hyphens. docs/protocol.md lists
 * them all, under `screenshot`.
 */
#ifndef CAPTURE_CAPTURE_H
#define CAPTURE_CAPTURE_H

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

struct capture_options {
    const char *backend; /* NULL: choose; else fail rather than take another */
    const char *source;  /* what of the backend, as a candidate has it; NULL: the backend chooses */
    const char *output;  /* NULL: the whole screen; "all": every output; else one's name as in display.N.name */
    const struct strlist *card_classes; /* NULL, or rules "DRIVER=CLASS" as capture/card_class.h has them */
    bool has_region;
    struct rect region; /* of the output or screen; must lie within it */
    bool cursor;        /* draw it */
    bool colors;        /* apply what the display hardware does to colours behind the framebuffers */
    bool passive;       /* nothing that the programs on the screen could notice; not where a backend is asked for */
    int timeout_ms;     /* what the caller will wait; the backend gives up before */
};

enum capture_result { CAPTURE_OK, CAPTURE_LOST /* the source went away: open again */, CAPTURE_FAILED };

struct capture; /* a backend's own; each backend's struct begins with nothing in common */

struct capture_backend {
    const char *name, *summary;
    /* Connects to the source. ERR_UNAVAILABLE or ERR_DENIED with the reason in words when it can't. */
    int (*open)(struct capture **out, const struct capture_options *options, struct error *err);
    /* One picture, valid until the next call. Adds facts: output, geometry (WxH+X+Y on the virtual screen), time is
       added by the caller; cursor, warnings ("warning=display asleep"). */
    enum capture_result (*grab)(struct capture *capture, const struct capture_options *options,
                                struct image_view *image, struct strlist *facts, struct error *err);
    /* displays, windows: ERR_CLOSED when the source went away, to be opened again.
       display.count=N and, from 0, display.N.name, .geometry, .backend, .mode, .driver, .pci, .class where known. */
    int (*displays)(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                    struct error *err);
    /* The CRCs that hardware computes over the outputs (all, or the one of the options): the facts crc and refused.
       NULL: this source knows of no hardware. */
    int (*crcs)(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                struct error *err);
    /* One line a top-level window, bottom to top: tab-separated fields as docs/protocol.md tells. */
    int (*windows)(struct capture *capture, struct strlist *lines, struct error *err);
    void (*close)(struct capture *capture); /* accepts NULL and half-open */
    /* Called from another thread while one of the calls above hangs: what it waits for ("the X server does not answer
       GetImage"), "" when nothing is known. Takes no lock, calls nothing that may hang. NULL: nothing to say. */
    void (*describe_hang)(char *text, size_t size);
    bool only_by_name; /* only taken when asked for, or where a chooser names it */
};

extern const struct capture_backend *const capture_backends[]; /* NULL-terminated, in order of preference */

/* ---- which of them is tried first ---- */

#define CAPTURE_CANDIDATES_MAX 144
#define CAPTURE_SCREEN_UNKNOWN UINT32_MAX

struct capture_candidate {
    const char *backend; /* its name */
    char source[16];     /* what of it: "card1", ":0"; "": what the backend chooses */
    char reason[256];    /* why it is here, and here in the order */
    uint32_t screen;     /* candidates of the same number are ways to the same screen */
    bool is_shown;         /* a person looks at that screen: a picture of another is less than it seems */
    bool if_uniform;     /* also tried when the picture of the one before it has one colour alone */
};

struct capture_candidates {
    struct capture_candidate items[CAPTURE_CANDIDATES_MAX];
    size_t count;
    struct strlist passed_over; /* owned: "WHAT: why", for what is not even tried */
};

/* Looks at the system anew and adds what to try, in order. */
typedef void capture_chooser(const struct capture_options *options, struct capture_candidates *candidates);
extern capture_chooser *const capture_choose; /* the system's; NULL: the order of preference is all there is to it */

/* ---- what the worker calls (capture.c) ---- */

/* Keeps backends open between calls; opens one again, once a call, when its source was lost. For each call the first
   candidate that can do it is taken, of those that `choose` gives and then, in their order, of the backends that it did
   not name. With NULL for `choose`, and where a backend is asked for, the latter alone count. */
struct capturer;
int capturer_new(struct capturer **out, const struct capture_backend *const *backends /* borrowed; NULL-terminated */,
                 capture_chooser *choose, struct error *err);
void capturer_free(struct capturer *capturer); /* accepts NULL */

enum picture_format { PICTURE_PNG, PICTURE_PPM };
struct picture_options {
    struct capture_options capture;
    enum picture_format format;
    bool compare;           /* with what another backend gives, too */
    const char *if_changed; /* NULL, or a hash as in the fact `hash`: nothing is encoded when the pixels have it */
};

/* Takes a picture and encodes it into `file` (left empty when unchanged; the fact `unchanged=1` says so). Facts:
   backend, output, geometry, time (RFC 3339, UTC, when the picture was asked for: it is not older), hash
   (picture/hash.h), cursor, chosen (why this source), refused (one for each tried before: "x11: why"), warning;
   with `compare`, compare.backend, compare.source, compare.pixels (how many differ) and, where some do, compare.box
   (WxH+X+Y in the picture), or compare.refused. */
int capturer_take(struct capturer *capturer, const struct picture_options *options, struct strlist *facts,
                  struct buffer *file, struct error *err);
/* CRCs: `crc=SOURCE VALUE OUTPUT…` for each that can be had and `refused=SOURCE: why` for the others, after what is known of
   the picture whose pixels were read. An error when there is none at all. */
int capturer_crc(struct capturer *capturer, const struct capture_options *options, struct strlist *facts,
                 struct error *err);
/* Of the options, only backend and timeout_ms count. */
int capturer_displays(struct capturer *capturer, const struct capture_options *options, struct strlist *facts,
                      struct error *err);
/* Of every source that is of the screen, or of the one asked for: one source's displays after the other's, and
   `refused=BACKEND: why` for those that have none. */
int capturer_all_displays(struct capturer *capturer, const struct capture_options *options, struct strlist *facts,
                          struct error *err);
int capturer_windows(struct capturer *capturer, const struct capture_options *options, struct strlist *lines,
                     struct error *err);

/* From another thread, while one of the calls above has not returned: what it is at, in words. */
void capturer_describe_hang(struct capturer *capturer, char *text, size_t size);

#endif
