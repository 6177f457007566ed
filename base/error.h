/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one way a failure travels: a status and a line of text that names the object. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/format.h"

#include <stdarg.h>

/* X(symbol, name): the list that makes the enum and the names. */
#define ERROR_STATUSES(X)                                                                                              \
    X(ERR_SYSTEM, "system") /* the OS refused; the text holds its reason */                                            \
    X(ERR_NO_MEMORY, "no memory")                                                                                      \
    X(ERR_INVALID, "invalid") /* an argument from outside is wrong */                                                  \
    X(ERR_NOT_FOUND, "not found")                                                                                      \
    X(ERR_DENIED, "denied")                                                                                            \
    X(ERR_LIMIT, "limit")       /* a named bound was exceeded */                                                       \
    X(ERR_PROTOCOL, "protocol") /* the peer broke the framing; the connection is of no more use */                     \
    X(ERR_CLOSED, "closed")     /* the peer ended the connection, or we were told to stop */                           \
    X(ERR_TIMEOUT, "timed out")                                                                                        \
    X(ERR_UNAVAILABLE, "unavailable") /* not possible here and now: no display, no backend */                          \
    X(ERR_REMOTE, "remote")           /* the agent answered with an error entry; the text is the agent's */

enum error_status {
    ERR_NONE = 0,
    ERR_FIRST_ = -100,
#define X(symbol, name) symbol,
    ERROR_STATUSES(X)
#undef X
};

#define ERROR_TEXT_SIZE 8192 /* bytes with the NUL: two PATH_MAX names and words around them */

struct error {
    int status;                 /* 0 or an ERR_*, negative */
    char text[ERROR_TEXT_SIZE]; /* one line, no newline at its end */
};

/* Sets *err (which may be NULL) and returns status, so that a caller can `return error_set(...)`.
   Control characters and what is no UTF-8 become '?', and a text that does not fit ends in "... (cut)". */
int error_set(struct error *err, int status, const char *format, ...) PRINTF_LIKE(3, 4);
int error_vset(struct error *err, int status, const char *format, va_list args) PRINTF_LIKE(3, 0);

/* "timed out" for ERR_TIMEOUT and so on; "unknown" for anything else. Never NULL. */
const char *error_name(int status);

#endif
