/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Backends in processes of their own. What such a process crashes or hangs in, or is made to do by a hostile display
 * server, it does with few rights and without the worker: for the worker it is a reason why this source gives no picture.
 *
 * The process is the agent's own executable, started anew. Before anything else it takes the rights that it is to have.
 * The pixels are in memory that both map, whose size neither can change. The answers are not trusted.
 */
#ifndef CAPTURE_APART_APART_H
#define CAPTURE_APART_APART_H

#include "capture/apart/rights.h"
#include "capture/capture.h"

#include <sys/types.h>

struct apart;

/* What the process notes before each call that may hang or crash. */
struct apart_note {
    char call[48];   /* "XRRGetMonitors"; "": none yet */
    unsigned number; /* of the card, for a card */
};

/* ---- the worker's side ---- */

/* Starts a process that serves this backend, as the rights tell. */
int apart_start(struct apart **out, const char *backend, const struct apart_rights *rights, struct error *err);
void apart_stop(struct apart *apart); /* ends it, never waits for it; accepts NULL */

/* Opens the source within options->timeout_ms. `target` is what the backend's own open() gets beside the options. The
   status is what open() returned; ERR_TIMEOUT or ERR_SYSTEM, after which only apart_stop() may follow, when the process
   did not answer or ended. apart_is_usable() tells. */
int apart_open(struct apart *apart, const struct capture_options *options, struct slice target, struct error *err);
enum capture_result apart_grab(struct apart *apart, const struct capture_options *options, struct image_view *image,
                               struct strlist *facts, struct error *err);
/* Asks for a picture that apart_grab() with equal options, of another time perhaps, then finds begun. Any other request
   drops it. */
void apart_begin_grab(struct apart *apart, const struct capture_options *options);
int apart_displays(struct apart *apart, const struct capture_options *options, struct strlist *facts,
                   struct error *err);
int apart_windows(struct apart *apart, const struct capture_options *options, struct strlist *lines, struct error *err);
int apart_crcs(struct apart *apart, const struct capture_options *options, struct strlist *facts, struct error *err);
int apart_desktop(struct apart *apart, const struct capture_options *options, struct strlist *facts, struct error *err);
/* Does the actions of the options, or without any lets go of all. From then on the process does that, too, when it is
   stopped or the worker ends; it has APART_LEAVE_S for it. */
int apart_input(struct apart *apart, const struct capture_options *options, struct strlist *facts, struct error *err);
bool apart_has_input(const struct apart *apart); /* since it was asked to last */
/* Waits for a change of what is shown: capture_backend's changes(). */
int apart_changes(struct apart *apart, const struct capture_options *options, struct strlist *facts, struct error *err);
/* Lets the process wait for a change of those facts. Returns a descriptor that can be read once there may be one, or -1.
   The next request, whichever it is, ends that. */
int apart_watch(struct apart *apart);

/* Returns whether the process can be asked again. */
bool apart_is_usable(const struct apart *apart);
pid_t apart_pid(const struct apart *apart);
/* Reads what the process noted last. */
void apart_read_note(const struct apart *apart, struct apart_note *note);

/* ---- the process's side ---- */

/* Serves one of the backends until the worker ends. Returns the exit status. */
int apart_main(const struct capture_backend *const *backends, int argc, char **argv);

/* Notes the call that begins. Elsewhere than in such a process nobody reads it. */
void apart_note_call(const char *call, unsigned number);
void apart_share_note(struct apart_note *place); /* where to, from now on */

#endif
