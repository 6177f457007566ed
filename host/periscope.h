/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libperiscope: the host's side of a Periscope (or testagentd) guest.
 *
 * Errors. Every function that can fail returns PERISCOPE_OK (0) or a negative enum periscope_status; the
 * reason is then periscope_error_text(), one line that names the object. A failed call has no result: what it
 * would have filled is empty or NULL.
 *
 * Threads. A connection belongs to one thread at a time; different connections are independent. Only
 * periscope_interrupt() may be called from elsewhere.
 *
 * Ownership. What is passed in is borrowed for the call. What is returned through a pointer is the caller's:
 * free() it, or periscope_strings_free() it.
 *
 * Units. Times are milliseconds on a monotonic clock, and a negative time-out waits for ever; sizes are
 * bytes. File names and other strings go to the agent as they are: UTF-8 for a Periscope agent on Windows,
 * that guest's ANSI code page for testagentd there, any bytes on Linux.
 *
 * Nothing writes to standard output (but periscope_get to "-") or error, sets a signal handler or ends the
 * process.
 *
 * Lost connections. A call that can be repeated without harm is done again on a new connection, at most
 * twice, when the connection is lost in its middle; a transfer starts over from its first byte and is never
 * put together from two halves. periscope_run, periscope_kill, periscope_upgrade and periscope_restart are
 * never repeated: when they return PERISCOPE_NO_AGENT, they may have been done.
 *
 * Agents. The wire is that of testagentd 1.0 to 1.8 (docs/protocol.md); what needs more says so. An agent
 * that lacks something gives PERISCOPE_UNSUPPORTED.
 */
#ifndef PERISCOPE_H
#define PERISCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef PERISCOPE_API /* empty where objects have no visibility */
#define PERISCOPE_API __attribute__((visibility("default")))
#endif

enum periscope_status {
    PERISCOPE_OK = 0,
    PERISCOPE_NO_AGENT = -1,      /* nobody answers there, or not with this protocol; or the connection was lost */
    PERISCOPE_TIMED_OUT = -2,     /* an agent that had answered was silent for too long */
    PERISCOPE_REFUSED = -3,       /* the agent answered with an error; the text is its own */
    PERISCOPE_LOCAL = -4,         /* a file or the memory of this side */
    PERISCOPE_INVALID = -5,       /* an argument of the call is wrong; nothing was sent */
    PERISCOPE_UNSUPPORTED = -6,   /* this agent does not have what was asked for */
    PERISCOPE_STILL_RUNNING = -7, /* periscope_wait: the child had not exited by the time-out */
    PERISCOPE_INTERRUPTED = -8,   /* by periscope_interrupt */
};

struct periscope; /* one connection; it connects when first needed and again after it was lost */

#define PERISCOPE_CONNECT_MS 20000 /* the defaults of periscope_set_timeouts */
#define PERISCOPE_IO_MS 60000

/* host: a name or address, an IPv6 one without brackets; port: 1 to 65535, which is checked when it connects.
   No I/O yet. NULL when memory runs out. */
PERISCOPE_API struct periscope *periscope_new(const char *host, unsigned port);
PERISCOPE_API void periscope_free(struct periscope *p); /* disconnects; accepts NULL */

/* connect_ms: for the connection, all addresses of the host together, and the agent's banner; resolving the
   name may take the resolver's own time. io_ms: how long the agent may take over an answer, or within a
   transfer may neither send nor take a byte; the time that it was asked to wait is added. */
PERISCOPE_API void periscope_set_timeouts(struct periscope *p, int connect_ms, int io_ms);

/* Of the last call that failed; "" before the first. Borrowed until the next call. Never NULL. */
PERISCOPE_API const char *periscope_error_text(const struct periscope *p);

/* Ends the connection; the next call makes a new one. What runs in the guest goes on. */
PERISCOPE_API void periscope_disconnect(struct periscope *p);

/* The call that is going on, else the next one, returns PERISCOPE_INTERRUPTED and disconnects; an attempt to
   connect is first ended by its time-out. From any thread while p lives, and from a signal handler. */
PERISCOPE_API void periscope_interrupt(struct periscope *p);

/* Called in the thread of a put, get or upgrade about ten times a second and at its end. done goes back to 0
   when the transfer starts over. Return false to give up: the call returns PERISCOPE_LOCAL and no half file
   is left. NULL: no such calls. It must not use p. */
typedef bool periscope_progress(void *context, uint64_t done, uint64_t total);
PERISCOPE_API void periscope_set_progress(struct periscope *p, periscope_progress *progress, void *context);

/* ---- strings that the agent returned ---- */
struct periscope_strings {
    char **items; /* owned; NULL-terminated, or NULL when there are none */
    size_t count;
};
/* Leaves it empty; accepts an empty one. */
PERISCOPE_API void periscope_strings_free(struct periscope_strings *strings);
/* The value of the first "key=value" of that key, borrowed, or NULL. */
PERISCOPE_API const char *periscope_strings_get(const struct periscope_strings *strings, const char *key);

/* ---- the agent ---- */
PERISCOPE_API int periscope_ping(struct periscope *p);
/* "testagentd 1.7", borrowed until the next call; NULL when it could not connect (the error text
   tells why). */
PERISCOPE_API const char *periscope_banner(struct periscope *p);
/* Tries until the agent answers a ping; PERISCOPE_TIMED_OUT, with the last reason, when timeout_ms passed (the last
   attempt may take some seconds longer). not_boot_id (NULL: any): an agent whose property boot.id is this one is
   still the boot from before, so it goes on waiting. */
PERISCOPE_API int periscope_wait_boot(struct periscope *p, int timeout_ms, const char *not_boot_id);
/* "name=value" strings. Since testagentd 1.5. */
PERISCOPE_API int periscope_properties(struct periscope *p, struct periscope_strings *out);
/* Since testagentd 1.7, for start.count alone. */
PERISCOPE_API int periscope_set_property(struct periscope *p, const char *name, const char *value);
/* Sets the guest's clock to seconds since 1970 UTC unless it is within leeway_s already; 0 sets it always.
   Since testagentd 1.4. */
PERISCOPE_API int periscope_settime(struct periscope *p, uint64_t seconds, uint32_t leeway_s);
/* The agent's working folder, where relative names of files start. Since testagentd 1.6. */
PERISCOPE_API int periscope_getcwd(struct periscope *p, char **path); /* free() it */
/* Replaces the agent's executable by local_file and starts it; disconnects. Since testagentd 1.5. */
PERISCOPE_API int periscope_upgrade(struct periscope *p, const char *local_file);
/* Starts the agent again with these arguments, argv[0] being the guest's file to run; disconnects. Since
   testagentd 1.8. NULL-terminated, at least one. */
PERISCOPE_API int periscope_restart(struct periscope *p, const char *const *argv);

/* ---- files ---- */
enum { PERISCOPE_EXECUTABLE = 1 };
#define PERISCOPE_SPOOL_MAX (UINT64_C(64) << 30) /* bytes that standard input or output may have */

/* local_file "-" is standard input, which is first written to a temporary file since its size must be known;
   more than PERISCOPE_SPOOL_MAX is PERISCOPE_LOCAL. flags: 0 or PERISCOPE_EXECUTABLE. */
PERISCOPE_API int periscope_put(struct periscope *p, const char *local_file, const char *remote_file, unsigned flags);
PERISCOPE_API int periscope_put_bytes(struct periscope *p, const void *bytes, size_t len, const char *remote_file,
                                      unsigned flags);
/* local_file appears whole or not at all, by a temporary file beside it that takes its name in the end; a
   symbolic link of that name is replaced, a folder or device refused. "-" is standard output, which gets
   nothing until all has arrived in a temporary file of at most PERISCOPE_SPOOL_MAX. */
PERISCOPE_API int periscope_get(struct periscope *p, const char *remote_file, const char *local_file);
/* At most max bytes; more is PERISCOPE_LOCAL. A NUL that *len does not count follows them. */
PERISCOPE_API int periscope_get_bytes(struct periscope *p, const char *remote_file, size_t max, uint8_t **bytes,
                                      size_t *len);
/* Not folders. failures (may be NULL): the agent's line for each file that could not be removed, which makes
   it PERISCOPE_REFUSED; a missing file is no failure. */
PERISCOPE_API int periscope_rm(struct periscope *p, const char *const *remote_files, size_t count,
                               struct periscope_strings *failures);

/* ---- programs ---- */
struct periscope_run {       /* all borrowed; zeroed means the defaults */
    const char *const *argv; /* NULL-terminated, at least one; argv[0] is looked for in the guest's PATH */
    /* NULL-terminated, "NAME=VALUE" to set and "NAME" to remove; needs a Periscope agent. */
    const char *const *env;
    const char *cwd;             /* NULL: the agent's; needs a Periscope agent */
    const char *in, *out, *err;  /* the guest's files; NULL: the agent's own. out and err may name the same */
    bool append_out, append_err; /* else they are emptied first */
    bool untracked;              /* can't be waited for */
    /* On a Windows guest, look first whether the DLLs that it needs are there: else PERISCOPE_REFUSED with a text that
       ends in "required DLL A, B is missing". Needs a Periscope agent; others don't look. */
    bool check_dlls;
};
/* Starts a program. By the RPC exec where the agent has it: a program that can't be started is then
   PERISCOPE_REFUSED with the reason. Else by run, where on Linux guests such a program is a child that exits
   with 1. */
PERISCOPE_API int periscope_run(struct periscope *p, const struct periscope_run *run, uint64_t *pid);

struct periscope_exit {
    uint32_t status; /* as on the wire: wait(2)'s status word from Linux guests, the exit code from Windows */
    bool exited;     /* by itself, with `code`; else ended by `signal` (Linux guests) */
    uint32_t code;   /* 0 to 255 from Linux; any from Windows, such as 0xc0000005 after a crash */
    int signal;      /* the guest's number of it; 0 when exited */
};
/* "STATUS_ACCESS_VIOLATION" for 0xc0000005: the name of an NTSTATUS that ends programs on Windows; NULL for other codes. */
PERISCOPE_API const char *periscope_exit_name(uint32_t code);

#define PERISCOPE_KEEPALIVE_MS 20000
/* Waits for a child to exit. It asks anew every keepalive_ms (0: PERISCOPE_KEEPALIVE_MS; both times are
   rounded up to whole seconds, as the wire has them), on a new connection where the old one was lost, so that
   a dead guest is noticed: each answer may be 5 seconds late, and three lost ones running are
   PERISCOPE_NO_AGENT or PERISCOPE_TIMED_OUT. PERISCOPE_STILL_RUNNING when timeout_ms passed; the child goes
   on. The status stays to be asked for until periscope_forget (agents before 1.6: until the first answer).
   Agents before 1.5 do not tell their system, and their status is taken for a Windows guest's. */
PERISCOPE_API int periscope_wait(struct periscope *p, uint64_t pid, int timeout_ms, int keepalive_ms,
                                 struct periscope_exit *out);
/* The agent no longer keeps this child's status; a running child goes on. Does nothing on agents
   before 1.6. */
PERISCOPE_API int periscope_forget(struct periscope *p, uint64_t pid);
/* Ends a child and all that it started: asked first, and by force after grace_ms (0 to 30 000; negative: the
   agent's default of 2000). killed (may be NULL): a line "PID NAME" for each; then "display=..." or "cursor=..." for
   what they had left on the screen of a Windows guest and was put back. Needs a Periscope agent. */
PERISCOPE_API int periscope_kill(struct periscope *p, uint64_t pid, int grace_ms, struct periscope_strings *killed);

/* ---- the screen ---- */
#define PERISCOPE_SCREENSHOT_MAX ((size_t)16384 * 16384 * 3 + 1024) /* bytes: a PPM of the largest screen */

/* options: "key=value" strings, NULL-terminated or NULL (docs/protocol.md, screenshot). facts (may be NULL):
   what the agent tells of the picture, "key=value". *bytes: the file; NULL with *len 0 when if-changed found
   no change. On an agent without the RPC, and without options, the virtual file .periscope/screenshot.png is
   fetched and there are no facts. */
PERISCOPE_API int periscope_screenshot(struct periscope *p, const char *const *options, struct periscope_strings *facts,
                                       uint8_t **bytes, size_t *len);

/* The CRCs of the screen, "crc=SOURCE VALUE OUTPUT" facts among others. options: "key=value" strings, NULL-terminated
   or NULL (docs/protocol.md, crc). Needs a Periscope agent. */
PERISCOPE_API int periscope_crc(struct periscope *p, const char *const *options, struct periscope_strings *facts);
/* The outputs, "display.N.KEY=VALUE" facts of every source that sees them. options: as before (docs/protocol.md,
   displays). Needs a Periscope agent. */
PERISCOPE_API int periscope_displays(struct periscope *p, const char *const *options, struct periscope_strings *facts);

#ifdef __cplusplus
}
#endif

#endif
