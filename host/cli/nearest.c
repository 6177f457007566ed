/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/nearest.h"

#include <stdio.h>
#include <string.h>

#define PREFIX_LEAST 3 /* letters of an abbreviation */

/* How many letters may be wrong: one in three, and one at least. */
static size_t nearest_tolerance(size_t len)
{
    return (len + 2) / 3;
}

static size_t nearest_least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Counts the letters that are to be inserted, removed or replaced, or swapped with the next one, to get from a to b ("optimal
   string alignment"). */
static size_t nearest_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][NEAREST_MAX + 1], *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *free_row = before;
        before = above;
        above = row;
        row = free_row;
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = nearest_least(nearest_least(row[j - 1], above[j]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = nearest_least(row[j], before[j - 2] + 1);
        }
    }
    return row[b_len];
}

struct nearest nearest_to(const char *typed, size_t len)
{
    return (struct nearest){.typed = typed, .len = len, .distance = nearest_tolerance(len) + 1};
}

void nearest_consider(struct nearest *nearest, const char *word)
{
    size_t len = strlen(word), distance;
    if (nearest->len > NEAREST_MAX || len > NEAREST_MAX)
        return;
    if (nearest->len >= PREFIX_LEAST && strncmp(word, nearest->typed, nearest->len) == 0)
        distance = 0;
    else
        distance = nearest_distance(nearest->typed, nearest->len, word, len);
    if (distance >= nearest->distance)
        return;
    nearest->best = word;
    nearest->distance = distance;
}

const char *nearest_hint(const struct nearest *nearest, const char *dashes, char text[NEAREST_HINT_SIZE])
{
    *text = '\0';
    if (nearest->best)
        snprintf(text, NEAREST_HINT_SIZE, "; did you mean '%s%s'?", dashes, nearest->best);
    return text;
}
