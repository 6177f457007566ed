/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/backend.h"

#include "capture/drm/crc.h"
#include "capture/drm/layout.h"
#include "capture/drm/snapshot.h"
#include "capture/region.h"
#include "platform/clock.h"

#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of all that is open or known, only the picture outlives a request. */
struct capture {
    struct drm_card cards[DRM_CARDS_MAX]; /* open during a request */
    size_t card_count;
    struct drm_output outputs[DRM_OUTPUTS_MAX]; /* those that show something, as they lie in a row */
    size_t output_count;
    struct error refused; /* why the last card that can't be looked at can't */
    uint8_t *pixels;      /* owned: the picture */
};

/* ---- cards and outputs ---- */

static void close_cards(struct capture *capture)
{
    for (size_t i = 0; i < capture->card_count; i++)
        drm_card_close(&capture->cards[i]);
    capture->card_count = 0;
}

/* A card of which nothing can be learnt is passed over; its reason counts if there is no other. */
static void open_cards(struct capture *capture, const struct strlist *card_classes)
{
    unsigned numbers[DRM_CARDS_MAX];
    size_t count = drm_sysfs_cards("", numbers);
    capture->refused.status = 0;
    for (size_t i = 0; i < count; i++) {
        struct drm_card *card = &capture->cards[capture->card_count];
        if (drm_sysfs_is_dark("", numbers[i])) {
            error_set(&capture->refused, ERR_UNAVAILABLE, "card%u shows nothing: %s", numbers[i],
                      drm_sysfs_sleeps("", numbers[i]) ? "its displays sleep" : "none of its outputs is on");
        } else if (drm_card_open(card, numbers[i], &capture->refused) == 0) {
            card->class = card_class_find(&card->identity, card_classes);
            capture->card_count++;
        }
    }
}

static void keep_those_that_show(struct capture *capture)
{
    size_t kept = 0;
    for (size_t i = 0; i < capture->output_count; i++)
        if (capture->outputs[i].width > 0 && capture->outputs[i].height > 0)
            capture->outputs[kept++] = capture->outputs[i];
    if (kept == 0 && capture->output_count > 0)
        error_set(&capture->refused, ERR_UNAVAILABLE,
                  "no output shows anything: of %zu, among them %s, each CRTC is off, as when displays sleep",
                  capture->output_count, capture->outputs[0].name);
    capture->output_count = kept;
}

/* Opens the cards, which stay open also after a failure. */
static int find_outputs(struct capture *capture, const struct strlist *card_classes, struct error *err)
{
    capture->output_count = 0;
    open_cards(capture, card_classes);
    for (size_t i = 0; i < capture->card_count; i++)
        drm_outputs_read(&capture->cards[i], capture->outputs, &capture->output_count, &capture->refused);
    keep_those_that_show(capture);
    drm_row_place(capture->outputs, capture->output_count);
    if (capture->output_count > 0)
        return 0;
    if (capture->refused.status < 0)
        return error_set(err, capture->refused.status, "%s", capture->refused.text);
    return error_set(err, ERR_UNAVAILABLE, "there is no display hardware that the kernel drives: no card in /dev/dri");
}

/* ---- the picture ---- */

static int find_region(const struct drm_row *row, const struct capture_options *options, struct rect *region,
                       struct error *err)
{
    *region = (struct rect){0, 0, row->area.width, row->area.height};
    return region_apply(options, row->count > 1 ? "the outputs" : row->outputs->name, region, err);
}

static void add_shot_facts(const struct drm_row *row, const struct rect *region, const struct drm_shot *shot,
                           struct strlist *facts)
{
    static const char *const cursors[] = {"hidden", "off", "unavailable", "drawn"};
    struct buffer names;
    buffer_init(&names, ERROR_LIST_MAX);
    for (size_t i = 0; i < row->count; i++)
        buffer_printf(&names, "%s%s", i ? " " : "", row->outputs[i].name);
    strlist_addf(facts, "output=%s", names.data ? (const char *)names.data : "");
    facts->failed |= names.failed;
    buffer_deinit(&names);
    strlist_addf(facts, "geometry=%ux%u%+d%+d", region->width, region->height, row->area.x + region->x, region->y);
    for (size_t i = 0; i < row->count && row->count > 1; i++)
        strlist_addf(facts, "output.%zu=%s %ux%u%+d+0", i, row->outputs[i].name, row->outputs[i].width,
                     row->outputs[i].height, row->outputs[i].x);
    strlist_addf(facts, "drm.driver=%s", row->outputs->card->driver);
    if (*row->outputs->card->identity.pci)
        strlist_addf(facts, "drm.pci=%s", row->outputs->card->identity.pci);
    strlist_addf(facts, "cursor=%s", cursors[shot->cursor]);
    strlist_addf(facts, "coherent=%d", shot->coherent);
    strlist_addf(facts, "time-read-us=%lld", (long long)shot->read_us);
    strlist_addf(facts, "time-compose-us=%lld", (long long)shot->compose_us);
}

static bool overlap(const struct rect *a, const struct rect *b)
{
    return a->x < (int64_t)b->x + b->width && b->x < (int64_t)a->x + a->width && a->y < (int64_t)b->y + b->height &&
           b->y < (int64_t)a->y + a->height;
}

/* `x`: where the output lies within what is chosen. */
static void merge_shot(struct drm_shot *all, const struct drm_shot *shot, int32_t x, const struct rect *region)
{
    struct rect place = shot->cursor_place;
    enum drm_cursor cursor = shot->cursor;
    place.x += x;
    if (cursor == DRM_CURSOR_DRAWN && !overlap(&place, region))
        cursor = DRM_CURSOR_HIDDEN;
    if (cursor > all->cursor)
        all->cursor = cursor;
    all->coherent &= shot->coherent;
    all->read_us += shot->read_us;
    all->compose_us += shot->compose_us;
}

static int take_shots(struct capture *capture, const struct drm_row *row, const struct capture_options *options,
                      const struct rect *region, struct drm_shot *all, struct strlist *facts, struct error *err)
{
    struct drm_shot_options how = {
        .cursor = options->cursor, .colors = options->colors, .deadline_ms = os_deadline(options->timeout_ms)};
    uint32_t stride = row->area.width * 3;
    *all = (struct drm_shot){.coherent = true};
    for (size_t i = 0; i < row->count; i++) {
        const struct drm_output *output = &row->outputs[i];
        struct drm_shot shot;
        uint8_t *corner = capture->pixels + (size_t)(output->x - row->area.x) * 3;
        if (drm_row_twin(row->outputs, i, output))
            continue;
        int status = drm_shot_take(output, &how, corner, stride, &shot, facts, err);
        if (status < 0)
            return status;
        merge_shot(all, &shot, output->x - row->area.x, region);
    }
    return 0;
}

static int make_picture(struct capture *capture, const struct capture_options *options, struct image_view *image,
                        struct strlist *facts, struct error *err)
{
    struct drm_row row;
    struct rect region = {0};
    struct drm_shot shot;
    int status = drm_row_choose(capture->outputs, capture->output_count, options, &row, err);
    if (status == 0)
        status = find_region(&row, options, &region, err);
    if (status < 0)
        return status;
    free(capture->pixels);
    capture->pixels = calloc((size_t)row.area.width * row.area.height, 3);
    if (!capture->pixels)
        return error_set(err, ERR_NO_MEMORY, "no memory for a picture of %ux%u pixels", row.area.width,
                         row.area.height);
    status = take_shots(capture, &row, options, &region, &shot, facts, err);
    if (status < 0)
        return status;
    add_shot_facts(&row, &region, &shot, facts);
    *image = (struct image_view){
        .pixels = capture->pixels + ((size_t)region.y * row.area.width + (size_t)region.x) * 3,
        .width = region.width,
        .height = region.height,
        .stride = row.area.width * 3,
        .format = PIXEL_RGB24,
    };
    return 0;
}

/* ---- the backend ---- */

static void drm_close(struct capture *capture)
{
    if (!capture)
        return;
    close_cards(capture);
    free(capture->pixels);
    free(capture);
}

/* What drm_framebuffer_open finds out too, but before anything is listed that can't be taken. */
static bool has_privilege(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return syscall(SYS_capget, &header, data) == 0 && data[0].effective & 1u << CAP_SYS_ADMIN;
}

static int drm_open(struct capture **out, const struct capture_options *options, struct error *err)
{
    (void)options;
    *out = NULL;
    if (!has_privilege())
        return error_set(err, ERR_DENIED,
                         "the kernel hands out framebuffers only to processes with CAP_SYS_ADMIN, as root has");
    *out = calloc(1, sizeof **out);
    return *out ? 0 : error_set(err, ERR_NO_MEMORY, "no memory to look at the cards");
}

static enum capture_result drm_grab(struct capture *capture, const struct capture_options *options,
                                    struct image_view *image, struct strlist *facts, struct error *err)
{
    int status = find_outputs(capture, options->card_classes, err);
    if (status == 0)
        status = make_picture(capture, options, image, facts, err);
    close_cards(capture);
    if (status == ERR_CLOSED)
        return CAPTURE_LOST;
    return status < 0 ? CAPTURE_FAILED : CAPTURE_OK;
}

static int drm_crcs(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                    struct error *err)
{
    int64_t deadline = os_deadline(options->timeout_ms);
    struct drm_row row;
    int status = find_outputs(capture, options->card_classes, err);
    if (status == 0)
        status = drm_row_choose(capture->outputs, capture->output_count, options, &row, err);
    for (size_t i = 0; status == 0 && i < row.count; i++)
        if (!drm_row_twin(row.outputs, i, &row.outputs[i]))
            drm_crc_read(&row.outputs[i], deadline, facts);
    close_cards(capture);
    return status;
}

static int drm_displays(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                        struct error *err)
{
    int status = find_outputs(capture, options->card_classes, err);
    if (status == 0)
        strlist_addf(facts, "display.count=%zu", capture->output_count);
    for (size_t i = 0; status == 0 && i < capture->output_count; i++) {
        const struct drm_output *output = &capture->outputs[i];
        strlist_addf(facts, "display.%zu.name=%s", i, output->name);
        strlist_addf(facts, "display.%zu.geometry=%ux%u%+d+0", i, output->width, output->height, output->x);
        strlist_addf(facts, "display.%zu.backend=drm", i);
        if (output->refresh)
            strlist_addf(facts, "display.%zu.mode=%ux%u@%u", i, output->width, output->height, output->refresh);
        strlist_addf(facts, "display.%zu.driver=%s", i, output->card->driver);
        if (*output->card->identity.pci)
            strlist_addf(facts, "display.%zu.pci=%s", i, output->card->identity.pci);
        strlist_addf(facts, "display.%zu.class=%s", i, card_class_name(output->card->class));
    }
    close_cards(capture);
    return status;
}

static int drm_windows(struct capture *capture, struct strlist *lines, struct error *err)
{
    (void)capture, (void)lines;
    return error_set(err, ERR_UNAVAILABLE, "the kernel knows of planes, not of windows");
}

const struct capture_backend capture_drm = {
    .name = "drm",
    .summary = "what the display hardware scans out, from the kernel",
    .open = drm_open,
    .grab = drm_grab,
    .crcs = drm_crcs,
    .displays = drm_displays,
    .windows = drm_windows,
    .close = drm_close,
    .describe_hang = drm_describe_call,
};
