/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/job.h"

#include "base/buffer.h"
#include "host/web/gateway.h"
#include "host/web/guest.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MOST (4u << 20) /* bytes of a virtual file */
#define CONNECT_MS 5000

static atomic_uint jobs_running;

void job_release(struct job *job)
{
    if (!job || atomic_fetch_sub(&job->owners, 1) > 1)
        return;
    blob_release(job->result);
    free(job);
}

static int job_screenshot(struct job *job, struct periscope *periscope)
{
    char output[JOB_TEXT_SIZE + sizeof "output="];
    const char *options[] = {*job->text ? output : NULL, NULL};
    struct periscope_strings facts;
    uint8_t *bytes;
    size_t len;
    snprintf(output, sizeof output, "output=%s", job->text);
    int64_t began = os_clock_ms();
    int status = periscope_screenshot(periscope, options, &facts, &bytes, &len);
    if (!status) {
        const char *hash = periscope_strings_get(&facts, "hash");
        histogram_add(&job->guest->gateway->metrics.screenshot, metrics_screenshot_s, os_clock_ms() - began);
        snprintf(job->hash, sizeof job->hash, "%s", hash ? hash : "");
        job->result = blob_copy(bytes, len);
    }
    free(bytes);
    periscope_strings_free(&facts);
    return status;
}

static int job_file(struct job *job, struct periscope *periscope)
{
    uint8_t *bytes;
    size_t len;
    int status = periscope_get_bytes(periscope, job->text, FILE_MOST, &bytes, &len);
    if (!status)
        job->result = blob_copy(bytes, len);
    free(bytes);
    return status;
}

/* Takes the lines of what the agent has started, a newline behind each. */
static int job_processes(struct job *job, struct periscope *periscope)
{
    static const char *const options[] = {"tree=1", NULL};
    struct periscope_strings lines;
    struct buffer text;
    int status = periscope_ps(periscope, options, &lines);
    if (status)
        return status;
    buffer_init(&text, FILE_MOST);
    for (size_t i = 0; i < lines.count; i++) {
        buffer_append(&text, lines.items[i], strlen(lines.items[i]));
        buffer_append(&text, "\n", 1);
    }
    job->result = text.failed ? NULL : blob_copy(text.data, text.len);
    buffer_deinit(&text);
    periscope_strings_free(&lines);
    return 0;
}

static int job_ask(struct job *job, struct periscope *periscope)
{
    switch (job->kind) {
    case JOB_SCREENSHOT:
        return job_screenshot(job, periscope);
    case JOB_FILE:
        return job_file(job, periscope);
    case JOB_PROCESSES:
        break;
    }
    return job_processes(job, periscope);
}

static void job_run(struct job *job, struct periscope *periscope)
{
    periscope_set_timeouts(periscope, CONNECT_MS, JOB_LIMIT_MS);
    periscope_set_limit(periscope, JOB_LIMIT_MS);
    int status = job_ask(job, periscope);
    job->is_bad = status == PERISCOPE_REFUSED || status == PERISCOPE_INVALID;
    if (status)
        snprintf(job->reason, sizeof job->reason, "%s", periscope_error_text(periscope));
}

static void job_main(void *context)
{
    struct job *job = context;
    struct gateway *gateway = job->guest->gateway;
    struct periscope *periscope = periscope_new(job->guest->config->target.host, job->guest->config->target.port);
    snprintf(job->reason, sizeof job->reason, "no memory");
    if (periscope)
        job_run(job, periscope);
    periscope_free(periscope);
    atomic_store(&job->done, true);
    job_release(job);
    atomic_fetch_sub(&jobs_running, 1);
    gateway_wake(gateway);
}

struct job *job_start(struct guest *guest, enum job_kind kind, const char *text, struct error *err)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job) {
        error_set(err, ERR_NO_MEMORY, "no memory");
        return NULL;
    }
    job->owners = 2;
    job->kind = kind;
    job->guest = guest;
    snprintf(job->text, sizeof job->text, "%s", text);
    if (atomic_fetch_add(&jobs_running, 1) >= JOBS_MAX)
        error_set(err, ERR_LIMIT, "%d requests wait for guests already: try again", JOBS_MAX);
    else if (os_thread_start(job_main, job, err) == 0)
        return job;
    atomic_fetch_sub(&jobs_running, 1);
    free(job);
    return NULL;
}
