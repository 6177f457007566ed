/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may talk to the gateway. Decisions without I/O: headers in, a verdict out.
 *
 * Two different things are checked. That a request comes from a page of the gateway's own, or from no browser: by Host
 * (no name that somebody points here, as DNS rebinding does), Origin and Sec-Fetch-Site. And, where a token is needed,
 * that it comes from somebody who was let in: by the secret of the token file, or by a session's cookie, which a one-time
 * token in the address is exchanged for.
 */
#ifndef HOST_WEB_AUTH_H
#define HOST_WEB_AUTH_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUTH_TOKEN_SIZE 33 /* 32 hexadecimal digits and the NUL */
#define AUTH_TOKENS_MAX 16
#define AUTH_SESSIONS_MAX 256
#define AUTH_TOKEN_MS (INT64_C(24) * 3600 * 1000)
#define AUTH_SESSION_MS (INT64_C(30) * 24 * 3600 * 1000) /* since it was used last */
#define AUTH_COOKIE "periscope"

struct web_config;

struct auth_ticket {
    char text[AUTH_TOKEN_SIZE]; /* "": free */
    int64_t time_ms;            /* os_clock_ms(): made, or used last */
};

struct auth {
    const struct web_config *config; /* borrowed */
    struct auth_ticket tokens[AUTH_TOKENS_MAX], sessions[AUTH_SESSIONS_MAX];
};

struct auth_request { /* all borrowed; NULL: not given */
    const char *host, *origin, *fetch_site, *fetch_mode, *cookie, *authorization;
    const char *token; /* of the address */
    bool page;         /* the request is for a page: links from elsewhere may lead to it */
};

enum auth_verdict {
    AUTH_OK,
    AUTH_NEW_SESSION, /* and the cookie is to be set */
    AUTH_FOREIGN,     /* from another site, or by another name */
    AUTH_UNKNOWN,     /* who is it? */
};

void auth_init(struct auth *auth, const struct web_config *config);
/* Makes a one-time token. The oldest that was not used is given up for it. */
int auth_make_token(struct auth *auth, char token[AUTH_TOKEN_SIZE], int64_t now_ms, struct error *err);
/* Decides. With AUTH_NEW_SESSION cookie is the session's, and the token is used up. *why is then, or else, a text for
   the log. */
enum auth_verdict auth_decide(struct auth *auth, const struct auth_request *request, int64_t now_ms,
                              char cookie[AUTH_TOKEN_SIZE], const char **why);

#endif
