/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cards, in a process that has CAP_SYS_ADMIN, which the kernel asks for, and no other right. */
#include "capture/apart/apart.h"

#include "base/number.h"
#include "capture/drm/backend.h"
#include "capture/drm/uinput.h"
#include "platform/clock.h"
#include "platform/process.h"
#include "platform/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK_MS 500 /* that telling whether a session is locked may take */

struct capture {
    struct apart *apart;   /* owned */
    struct uinput *uinput; /* owned; NULL while nobody types or clicks */
};

/* Says what a process that does not answer waits for. */
static int drm_describe_failure(const struct capture *capture, int status, struct error *err)
{
    struct apart_note note;
    char channel[64];
    if (status != ERR_TIMEOUT || apart_is_usable(capture->apart))
        return status;
    apart_read_note(capture->apart, &note);
    os_process_waits_in((uint64_t)apart_pid(capture->apart), channel, sizeof channel);
    return error_set(err, ERR_TIMEOUT, "card%u does not answer %s%s%s", note.number, note.call,
                     *channel ? ", which waits in the kernel's " : "", channel);
}

static void drm_apart_close(struct capture *capture)
{
    if (!capture)
        return;
    apart_stop(capture->apart);
    uinput_free(capture->uinput);
    free(capture);
}

/* Asks here first whether there is a right to give. */
static int drm_apart_open(struct capture **out, const struct capture_options *options, struct error *err)
{
    struct apart_rights rights = {.admin = true};
    *out = NULL;
    if (!drm_has_privilege(err))
        return err->status;
    struct capture *capture = calloc(1, sizeof *capture);
    if (!capture)
        return error_set(err, ERR_NO_MEMORY, "no memory to look at the cards");
    int status = apart_start(&capture->apart, "drm", &rights, err);
    if (status == 0)
        status = drm_describe_failure(capture, apart_open(capture->apart, options, (struct slice){0}, err), err);
    if (status == 0)
        *out = capture;
    else
        drm_apart_close(capture);
    return status;
}

/* Starts another process for one that can't be asked any more. */
static int drm_restart(struct capture *capture, const struct capture_options *options, struct error *err)
{
    struct apart_rights rights = {.admin = true};
    if (capture->apart && apart_is_usable(capture->apart))
        return 0;
    apart_stop(capture->apart);
    capture->apart = NULL;
    int status = apart_start(&capture->apart, "drm", &rights, err);
    return status ? status : apart_open(capture->apart, options, (struct slice){0}, err);
}

/* Takes half of the time that is left at most, since there is a picture to send. */
static void drm_warn_of_lock(int64_t deadline_ms, struct strlist *facts)
{
    struct error why;
    bool locked;
    int64_t half = os_time_left(deadline_ms) / 2;
    int status = os_session_locked_still(os_deadline(half < LOCK_MS ? half : LOCK_MS), &locked, &why);
    if (locked)
        strlist_add(facts, "warning=the session at the screen is locked: its lock screen is shown");
    else if (status < 0 && status != ERR_NOT_FOUND)
        strlist_addf(facts, "warning=whether the session at the screen is locked can't be told: %s", why.text);
}

static enum capture_result drm_apart_grab(struct capture *capture, const struct capture_options *options,
                                          struct image_view *image, struct strlist *facts, struct error *err)
{
    int64_t deadline_ms = os_deadline(options->timeout_ms > 0 ? options->timeout_ms : -1);
    if (drm_restart(capture, options, err) < 0)
        return CAPTURE_FAILED;
    enum capture_result result = apart_grab(capture->apart, options, image, facts, err);
    if (result == CAPTURE_OK) {
        drm_warn_of_lock(deadline_ms, facts);
        strlist_add(facts, "watch=drm");
        strlist_add(facts, "watch.partly=1"); /* what is drawn into the framebuffer that is shown is not told */
    }
    if (result == CAPTURE_FAILED)
        drm_describe_failure(capture, err->status, err);
    return result;
}

typedef int apart_question(struct apart *apart, const struct capture_options *options, struct strlist *facts,
                           struct error *err);

/* Asks the process, which is started where there is none. */
static int drm_ask(struct capture *capture, apart_question *question, const struct capture_options *options,
                   struct strlist *facts, struct error *err)
{
    int status = drm_restart(capture, options, err);
    if (status == 0)
        status = question(capture->apart, options, facts, err);
    return status ? drm_describe_failure(capture, status, err) : 0;
}

static int drm_apart_crcs(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                          struct error *err)
{
    return drm_ask(capture, apart_crcs, options, facts, err);
}

static int drm_apart_displays(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                              struct error *err)
{
    return drm_ask(capture, apart_displays, options, facts, err);
}

static int drm_apart_windows(struct capture *capture, const struct capture_options *options, struct strlist *lines,
                             struct error *err)
{
    (void)capture, (void)options, (void)lines;
    return error_set(err, ERR_UNAVAILABLE, "the kernel knows of planes, not of windows");
}

static int drm_apart_changes(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                             struct error *err)
{
    return drm_ask(capture, apart_changes, options, facts, err);
}

/* ---- input ---- */

/* Finds the size of the layout by the outputs' geometry, which a process that is not trusted tells. */
static int drm_read_size(const struct strlist *facts, uint32_t *width, uint32_t *height, struct error *err)
{
    *width = *height = 0;
    for (size_t i = 0; i < facts->count; i++) {
        uint64_t w, h, x = 0;
        const char *at = strstr(facts->items[i], ".geometry=");
        if (!at)
            continue;
        at += strlen(".geometry=");
        if (!number_take(&at, CAPTURE_SIZE_MAX, &w) || *at++ != 'x' || !number_take(&at, CAPTURE_SIZE_MAX, &h) ||
            *at++ != '+' || !number_take(&at, CAPTURE_SIZE_MAX, &x))
            continue;
        *width = x + w > *width ? (uint32_t)(x + w) : *width;
        *height = h > *height ? (uint32_t)h : *height;
    }
    return *width > 0 && *height > 0 ? 0 : error_set(err, ERR_UNAVAILABLE, "blocked: no output is active");
}

static int drm_do_input(struct capture *capture, const struct capture_options *options, const struct input_list *list,
                        struct error *err)
{
    struct strlist facts = {0};
    uint32_t width, height;
    int status = drm_apart_displays(capture, options, &facts, err);
    if (status == 0)
        status = drm_read_size(&facts, &width, &height, err);
    if (status == 0)
        status = uinput_do(&capture->uinput, width, height, list, err);
    strlist_deinit(&facts);
    return status;
}

static int drm_apart_input(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                           struct error *err)
{
    struct input_list list;
    if (!options->actions) {
        uinput_free(capture->uinput);
        capture->uinput = NULL;
        return 0;
    }
    int status = input_list_parse(&list, options->actions, err);
    if (status == 0)
        status = drm_do_input(capture, options, &list, err);
    if (status == 0)
        strlist_add(facts, "by=uinput");
    input_list_deinit(&list);
    return status;
}

const struct capture_backend capture_drm = {
    .name = "drm",
    .summary = "what the display hardware scans out, from the kernel",
    .open = drm_apart_open,
    .grab = drm_apart_grab,
    .crcs = drm_apart_crcs,
    .displays = drm_apart_displays,
    .windows = drm_apart_windows,
    .input = drm_apart_input,
    .changes = drm_apart_changes,
    .close = drm_apart_close,
    .input_last = true,
    .shares_time = true,
};
