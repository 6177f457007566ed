/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Determines the agent from HOST[:PORT], with PERISCOPE_HOST and PERISCOPE_PORT as defaults. Pure. */
#ifndef HOST_COMMON_TARGET_H
#define HOST_COMMON_TARGET_H

#include "base/error.h"

#define TARGET_HOST_SIZE 256 /* bytes with the NUL; a DNS name has at most 253 characters */
#define TARGET_TEXT_SIZE (TARGET_HOST_SIZE + 8)

struct target {
    char host[TARGET_HOST_SIZE]; /* "" when none was given */
    unsigned port;               /* 0 when none was given */
};

/* Parses NAME, NAME:PORT, ADDRESS:PORT, [IPV6], [IPV6]:PORT, a bare IPV6 (which can have no port), and "-" and ":PORT",
   which leave the host empty. Fails with ERR_INVALID. */
int target_parse(struct target *out, const char *text, struct error *err);

/* Completes text (NULL: none) from the values of the environment (NULL or "": unset). A missing host is taken from
   env_host, which may include a port; a port that is still missing from env_port. Fails with ERR_INVALID if something
   remains missing. */
int target_resolve(struct target *out, const char *text, const char *env_host, const char *env_port, struct error *err);

/* Formats "HOST:PORT", with an IPv6 address in brackets. */
void target_text(const struct target *target, char text[TARGET_TEXT_SIZE]);

#endif
