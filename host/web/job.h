/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls to a guest that a request waits for. Each has a thread and a connection of its own, so that a guest that does not
 * answer keeps nobody but who asked for it. */
#ifndef HOST_WEB_JOB_H
#define HOST_WEB_JOB_H

#include "base/error.h"
#include "host/web/blob.h"

#include <stdatomic.h>
#include <stdbool.h>

#define JOBS_MAX 16        /* at a time; one more is refused */
#define JOB_LIMIT_MS 30000 /* of one */
#define JOB_TEXT_SIZE 512

struct guest;

enum job_kind { JOB_SCREENSHOT, JOB_FILE, JOB_PROCESSES };

struct job {
    atomic_uint owners;
    enum job_kind kind;
    struct guest *guest;      /* borrowed */
    char text[JOB_TEXT_SIZE]; /* the output, or the file */
    atomic_bool done;         /* what follows is only read once it is set */
    struct blob *result;      /* owned; NULL: it has failed */
    char hash[64];            /* of a picture */
    char reason[JOB_TEXT_SIZE];
    bool is_bad; /* the guest refuses what was asked for; else it could not be asked */
};

/* Starts one; its end is told by gateway_wake(). NULL when there are too many, or no memory. */
struct job *job_start(struct guest *guest, enum job_kind kind, const char *text, struct error *err);
void job_release(struct job *job); /* accepts NULL */

#endif
