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

#define ERROR_TEXT_SIZE 1020 /* bytes with the NUL: with it, `struct error` takes 1 KiB of a stack */

#define ERROR_LIST_MAX (64u << 10) /* bytes of names or reasons that are put together for a text or a fact */

struct error {
    int status;                 /* 0 or an ERR_*, negative */
    char text[ERROR_TEXT_SIZE]; /* one line, no newline at its end */
};

/* Sets *err (which may be NULL) and returns status, so that a caller can `return error_set(...)`.
   Control characters and what is not UTF-8 become '?'. A text that does not fit loses its middle, where "... (cut) ..."
   stands then: its beginning names the object, its end is the reason. */
int error_set(struct error *err, int status, const char *format, ...) PRINTF_LIKE(3, 4);
int error_vset(struct error *err, int status, const char *format, va_list args) PRINTF_LIKE(3, 0);

/* Puts a text and ": " before the one that *err (which may be NULL) holds, gives it this status and returns that:
   `return error_prefix(err, status, "could not read '%s'", path)`. */
int error_prefix(struct error *err, int status, const char *format, ...) PRINTF_LIKE(3, 4);

/* Returns "timed out" for ERR_TIMEOUT and so on; "unknown" for anything else. Never NULL. */
const char *error_name(int status);

#endif
