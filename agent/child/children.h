/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The child table. An exit status is kept until it is forgotten, however often it is read. Any thread. */
#ifndef AGENT_CHILD_CHILDREN_H
#define AGENT_CHILD_CHILDREN_H

#include "agent/child/limit.h"
#include "base/buffer.h"
#include "platform/process.h"
#include "platform/pty.h"
#include "platform/socket.h"

/* Records. One more drops that of the child that has exited first, and is refused if all of them run. */
#define CHILDREN_MAX 65536

/* Children of earlier boots that are known. */
#define CHILDREN_PAST_MAX 4096

struct children;
struct journal;
struct streams;

/* Once, before the first thread; it lives as long as the process. max: records, CHILDREN_MAX but for tests. */
struct children *children_new(unsigned max, struct error *err);
int children_start(struct children *children, const struct os_process_spec *spec, bool tracked, uint64_t *pid,
                   struct error *err);
#define CHILD_TAG_MAX 64 /* bytes */
struct child_wish {
    bool tracked;
    const char *tag;         /* NULL: none. Borrowed */
    struct streams *streams; /* NULL, or those whose pipes are in spec; they are released on a failure */
    struct child_limit limit;
    struct os_pty_size terminal; /* of the streams */
};
/* The same for one of which more is to be kept. */
int children_start_with(struct children *children, struct os_process_spec *spec, const struct child_wish *wish,
                        uint64_t *pid, struct error *err);
/* Finds the streams of a child, which the caller releases. */
int children_streams(struct children *children, uint64_t pid, struct streams **out, struct error *err);
/* Blocks until the child exits (its status word in *status), the deadline passes (ERR_TIMEOUT), or the client hangs up
   (ERR_CLOSED; the record stays). The child's redirected output is on the disk when its status is returned. */
int children_wait(struct children *children, uint64_t pid, struct os_socket *client, int64_t deadline_ms,
                  uint32_t *status, struct error *err);
int children_forget(struct children *children, uint64_t pid, struct error *err);
/* Ends a child and all it started, or what one has left that the table has forgotten. */
int children_kill(struct children *children, uint64_t pid, int grace_ms, struct strlist *killed, struct error *err);
/* The same for all children of a tag, in one grace. */
int children_kill_tag(struct children *children, const char *tag, int grace_ms, struct strlist *killed,
                      struct error *err);
/* Ends one process alone: a child, or any that ps tells of one's tree, or as left by one. ERR_NOT_FOUND for any other. */
int children_kill_one(struct children *children, uint64_t pid, int grace_ms, struct strlist *killed, struct error *err);
/* Lists the running processes of a child's tree, as os_process_tree does: on a failure those that could be seen. */
int children_tree(struct children *children, uint64_t pid, struct os_process_info **tree, size_t *count,
                  struct error *err);
struct children_query {
    uint64_t pid;    /* 0: any */
    const char *tag; /* NULL: any */
    bool tree;       /* their processes too, and what those have left that have ended */
    uint64_t last;   /* at most so many children: those that run, and that have exited last, before others */
};
/* Adds a line for each, as the RPC ps has them. */
int children_ps(struct children *children, const struct children_query *query, struct strlist *out, struct error *err);
void children_count(struct children *children, unsigned *running, unsigned *exited);

/* Begins the quiet point of an upgrade: no child starts, and the end of none is noticed, until children_thaw(). What exits
   after this has its status in the next executable. Waits, within a bound, for children that have started and are not
   listed yet. */
void children_freeze(struct children *children);
void children_thaw(struct children *children);
/* Saves the table as text lines for an upgrade, and restores it from them, each after line_restore(). */
void children_save(struct children *children, struct buffer *out);
void children_restore(struct children *children, const char *line);

/* Reads the journal of that folder, which tells of children of earlier boots and, unless they were handed over, of an agent
   that has ended in this boot; and keeps it from here on. Once, when the children are restored. Returns the journal, which
   the table owns, or NULL without memory. */
struct journal *children_keep_journal(struct children *children, const char *folder, const char *run_as, bool resumed);

#endif
