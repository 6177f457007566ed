/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/win32/dxgi.h"

#include "capture/win32/dxgi_calls.h"
#include "capture/win32/gdi_capture.h"
#include "capture/win32/gdi_displays.h"
#include "capture/win32/gdi_screen.h"
#include "capture/win32/gdi_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define OUTPUT_SIZE 256 /* bytes of an output's name, with the NUL */

/* One capture in a thread of its own: when the driver hangs, the picture that GDI has already must not be lost. */
struct dxgi_job {
    struct capture_options options; /* of its texts only `output` is used, which points below */
    char output[OUTPUT_SIZE];       /* "": the whole screen */
    struct rect area;
    struct strlist facts; /* owned */
    struct error err;
    int status;
};

struct capture {
    struct dxgi *dxgi; /* owned; NULL until the first picture */
    struct duplication_state state;
    struct gdi_layout layout; /* of the picture */
    uint64_t displays;        /* number of layout changes seen */
    uint8_t *rgb;             /* owned: the picture */
    HANDLE thread;            /* owned; NULL, or a thread that still runs and uses all of this struct */
    struct dxgi_job job;
};

/* ---- the thread ---- */

static void dxgi_read_layout(struct capture *capture)
{
    static struct gdi_layout now;
    gdi_layout_read(&now);
    if (!gdi_layout_same(&capture->layout, &now))
        capture->displays++;
    capture->layout = now;
}

static int dxgi_prepare(struct capture *capture, struct error *err)
{
    struct dxgi_job *job = &capture->job;
    int status = gdi_desktop_enter(err);
    if (status == 0 && !capture->dxgi)
        status = dxgi_new(&capture->dxgi, err);
    if (status)
        return status;
    dxgi_read_layout(capture);
    status = gdi_area_find(&capture->layout, &job->options, &job->area, err);
    if (status)
        return status;
    free(capture->rgb);
    capture->rgb = malloc((size_t)job->area.width * job->area.height * 3);
    return capture->rgb ? 0
                        : error_set(err, ERR_NO_MEMORY, "no memory for a picture of %ux%u pixels", job->area.width,
                                    job->area.height);
}

static DWORD WINAPI dxgi_run_job(void *context)
{
    struct capture *capture = context;
    struct dxgi_job *job = &capture->job;
    job->status = dxgi_prepare(capture, &job->err);
    if (job->status)
        return 0;
    struct duplication_request request = {.output = job->options.output,
                                          .area = job->area,
                                          .cursor = job->options.cursor,
                                          .shape = job->options.shape,
                                          .is_system = gdi_is_system(),
                                          .timeout_ms = job->options.timeout_ms,
                                          .monitors = capture->layout.count,
                                          .displays = capture->displays};
    gdi_set_activity("desktop duplication");
    job->status = duplication_capture(&dxgi_calls, capture->dxgi, &capture->state, &request, capture->rgb, &job->facts,
                                      &job->err);
    if (job->status)
        return 0;
    gdi_desktop_facts(&job->facts);
    gdi_layout_facts(&capture->layout, &job->facts);
    return 0;
}

/* ---- the caller ---- */

static int dxgi_start_job(struct capture *capture, const struct capture_options *options, struct error *err)
{
    struct dxgi_job *job = &capture->job;
    strlist_deinit(&job->facts);
    *job = (struct dxgi_job){.options = *options};
    job->options.backend = job->options.source = NULL;
    job->options.card_classes = NULL;
    if (options->output) {
        if (strlen(options->output) >= OUTPUT_SIZE)
            return error_set(err, ERR_INVALID, "the output's name has more than %d bytes", OUTPUT_SIZE - 1);
        strcpy(job->output, options->output);
        job->options.output = job->output;
    }
    capture->thread = CreateThread(NULL, 0, dxgi_run_job, capture, 0, NULL);
    return capture->thread ? 0 : error_set(err, ERR_SYSTEM, "no thread for desktop duplication (%lu)", GetLastError());
}

static bool dxgi_job_ended(struct capture *capture, int time_ms)
{
    if (!capture->thread)
        return true;
    if (WaitForSingleObject(capture->thread, (DWORD)time_ms) != WAIT_OBJECT_0)
        return false;
    CloseHandle(capture->thread);
    capture->thread = NULL;
    return true;
}

/* Runs one job and waits for it. Where the backend was not asked for by name it may use half of the time: the other
   half is for the picture that GDI has already. */
static int dxgi_wait_job(struct capture *capture, const struct capture_options *options, struct error *err)
{
    int time_ms = options->backend ? options->timeout_ms : options->timeout_ms / 2;
    if (!dxgi_job_ended(capture, 0))
        return error_set(err, ERR_UNAVAILABLE, "it still hangs: %s", gdi_activity());
    int status = dxgi_start_job(capture, options, err);
    if (status)
        return status;
    if (!dxgi_job_ended(capture, time_ms))
        return error_set(err, ERR_UNAVAILABLE, "it does not answer within %d ms: %s", time_ms, gdi_activity());
    *err = capture->job.err;
    return capture->job.status;
}

static enum capture_result dxgi_grab(struct capture *capture, const struct capture_options *options,
                                     struct image_view *view, struct strlist *facts, struct error *err)
{
    const struct dxgi_job *job = &capture->job;
    if (dxgi_wait_job(capture, options, err))
        return CAPTURE_FAILED;
    strlist_addf(facts, "output=%s", options->output ? options->output : "all");
    strlist_addf(facts, "geometry=%ux%u%+d%+d", job->area.width, job->area.height, job->area.x, job->area.y);
    for (size_t i = 0; i < job->facts.count; i++)
        strlist_add(facts, job->facts.items[i]);
    *view = (struct image_view){.pixels = capture->rgb,
                                .width = job->area.width,
                                .height = job->area.height,
                                .stride = job->area.width * 3,
                                .format = PIXEL_RGB24};
    return CAPTURE_OK;
}

static int dxgi_displays(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                         struct error *err)
{
    (void)options;
    if (!dxgi_job_ended(capture, 0))
        return error_set(err, ERR_UNAVAILABLE, "it still hangs: %s", gdi_activity());
    int status = gdi_desktop_enter(err);
    if (status)
        return status;
    dxgi_read_layout(capture);
    gdi_displays_list(&capture->layout, "dxgi", facts);
    return 0;
}

static int dxgi_windows(struct capture *capture, const struct capture_options *options, struct strlist *lines,
                        struct error *err)
{
    (void)capture, (void)options, (void)lines;
    return error_set(err, ERR_UNAVAILABLE, "windows are listed by the backend gdi");
}

static void dxgi_close(struct capture *capture)
{
    if (!capture || !dxgi_job_ended(capture, 0))
        return; /* a hung thread still uses the memory, which is leaked */
    strlist_deinit(&capture->job.facts);
    dxgi_free(capture->dxgi);
    free(capture->rgb);
    free(capture);
}

static int dxgi_open(struct capture **out, const struct capture_options *options, struct error *err)
{
    (void)options;
    *out = NULL;
    *out = calloc(1, sizeof **out);
    return *out ? 0 : error_set(err, ERR_NO_MEMORY, "no memory for desktop duplication");
}

static void dxgi_describe_hang(char *text, size_t size)
{
    snprintf(text, size, "%s", gdi_activity());
}

const struct capture_backend capture_dxgi = {
    .name = "dxgi",
    .summary = "the desktop of a Windows session, by desktop duplication",
    .open = dxgi_open,
    .grab = dxgi_grab,
    .displays = dxgi_displays,
    .windows = dxgi_windows,
    .close = dxgi_close,
    .describe_hang = dxgi_describe_hang,
    .only_by_name = true, /* or where the chooser names it */
};
