/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How every failure is reported: a status and a line of text that names the object. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/format.h"

#include <stdarg.h>

/* X(symbol, name): generates the enum and the names. */
#define ERROR_STATUSES(X)                                                                                              \
    X(ERR_SYSTEM, "system") /* the OS refused; the text holds its reason */                                            \
    X(ERR_NO_MEMORY, "no memory")                                                                                      \
    X(ERR_INVALID, "invalid") /* an argument from outside is wrong */                                                  \
    X(ERR_NOT_FOUND, "not found")                                                                                      \
    X(ERR_DENIED, "denied")                                                                                            \
    X(ERR_LIMIT, "limit")       /* a named bound was exceeded */                                                       \
    X(ERR_PROTOCOL, "protocol") /* the peer broke the framing; the connection can't be used any more */                \
    X(ERR_CLOSED, "closed")     /* the peer ended the connection, or a stop was requested */                           \
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

#define ERROR_TEXT_SIZE 1020 /* bytes with the NUL; makes `struct error` take 1 KiB of a stack */

#define ERROR_LIST_MAX (64u << 10) /* bytes of names or reasons that are joined into one text or fact */

struct error {
    int status;                 /* 0 or an ERR_*, negative */
    char text[ERROR_TEXT_SIZE]; /* one line, no newline at its end */
};

/* Sets *err (which may be NULL) and returns status, so that a caller can `return error_set(...)`. Control characters
   and invalid UTF-8 become '?'. In a text that does not fit, "... (cut) ..." replaces the middle: the beginning names
   the object and the end is the reason. */
int error_set(struct error *err, int status, const char *format, ...) PRINTF_LIKE(3, 4);
int error_vset(struct error *err, int status, const char *format, va_list args) PRINTF_LIKE(3, 0);

/* Puts a text and ": " before the text of *err (which may be NULL), sets this status and returns it: `return
   error_prefix(err, status, "could not read '%s'", path)`. */
int error_prefix(struct error *err, int status, const char *format, ...) PRINTF_LIKE(3, 4);

/* Returns the name of a status: "timed out" for ERR_TIMEOUT and so on, "unknown" for anything else. Never NULL. */
const char *error_name(int status);

#endif
