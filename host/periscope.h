/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libperiscope: the host's side of a Periscope (or testagentd) guest.
 *
 * Every function that can fail returns PERISCOPE_OK (0) or a negative enum periscope_status; the reason is then
 * periscope_error_text(), one line that names the object. A connection belongs to one thread at a time; different
 * connections are independent. Times are milliseconds; a negative time-out waits for ever. Nothing writes to standard
 * output or error, sets a signal handler or ends the process.
 */
#ifndef PERISCOPE_H
#define PERISCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define PERISCOPE_API
#else
#define PERISCOPE_API __attribute__((visibility("default")))
#endif

enum periscope_status {
    PERISCOPE_OK = 0,
    PERISCOPE_NO_AGENT = -1,    /* nobody answers, or not with this protocol; or the connection was lost */
    PERISCOPE_TIMED_OUT = -2,   /* our own deadline */
    PERISCOPE_REFUSED = -3,     /* the agent answered with an error; the text is its own */
    PERISCOPE_LOCAL = -4,       /* a file or the memory of this side */
    PERISCOPE_INVALID = -5,     /* an argument of the call is wrong; nothing was sent */
    PERISCOPE_UNSUPPORTED = -6, /* this agent does not have the RPC */
    PERISCOPE_STILL_RUNNING = -7, /* periscope_wait: the child had not exited by the time-out */
};

struct periscope; /* one connection; it connects when first needed and again after it was lost */

/* host: a name or address; port in 1..65535. No I/O yet. NULL when memory runs out. */
PERISCOPE_API struct periscope *periscope_new(const char *host, unsigned port);
PERISCOPE_API void periscope_free(struct periscope *p); /* accepts NULL */
/* connect_ms: for making the connection (default 20 000). io_ms: without any progress within one call, the time that
   the agent was asked to wait not counted (default 60 000). */
PERISCOPE_API void periscope_set_timeouts(struct periscope *p, int connect_ms, int io_ms);
PERISCOPE_API const char *periscope_error_text(const struct periscope *p); /* "" before the first; until the next call */
PERISCOPE_API void periscope_disconnect(struct periscope *p);

/* Called during put and get, in the calling thread, about ten times a second and at the end. total is UINT64_MAX when
   it is not known yet. Return false to give up: the call returns PERISCOPE_LOCAL and no half file is left. */
typedef bool periscope_progress(void *context, uint64_t done, uint64_t total);
PERISCOPE_API void periscope_set_progress(struct periscope *p, periscope_progress *progress, void *context);

/* ---- strings that the agent returned ---- */
struct periscope_strings {
    char **items; /* owned; NULL-terminated */
    size_t count;
};
PERISCOPE_API void periscope_strings_free(struct periscope_strings *strings); /* leaves it empty; accepts an empty one */
/* The value of the first "key=value" of that key, borrowed, or NULL. */
PERISCOPE_API const char *periscope_strings_get(const struct periscope_strings *strings, const char *key);

/* ---- the agent ---- */
PERISCOPE_API int periscope_ping(struct periscope *p);
PERISCOPE_API const char *periscope_banner(struct periscope *p); /* "testagentd 1.7"; NULL when it could not connect */
/* Tries until the agent answers a ping or timeout_ms passed. not_boot_id (NULL: any): an agent whose boot.id is this
   one is still the boot from before, so go on waiting. */
PERISCOPE_API int periscope_wait_boot(struct periscope *p, int timeout_ms, const char *not_boot_id);
PERISCOPE_API int periscope_properties(struct periscope *p, struct periscope_strings *out);
PERISCOPE_API int periscope_set_property(struct periscope *p, const char *name, const char *value);
/* Sets the guest's clock to seconds since 1970 UTC unless it is within leeway_s already. */
PERISCOPE_API int periscope_settime(struct periscope *p, uint64_t seconds, uint32_t leeway_s);
PERISCOPE_API int periscope_getcwd(struct periscope *p, char **path); /* free() it */
PERISCOPE_API int periscope_upgrade(struct periscope *p, const char *local_file); /* disconnects */
PERISCOPE_API int periscope_restart(struct periscope *p, const char *const *argv); /* disconnects */

/* ---- files ---- */
enum { PERISCOPE_EXECUTABLE = 1 };
/* A local file appears whole or not at all. "-" is standard input or output. */
PERISCOPE_API int periscope_put(struct periscope *p, const char *local_file, const char *remote_file, unsigned flags);
PERISCOPE_API int periscope_put_bytes(struct periscope *p, const void *bytes, size_t len, const char *remote_file, unsigned flags);
PERISCOPE_API int periscope_get(struct periscope *p, const char *remote_file, const char *local_file);
/* At most max bytes (more is PERISCOPE_LOCAL, and nothing is returned); *bytes is the caller's to free(). */
PERISCOPE_API int periscope_get_bytes(struct periscope *p, const char *remote_file, size_t max, uint8_t **bytes, size_t *len);
/* failures: a line for each file that could not be removed; a missing file is no failure. PERISCOPE_REFUSED if any. */
PERISCOPE_API int periscope_rm(struct periscope *p, const char *const *remote_files, size_t count, struct periscope_strings *failures);

/* ---- programs ---- */
struct periscope_run {          /* all borrowed; zeroed means the defaults */
    const char *const *argv;    /* NULL-terminated, at least one */
    const char *const *env;     /* NULL-terminated "NAME=VALUE" (set) or "NAME" (removed); needs a Periscope agent */
    const char *cwd;            /* NULL: the agent's; needs a Periscope agent */
    const char *in, *out, *err; /* the guest's files; NULL: the agent's own */
    bool append_out, append_err;
    bool untracked; /* can't be waited for */
};
/* Uses the RPC run where it can do the job, else exec. */
PERISCOPE_API int periscope_run(struct periscope *p, const struct periscope_run *run, uint64_t *pid);
struct periscope_exit {
    uint32_t status; /* as on the wire */
    bool exited;     /* by itself, with `code`; else ended by `signal` (Linux guests) */
    int code, signal;
};
/* keepalive_ms: asks again this often, on a new connection where the old one was lost, so that a dead guest is noticed
   (0: every 20 s). PERISCOPE_STILL_RUNNING when timeout_ms passed; the child goes on. */
PERISCOPE_API int periscope_wait(struct periscope *p, uint64_t pid, int timeout_ms, int keepalive_ms, struct periscope_exit *out);
PERISCOPE_API int periscope_forget(struct periscope *p, uint64_t pid); /* its exit status is no longer kept */
/* Ends a child and all it started; killed: a line "PID NAME" for each. Needs a Periscope agent. */
PERISCOPE_API int periscope_kill(struct periscope *p, uint64_t pid, int grace_ms, struct periscope_strings *killed);

/* ---- the screen ---- */
/* options: "key=value" strings, NULL-terminated or NULL (docs/protocol.md, screenshot). facts: what the agent tells of
   the picture. *bytes: the file, the caller's to free(); NULL with *len 0 when if-changed found no change. On an agent
   without the RPC, and without options, the virtual file is fetched and facts are empty. */
PERISCOPE_API int periscope_screenshot(struct periscope *p, const char *const *options, struct periscope_strings *facts, uint8_t **bytes, size_t *len);

#ifdef __cplusplus
}
#endif

#endif
