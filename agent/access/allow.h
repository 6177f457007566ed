/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which addresses may connect. */
#ifndef AGENT_ACCESS_ALLOW_H
#define AGENT_ACCESS_ALLOW_H

#include "base/error.h"
#include "base/strlist.h"
#include "platform/socket.h"

#include <stdbool.h>

struct allow;
/* Parses the rules, which must live as long: names, addresses, and networks ADDRESS/BITS. Without rules loopback, private
   (RFC 1918, RFC 4193) and link-local addresses may connect. ERR_INVALID names the rule that is wrong. */
int allow_new(struct allow **out, const struct strlist *rules, struct error *err);
void allow_free(struct allow *allow); /* accepts NULL; not once it was started */
/* Starts to look up the names, in the background. */
int allow_start(struct allow *allow, struct error *err);
/* Checks an address or a name to listen on, as far as its text tells. ERR_INVALID names it. */
int allow_check_host(const char *text, struct error *err);

enum allow_answer {
    ALLOW_NO,
    ALLOW_YES,
    ALLOW_NOT_YET /* no rule has it, but a name was not looked up yet */
};
/* Returns whether an address may connect, from what is known. Never waits. Any thread. */
enum allow_answer allow_peer(struct allow *allow, const struct os_address *peer);
/* Waits until each name was looked up once. Returns false at the deadline. */
bool allow_await_names(struct allow *allow, int64_t deadline_ms);

#endif
