/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which agent is meant: HOST[:PORT], with PERISCOPE_HOST and PERISCOPE_PORT behind it. Pure. */
#ifndef HOST_CLI_TARGET_H
#define HOST_CLI_TARGET_H

#include "base/error.h"

#define TARGET_HOST_SIZE 256 /* bytes with the NUL; a DNS name has at most 253 characters */
#define TARGET_TEXT_SIZE (TARGET_HOST_SIZE + 8)

struct target {
    char host[TARGET_HOST_SIZE]; /* "" when none was given */
    unsigned port;               /* 0 when none was given */
};

/* NAME, NAME:PORT, ADDRESS:PORT, [IPV6], [IPV6]:PORT, a bare IPV6 (which can have no port), or with an empty
   host
   "-" and ":PORT". ERR_INVALID with the reason. */
int target_parse(struct target *out, const char *text, struct error *err);

/* text (NULL: none) completed from the environment's values (NULL or "": unset). What is missing is taken
   from env_host, which may name a port too, and the port then from env_port. ERR_INVALID when something stays
   missing. */
int target_resolve(struct target *out, const char *text, const char *env_host, const char *env_port, struct error *err);

/* "HOST:PORT", an IPv6 address in brackets. */
void target_text(const struct target *target, char text[TARGET_TEXT_SIZE]);

#endif
