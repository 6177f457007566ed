/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The worker's side of a process apart. Only for start.c and process.c. */
#ifndef CAPTURE_APART_PRIVATE_H
#define CAPTURE_APART_PRIVATE_H

#include "base/buffer.h"
#include "capture/apart/message.h"

#include <sys/types.h>

struct apart {
    pid_t pid;
    int pid_fd;   /* owned; names it also when it has been reaped; -1 before Linux 5.3 */
    int fd;       /* owned */
    int memory;   /* owned */
    uint8_t *map; /* owned; the first map_size bytes of the memory */
    size_t map_size;
    bool watching; /* the answer to APART_WATCH is still to come */
    struct buffer
        begun;      /* the request of a picture that was begun, without its time, if that answer is still to come */
    bool broken;    /* it can only be stopped */
    bool has_input; /* it may hold keys */
};

/* Maps that many bytes of pixels. They are only read here, once each, where a change does no harm. */
bool apart_map(struct apart *apart, size_t pixels);

#endif
