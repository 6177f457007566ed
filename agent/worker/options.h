/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of a screenshot, "key=value" strings, and what they mean. docs/protocol.md describes them for hosts.
 *
 *     output=NAME             one output; else the whole screen
 *     region=WxH+X+Y          a part of the output or screen; -X and -Y are negative coordinates
 *     cursor=0|1              whether it is drawn (1: as a person sees the screen)
 *     if-changed=HASH         no file when the pixels have this hash
 *     wait-ms=N               then wait so long for others: the agent's work (agent/worker/changes.h), from 0 to 60000 (0)
 *     pointer=HASH,X,Y        the pointer that is known already, or "unknown": the wait ends with another one
 *     pointer-shape=0|1       the file is the pointer's shape and not the screen; means cursor=0 (0)
 *     delta=0|1               only the rectangles that differ from the picture with the hash of if-changed (0)
 *     pieces=0|1              the file, where it is a whole PNG, leaves while it is encoded, before its last facts (0)
 *     color=stored|applied    without or with the display hardware's colour tables and matrix (stored)
 *     compare=0|1             also how far another backend's picture differs (0)
 *     format=png|ppm          of the file (png)
 *     level=fast|small        what counts of a PNG, the time that it takes or its size (fast)
 *     backend=NAME            this one, or fail
 *     passive=0|1             whether nothing may be done that programs on the screen could notice (0)
 *     deadline-ms=N           from 100 to 60000 (5000)
 *     card-class=DRIVER=CLASS the class of the driver's cards; may be repeated
 */
#ifndef AGENT_WORKER_OPTIONS_H
#define AGENT_WORKER_OPTIONS_H

#include "base/error.h"
#include "base/strlist.h"
#include "capture/capture.h"

#define SCREENSHOT_NAME_MAX 255 /* bytes of an output's or backend's name */
#define SCREENSHOT_DEADLINE_MIN_MS 100
#define SCREENSHOT_DEADLINE_MAX_MS 60000
#define SCREENSHOT_DEADLINE_MS 5000
#define SCREENSHOT_WAIT_MAX_MS 60000

struct screenshot_options {
    struct picture_options picture; /* its texts are borrowed from the strings parsed */
    struct strlist card_classes;    /* owned: what picture.capture.card_classes points to */
    int deadline_ms;
    int wait_ms;
    bool pieces;
};

void screenshot_options_deinit(struct screenshot_options *options); /* accepts a zeroed one */

/* Finds the deadline only, for the agent, which waits until then. The worker checks the other options. ERR_INVALID as
   below. */
int screenshot_options_deadline(const struct strlist *texts, int *deadline_ms, struct error *err);
/* Finds how long to wait only, in the same way. */
int screenshot_options_wait(const struct strlist *texts, int *wait_ms, struct error *err);

/* Parses the options of a screenshot. The caller calls screenshot_options_deinit() in any case. ERR_INVALID names the
   option and the value of one that is unknown, wrong or given twice. */
int screenshot_options_parse(struct screenshot_options *options, const struct strlist *texts, struct error *err);
/* Parses the options of CRCs, which have no file: output, region, cursor, passive, color, backend, card-class and
   deadline-ms. */
int screenshot_options_parse_crc(struct screenshot_options *options, const struct strlist *texts, struct error *err);
/* Parses the options of the lists of displays and of windows: backend, card-class and deadline-ms. */
int screenshot_options_parse_list(struct screenshot_options *options, const struct strlist *texts, struct error *err);
/* Parses "WxH+X+Y" as the option region does. */
bool screenshot_options_rect(struct rect *rect, const char *text);

#endif
