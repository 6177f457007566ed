/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that the agent starts for a host. */
#ifndef PLATFORM_PROCESS_H
#define PLATFORM_PROCESS_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/strlist.h"
#include "platform/identity.h"

#include <stdbool.h>
#include <stdint.h>

#define OS_PROCESS_NAME_SIZE 1024 /* bytes with the NUL; a file's name on Windows, at most 260 characters */
#define OS_PROCESS_STATE_SIZE 128

enum os_process_console {                            /* of Windows; no effect elsewhere */
                          OS_PROCESS_CONSOLE_SHARED, /* the agent's; where it has none that can be shared, one that is never on the screen */
                          OS_PROCESS_CONSOLE_NEW, /* a window of its own */
                          OS_PROCESS_CONSOLE_NONE,
};

struct os_pipe; /* pipe.h */

struct os_process_spec {          /* all borrowed */
    const char *const *argv;      /* NULL-terminated, at least one */
    const char *const *env;       /* "NAME=VALUE" set, "NAME" removed; NULL: the agent's as it is */
    const char *cwd;              /* NULL: the agent's */
    const struct os_identity *as; /* NULL: the agent's own user; else that user, in the user's environment */
    const char *in, *out, *err;   /* "" or NULL: the agent's own handle */
    bool terminal;                /* the pipes are a terminal's, which is the program's own then */
    struct os_pipe *pipes[3];     /* in place of these: not NULL is a pipe of which the program gets its end */
    bool append_out, append_err;  /* else truncated; both are opened for append, so they may be one file */
    bool report_exec_failure;     /* else, as testagentd, a child that can't be executed exits with 1 */
    enum os_process_console console;
    bool check_dlls; /* Windows: ERR_UNAVAILABLE, naming them, when it needs DLLs that are not there */
};

struct os_process;
/* Starts a program. The process may have exited when this returns, but keeps its status. */
int os_process_spawn(struct os_process **out, const struct os_process_spec *spec, struct error *err);
uint64_t os_process_pid(const struct os_process *process);
uint64_t os_process_start_time(const struct os_process *process);   /* with the pid it names one process of this boot */
bool os_process_poll(struct os_process *process, uint32_t *status); /* true once it has exited, then always */
/* Returns 0, or why the status of a process that has exited can't be known: the system has none for the agent. */
int os_process_lost(const struct os_process *process, struct error *err);
void os_process_free(struct os_process *process); /* does not end it; accepts NULL */
/* Saves a process for an upgrade: appends one line without its newline, from which os_process_adopt() makes it again. */
void os_process_save(const struct os_process *process, struct buffer *out);
int os_process_adopt(struct os_process **out, const char *saved);
/* Makes a process of an earlier agent of this boot again, which is not this one's child. One that had not ended is looked
   for, and is lost if it has ended since; its status can be had on Windows alone. NULL without memory. */
enum os_process_end { OS_PROCESS_RUNS, OS_PROCESS_EXITED, OS_PROCESS_LOST };
struct os_process *os_process_recall(uint64_t pid, uint64_t start_time, enum os_process_end end, uint32_t status,
                                     uint64_t end_time);
/* When the agent has seen its end, in the unit of the start time; 0: it has not. Where that is not known it is the start,
   and nothing that it has left can be told from others'. */
uint64_t os_process_end_time(const struct os_process *process);
/* Takes in, once it has ended, what runs in its session now: something of it was just seen there, so the session is still
   its own, and what came after its end is found again. Without effect on Windows, where a parent's life decides. */
void os_process_outlived(struct os_process *process);
uint64_t os_process_time_at(int64_t boot_ms); /* that time of os_boot_clock_ms(), in the same unit */
/* Gives what the kernel says that a process's first thread waits in ("i915_gem_wait"), "" when it does not wait or the system
   does not tell, as Windows. */
void os_process_waits_in(uint64_t pid, char *text, size_t size);
/* Begins the quiet point of an upgrade: no program starts, and no end of one is noticed, until os_process_thaw(). What
   exits meanwhile is for the next executable to notice. */
void os_process_freeze(void);
void os_process_thaw(void);
/* Starts a thread that calls changed(context) whenever a child may have exited. Once, before the first spawn and the
   first thread. */
int os_process_watch(void (*changed)(void *context), void *context, struct error *err);

/* Arranges that programs are free of what the service manager imposes on the agent alone, or grants it. On failure
   programs stay confined as the agent is. Once, before the first spawn. */
int os_process_unconfine(struct error *err);
/* Gives up, for this process of one thread, what keeps the agent alive when memory or processors run out: it is about to
   become another user's. Returns 0 or the errno. Linux only. */
int os_process_drop_protection(void);
/* Keeps, of the capabilities of this process of one thread, those of the set (1 << CAP_...) for good: what it executes gains
   no others. Returns 0 or the errno. Linux only. */
int os_process_keep_capabilities(uint64_t set);

/* Asks the child itself to end, or ends it by force, without a look at what it has started. */
int os_process_signal_child(const struct os_process *process, bool force, struct error *err);
/* Ends the process and all it started: asks first, and after grace_ms ends what is left. Each one ended is added to
   `killed` as "PID NAME". Returns 0 only when all of them have ended, and the process itself has by its parent's word.
   Bounded: ERR_TIMEOUT names what would not die, ERR_DENIED what may not be ended; else not all could be looked at. */
int os_process_kill_tree(struct os_process *process, int grace_ms, struct strlist *killed, struct error *err);

struct os_process_info {
    uint64_t pid, parent;
    uint64_t cpu_ms; /* that it has run, in its program and in the system */
    char name[OS_PROCESS_NAME_SIZE];
    char state[OS_PROCESS_STATE_SIZE]; /* in the system's own words: "64-bit, 3 threads", "S in futex_wait_queue" */
};
/* Lists the processes that os_process_kill_tree would end now, in no order, without being noticed by any. *out is the
   caller's to free(), also on a failure: then it has those that could be seen, and *err the reason why not all. */
int os_process_tree(const struct os_process *process, struct os_process_info **out, size_t *count, struct error *err);
/* Visits what there is of many processes of the agent at once, each of which has started and, by end_time, ended or not:
   themselves and all that os_process_kill_tree would end with each. */
struct os_process_root {
    uint64_t pid, start_time, end_time;
};
typedef void os_process_visit(void *context, size_t root, const struct os_process_info *info);
int os_process_forest(const struct os_process_root *roots, size_t count, os_process_visit *visit, void *context,
                      struct error *err);
/* Ends the one process of that pid alone, which os_process_forest() would visit, and adds it to `killed`; as
   os_process_kill_tree() does, and ERR_NOT_FOUND for any other. */
int os_process_kill_one(const struct os_process_root *roots, size_t count, uint64_t pid, int grace_ms,
                        struct strlist *killed, struct error *err);
bool os_process_cpu(uint64_t pid, uint64_t start_time, uint64_t *ms); /* false when there is none */
bool os_process_name(uint64_t pid, char name[OS_PROCESS_NAME_SIZE]);  /* false, and "", when there is none */

#endif
