/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one file in which all outputs of programs are kept, in blocks. Its caller's lock guards it. */
#ifndef AGENT_STREAM_SPOOL_H
#define AGENT_STREAM_SPOOL_H

#include "platform/spool.h"

#include <stdbool.h>

#define SPOOL_BLOCK (128u << 10) /* bytes */
#define SPOOL_BLOCKS 4096u       /* 512 MiB in all */
#define SPOOL_NONE (-1)

int spool_open(struct error *err); /* does nothing the next times */
struct os_file *spool_file(void);
int spool_take(void); /* a block, or SPOOL_NONE; the lowest, so that the file is no larger than it must be */
void spool_release(unsigned block);
/* Returns whether nothing is kept any more, once: then the file is to be emptied before a block is taken again. */
bool spool_is_done(void);

/* Hands the file over to the next executable, as a line; the blocks are then taken by their owners. */
void spool_save(struct buffer *out);
void spool_restore(const char *line);
bool spool_take_block(unsigned block);

#endif
