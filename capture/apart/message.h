/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the worker and a process apart say to each other: the same executable on both sides, so the structures are sent as
 * they are. */
#ifndef CAPTURE_APART_MESSAGE_H
#define CAPTURE_APART_MESSAGE_H

#include "capture/apart/apart.h"

#include <stdint.h>

#define APART_SOCKET_FD 0
#define APART_MEMORY_FD 3
#define APART_NOTE_SIZE 4096u /* bytes of the memory before the pixels */
#define APART_PIXELS_MAX ((size_t)IMAGE_PIXELS_MAX * 3)
#define APART_REQUEST_TEXT_MAX (1u << 20) /* bytes */
#define APART_LEAVE_S 10                  /* that one with input has to let go once the worker has ended */
#define APART_ANSWER_TEXT_MAX (63u << 20) /* bytes: as of a worker's answer */

enum apart_verb {
    APART_OPEN,
    APART_GRAB,
    APART_DISPLAYS,
    APART_WINDOWS,
    APART_CRCS,
    APART_DESKTOP,
    APART_WATCH,
    APART_INPUT,
    APART_CHANGES,
};

struct apart_request {
    uint32_t verb;
    int32_t timeout_ms;
    bool has_region, cursor, shape, colors, crc, passive, has_output, has_actions, has_damage;
    uint8_t unused[7]; /* so that each byte is told and requests can be compared */
    struct rect region;
    char source[16];     /* as in a candidate; "": the backend chooses */
    uint64_t since;      /* of struct capture_damage */
    uint32_t rule_count; /* of the card classes */
    uint32_t action_count;
    uint32_t target_len; /* bytes, before the texts */
    uint32_t text_len;   /* bytes: the output, the rules, the actions, each with its NUL */
};

_Static_assert(sizeof(struct apart_request) == 2 * 4 + 16 + sizeof(struct rect) + 16 + 8 + 4 * 4, "no padding");

#define APART_REQUEST_MAX (sizeof(struct apart_request) + APART_REQUEST_TEXT_MAX)

struct apart_answer {
    int32_t result; /* enum capture_result */
    int32_t status; /* 0 or an ERR_* */
    uint32_t width, height, stride;
    uint32_t line_count; /* of the lines that follow; with a status there is one, the reason */
    uint32_t text_len;   /* bytes: the lines, each with its NUL */
    uint64_t offset;     /* of the first pixel, behind APART_NOTE_SIZE */
    struct capture_damage damage;
};

#endif
