/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the capture policy share: the capturer, its stages, and how a task is run on a source. Only for
 * capture/: capture.c, screenshot.c, crcs.c, lists.c. One thread, except for capturer_describe_hang().
 */
#ifndef CAPTURE_CAPTURER_H
#define CAPTURE_CAPTURER_H

#include "capture/capture.h"
#include "capture/bases.h"

#include <stdatomic.h>

struct slot {
    const struct capture_backend *backend; /* borrowed */
    struct capture *capture;               /* owned; NULL while not open */
};

/* X(symbol, its description by capturer_describe_hang, whether it is the backend's work) */
#define STAGES(X)                                                                                                      \
    X(STAGE_IDLE, "no work is under way", false)                                                                       \
    X(STAGE_CHOOSE, "looking for what is shown", false)                                                                \
    X(STAGE_OPEN, "opening the source", true)                                                                          \
    X(STAGE_GRAB, "waiting for the picture", true)                                                                     \
    X(STAGE_LIST, "waiting for the list", true)                                                                        \
    X(STAGE_INPUT, "waiting for the input to be taken", true)                                                          \
    X(STAGE_CHANGES, "waiting for a change", true)                                                                     \
    X(STAGE_CRCS, "waiting for the hardware's CRC", true)                                                              \
    X(STAGE_CLOSE, "closing the source", true)                                                                         \
    X(STAGE_HASH, "computing the picture's hash", false)                                                               \
    X(STAGE_ENCODE, "writing the picture's file", false)
#define X(symbol, doing, of_backend) symbol,
enum stage { STAGES(X) };
#undef X

struct capturer {
    struct slot *slots; /* owned */
    size_t slot_count;
    capture_chooser *choose; /* or NULL */
    struct capture_candidates candidates;
    int64_t found_ms;                /* when those were found for a picture that others may follow; 0: never */
    char found_for[256];             /* the options that they depend on */
    int64_t deadline_ms;             /* of the task on the candidates */
    struct capture_candidate driven; /* that the last input went to; "": none */
    struct capture_candidate shown;  /* that the last picture was of; its backend is NULL: none */
    struct bases bases;              /* pictures, for delta */
    /* For capturer_describe_hang, from another thread. */
    _Atomic(const struct capture_backend *) current; /* borrowed */
    _Atomic(enum stage) stage;
};

/* A task that is run on an open backend. */
struct task {
    enum capture_result (*run)(struct slot *slot, const struct capture_options *options, void *context,
                               struct error *err);
    void *context; /* borrowed */
    enum stage stage;
};

/* Records the current stage, for capturer_describe_hang(). */
void capturer_enter(struct capturer *capturer, enum stage stage, const struct capture_backend *backend);

/* Runs the task on one source. Opens the source where needed, and opens it again, once, when it was lost. */
int capturer_try(struct capturer *capturer, const struct capture_candidate *candidate,
                 const struct capture_options *options, const struct task *task, struct error *err);

/* Finds the candidates for a task, in order. */
void capturer_find(struct capturer *capturer, const struct capture_options *options);
/* Returns the place of a backend by its name, or NULL. */
struct slot *capturer_slot(struct capturer *capturer, const char *backend);
/* Closes what is open of a backend. */
void capturer_close(struct capturer *capturer, struct slot *slot);

/* Returns a descriptor of a source that is open and is watched (capture_backend's watch), or -1. */
int capturer_watch(struct capturer *capturer, const char *backend);

/* Runs the task on the first candidate that can do it, *taken. Adds the reasons of those before it to `refused`. */
int capturer_do(struct capturer *capturer, const struct capture_options *options, const struct task *task,
                const struct capture_candidate **taken, struct strlist *refused, struct error *err);

/* Returns the time for one backend, in ms, when left_count sources are to be tried until the deadline: its share, so that
   one that does not answer hides none of the others. A backend that can't be relied on to end gets all that is left. */
int capturer_share(const struct capturer *capturer, const char *backend, size_t left_count, int64_t deadline_ms);

/* Returns whether a backend may be used when the options name this one (NULL: none). */
bool capturer_is_wanted(const struct capture_backend *backend, const char *name);

/* ---- screenshot.c, for crcs.c too ---- */

struct grab {
    struct image_view image;
    struct capture_damage damage; /* where it was asked for */
    struct strlist facts;         /* owned */
};

/* Takes a picture from the first candidate that can. The image belongs to the backend; the caller frees the facts. */
int grab_picture(struct capturer *capturer, const struct capture_options *options, struct grab *grab,
                 const struct capture_candidate **taken, struct strlist *refused, struct error *err);
/* Takes one from the source of the picture before. */
int grab_again(struct capturer *capturer, const struct capture_options *options,
               const struct capture_candidate *candidate, struct grab *grab, struct error *err);
/* Adds the facts that follow from the pixels. `hash`: theirs, or NULL. *unchanged: it is if_changed. */
void grab_add_pixel_facts(struct grab *grab, const char *hash, const char *if_changed, bool *unchanged);

/* Adds copies of the facts, each with the prefix. */
void facts_add(struct strlist *to, const struct strlist *from, const char *prefix);

#endif
