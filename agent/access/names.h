/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The addresses of the names that may connect. A thread for each name looks it up, keeps what it found and does so again,
   so that nobody else waits for a name service: not a client, not another name, not the end of the agent. */
#ifndef AGENT_ACCESS_NAMES_H
#define AGENT_ACCESS_NAMES_H

#include "base/error.h"
#include "platform/socket.h"

#include <stdbool.h>

#define NAMES_MAX 64                  /* a thread each */
#define NAME_ADDRESSES 64             /* of one name; more are left out */
#define NAME_AGAIN_MS (30 * 1000)     /* from an answer to the next look */
#define NAME_RETRY_MS (5 * 1000)      /* from a failure to the next look */
#define NAME_KEEP_MS (60 * 60 * 1000) /* how long an answer holds while there is no other */

struct names;
int names_new(struct names **out, struct error *err);
void names_free(struct names *names); /* accepts NULL; not once it was started */
/* Adds a name, which must live as long. ERR_LIMIT from NAMES_MAX. */
int names_add(struct names *names, const char *text, struct error *err);
/* Starts the threads. They are never ended: they end with the process. */
int names_start(struct names *names, struct error *err);

/* Returns whether the address is known as one of a name's. Never waits. */
bool names_have(struct names *names, const struct os_address *address);
/* Waits until each name was looked up once. Returns false at the deadline. */
bool names_await(struct names *names, int64_t deadline_ms);

#endif
