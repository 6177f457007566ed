/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client of QEMU's monitor protocol (QMP) that takes pictures of a guest's screen from outside. One thread. */
#ifndef HOST_CLI_QMP_H
#define HOST_CLI_QMP_H

#include "base/error.h"
#include "picture/image.h"

#include <stdbool.h>
#include <stdint.h>

#define QMP_LINE_MAX (1u << 20) /* bytes of one message */
#define QMP_TIMEOUT_MS 20000    /* that QEMU may take to answer */

struct qmp;

/* Connects to a monitor. address: the path of a socket (with a '/' in it), else HOST:PORT. ERR_TIMEOUT also if another
   client is connected, since the monitor serves one at a time. */
int qmp_open(struct qmp **out, const char *address, struct error *err);
void qmp_close(struct qmp *qmp);                /* accepts NULL */
const char *qmp_version(const struct qmp *qmp); /* "7.2.9"; borrowed */

/* Waits for one of these events (names, NULL-terminated). ERR_CLOSED: QEMU has closed the connection, as it does when it
   ends. ERR_TIMEOUT. Events that came before the last answer are lost. */
int qmp_await_event(struct qmp *qmp, const char *const *events, int64_t deadline_ms, struct error *err);

struct qmp_screen {
    const char *device; /* the id of a display device; NULL: the first one */
    unsigned head;      /* of that device */
};

struct qmp_picture {
    uint8_t *file;           /* owned: free() */
    struct image_view image; /* in the file */
};

/* Takes a picture. QEMU writes it to a file, so QEMU must run on this machine. */
int qmp_screendump(struct qmp *qmp, const struct qmp_screen *screen, struct qmp_picture *out, struct error *err);

#endif
