/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A capture worker's answer: a wire list that is also the RPC's reply, so that the agent relays it as it came. */
#ifndef AGENT_WORKER_ANSWER_H
#define AGENT_WORKER_ANSWER_H

#include "base/strlist.h"
#include "protocol/wire.h"

/* Who takes an answer while it comes. */
struct answer_taker {
    /* Is called when more of the file is there; the list has whole entries. Strings may be put before those it has, but
       only in the first call. */
    void (*came)(void *context, struct buffer *list);
    void *context; /* borrowed */
};

/* Appends one answer to `list`: facts, and then at most one file or `u`. An answer that is one `e` alone becomes
   ERR_UNAVAILABLE with its text. An answer of another form is ERR_PROTOCOL, one that `list` has no room for is
   ERR_LIMIT.
   taker: NULL, or the answer may come in pieces (agent/worker/pieces.h). Behind a failure the list has the entries before
   it, whole. */
int answer_read(struct source *source, struct buffer *list, const struct answer_taker *taker, struct error *err);

/* Ends an answer of which only the first entries have come: with an `e`, and `u` ones up to the number that it tells. Returns
   false without memory for that. */
bool answer_break_off(struct buffer *list, const char *reason);

/* Adds the strings of an answer that answer_read() has appended. */
void answer_add_lines(const struct buffer *list, struct strlist *lines);

/* Whether captures use a graphics device here, so that one can be lost under them. */
bool answer_devices_are_used(void);
/* Returns how a graphics device was lost under a capture, from the lines of its answer, or the reason why there is none; NULL
   when they don't say so. Borrowed from them; it ends with a parenthesis. */
const char *answer_lost_device(const struct strlist *lines, const char *reason);

/* Puts more strings before those of an answer that answer_read() has appended. Without memory it stays as it was. */
void answer_put_lines(struct buffer *list, const struct strlist *lines);

/* Returns the file at the end of an answer that answer_read() has appended. It is borrowed from the answer, and empty
   when there is none. */
struct slice answer_file(const struct buffer *list);

#endif
