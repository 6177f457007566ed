/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A picture: taken from the first candidate that can, checked, compared where requested, and encoded. */
#include "capture/capturer.h"

#include "base/timestamp.h"
#include "capture/candidates.h"
#include "capture/compare.h"
#include "capture/pointer.h"
#include "picture/delta.h"
#include "picture/hash.h"
#include "picture/png.h"
#include "picture/ppm.h"
#include "picture/scale.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdlib.h>
#include <string.h>

void facts_add(struct strlist *to, const struct strlist *from, const char *prefix)
{
    for (size_t i = 0; i < from->count; i++)
        strlist_addf(to, "%s%s", prefix, from->items[i]);
    to->failed |= from->failed;
}

/* ---- grabbing ---- */

/* Checks a backend's image before anything is computed from it. */
static bool check_image(const struct image_view *image, struct error *err)
{
    if (image_check_size("its picture", image->width, image->height, err)) {
        err->status = ERR_SYSTEM; /* the backend's own fault: another one may succeed */
        return false;
    }
    if (image->pixels && image->stride >= image->width * 3 && image->format == PIXEL_RGB24)
        return true;
    error_set(err, ERR_SYSTEM, "it gave an impossible picture of %ux%u pixels, %u bytes a row", image->width,
              image->height, image->stride);
    return false;
}

static enum capture_result run_grab(struct slot *slot, const struct capture_options *options, void *context,
                                    struct error *err)
{
    struct grab *grab = context;
    char time[TIMESTAMP_SIZE];
    strlist_deinit(&grab->facts); /* left by a failed attempt */
    if (options->damage)
        *options->damage = (struct capture_damage){.since = options->damage->since};
    strlist_addf(&grab->facts, "backend=%s", slot->backend->name);
    timestamp_text(time, os_wall_time_ms());
    strlist_addf(&grab->facts, "time=%s", time);
    int64_t start_us = os_clock_us();
    enum capture_result result = slot->backend->grab(slot->capture, options, &grab->image, &grab->facts, err);
    strlist_addf(&grab->facts, "time-grab-us=%lld", (long long)(os_clock_us() - start_us));
    if (result == CAPTURE_OK && !check_image(&grab->image, err))
        return CAPTURE_FAILED;
    return result;
}

/* Tries the next candidate when all pixels have one colour, which may mean that this source is not what is shown. Uses
   that candidate's picture if it has more colours. */
static void retry_uniform(struct capturer *capturer, const struct capture_options *options, struct grab *grab,
                          const struct capture_candidate **taken, struct strlist *refused)
{
    const struct capture_candidate *next = *taken + 1;
    struct grab second = {0};
    struct task task = {run_grab, &second, STAGE_GRAB};
    struct capture_options own = *options;
    struct error why = {0};
    uint32_t colour;
    own.damage = NULL; /* that is the first one's */
    if (next == capturer->candidates.items + capturer->candidates.count || !next->if_uniform)
        return;
    capturer_enter(capturer, STAGE_HASH, NULL);
    if (!image_is_uniform(&grab->image, &colour))
        return;
    if (capturer_try(capturer, next, &own, &task, &why)) {
        strlist_addf(refused, "%s: %s", next->backend, why.text);
    } else if (image_is_uniform(&second.image, &colour)) {
        strlist_addf(refused, "%s: all its pixels have one colour too (#%06x)", next->backend, colour);
    } else {
        struct grab first = *grab;
        *grab = second;
        second = first;
        strlist_addf(refused, "%s: all its pixels have one colour", (*taken)->backend);
        *taken = next;
    }
    strlist_deinit(&second.facts);
}

/* Lets the source of the last picture begin the next one, while it is looked up which source that is to be of. What was
   begun is used only if it is the same. */
static void grab_begin(struct capturer *capturer, const struct capture_options *options)
{
    struct capture_options own = *options;
    struct slot *slot = capturer->shown.backend ? capturer_slot(capturer, capturer->shown.backend) : NULL;
    if (!slot || !slot->capture || !slot->backend->begin || options->damage ||
        !capturer_is_wanted(slot->backend, options->backend))
        return;
    own.source = *capturer->shown.source ? capturer->shown.source : NULL;
    slot->backend->begin(slot->capture, &own);
}

int grab_picture(struct capturer *capturer, const struct capture_options *options, struct grab *grab,
                 const struct capture_candidate **taken, struct strlist *refused, struct error *err)
{
    struct task task = {run_grab, grab, STAGE_GRAB};
    grab_begin(capturer, options);
    int status = capturer_do(capturer, options, &task, taken, refused, err);
    capturer->shown = status == 0 ? **taken : (struct capture_candidate){0};
    if (status == 0)
        retry_uniform(capturer, options, grab, taken, refused);
    return status;
}

int grab_again(struct capturer *capturer, const struct capture_options *options,
               const struct capture_candidate *candidate, struct grab *grab, struct error *err)
{
    struct task task = {run_grab, grab, STAGE_GRAB};
    return capturer_try(capturer, candidate, options, &task, err);
}

/* ---- from pixels to a file ---- */

/* A picture whose file leaves while it is encoded. */
struct leaving {
    const struct picture_sink *sink; /* borrowed */
    const struct strlist *facts;     /* borrowed: those that go before it */
};

static int leaving_begin(void *context, size_t writes, struct error *err)
{
    const struct leaving *leaving = context;
    if (leaving->facts->failed)
        return error_set(err, ERR_NO_MEMORY, "no memory for what is known of the picture");
    return leaving->sink->begin(leaving->sink->context, leaving->facts, writes, err);
}

static int leaving_write(void *context, const uint8_t *bytes, size_t len, struct error *err)
{
    const struct leaving *leaving = context;
    return leaving->sink->write(leaving->sink->context, bytes, len, err);
}

/* Whether the file may leave before all facts are known: else they tell what it is, or that there is none. */
static bool may_leave(const struct picture_options *options)
{
    return options->sink && options->format == PICTURE_PNG && !options->delta && !options->if_changed &&
           !options->capture.shape;
}

static int encode(struct buffer *file, const struct grab *grab, const struct picture_options *options,
                  struct error *err)
{
    static const char *const keywords[] = {"backend", "output", "time"};
    struct png_text texts[1 + sizeof keywords / sizeof *keywords] = {{"Software", "Periscope " PERISCOPE_VERSION}};
    size_t count = 1;
    if (options->format == PICTURE_PPM)
        return ppm_encode(file, &grab->image, err);
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        const char *text = strlist_get(&grab->facts, keywords[i]);
        if (text)
            texts[count++] = (struct png_text){keywords[i], text};
    }
    struct png_options png = {.texts = texts, .text_count = count, .level = options->small ? PNG_SMALL : PNG_FAST};
    struct leaving leaving = {options->sink, &grab->facts};
    if (may_leave(options))
        return png_write(&(struct png_sink){leaving_begin, leaving_write, &leaving}, &grab->image, &png, err);
    return png_encode(file, &grab->image, &png, err);
}

static void warn_of_one_colour(struct grab *grab)
{
    uint32_t colour;
    if (image_is_uniform(&grab->image, &colour))
        strlist_addf(&grab->facts, "warning=all pixels have one colour (#%06x)", colour);
}

void grab_add_pixel_facts(struct grab *grab, const char *hash, const char *if_changed, bool *unchanged)
{
    char own[PICTURE_HASH_SIZE];
    if (!hash) {
        picture_hash(own, &grab->image);
        hash = own;
    }
    strlist_addf(&grab->facts, "hash=%s", hash);
    warn_of_one_colour(grab);
    *unchanged = if_changed && strcmp(if_changed, hash) == 0;
    if (*unchanged)
        strlist_add(&grab->facts, "unchanged=1");
}

struct hashing {
    const struct image_view *image; /* borrowed */
    char hash[PICTURE_HASH_SIZE];
};

static void hashing_main(void *context)
{
    struct hashing *hashing = context;
    picture_hash(hashing->hash, hashing->image);
}

/* Encodes a picture that is sent in any case, and beside that computes its hash. */
static int encode_and_hash(struct capturer *capturer, struct buffer *file, struct grab *grab,
                           const struct picture_options *options, struct error *err)
{
    struct hashing hashing = {.image = &grab->image};
    struct os_thread *thread = NULL;
    warn_of_one_colour(grab);
    capturer_enter(capturer, STAGE_ENCODE, NULL);
    if (os_cpu_count() < 2 || os_thread_start_joinable(&thread, hashing_main, &hashing, NULL))
        hashing_main(&hashing);
    int status = encode(file, grab, options, err);
    if (thread)
        os_thread_join(thread);
    strlist_addf(&grab->facts, "hash=%s", hashing.hash);
    return status;
}

/* ---- only what differs ---- */

/* Appends the length of a file, which encode_rect() writes behind it, and then that file. */
static int encode_rect(struct buffer *file, const struct grab *grab, const struct delta_rect *rect,
                       const struct picture_options *options, struct error *err)
{
    size_t at = file->len;
    struct image_view part = grab->image;
    struct png_options png = {.level = options->small ? PNG_SMALL : PNG_FAST};
    part.pixels += (size_t)rect->y * part.stride + (size_t)rect->x * 3;
    part.width = rect->width;
    part.height = rect->height;
    if (!buffer_append(file, (uint8_t[4]){0}, 4))
        return error_set(err, ERR_NO_MEMORY, "no memory for what differs");
    int status = options->format == PICTURE_PPM ? ppm_encode(file, &part, err) : png_encode(file, &part, &png, err);
    for (size_t i = 0, len = file->len - at - 4; status == 0 && i < 4; i++)
        file->data[at + i] = (uint8_t)(len >> (24 - 8 * i));
    return status;
}

/* Follows the pictures of a source that tells what has changed: grab->image is then a copy of its own. Returns NULL for
   other sources. */
static const struct base_picture *follow(struct capturer *capturer, struct grab *grab, const char *if_changed)
{
    const struct capture_damage *damage = &grab->damage;
    struct delta_rect rects[CAPTURE_DAMAGE_MAX];
    struct base_news news = {.image = grab->image, .number = damage->number, .count = damage->count};
    if (damage->number == 0)
        return NULL;
    for (uint32_t i = 0; i < damage->count; i++) {
        const struct rect *rect = &damage->rects[i];
        rects[i] = (struct delta_rect){(uint32_t)rect->x, (uint32_t)rect->y, rect->width, rect->height};
    }
    if (damage->is_known && damage->since == capturer->bases.number)
        news.rects = rects;
    const struct base_picture *picture = bases_follow(&capturer->bases, &news, if_changed);
    if (picture)
        grab->image = picture->image;
    return picture;
}

static size_t find_delta(struct capturer *capturer, const struct grab *grab, bool is_followed, const char *if_changed,
                         struct delta_rect rects[DELTA_RECTS_MAX])
{
    if (!if_changed)
        return 0;
    if (is_followed)
        return bases_delta(&capturer->bases, if_changed, rects);
    const struct image_view *old = bases_find(&capturer->bases, if_changed, &grab->image);
    return old ? delta_find(old, &grab->image, rects) : 0;
}

/* Writes what differs from the picture that the host has, or all of it where that is not kept. */
static int encode_delta(struct capturer *capturer, struct buffer *file, struct grab *grab, bool is_followed,
                        const struct picture_options *options, struct error *err)
{
    struct delta_rect rects[DELTA_RECTS_MAX];
    size_t count = find_delta(capturer, grab, is_followed, options->if_changed, rects);
    int status = 0;
    if (count == 0 || count > DELTA_RECTS_MAX) {
        strlist_add(&grab->facts, "delta=whole");
        return encode(file, grab, options, err);
    }
    strlist_addf(&grab->facts, "delta=%zu", count);
    for (size_t i = 0; i < count && status == 0; i++) {
        strlist_addf(&grab->facts, "rect=%ux%u%+d%+d", rects[i].width, rects[i].height, (int)rects[i].x,
                     (int)rects[i].y);
        status = encode_rect(file, grab, &rects[i], options, err);
    }
    return status;
}

/* Puts a smaller picture in the place of the grabbed one. *pixels: its memory, to free. */
static int grab_scale(struct grab *grab, uint32_t divisor, uint8_t **pixels, struct error *err)
{
    struct image_view image = grab->image;
    if (divisor <= 1)
        return 0;
    strlist_addf(&grab->facts, "scale=1/%u", divisor);
    return image_scale_down(&image, divisor, &grab->image, pixels, err);
}

/* Encodes a picture unless the host has it already, and keeps it where only what differs is to be sent. */
static int encode_changed(struct capturer *capturer, struct buffer *file, struct grab *grab,
                          const struct picture_options *options, struct error *err)
{
    bool unchanged;
    int status = 0;
    const struct base_picture *followed = follow(capturer, grab, options->if_changed);
    grab_add_pixel_facts(grab, followed ? followed->hash : NULL, options->if_changed, &unchanged);
    capturer_enter(capturer, STAGE_ENCODE, NULL);
    if (!unchanged)
        status = options->delta ? encode_delta(capturer, file, grab, followed, options, err)
                                : encode(file, grab, options, err);
    if (options->delta && status == 0 && !followed)
        bases_add(&capturer->bases, strlist_get(&grab->facts, "hash"), &grab->image);
    return status;
}

static int finish_picture(struct capturer *capturer, struct grab *grab, const struct picture_options *options,
                          struct buffer *file, struct error *err)
{
    uint8_t *pixels = NULL;
    int64_t start_us = os_clock_us();
    capturer_enter(capturer, STAGE_HASH, NULL);
    int status = pointer_take_shape(&grab->facts, options->capture.shape ? file : NULL, err);
    if (status == 0)
        status = grab_scale(grab, options->scale, &pixels, err);
    if (status || options->capture.shape)
        return status;
    if (options->delta || options->if_changed)
        status = encode_changed(capturer, file, grab, options, err);
    else
        status = encode_and_hash(capturer, file, grab, options, err);
    strlist_addf(&grab->facts, "time-encode-us=%lld", (long long)(os_clock_us() - start_us));
    free(pixels);
    return status;
}

/* ---- comparing with another backend ---- */

/* Takes the picture again from another backend, of the same output by its name where it has one, and compares the two.
   The first image belongs to its backend and stays valid. */
static bool grab_compare_with(struct capturer *capturer, const struct capture_options *options, const struct grab *grab,
                              const struct capture_candidate *candidate, struct strlist *facts, struct buffer *reasons)
{
    struct grab other = {0};
    struct error why = {0};
    struct task task = {run_grab, &other, STAGE_GRAB};
    struct capture_options named = *options, any;
    const char *output = strlist_get(&grab->facts, "output");
    int status = ERR_NOT_FOUND;
    if (options->timeout_ms > 0) /* the picture that there is must still be sent */
        named.timeout_ms = capturer_share(capturer, candidate->backend, 3, capturer->deadline_ms);
    any = named;
    if (output && strcmp(output, "all") != 0 && !strchr(output, ' ')) {
        named.output = output;
        status = capturer_try(capturer, candidate, &named, &task, &why);
    }
    if (status == ERR_NOT_FOUND)
        status = capturer_try(capturer, candidate, &any, &task, &why);
    if (status == 0)
        compare_add_facts(&grab->image, &other.image, candidate, facts);
    else
        buffer_printf(reasons, "%s%s: %s", reasons->len ? "; " : "", candidate->backend, why.text);
    strlist_deinit(&other.facts);
    return status == 0;
}

static void grab_compare(struct capturer *capturer, const struct capture_options *options, struct grab *grab,
                         const struct capture_candidate *taken)
{
    struct buffer reasons;
    struct strlist facts = {0};
    bool done = false;
    buffer_init(&reasons, ERROR_LIST_MAX);
    for (int same = 1; same >= 0; same--)
        for (const struct capture_candidate *candidate = NULL;
             !done && (candidate = candidates_other(&capturer->candidates, taken, candidate, same == 1));)
            done = grab_compare_with(capturer, options, grab, candidate, &facts, &reasons);
    if (!done)
        strlist_addf(&facts, "compare.refused=%s",
                     reasons.len ? (const char *)reasons.data : "there is no other backend to compare with");
    facts_add(&grab->facts, &facts, "");
    strlist_deinit(&facts);
    buffer_deinit(&reasons);
}

/* Returns whether the picture can be made of the last one and what has changed. */
static bool may_follow(const struct picture_options *options)
{
    return options->delta && options->scale <= 1 && !options->compare && !options->capture.cursor &&
           !options->capture.shape;
}

int capturer_take(struct capturer *capturer, const struct picture_options *options, struct strlist *facts,
                  struct buffer *file, struct error *err)
{
    struct grab grab = {0};
    struct strlist refused = {0};
    struct capture_options own = options->capture;
    const struct capture_candidate *taken = NULL;
    grab.damage.since = capturer->bases.newest ? capturer->bases.number : 0;
    own.damage = may_follow(options) ? &grab.damage : NULL;
    int status = grab_picture(capturer, &own, &grab, &taken, &refused, err);
    if (status == 0 && options->compare)
        grab_compare(capturer, &options->capture, &grab, taken);
    if (status == 0) {
        facts_add(&grab.facts, &refused, "refused=");
        candidates_add_facts(&capturer->candidates, taken, &grab.facts);
        status = finish_picture(capturer, &grab, options, file, err);
    }
    if (status == 0) {
        facts_add(facts, &grab.facts, "");
        if (facts->failed)
            status = error_set(err, ERR_NO_MEMORY, "no memory for what is known of the picture");
    }
    capturer_enter(capturer, STAGE_IDLE, NULL);
    strlist_deinit(&grab.facts);
    strlist_deinit(&refused);
    return status;
}
