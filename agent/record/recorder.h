/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recorder: what the screen showed, in a folder (docs/recording.md). Each recording has a thread and a capture worker of
 * its own, and goes on while no host is connected, until it is stopped or the agent ends. Any thread. */
#ifndef AGENT_RECORD_RECORDER_H
#define AGENT_RECORD_RECORDER_H

#include "agent/child/children.h"
#include "agent/record/wanted.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/strlist.h"
#include "platform/identity.h"

struct recorder;
/* Once; it lives as long as the process. card_classes and children are borrowed, as worker_pool_new() does. */
int recorder_new(struct recorder **out, const struct strlist *card_classes, struct children *children,
                 struct error *err);

/* Begins a recording with the rights of `as`, which it then owns, as it does what is in `wanted`. Returns once the first picture is there, or it is known why
   not. Facts: as recorder_list() of it. ERR_LIMIT while RECORDINGS_MAX run. */
int recorder_start(struct recorder *recorder, struct recording_wanted *wanted, struct os_identity *as,
                   struct strlist *facts, struct error *err);
/* Stops one, with a last look at the screen. Its facts are as below. ERR_NOT_FOUND for none of this id. */
int recorder_stop(struct recorder *recorder, const char *id, const char *why, struct strlist *facts, struct error *err);
/* Lists those that run and the last ones that did: id, folder, state (recording or stopped), and counts. */
void recorder_list(struct recorder *recorder, struct strlist *facts);
/* Refuses what is no recording's id, and a recording that runs. */
int recorder_check_removable(struct recorder *recorder, const char *id, struct error *err);
/* Notes what a host has sent as input (the RPC input), for those that run: all but where the pointer was moved to. */
void recorder_note_input(struct recorder *recorder, const struct strlist *actions);
/* Stops all before the agent ends, for this reason, or with NULL has them rest until it is another executable; a disk that does
   not answer is not waited for long. */
void recorder_end(struct recorder *recorder, const char *why);

/* Appends those that rest, as lines for an upgrade. The next executable gives them to recorder_restore(), which returns whether
   a line is one of these, and then has them go on; so does the old one where the upgrade has failed. */
void recorder_save(struct recorder *recorder, struct buffer *out);
bool recorder_restore(struct recorder *recorder, const char *line);
void recorder_go_on(struct recorder *recorder);

#endif
