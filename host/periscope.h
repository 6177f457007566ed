/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libperiscope: controls a guest through its Periscope agent or testagentd.
 *
 * Errors. Every function that can fail returns PERISCOPE_OK (0) or a negative enum periscope_status; the
 * reason is then periscope_error_text(), one line that names the object. A failed call has no result: its output
 * parameters are empty or NULL.
 *
 * Threads. A connection may be used by one thread at a time; different connections are independent. Only
 * periscope_interrupt() may be called from another thread.
 *
 * Ownership. Arguments are borrowed for the call. What is returned through a pointer belongs to the caller:
 * free() it, or periscope_strings_free() it.
 *
 * Units. Times are milliseconds on a monotonic clock, and a negative time-out waits for ever; sizes are
 * bytes. File names and other strings are sent to the agent unchanged: UTF-8 for a Periscope agent on Windows,
 * that guest's ANSI code page for testagentd there, any bytes on Linux.
 *
 * No function writes to standard output (except periscope_get to "-") or standard error, sets a signal handler or ends
 * the process.
 *
 * Lost connections. A call that can safely be repeated is repeated on a new connection, at most twice, when the
 * connection is lost during the call. A transfer of a file goes on where it was, if the agent is a Periscope's, and its
 * SHA-256 is then compared on both sides; else it starts again from its first byte. Attempts of which each has moved
 * something are not counted. periscope_run, periscope_kill, periscope_kill_one, periscope_kill_tag, periscope_input,
 * periscope_upgrade and periscope_restart are never repeated: when they return PERISCOPE_NO_AGENT, the agent may have
 * executed them.
 *
 * Agents. The protocol is that of testagentd 1.0 to 1.8 (docs/protocol.md); functions that need more say so. An agent
 * that lacks a function gives PERISCOPE_UNSUPPORTED.
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
    PERISCOPE_NO_AGENT = -1,      /* no agent answers there, or not with this protocol; or the connection was lost */
    PERISCOPE_TIMED_OUT = -2,     /* an agent that had answered was silent for too long */
    PERISCOPE_REFUSED = -3,       /* the agent returned an error; the text is the agent's */
    PERISCOPE_LOCAL = -4,         /* a local file or local memory */
    PERISCOPE_INVALID = -5,       /* an argument of the call is invalid; nothing was sent */
    PERISCOPE_UNSUPPORTED = -6,   /* this agent lacks the function */
    PERISCOPE_STILL_RUNNING = -7, /* periscope_wait: the child had not exited by the time-out */
    PERISCOPE_INTERRUPTED = -8,   /* by periscope_interrupt */
};

struct periscope; /* one connection, made when first needed and again after it was lost */

#define PERISCOPE_CONNECT_MS 20000 /* the defaults of periscope_set_timeouts */
#define PERISCOPE_IO_MS 60000

/* Creates a connection object, without any I/O. host: a name or an address, an IPv6 address without brackets. port: 1
   to 65535, checked on connecting. Returns NULL without memory. */
PERISCOPE_API struct periscope *periscope_new(const char *host, unsigned port);
/* Disconnects and frees it; accepts NULL. */
PERISCOPE_API void periscope_free(struct periscope *p);

/* Sets the time-outs. connect_ms: for resolving the name, the connection, all addresses of the host together, and the
   agent's banner. io_ms: how long the agent may take for its whole reply, and for each 16 KiB of a transfer; the time
   that it was asked to wait is added. A resolver that does not answer in time keeps a thread until it does; 16 such
   threads are the most. */
PERISCOPE_API void periscope_set_timeouts(struct periscope *p, int connect_ms, int io_ms);

/* Bounds all that follows by one time, whatever the guest does: every call on p that has not ended limit_ms from now
   (negative: no limit) returns PERISCOPE_TIMED_OUT then, and each later call does so at once, until another limit is
   set. The default is no limit. Time-outs of single calls are never longer than what is left of it. */
PERISCOPE_API void periscope_set_limit(struct periscope *p, int limit_ms);

/* Called while a guest does not answer, before each new attempt: for how long so far, and how long it is waited for. over:
   no longer, since it has answered or is given up; not called without a call before it. */
typedef void periscope_away(void *context, int ms, int limit_ms, bool over);
/* Sets how long periscope_follow(), periscope_wait() and periscope_write() go on without an answer, as while a guest is
   suspended or boots: limit_ms since the first attempt that got none, whether the guest is silent, its system refuses, or
   its name is unknown, since all of these happen while it boots. 0, the default: three attempts in a row, about a minute
   where a guest is silent and a second where its system refuses. away (may be NULL) is called also by
   periscope_wait_boot(). */
PERISCOPE_API void periscope_set_away(struct periscope *p, int limit_ms, periscope_away *away, void *context);

/* Returns the error text of the last call that failed, or "" before the first. Borrowed until the next call. Never
   NULL. */
PERISCOPE_API const char *periscope_error_text(const struct periscope *p);

/* Closes the connection; the next call makes a new one. Programs in the guest keep running. */
PERISCOPE_API void periscope_disconnect(struct periscope *p);

/* Ends the current call, else the next one: it returns PERISCOPE_INTERRUPTED and disconnects. An attempt to resolve a
   name or to connect ends within a tenth of a second. May be called from any thread while p exists, and from a signal handler. */
PERISCOPE_API void periscope_interrupt(struct periscope *p);

/* Receives the progress of a put, get or upgrade, in its thread, about ten times a second and at its end. done restarts
   at 0 when the transfer starts again. total is UINT64_MAX for a tree, whose size is not known. Return false to cancel: the call returns PERISCOPE_LOCAL and no partial file is
   left. It must not use p. */
typedef bool periscope_progress(void *context, uint64_t done, uint64_t total);
/* Sets that function; NULL: none. */
PERISCOPE_API void periscope_set_progress(struct periscope *p, periscope_progress *progress, void *context);

/* ---- strings that the agent returned ---- */
/* What one reply may hold in memory. A larger one, and one that never ends, is malformed: PERISCOPE_NO_AGENT. */
#define PERISCOPE_STRINGS_MAX (16u << 20) /* bytes of all strings, with their NULs */
#define PERISCOPE_STRINGS_COUNT_MAX 65536u
struct periscope_strings {
    char **items; /* owned; NULL-terminated, or NULL when there are none */
    size_t count;
};
/* Frees the strings and leaves the list empty; accepts an empty one. */
PERISCOPE_API void periscope_strings_free(struct periscope_strings *strings);
/* Returns the value of the first "key=value" with that key, borrowed, or NULL. */
PERISCOPE_API const char *periscope_strings_get(const struct periscope_strings *strings, const char *key);

/* ---- the agent ---- */
/* Checks that the agent replies. */
PERISCOPE_API int periscope_ping(struct periscope *p);
/* Returns the agent's banner, "testagentd 1.7", borrowed until the next call, or NULL when it could not connect (see
   the error text). */
PERISCOPE_API const char *periscope_banner(struct periscope *p);
/* Waits until the agent replies to a ping. Returns PERISCOPE_TIMED_OUT, with the last reason, when timeout_ms is over
   (the last attempt may take a few seconds longer). not_boot_id (NULL: any): an agent whose property boot.id has this
   value is still that of the previous boot, and the wait continues. */
PERISCOPE_API int periscope_wait_boot(struct periscope *p, int timeout_ms, const char *not_boot_id);
/* Waits until the guest is ready by the options, "key=value" strings, NULL-terminated or NULL (docs/protocol.md,
   waitready), without `deadline-ms` and `seen`. changed (may be NULL) is called with each answer that differs: facts
   "met=NAME MS TEXT" and "unmet=NAME MS TEXT", valid during the call. An agent that is lost meanwhile is waited for.
   Returns PERISCOPE_TIMED_OUT when timeout_ms is over. *facts is the last answer, also after a failure. Needs a Periscope
   agent. */
typedef void periscope_ready_changed(void *context, const struct periscope_strings *facts);
PERISCOPE_API int periscope_wait_ready(struct periscope *p, const char *const *options, int timeout_ms,
                                       periscope_ready_changed *changed, void *context,
                                       struct periscope_strings *facts);
/* Ends the guest's system, or the session at its screen, by the options "key=value", NULL-terminated (docs/protocol.md,
   shutdown): "action=off", "reboot" or "log-off"; "force=1". Returns once the system has taken it on. *facts: what was
   done. It is never repeated. Needs a Periscope agent. */
PERISCOPE_API int periscope_shutdown(struct periscope *p, const char *const *options, struct periscope_strings *facts);
/* Fetches the agent's properties, "name=value". Since testagentd 1.5. */
PERISCOPE_API int periscope_properties(struct periscope *p, struct periscope_strings *out);
/* Sets a property. Since testagentd 1.7; only start.count can be set. */
PERISCOPE_API int periscope_set_property(struct periscope *p, const char *name, const char *value);
/* Sets the guest's clock to seconds since 1970 UTC, unless it differs by no more than leeway_s; 0 always sets it.
   Since testagentd 1.4. */
PERISCOPE_API int periscope_settime(struct periscope *p, uint64_t seconds, uint32_t leeway_s);
/* Returns the agent's working folder, which relative file names refer to. Since testagentd 1.6. */
PERISCOPE_API int periscope_getcwd(struct periscope *p, char **path); /* free() it */
/* Replaces the agent's executable by local_file and starts it; disconnects. Since testagentd 1.5. */
PERISCOPE_API int periscope_upgrade(struct periscope *p, const char *local_file);
/* Restarts the agent with these arguments, of which argv[0] is the executable in the guest; disconnects. argv is
   NULL-terminated and not empty. Since testagentd 1.8. */
PERISCOPE_API int periscope_restart(struct periscope *p, const char *const *argv);

/* ---- files ---- */
enum {
    PERISCOPE_EXECUTABLE = 1,
    PERISCOPE_OVER_RUNNING = 0x100, /* also over a program that runs, which a Windows guest refuses else */
    /* Of transfers; the first two need a Periscope agent. */
    PERISCOPE_PRESERVE = 0x1000,    /* the file keeps its permissions and the time of its last change */
    PERISCOPE_VERIFY = 0x2000,      /* compare the SHA-256 of both files also if the connection never broke */
    PERISCOPE_NO_CONTINUE = 0x4000, /* start again from the first byte after a lost connection */
    /* Of trees. */
    PERISCOPE_CHANGED_ONLY = 0x10000, /* leave out files whose size and time are the same on both sides */
    PERISCOPE_DELETE = 0x20000,       /* of a put: remove from the guest's tree what the local one has not */
};
#define PERISCOPE_SPOOL_MAX (UINT64_C(64) << 30) /* bytes of a temporary file */

/* Sends a file. local_file "-" is standard input. That, and any other that has no size, such as a pipe or a file of
   /proc, is first read to its end into a temporary file in TMPDIR, or /tmp; more than PERISCOPE_SPOOL_MAX bytes give
   PERISCOPE_LOCAL. flags: a sum of the ones above. */
PERISCOPE_API int periscope_put(struct periscope *p, const char *local_file, const char *remote_file, unsigned flags);
/* Sends a file whose content is in memory. */
PERISCOPE_API int periscope_put_bytes(struct periscope *p, const void *bytes, size_t len, const char *remote_file,
                                      unsigned flags);
/* Fetches a file. local_file appears complete or not at all: the content is written to a temporary file beside it,
   which is renamed at the end. It gets the permissions of a file of that name, even of a read-only one, and its owner,
   group and access control list as far as the process may give them away. A symbolic link to a file is replaced. "-",
   which is standard output, any other descriptor of the process (/dev/stdout, /dev/fd/3), a pipe and a device that takes
   characters are written to, when everything has arrived in a temporary file of at most PERISCOPE_SPOOL_MAX bytes in
   TMPDIR, or /tmp. Anything else is refused. */
PERISCOPE_API int periscope_get(struct periscope *p, const char *remote_file, const char *local_file);
/* The same; flags: a sum of those for transfers. With PERISCOPE_PRESERVE the permissions are the guest's file's. */
PERISCOPE_API int periscope_get_file(struct periscope *p, const char *remote_file, const char *local_file,
                                     unsigned flags);
/* Fetches a file of at most max bytes into memory; a larger one gives PERISCOPE_LOCAL. The bytes are followed by a NUL
   that *len does not count. */
PERISCOPE_API int periscope_get_bytes(struct periscope *p, const char *remote_file, size_t max, uint8_t **bytes,
                                      size_t *len);
/* Removes files, not folders. A missing file is no failure. failures (may be NULL): the agent's text for each file that
   could not be removed; the status is then PERISCOPE_REFUSED. */
PERISCOPE_API int periscope_rm(struct periscope *p, const char *const *remote_files, size_t count,
                               struct periscope_strings *failures);

/* Sends or fetches all that is in a folder, into one that is made if need be: files, folders and links, with permissions
   and times. What can't be moved alone is left out: *left_out counts it, notes names the first of it, "PATH: why". Devices, pipes and
   links that lead out of the tree never are. flags: a sum of those for trees. Need a Periscope agent. */
PERISCOPE_API int periscope_put_tree(struct periscope *p, const char *local_folder, const char *remote_folder,
                                     unsigned flags, struct periscope_strings *notes, uint64_t *left_out);
PERISCOPE_API int periscope_get_tree(struct periscope *p, const char *remote_folder, const char *local_folder,
                                     unsigned flags, struct periscope_strings *notes, uint64_t *left_out);
/* Lists a folder, or all that is below it: "TYPE SIZE MODE MTIME NAME" each, where NAME may be any bytes
   (docs/protocol.md, list). This and the following need a Periscope agent. */
PERISCOPE_API int periscope_list(struct periscope *p, const char *remote_folder, bool recursive,
                                 struct periscope_strings *entries);
/* Tells what is at a path, as facts "key=value" (docs/protocol.md, stat). option: "sha256=1", "follow=0" or NULL. */
PERISCOPE_API int periscope_stat(struct periscope *p, const char *remote_file, const char *option,
                                 struct periscope_strings *facts);
/* Makes a folder and those above it. One that is there already is no failure. */
PERISCOPE_API int periscope_mkdir(struct periscope *p, const char *remote_folder);
/* Tells how much room there is, as facts "total=", "free=", "available=" and others (docs/protocol.md, df). */
PERISCOPE_API int periscope_df(struct periscope *p, const char *remote_path, struct periscope_strings *facts);
/* Removes a folder with all that is in it, or a file. Facts: "removed=COUNT", "left-out=COUNT", "note=PATH: why". */
PERISCOPE_API int periscope_rmtree(struct periscope *p, const char *remote_path, struct periscope_strings *facts);

/* ---- programs ---- */
struct periscope_run {       /* all borrowed; zeroed fields are the defaults */
    const char *const *argv; /* NULL-terminated, not empty; argv[0] is searched in the guest's PATH */
    /* NULL-terminated: "NAME=VALUE" sets, "NAME" removes a variable. Needs a Periscope agent. */
    const char *const *env;
    const char *cwd;             /* NULL: the agent's; needs a Periscope agent */
    const char *in, *out, *err;  /* files in the guest; NULL: the agent's own streams. out and err may be the same */
    bool append_out, append_err; /* else they are truncated first */
    bool untracked;              /* can't be waited for */
    /* On a Windows guest, first check that the DLLs that the program needs exist. If not: PERISCOPE_REFUSED with a text
       that ends in "required DLL A, B is missing". Needs a Periscope agent; others don't check. */
    bool check_dlls;
    /* On a Windows guest: "shared" (NULL too), the agent's; "new", a window of its own; "none". Needs a Periscope agent. */
    const char *console;
    /* PERISCOPE_STREAM_...: what periscope_write() and periscope_follow() are to have, in place of in, out and err. An
       agent that can't gives PERISCOPE_UNSUPPORTED, and starts nothing. */
    unsigned streams;
    /* By which it can be found again, 1 to 64 printable characters without blanks. Others may have it too. An agent that
       knows none gives PERISCOPE_UNSUPPORTED. */
    const char *tag;
    /* 1 to 2 592 000 000 (0: none): how long it may run, by a clock in the guest that settime does not move. Then the agent
       does what at_limit names, of "picture,windows,stacks,kill" (NULL: "kill"), whether or not a host is there; files
       whose names begin with limit_files (NULL: as the output's) have what was seen. An agent that can't gives
       PERISCOPE_UNSUPPORTED. */
    int64_t limit_ms;
    const char *at_limit, *limit_files;
    /* "COLUMNSxROWS" (NULL: none): the program gets a terminal of that size, in place of files and streams. It is followed
       as output, and written to as input. An agent that can't gives PERISCOPE_UNSUPPORTED. */
    const char *terminal;
};
#define PERISCOPE_STREAM_IN 1u
#define PERISCOPE_STREAM_OUT 2u
#define PERISCOPE_STREAM_ERR 4u
#define PERISCOPE_STREAM_MERGED 8u /* both outputs, as that one */
/* Starts a program. If the agent has the RPC exec, a program that can't be started gives PERISCOPE_REFUSED with the
   reason. With the older RPC run, such a program appears on Linux guests as a child that exits with 1. */
PERISCOPE_API int periscope_run(struct periscope *p, const struct periscope_run *run, uint64_t *pid);

struct periscope_exit {
    uint32_t status; /* as received: wait(2)'s status word from Linux guests, the exit code from Windows guests */
    bool exited;     /* with `code`; else it was ended by `signal` (Linux guests) */
    uint32_t code;   /* 0 to 255 from Linux; any value from Windows, such as 0xc0000005 after a crash */
    int signal;      /* its number in the guest; 0 when exited */
};
/* Returns the name of an NTSTATUS that ends programs on Windows, "STATUS_ACCESS_VIOLATION" for 0xc0000005; NULL for
   other codes. */
PERISCOPE_API const char *periscope_exit_name(uint32_t code);

#define PERISCOPE_KEEPALIVE_MS 20000
/* Waits for a child to exit. The request is repeated every keepalive_ms (0: PERISCOPE_KEEPALIVE_MS; both times are
   rounded up to whole seconds, the unit of the protocol), on a new connection if the old one was lost, so that a dead
   guest is noticed. Each reply may be 5 seconds late; after three consecutive lost replies, or what periscope_set_away()
   says, the status is PERISCOPE_NO_AGENT or PERISCOPE_TIMED_OUT. When timeout_ms is over the status is PERISCOPE_STILL_RUNNING, and the
   child keeps running. The agent keeps the exit status until periscope_forget (agents before 1.6: until the first
   reply). Agents before 1.5 do not report their system; their status is decoded as that of a Windows guest. */
PERISCOPE_API int periscope_wait(struct periscope *p, uint64_t pid, int timeout_ms, int keepalive_ms,
                                 struct periscope_exit *out);
enum periscope_end {
    PERISCOPE_END_NONE,
    PERISCOPE_END_CLOSED, /* nobody can write to the streams any more */
    PERISCOPE_END_HELD,   /* the program has exited, but what it has started can still write to them */
};
struct periscope_follow {
    uint64_t pid;
    bool wanted[2];      /* the program's output, and its error output; those that it was started with */
    uint64_t offsets[2]; /* from which byte on; then how far it has come, also after a failure */
    int held_ms;         /* how long after the exit PERISCOPE_END_HELD is told; 0: a second */
    /* Called with what has come. Both may return false to end the call, with PERISCOPE_LOCAL. stream: 0 or 1. */
    bool (*output)(void *context, int stream, const void *bytes, size_t len);
    /* Called when bytes are gone, since they were not followed for too long and the agent has room for so many; why
       (NULL: for that reason): another reason. */
    bool (*dropped)(void *context, int stream, uint64_t len, const char *why);
    void *context;
    enum periscope_end end; /* set by the call */
};
/* Follows what a program writes, as it does, up to the end: 0. Each byte is passed on once, over lost connections too. The
   program waits for who follows it slowly. When timeout_ms is over: PERISCOPE_STILL_RUNNING. */
PERISCOPE_API int periscope_follow(struct periscope *p, struct periscope_follow *follow, int timeout_ms);

/* Waits until a file in the guest, to which something is appended, has more than *size bytes, which is then how many it has;
   at the time-out it is as it was. The guest's other calls go on. Needs a Periscope agent. */
PERISCOPE_API int periscope_await_file(struct periscope *p, const char *remote_file, uint64_t *size, int timeout_ms);

#define PERISCOPE_WRITE_MAX (1u << 20) /* bytes of one call */
/* Writes to a program's input, and waits until it is taken; *offset (0 at first) is then how many bytes it has taken in
   all. close: then its input ends. PERISCOPE_REFUSED when the program reads no more. */
PERISCOPE_API int periscope_write(struct periscope *p, uint64_t pid, uint64_t *offset, const void *bytes, size_t len,
                                  bool close);
/* Makes the agent forget this child's status; a running child keeps running. Does nothing on agents before 1.6. */
PERISCOPE_API int periscope_forget(struct periscope *p, uint64_t pid);
/* Ends a child and all its descendants: by request first, and by force after grace_ms (0 to 30 000; negative: the
   agent's default of 2000). killed (may be NULL): a line "PID NAME" for each process; then "display=..." or
   "cursor=..." about a display mode or cursor clip that they had left on a Windows guest, and whether it was restored;
   "processes=..." where not all that were ended could be named. Needs a Periscope agent. */
PERISCOPE_API int periscope_kill(struct periscope *p, uint64_t pid, int grace_ms, struct periscope_strings *killed);
/* The same for one process alone: a child without what it has started, or any process of a child's tree, or that one has
   left, as periscope_ps() tells them. */
PERISCOPE_API int periscope_kill_one(struct periscope *p, uint64_t pid, int grace_ms, struct periscope_strings *killed);
/* The same for all children of a tag. */
PERISCOPE_API int periscope_kill_tag(struct periscope *p, const char *tag, int grace_ms,
                                     struct periscope_strings *killed);
/* Tells a program's terminal its new size, options "size=COLUMNSxROWS", and signals who is in its foreground, "signal=INT"
   (docs/protocol.md, terminal). options: "key=value" strings, NULL-terminated. Needs a Periscope agent. */
PERISCOPE_API int periscope_terminal(struct periscope *p, uint64_t pid, const char *const *options);
/* Lists the children, lines "child\tKEY=VALUE..."; with the option "tree=1" their processes too, "process\t...", and what
   those have left that have ended, "orphan\t...". options: "key=value" strings, NULL-terminated or NULL
   (docs/protocol.md, ps). Needs a Periscope agent. */
PERISCOPE_API int periscope_ps(struct periscope *p, const char *const *options, struct periscope_strings *lines);

/* ---- the screen ---- */

#define PERISCOPE_PICTURE_MAX ((3u << 28) + (64u << 20)) /* bytes of a picture's file */
/* Takes a picture of the screen. options: "key=value" strings, NULL-terminated or NULL (docs/protocol.md, screenshot).
   facts (may be NULL): the agent's facts about the picture, "key=value". *bytes: the picture file; NULL with *len 0
   when if-changed found no change. A file of more than PERISCOPE_PICTURE_MAX bytes is PERISCOPE_LOCAL, before what
   is too much is received. The library adds pieces=1 where that is of use. From an agent without the RPC, if there are
   no options, the virtual file .periscope/screenshot.png is fetched, without facts. */
PERISCOPE_API int periscope_screenshot(struct periscope *p, const char *const *options, struct periscope_strings *facts,
                                       uint8_t **bytes, size_t *len);

/* Fetches the CRCs of the screen, facts "crc=SOURCE VALUE OUTPUT" among others. options: "key=value" strings,
   NULL-terminated or NULL (docs/protocol.md, crc). Needs a Periscope agent. */
PERISCOPE_API int periscope_crc(struct periscope *p, const char *const *options, struct periscope_strings *facts);
/* Lists the outputs, as facts "display.N.KEY=VALUE" from each source that sees them. options: as above
   (docs/protocol.md, displays). Needs a Periscope agent. */
PERISCOPE_API int periscope_displays(struct periscope *p, const char *const *options, struct periscope_strings *facts);

/* Begins a recording of the screen in a folder of the guest, which goes on while nobody is connected. options: as above
   (docs/protocol.md, recordstart). Facts: "id=", "folder=", what is there by now, and the guest's clocks. It is never repeated.
   The folder is what docs/recording.md describes; fetch it by periscope_get_tree(). This and the following need a Periscope
   agent. */
PERISCOPE_API int periscope_record_start(struct periscope *p, const char *const *options,
                                         struct periscope_strings *facts);
/* Stops it, with a last look at the screen. options: "reason=TEXT" or NULL. */
PERISCOPE_API int periscope_record_stop(struct periscope *p, const char *id, const char *const *options,
                                        struct periscope_strings *facts);
/* Lists the recordings that run and the last that did: facts of the guest's clocks, then of each one, from "id=" on. */
PERISCOPE_API int periscope_record_list(struct periscope *p, struct periscope_strings *facts);
/* Types and clicks at the guest's screen: actions, "key=KeyA,press", "text=...", "move=X,Y" and so on, NULL-terminated
   (docs/protocol.md, input). What is held stays so until it is let go of, another driver takes over, or p disconnects.
   facts (may be NULL): "by=", "driver=", "taken-from=". It is never repeated: when it returns PERISCOPE_NO_AGENT, the
   agent may have done it. Needs a Periscope agent that allows it. */
PERISCOPE_API int periscope_input(struct periscope *p, const char *const *actions, struct periscope_strings *facts);

/* ---- what happens in the guest ---- */

/* Fetches events, facts "event=NUMBER\tTIME\tKIND\tTEXT", after "id=" and "last=". options: as above (docs/protocol.md,
   events); with "wait-ms=N" the agent waits for the first one that long. Needs a Periscope agent. */
PERISCOPE_API int periscope_events(struct periscope *p, const char *const *options, struct periscope_strings *facts);

#ifdef __cplusplus
}
#endif

#endif
