/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What has happened in the guest: boots, crashes, faults and resets of a graphics card, display changes, log-ons, starts of
   the agent. The last EVENTS_MAX are kept in memory, numbered from 1; hosts fetch them as .periscope/events.txt or wait
   for them by the RPC events. Any thread. */
#ifndef AGENT_EVENTS_H
#define AGENT_EVENTS_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/strlist.h"
#include "platform/socket.h"

#include <stdbool.h>
#include <stdint.h>

#define EVENTS_MAX 256      /* kept; older ones are dropped, and a host that has not seen them is told how many */
#define EVENT_TEXT_SIZE 240 /* bytes with the NUL; a longer text is cut and marked */

void events_init(void); /* once, before the first thread; before it nothing is kept */
/* Adds an event that happens now. kind is a word of docs/protocol.md ("gpu", "boot"), and not copied. Control characters
   become '?'. */
void events_add(const char *kind, const char *format, ...) PRINTF_LIKE(2, 3);
/* Adds one that happened at that wall time (milliseconds since 1970). */
void events_add_at(int64_t time_ms, const char *kind, const char *format, ...) PRINTF_LIKE(3, 4);
/* Appends all that is kept, as lines for an upgrade. The next executable gives them to events_restore() before the first
   event; it returns whether a line is one of these. What was told before the upgrade is then not told again. */
void events_save(struct buffer *out);
bool events_restore(const char *line);
bool events_were_taken(void); /* from the agent before an upgrade */
/* Appends those that are kept, a line each: number, time, kind and text, with tabs between. */
void events_copy(struct buffer *out);

struct event_copy {
    uint64_t number;
    int64_t boot_ms, time_ms; /* since the boot; wall time */
    const char *kind;
    char text[EVENT_TEXT_SIZE];
};
uint64_t events_last(void); /* the number of the newest one; 0: there was none */
/* Copies the first one of a higher number that is kept. Returns false when there is none. */
bool events_next(uint64_t after, struct event_copy *out);

/* Adds "event=" for the last faults, of kind gpu, kernel or crash, that are no older than max_age_ms: what may have
   spoilt an answer. The oldest first. */
void events_add_faults(struct strlist *out, unsigned max, int64_t max_age_ms);

struct events_query {
    uint64_t since;      /* only those with a higher number */
    const char *id;      /* NULL, or the `id` of an earlier answer: of another agent, `since` means nothing */
    int64_t deadline_ms; /* of the wait for the first such event */
};
/* Adds "id=", "last=" and, if some are gone that the host has not seen, "lost="; then an "event=" for each. Waits for the
   first one until the deadline, or until the client hangs up (ERR_CLOSED). */
int events_list(const struct events_query *query, struct os_socket *client, struct strlist *out, struct error *err);

#endif
