/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Folds lines of the log that come again and again, also in turns: what is repeated is counted, and told once a while as
   "TEXT (repeated N times in S s)". Memory in, memory out. */
#ifndef AGENT_FOLD_H
#define AGENT_FOLD_H

#include <stdbool.h>
#include <stdint.h>

#define FOLD_LINES 16       /* different lines that are remembered */
#define FOLD_TEXT_SIZE 1024 /* bytes of one with its NUL; of a longer one only these are compared */
#define FOLD_FIRST_MS                                                                                                  \
    1000 /* after it was written, a line is counted for this time; each further time is twice as long */
#define FOLD_MOST_MS 60000

struct folded {
    char text[FOLD_TEXT_SIZE]; /* "": unused */
    unsigned repeats;          /* since it was written or told last */
    int64_t since_ms, last_ms; /* when it was written or told last, and came last */
    int64_t window_ms;         /* how long it is counted from since_ms on */
};

struct fold {
    struct folded lines[FOLD_LINES];
};

typedef void fold_emit(void *context, const char *text);

/* Returns whether the line is to be written now; else it is counted. Emits first what is due, or loses its place. */
bool fold_add(struct fold *fold, const char *text, int64_t now_ms, fold_emit *emit, void *context);
/* Emits the counts that are due, and forgets lines that came no more. */
void fold_emit_due(struct fold *fold, int64_t now_ms, fold_emit *emit, void *context);
/* Emits every count, without a change when `peek` is set. */
void fold_emit_all(struct fold *fold, bool peek, fold_emit *emit, void *context);
/* Returns when the next count is due, INT64_MAX for never. */
int64_t fold_next_ms(const struct fold *fold);

#endif
