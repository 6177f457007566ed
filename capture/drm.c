/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm.h"

#include "capture/drm_crc.h"
#include "capture/drm_shot.h"
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
static void open_cards(struct capture *capture)
{
    unsigned numbers[DRM_CARDS_MAX];
    size_t count = drm_card_numbers(numbers);
    capture->refused.status = 0;
    for (size_t i = 0; i < count; i++)
        if (drm_card_sleeps(numbers[i]))
            error_set(&capture->refused, ERR_UNAVAILABLE, "card%u shows nothing: its displays sleep", numbers[i]);
        else if (drm_card_open(&capture->cards[capture->card_count], numbers[i], &capture->refused) == 0)
            capture->card_count++;
}

static int compare_outputs(const void *a, const void *b)
{
    const struct drm_output *one = a, *other = b;
    int emulated = drm_card_is_emulated(one->card) - drm_card_is_emulated(other->card);
    if (emulated)
        return emulated;
    if (one->card != other->card)
        return one->card->number < other->card->number ? -1 : 1;
    return strcmp(one->name, other->name);
}

/* The output before it that shows the same, or NULL. */
static const struct drm_output *find_twin(const struct drm_output *outputs, size_t count,
                                          const struct drm_output *output)
{
    for (size_t i = 0; i < count; i++)
        if (outputs[i].card == output->card && outputs[i].crtc == output->crtc)
            return &outputs[i];
    return NULL;
}

/* From left to right: the passed-through cards' outputs first, then by number and name. */
static void place_outputs(struct drm_output *outputs, size_t count)
{
    int32_t next = 0;
    qsort(outputs, count, sizeof *outputs, compare_outputs);
    for (size_t i = 0; i < count; i++) {
        const struct drm_output *twin = find_twin(outputs, i, &outputs[i]);
        outputs[i].x = twin ? twin->x : next;
        next += twin ? 0 : (int32_t)outputs[i].width;
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
static int find_outputs(struct capture *capture, struct error *err)
{
    capture->output_count = 0;
    open_cards(capture);
    for (size_t i = 0; i < capture->card_count; i++)
        drm_outputs_read(&capture->cards[i], capture->outputs, &capture->output_count, &capture->refused);
    keep_those_that_show(capture);
    place_outputs(capture->outputs, capture->output_count);
    if (capture->output_count > 0)
        return 0;
    if (capture->refused.status < 0)
        return error_set(err, capture->refused.status, "%s", capture->refused.text);
    return error_set(err, ERR_UNAVAILABLE, "there is no display hardware that the kernel drives: no card in /dev/dri");
}

/* ---- choosing ---- */

/* A run of outputs in the row, and where they lie. */
struct choice {
    const struct drm_output *outputs; /* borrowed */
    size_t count;
    struct rect area;
};

/* Without a name: the first card that shows something, all of its outputs. */
static bool is_chosen(const struct capture *capture, const struct drm_output *output, const char *name)
{
    if (!name)
        return output->card == capture->outputs[0].card;
    return strcmp(name, "all") == 0 || strcmp(name, output->name) == 0;
}

static int choose(const struct capture *capture, const char *name, struct choice *choice, struct error *err)
{
    int64_t right = 0;
    *choice = (struct choice){0};
    for (size_t i = 0; i < capture->output_count; i++) {
        const struct drm_output *output = &capture->outputs[i];
        if (!is_chosen(capture, output, name))
            continue;
        if (choice->count++ == 0) {
            choice->outputs = output;
            choice->area.x = output->x;
        }
        right = output->x + (int64_t)output->width > right ? output->x + (int64_t)output->width : right;
        choice->area.height = output->height > choice->area.height ? output->height : choice->area.height;
    }
    if (choice->count == 0)
        return error_set(err, ERR_NOT_FOUND, "there is no output '%s' that shows anything; there is %s", name,
                         capture->outputs[0].name);
    choice->area.width = (uint32_t)(right - choice->area.x);
    if (choice->area.width > CAPTURE_SIZE_MAX || choice->area.height > CAPTURE_SIZE_MAX)
        return error_set(err, ERR_LIMIT, "all outputs are %ux%u pixels together, beyond %d: name one of them",
                         choice->area.width, choice->area.height, CAPTURE_SIZE_MAX);
    return 0;
}

static int find_region(const struct choice *choice, const struct capture_options *options, struct rect *region,
                       struct error *err)
{
    *region = (struct rect){0, 0, choice->area.width, choice->area.height};
    return region_apply(options, choice->count > 1 ? "the outputs" : choice->outputs->name, region, err);
}

/* ---- the picture ---- */

static void add_shot_facts(const struct choice *choice, const struct rect *region, const struct drm_shot *shot,
                           struct strlist *facts)
{
    static const char *const cursors[] = {"hidden", "off", "unavailable", "drawn"};
    struct buffer names;
    buffer_init(&names, ERROR_TEXT_SIZE);
    for (size_t i = 0; i < choice->count; i++)
        buffer_printf(&names, "%s%s", i ? " " : "", choice->outputs[i].name);
    strlist_addf(facts, "output=%s", names.data ? (const char *)names.data : "");
    facts->failed |= names.failed;
    buffer_deinit(&names);
    strlist_addf(facts, "geometry=%ux%u%+d%+d", region->width, region->height, choice->area.x + region->x, region->y);
    strlist_addf(facts, "drm.driver=%s", choice->outputs->card->driver);
    if (*choice->outputs->card->pci)
        strlist_addf(facts, "drm.pci=%s", choice->outputs->card->pci);
    strlist_addf(facts, "cursor=%s", cursors[shot->cursor]);
    strlist_addf(facts, "coherent=%d", shot->coherent);
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
}

static int take_shots(struct capture *capture, const struct choice *choice, const struct capture_options *options,
                      const struct rect *region, struct drm_shot *all, struct strlist *facts, struct error *err)
{
    struct drm_shot_options how = {.cursor = options->cursor, .deadline_ms = os_deadline(options->timeout_ms)};
    uint32_t stride = choice->area.width * 3;
    *all = (struct drm_shot){.coherent = true};
    for (size_t i = 0; i < choice->count; i++) {
        const struct drm_output *output = &choice->outputs[i];
        struct drm_shot shot;
        uint8_t *corner = capture->pixels + (size_t)(output->x - choice->area.x) * 3;
        if (find_twin(choice->outputs, i, output))
            continue;
        int status = drm_shot_take(output, &how, corner, stride, &shot, facts, err);
        if (status < 0)
            return status;
        merge_shot(all, &shot, output->x - choice->area.x, region);
    }
    return 0;
}

static int make_picture(struct capture *capture, const struct capture_options *options, struct image_view *image,
                        struct strlist *facts, struct error *err)
{
    struct choice choice;
    struct rect region = {0};
    struct drm_shot shot;
    int status = choose(capture, options->output, &choice, err);
    if (status == 0)
        status = find_region(&choice, options, &region, err);
    if (status < 0)
        return status;
    free(capture->pixels);
    capture->pixels = calloc((size_t)choice.area.width * choice.area.height, 3);
    if (!capture->pixels)
        return error_set(err, ERR_NO_MEMORY, "no memory for a picture of %ux%u pixels", choice.area.width,
                         choice.area.height);
    status = take_shots(capture, &choice, options, &region, &shot, facts, err);
    if (status < 0)
        return status;
    add_shot_facts(&choice, &region, &shot, facts);
    *image = (struct image_view){
        .pixels = capture->pixels + ((size_t)region.y * choice.area.width + (size_t)region.x) * 3,
        .width = region.width,
        .height = region.height,
        .stride = choice.area.width * 3,
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
    int status = find_outputs(capture, err);
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
    struct choice choice;
    int status = find_outputs(capture, err);
    if (status == 0)
        status = choose(capture, options->output, &choice, err);
    for (size_t i = 0; status == 0 && i < choice.count; i++)
        if (!find_twin(choice.outputs, i, &choice.outputs[i]))
            drm_crc_read(&choice.outputs[i], deadline, facts);
    close_cards(capture);
    return status;
}

static int drm_displays(struct capture *capture, struct strlist *facts, struct error *err)
{
    int status = find_outputs(capture, err);
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
        if (*output->card->pci)
            strlist_addf(facts, "display.%zu.pci=%s", i, output->card->pci);
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
