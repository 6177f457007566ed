/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The capture worker: periscoped run with the hidden argument --capture-worker. It reads requests as wire lists from
 * standard input and answers each with one list on standard output, until end of file or WORKER_IDLE_MS without work.
 *
 *     request: s "screenshot" | "crc" | "displays" | "all-displays" | "windows" | "console" |
 *              "console-N" | "desktop" | "watch-HASH" (capture/desktop.h) | "record"
 *              (agent/worker/record.h) | "changes-WATCH" (as the fact `watch` of a picture has it) | "input-N" |
 *              "leave", then s options "key=value"; of input-N, where N makes each request another one, also
 *              "action=ACTION"
 *     answer:  e reason, or s facts or lines; after a screenshot's facts comes d file, or u when unchanged
 *
 * The options are those of the RPC (agent/worker/options.h); the lists take backend, card-class and deadline-ms. A
 * little before the deadline a worker that hangs answers with the reason it knows and ends.
 */
#ifndef AGENT_WORKER_MAIN_H
#define AGENT_WORKER_MAIN_H

#define WORKER_ARGUMENT "--capture-worker"
#define WORKER_IDLE_MS 10000 /* so that an idle guest has no second process */

int worker_main(void); /* returns the process's exit status */

/* Runs a process that serves one source to a worker, when the arguments are those with which a worker starts one
   (capture/capture.h). Returns the exit status, or -1 when they are not. */
int worker_source_main(int argc, char **argv);

#endif
