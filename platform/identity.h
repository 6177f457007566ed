/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As whom the agent runs programs, and reads and writes files, for a host.
 *
 * A service has more rights than the tests that it runs should have. An identity is the user of the active session, or
 * a user that the configuration names, with that session's environment; or the agent itself.
 */
#ifndef PLATFORM_IDENTITY_H
#define PLATFORM_IDENTITY_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define OS_IDENTITY_AGENT "agent"     /* the agent's own user: no change at all */
#define OS_IDENTITY_SESSION "session" /* the user of the active session; ERR_UNAVAILABLE while there is none */

struct os_identity;
/* Finds who that is now: `who` is one of the names above or a user's name. Each call looks anew, since users log on and
   off. Never waits for a program, nor long for a name service. Any thread. */
int os_identity_find(struct os_identity **out, const char *who, struct error *err);
void os_identity_free(struct os_identity *identity); /* accepts NULL */
/* Adds what its programs find in their environment; files need none of it. What is not known in time is left out, and
   `note` gets what people should know of that, or "". */
int os_identity_add_environment(struct os_identity *identity, char *note, size_t note_size, struct error *err);
/* Returns the identity in words, for properties and logs: "user alice (uid 1000), session 2 on seat0". Borrowed from
   it. */
const char *os_identity_name(const struct os_identity *identity);
/* Returns the user, for os_identity_find() at some later time; "" for the agent's own. Borrowed from it. */
const char *os_identity_user(const struct os_identity *identity);
/* Gives the calling thread the user's rights and takes its own, until os_identity_leave(). Both do nothing for the agent's
   own. A thread whose rights can't be taken is an error; one that can't have its own back ends the agent. */
int os_identity_enter(const struct os_identity *identity, struct error *err);
void os_identity_leave(const struct os_identity *identity);

#endif
