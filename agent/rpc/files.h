/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the RPCs on files share. */
#ifndef AGENT_RPC_FILES_H
#define AGENT_RPC_FILES_H

#include "agent/rpc/rpc.h"
#include "platform/identity.h"
#include "platform/tree.h"

/* Drops the thread's rights, until files_end, to those of a program that the host would run. */
int files_begin(struct session *session, struct os_identity **as, struct error *err);
void files_end(struct os_identity *as);
/* The same, for a path that is none of the agent's own names. */
int files_begin_at(struct session *session, const char *path, struct os_identity **as, struct error *err);

/* What a host may look at: the same, and recordings of the agent's own by their names, with the agent's rights. */
struct files_look {
    const char *path;       /* where it is; borrowed, or `own` */
    char *own;              /* owned; NULL: a path of the host's */
    struct os_identity *as; /* owned */
};
int files_begin_look(struct files_look *look, struct session *session, const char *path, struct error *err);
void files_end_look(struct files_look *look);

/* Adds what is known of a file as facts. */
void files_add_facts(struct strlist *facts, const struct os_node *node);
/* Adds what was left out of a tree: "left-out=COUNT", and "note=PATH: why" for the first of them. */
void files_add_notes(struct strlist *facts, const struct os_tree_notes *notes);
/* Writes the reply's facts, of which `more` entries follow; frees the list. */
int files_reply(struct reply *reply, struct strlist *facts, uint32_t more, struct error *err);

/* Reads at an offset into bytes. Returns their number, 0 at the end, or a negative status. */
typedef int files_read(void *context, uint64_t offset, void *bytes, size_t max, struct error *err);
int files_read_file(void *file, uint64_t offset, void *bytes, size_t max,
                    struct error *err); /* of an os_file, in order */
/* Computes the SHA-256 of the first `size` bytes, while the client is there: ERR_CLOSED once it has gone. ERR_INVALID
   where there are fewer. */
int files_sum(struct session *session, files_read *read, void *context, uint64_t size, char *text, struct error *err);

#endif
