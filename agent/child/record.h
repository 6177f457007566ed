/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept of a child, and of all. Only for agent/child/ and agent/limit/. */
#ifndef AGENT_CHILD_RECORD_H
#define AGENT_CHILD_RECORD_H

#include "agent/child/limit.h"
#include "agent/journal/journal.h"
#include "agent/stream/stream.h"
#include "platform/process.h"
#include "platform/thread.h"

#define CHILD_BUCKETS 1024 /* of the index; a power of two */

struct child_waiter {
    struct os_waker *waker;
    struct child_waiter *next;
};

struct child {
    struct child *newer, *older; /* in its list */
    struct child *same_bucket;   /* the next one of the index, an older one */
    struct os_process *process;  /* owned */
    uint64_t pid;
    unsigned users; /* threads that use it without the lock; the last one frees it */
    bool tracked, exited, forgotten;
    bool synced, on_disk; /* it was tried to bring its output to the disk once it had exited; all of it is there */
    bool lost;            /* of an earlier boot: it has ended, and nobody knows how */
    int64_t rebooted_s;   /* of an earlier boot: when the next one began, since 1970 */
    uint64_t start_time;  /* os_process_start_time() */
    uint32_t status;
    char *reports[2];             /* owned: where its output goes, or NULL */
    uint64_t flushed[2];          /* their sizes when they were flushed last, while it runs; of who is flushing */
    bool flushing;                /* somebody does, or waits for a file system that does not answer */
    struct streams *streams;      /* held: NULL, or its pipes */
    char *user;                   /* owned: os_identity_user() of who opened them; NULL: not known */
    char *tag;                    /* owned; NULL: none */
    char *command;                /* owned: its arguments, about; NULL: not known */
    int64_t started_ms, ended_ms; /* os_boot_clock_ms(); 0: not known */
    int64_t started_wall_ms;
    struct child_limit limit;
    struct child_waiter *waiters; /* on their owners' stacks */
};

struct child_list {
    struct child *newest, *oldest;
    unsigned count;
};

/* What a child that the table has forgotten may have left is found by this. */
struct child_left {
    struct os_process_root root;
    char *tag; /* owned; NULL: none */
};
#define CHILD_LEFT_MAX 256 /* the last ones */

struct child_table {
    struct child_list running, exited;
    struct child_left left[CHILD_LEFT_MAX];
    unsigned left_next;                 /* the oldest */
    struct child *index[CHILD_BUCKETS]; /* the tracked ones, by pid, the newest first */
    struct journal *journal;            /* of what happens to them; NULL: none */
};

struct children {
    struct os_mutex *lock;        /* guards everything below */
    struct child_table now, past; /* of this boot; of those before, whose processes are gone */
    unsigned max;
    struct os_waker *limits; /* of the thread that waits for limits; NULL: there is none yet */
    limit_act *limit_act;    /* NULL until limits_begin() */
    void *limit_context;
    struct {
        unsigned turn;  /* of the thread that flushes; others are stuck, and end when they are not */
        unsigned stuck; /* how many */
        int64_t since;  /* os_clock_ms() when it began with a child; 0: with none */
        bool runs;
    } flush;
    unsigned starting_count; /* threads that may have a child that is not listed yet */
    struct child *restored;  /* the last one that children_restore made; used only there, before any client connects */
    bool resumed;            /* after an upgrade, which handed over the children of this boot */
};

#endif
