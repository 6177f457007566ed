/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the word that was meant by a mistyped one. Pure: memory in, memory out. */
#ifndef HOST_CLI_NEAREST_H
#define HOST_CLI_NEAREST_H

#include <stddef.h>

#define NEAREST_MAX 32 /* bytes of a word that can be near to another */

struct nearest {
    const char *typed; /* borrowed */
    size_t len;
    const char *best; /* borrowed; NULL: none is near */
    size_t distance;  /* of the best, or the first that is too far */
};

/* Begins with the first len bytes of what was typed. */
struct nearest nearest_to(const char *typed, size_t len);
/* Considers a word. Of several that are as near the first one stays. */
void nearest_consider(struct nearest *nearest, const char *word);

#define NEAREST_HINT_SIZE 64
/* Formats "; did you mean '--output'?" for what was found, with `dashes` before it; else nothing. */
const char *nearest_hint(const struct nearest *nearest, const char *dashes, char text[NEAREST_HINT_SIZE]);

#endif
