/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/backend.h"

#include "capture/choice.h"
#include "capture/drm/crc.h"
#include "capture/drm/flips.h"
#include "capture/drm/layout.h"
#include "capture/drm/snapshot.h"
#include "capture/linux/card.h"
#include "capture/pointer.h"
#include "capture/region.h"
#include "platform/clock.h"

#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Nothing of it outlives a request but the picture, and what is known of flips. */
struct capture {
    struct drm_card cards[DRM_CARDS_MAX]; /* open during a request */
    size_t card_count;
    struct drm_output outputs[DRM_OUTPUTS_MAX]; /* the active ones, as they are laid out */
    size_t output_count;
    struct drm_flips flips;
    struct error refused; /* why the last card that has no picture to give has none */
    uint8_t *pixels;      /* borrowed: the picture */
    uint8_t *own_pixels;  /* owned; NULL: the picture is in the caller's memory */
};

/* ---- cards and outputs ---- */

static void drm_close_cards(struct capture *capture)
{
    for (size_t i = 0; i < capture->card_count; i++)
        drm_card_close(&capture->cards[i]);
    capture->card_count = 0;
}

/* Opens the cards that have an active output. A card that can't be opened is skipped; its error is kept for the case that
   no other one has outputs. */
static void drm_open_cards(struct capture *capture, const struct strlist *card_classes)
{
    unsigned numbers[DRM_CARDS_MAX];
    size_t count = drm_sysfs_cards("", numbers);
    capture->refused.status = 0;
    for (size_t i = 0; i < count; i++) {
        struct drm_card *card = &capture->cards[capture->card_count];
        if (drm_sysfs_is_inactive("", numbers[i])) {
            error_set(&capture->refused, ERR_UNAVAILABLE, "card%u shows nothing: %s", numbers[i],
                      drm_sysfs_is_asleep("", numbers[i]) ? "its displays sleep" : "none of its outputs is on");
        } else if (drm_card_open(card, numbers[i], &capture->refused) == 0) {
            card->class = card_class_find(&card->identity, card_classes);
            capture->card_count++;
        }
    }
}

static void keep_active_outputs(struct capture *capture)
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

/* Opens the cards, which stay open also after a failure, and reads their active outputs. */
static int find_outputs(struct capture *capture, const struct strlist *card_classes, struct error *err)
{
    capture->output_count = 0;
    drm_open_cards(capture, card_classes);
    for (size_t i = 0; i < capture->card_count; i++)
        drm_outputs_read(&capture->cards[i], capture->outputs, &capture->output_count, &capture->refused);
    keep_active_outputs(capture);
    drm_outputs_find_mirrors(capture->outputs, capture->output_count);
    drm_layout_place(capture->outputs, capture->output_count);
    if (capture->output_count > 0)
        return 0;
    if (capture->refused.status < 0)
        return error_set(err, capture->refused.status, "%s", capture->refused.text);
    return error_set(err, ERR_UNAVAILABLE, "there is no display hardware that the kernel drives: no card in /dev/dri");
}

/* ---- the picture ---- */

static int drm_find_region(const struct drm_layout *layout, const struct capture_options *options, struct rect *region,
                           struct error *err)
{
    *region = (struct rect){0, 0, layout->area.width, layout->area.height};
    return region_apply(options, layout->count > 1 ? "the outputs" : layout->outputs->name, region, err);
}

static void add_snapshot_facts(const struct drm_layout *layout, const struct rect *region,
                               const struct drm_snapshot *snapshot, struct strlist *facts)
{
    static const char *const cursors[] = {
        "hidden, or a program draws it", "off, but a program may draw it", "hidden", "off", "unavailable", "drawn"};
    struct buffer names;
    buffer_init(&names, ERROR_LIST_MAX);
    for (size_t i = 0; i < layout->count; i++)
        buffer_printf(&names, "%s%s", i ? " " : "", layout->outputs[i].name);
    strlist_addf(facts, "output=%s", names.data ? (const char *)names.data : "");
    facts->failed |= names.failed;
    buffer_deinit(&names);
    strlist_addf(facts, "geometry=%ux%u%+d%+d", region->width, region->height, layout->area.x + region->x, region->y);
    for (size_t i = 0; i < layout->count && layout->count > 1; i++)
        strlist_addf(facts, "output.%zu=%s %ux%u%+d+0", i, layout->outputs[i].name, layout->outputs[i].width,
                     layout->outputs[i].height, layout->outputs[i].x);
    strlist_addf(facts, "drm.driver=%s", layout->outputs->card->driver);
    if (*layout->outputs->card->identity.pci)
        strlist_addf(facts, "drm.pci=%s", layout->outputs->card->identity.pci);
    strlist_addf(facts, "cursor=%s", cursors[snapshot->cursor]);
    strlist_addf(facts, "coherent=%d", snapshot->coherent);
    strlist_addf(facts, "time-read-us=%lld", (long long)snapshot->read_us);
    strlist_addf(facts, "time-compose-us=%lld", (long long)snapshot->compose_us);
}

static bool overlap(const struct rect *a, const struct rect *b)
{
    return a->x < (int64_t)b->x + b->width && b->x < (int64_t)a->x + a->width && a->y < (int64_t)b->y + b->height &&
           b->y < (int64_t)a->y + a->height;
}

/* Adds what was found on one output. `x` is the output's place within what is chosen. */
static void merge_snapshot(struct drm_snapshot *all, const struct drm_snapshot *snapshot, int32_t x,
                           const struct rect *region)
{
    struct rect place = snapshot->cursor_place;
    enum drm_cursor cursor = snapshot->cursor;
    place.x += x;
    if (cursor == DRM_CURSOR_DRAWN && !overlap(&place, region))
        cursor = DRM_CURSOR_HIDDEN;
    if (cursor > all->cursor)
        all->cursor = cursor;
    all->coherent &= snapshot->coherent;
    all->crc = snapshot->crc;
    all->read_us += snapshot->read_us;
    all->compose_us += snapshot->compose_us;
}

/* Returns whether the picture's CRC is wanted and it is of one output: rows of several are not composed in one go. */
static bool wants_crc(const struct drm_layout *layout, const struct capture_options *options)
{
    return options->crc && layout->outputs->width == layout->area.width;
}

static int take_snapshots(struct capture *capture, const struct drm_layout *layout,
                          const struct capture_options *options, const struct rect *region, struct drm_snapshot *all,
                          struct strlist *facts, struct error *err)
{
    struct drm_snapshot_options how = {
        .cursor = options->cursor,
        .colors = options->colors,
        .crc_of = wants_crc(layout, options) ? region : NULL,
        .deadline_ms = os_deadline(options->timeout_ms),
    };
    uint32_t stride = layout->area.width * 3;
    bool pointer_is_on = false;
    *all = (struct drm_snapshot){.coherent = true};
    for (size_t i = 0; i < layout->count; i++) {
        const struct drm_output *output = &layout->outputs[i];
        struct drm_snapshot snapshot = {0};
        uint8_t *corner = capture->pixels + (size_t)(output->x - layout->area.x) * 3;
        if (drm_layout_twin(layout->outputs, i, output))
            continue;
        int status = drm_snapshot_take(output, &how, corner, stride, &snapshot, facts, err);
        if (status < 0)
            return status;
        merge_snapshot(all, &snapshot, output->x - layout->area.x, region);
        bool is_on = drm_pointer_is_on(&snapshot.pointer, output->width, output->height);
        snapshot.pointer.place.x += output->x - layout->area.x;
        drm_pointer_merge(&all->pointer, &pointer_is_on, &snapshot.pointer, is_on);
    }
    return 0;
}

/* Adds the facts of the pointer, which is not in the picture. */
static void drm_add_pointer(const struct drm_pointer *found, const struct rect *region, bool shape,
                            struct strlist *facts)
{
    const struct rect *place = &found->place;
    struct pointer pointer = {place->x + found->hot_x - region->x,
                              place->y + found->hot_y - region->y,
                              found->hot_x,
                              found->hot_y,
                              place->width,
                              place->height,
                              found->rgba};
    if (found->rgba)
        pointer_add_facts(&pointer, shape, facts);
}

/* Gets zeroed memory for the picture, the caller's or our own. */
static bool reserve_picture(struct capture *capture, struct capture_memory *memory, size_t size)
{
    free(capture->own_pixels);
    capture->own_pixels = memory ? NULL : calloc(size, 1);
    capture->pixels = memory ? memory->get(memory, size) : capture->own_pixels;
    if (memory && capture->pixels)
        memset(capture->pixels, 0, size);
    return capture->pixels != NULL;
}

static int make_picture(struct capture *capture, const struct capture_options *options, struct image_view *image,
                        struct strlist *facts, struct error *err)
{
    struct drm_layout layout;
    struct rect region = {0};
    struct drm_snapshot snapshot;
    int status = drm_layout_choose(capture->outputs, capture->output_count, options, &layout, err);
    if (status == 0)
        status = drm_find_region(&layout, options, &region, err);
    if (status < 0)
        return status;
    if (!reserve_picture(capture, options->memory, (size_t)layout.area.width * layout.area.height * 3))
        return error_set(err, ERR_NO_MEMORY, "no memory for a picture of %ux%u pixels", layout.area.width,
                         layout.area.height);
    status = take_snapshots(capture, &layout, options, &region, &snapshot, facts, err);
    if (status == 0)
        drm_add_pointer(&snapshot.pointer, &region, options->shape, facts);
    drm_pointer_free(&snapshot.pointer);
    if (status < 0)
        return status;
    add_snapshot_facts(&layout, &region, &snapshot, facts);
    if (wants_crc(&layout, options))
        strlist_addf(facts, "crc=software 0x%08x %s", snapshot.crc, strlist_get(facts, "output"));
    *image = (struct image_view){
        .pixels = capture->pixels + ((size_t)region.y * layout.area.width + (size_t)region.x) * 3,
        .width = region.width,
        .height = region.height,
        .stride = layout.area.width * 3,
        .format = PIXEL_RGB24,
    };
    return 0;
}

/* ---- for the choice of a screen ---- */

void drm_probe(const char *root, const struct strlist *card_classes, struct choice_scene *scene)
{
    unsigned numbers[DRM_CARDS_MAX];
    size_t count = drm_sysfs_cards(root, numbers);
    for (size_t i = 0; i < count && scene->card_count < CHOICE_CARDS_MAX; i++) {
        struct choice_card *card = &scene->cards[scene->card_count++];
        *card = (struct choice_card){.number = numbers[i]};
        linux_card_identify(root, numbers[i], &card->identity);
        card->class = card_class_find(&card->identity, card_classes);
        card->active_outputs = drm_sysfs_active_count(root, numbers[i]);
        card->has_text = drm_sysfs_has_console(root, numbers[i]);
    }
}

/* Lists the cards: "card0 is virtio_gpu, card1 is vkms". */
static size_t drm_list_drivers(const char *root, struct card_identity cards[DRM_CARDS_MAX], struct buffer *list)
{
    unsigned numbers[DRM_CARDS_MAX];
    size_t count = drm_sysfs_cards(root, numbers);
    for (size_t i = 0; i < count; i++) {
        linux_card_identify(root, numbers[i], &cards[i]);
        buffer_printf(list, "%scard%u is %s", i ? ", " : "", numbers[i],
                      cards[i].driver[0] ? cards[i].driver : "of no known driver");
    }
    return count;
}

static bool is_of_any(const char *rule, const struct card_identity *cards, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (card_class_rule_is_of(rule, cards[i].driver))
            return true;
    return false;
}

void drm_unused_rules(const char *root, const struct strlist *rules, struct strlist *out)
{
    struct card_identity cards[DRM_CARDS_MAX];
    struct buffer list;
    if (!rules || !rules->count)
        return;
    buffer_init(&list, ERROR_LIST_MAX);
    size_t count = drm_list_drivers(root, cards, &list);
    for (size_t i = 0; i < rules->count; i++)
        if (!is_of_any(rules->items[i], cards, count))
            strlist_addf(out, "'%s' is of no card here: %.*s", rules->items[i], list.len ? (int)list.len : 14,
                         list.len ? (const char *)list.data : "there are none");
    buffer_deinit(&list);
}

bool drm_all_asleep(const char *root, const struct choice_scene *scene)
{
    size_t asleep = 0, active = 0;
    for (size_t i = 0; i < scene->card_count; i++) {
        active += scene->cards[i].active_outputs;
        asleep += drm_sysfs_is_asleep(root, scene->cards[i].number);
    }
    return active == 0 && asleep > 0;
}

/* ---- the backend ---- */

static void drm_close(struct capture *capture)
{
    if (!capture)
        return;
    drm_close_cards(capture);
    free(capture->own_pixels);
    free(capture);
}

/* drm_framebuffer_open() would find out too, but only after outputs were listed that can't be captured. */
bool drm_has_privilege(struct error *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capget, &header, data) == 0 && data[0].effective & 1u << CAP_SYS_ADMIN)
        return true;
    error_set(err, ERR_DENIED, "the kernel hands out framebuffers only to processes with CAP_SYS_ADMIN, as root has");
    return false;
}

static int drm_open(struct capture **out, const struct capture_options *options, struct error *err)
{
    (void)options;
    *out = NULL;
    if (!drm_has_privilege(err))
        return err->status;
    *out = calloc(1, sizeof **out);
    return *out ? 0 : error_set(err, ERR_NO_MEMORY, "no memory to look at the cards");
}

static enum capture_result drm_grab(struct capture *capture, const struct capture_options *options,
                                    struct image_view *image, struct strlist *facts, struct error *err)
{
    int status = find_outputs(capture, options->card_classes, err);
    if (status == 0)
        status = make_picture(capture, options, image, facts, err);
    drm_close_cards(capture);
    if (status == ERR_CLOSED)
        return CAPTURE_LOST;
    return status < 0 ? CAPTURE_FAILED : CAPTURE_OK;
}

static int drm_crcs(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                    struct error *err)
{
    int64_t deadline = os_deadline(options->timeout_ms);
    struct drm_layout layout;
    int status = find_outputs(capture, options->card_classes, err);
    if (status == 0)
        status = drm_layout_choose(capture->outputs, capture->output_count, options, &layout, err);
    for (size_t i = 0; status == 0 && i < layout.count; i++)
        if (!drm_layout_clone(layout.outputs, i, &layout.outputs[i]))
            drm_crc_read(&layout.outputs[i], deadline, facts);
    drm_close_cards(capture);
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
    drm_close_cards(capture);
    return status;
}

static int drm_windows(struct capture *capture, const struct capture_options *options, struct strlist *lines,
                       struct error *err)
{
    (void)capture, (void)options, (void)lines;
    return error_set(err, ERR_UNAVAILABLE, "the kernel knows of planes, not of windows");
}

static int drm_changes(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                       struct error *err)
{
    drm_flips_await(&capture->flips, options->timeout_ms, facts);
    return facts->failed ? error_set(err, ERR_NO_MEMORY, "no memory to tell of a change") : 0;
}

const struct capture_backend capture_drm_here = {
    .name = "drm",
    .summary = "what the display hardware scans out, from the kernel",
    .open = drm_open,
    .grab = drm_grab,
    .crcs = drm_crcs,
    .displays = drm_displays,
    .windows = drm_windows,
    .changes = drm_changes,
    .close = drm_close,
    .describe_hang = drm_describe_call,
};
