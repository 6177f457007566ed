/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/fold.h"

#include <stdio.h>
#include <string.h>

#define COUNT_SIZE 64 /* bytes of "(repeated N times in S s)" */

/* Emits the count of a line, if it was repeated. A long line gives way to its count. */
static void folded_emit(const struct folded *line, fold_emit *emit, void *context)
{
    char text[FOLD_TEXT_SIZE + COUNT_SIZE];
    if (line->repeats == 0)
        return;
    snprintf(text, sizeof text, "%.*s (repeated %u time%s in %.1f s)", FOLD_TEXT_SIZE - 2 * COUNT_SIZE, line->text,
             line->repeats, line->repeats == 1 ? "" : "s", (double)(line->last_ms - line->since_ms) / 1000);
    emit(context, text);
}

static struct folded *fold_find(struct fold *fold, const char *text)
{
    for (int i = 0; i < FOLD_LINES; i++)
        if (strncmp(fold->lines[i].text, text, FOLD_TEXT_SIZE - 1) == 0)
            return &fold->lines[i];
    return NULL;
}

/* Returns the place of a new line: a free one, or that of the line that has not come for the longest time. */
static struct folded *fold_place(struct fold *fold)
{
    struct folded *oldest = &fold->lines[0];
    for (int i = 0; i < FOLD_LINES; i++) {
        if (!fold->lines[i].text[0])
            return &fold->lines[i];
        if (fold->lines[i].last_ms < oldest->last_ms)
            oldest = &fold->lines[i];
    }
    return oldest;
}

bool fold_add(struct fold *fold, const char *text, int64_t now_ms, fold_emit *emit, void *context)
{
    if (!*text)
        return true;
    fold_emit_due(fold, now_ms, emit, context);
    struct folded *line = fold_find(fold, text);
    if (line) {
        line->repeats++;
        line->last_ms = now_ms;
        return false;
    }
    line = fold_place(fold);
    folded_emit(line, emit, context);
    *line = (struct folded){.since_ms = now_ms, .last_ms = now_ms, .window_ms = FOLD_FIRST_MS};
    snprintf(line->text, sizeof line->text, "%s", text);
    return true;
}

void fold_emit_due(struct fold *fold, int64_t now_ms, fold_emit *emit, void *context)
{
    for (int i = 0; i < FOLD_LINES; i++) {
        struct folded *line = &fold->lines[i];
        if (!line->text[0] || now_ms - line->since_ms < line->window_ms)
            continue;
        folded_emit(line, emit, context);
        if (line->repeats == 0)
            line->text[0] = '\0';
        line->repeats = 0;
        line->since_ms = now_ms;
        line->window_ms = line->window_ms * 2 < FOLD_MOST_MS ? line->window_ms * 2 : FOLD_MOST_MS;
    }
}

void fold_emit_all(struct fold *fold, bool peek, fold_emit *emit, void *context)
{
    for (int i = 0; i < FOLD_LINES; i++) {
        folded_emit(&fold->lines[i], emit, context);
        if (!peek)
            fold->lines[i].repeats = 0;
    }
}

int64_t fold_next_ms(const struct fold *fold)
{
    int64_t next = INT64_MAX;
    for (int i = 0; i < FOLD_LINES; i++) {
        const struct folded *line = &fold->lines[i];
        if (line->repeats > 0 && line->since_ms + line->window_ms < next)
            next = line->since_ms + line->window_ms;
    }
    return next;
}
