/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/stills.h"

#include "capture/capturer.h"
#include "capture/compare.h"
#include "picture/hash.h"
#include "picture/png.h"
#include "platform/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIVELY_MS 5000 /* how long after a change the screen is looked at often */
#define OFTEN_MS 100
#define SELDOM_MS 500
#define CHOOSE_MS                                                                                                      \
    10000 /* for which the source is not chosen again, as long as it gives pictures: that costs more than a look */
#define STEP_MS 20       /* between two looks while the screen moves */
#define NET_LEAST_MS 500 /* between looks at a source that tells of changes: half of the time for which it was still */
#define NET_MOST_MS 5000
#define PARTLY_MOST_MS 1000 /* the same of one that tells of only some changes, once LIVELY_MS are over */
#define DEAF_MS 10000       /* before a source is heard again that could not be */
#define HEAR_LEAST_MS 100   /* a shorter wait for what it tells is not worth the trouble */

/* Pixels of our own, rows without a gap. */
struct seen {
    uint8_t *pixels; /* owned; NULL: none */
    uint32_t width, height;
    char hash[PICTURE_HASH_SIZE];
};

struct stills {
    struct seen latest, base;
    char key[PICTURE_HASH_SIZE]; /* of the latest */
    int64_t moved_ms;            /* when it became another key */
    int64_t seen_ms;             /* the same since the boot */
    int64_t looked_ms;           /* when it was looked at last */
    bool passive;                /* how it was chosen */
    int64_t choose_ms;           /* when the source is chosen again */
    int64_t deaf_until_ms;
    char watch[64];                        /* the source, if it tells of changes; "": it does not */
    bool watch_is_partly;                  /* it tells of only some */
    const struct capture_candidate *taken; /* the source, borrowed from the capturer; NULL: to be chosen */
};

int stills_new(struct stills **out, struct error *err)
{
    *out = calloc(1, sizeof **out);
    return *out ? 0 : error_set(err, ERR_NO_MEMORY, "no memory to watch the screen");
}

static struct image_view seen_view(const struct seen *seen)
{
    return (struct image_view){seen->pixels, seen->width, seen->height, seen->width * 3, PIXEL_RGB24};
}

static size_t seen_size(const struct seen *seen)
{
    return (size_t)seen->width * seen->height * 3;
}

static bool seen_equals(const struct seen *seen, const struct image_view *image)
{
    size_t row = (size_t)image->width * 3;
    if (!seen->pixels || seen->width != image->width || seen->height != image->height)
        return false;
    for (uint32_t y = 0; y < image->height; y++)
        if (memcmp(seen->pixels + y * row, image->pixels + (size_t)y * image->stride, row) != 0)
            return false;
    return true;
}

static int seen_take(struct seen *seen, const struct image_view *image, struct error *err)
{
    size_t row = (size_t)image->width * 3;
    if (!seen->pixels || seen->width != image->width || seen->height != image->height) {
        free(seen->pixels);
        seen->pixels = malloc(row * image->height);
    }
    seen->width = image->width;
    seen->height = image->height;
    seen->hash[0] = '\0';
    if (!seen->pixels)
        return error_set(err, ERR_NO_MEMORY, "no memory for a picture of %ux%u pixels", image->width, image->height);
    for (uint32_t y = 0; y < image->height; y++)
        memcpy(seen->pixels + y * row, image->pixels + (size_t)y * image->stride, row);
    return 0;
}

/* ---- what counts of a picture ---- */

/* Makes black what lies in the mask and in the picture. */
static void mask_out(const struct seen *seen, const struct rect *mask)
{
    int64_t left = mask->x < 0 ? 0 : mask->x, top = mask->y < 0 ? 0 : mask->y;
    int64_t right = (int64_t)mask->x + mask->width, bottom = (int64_t)mask->y + mask->height;
    if (right > seen->width)
        right = seen->width;
    if (bottom > seen->height)
        bottom = seen->height;
    for (; top < bottom && left < right; top++)
        memset(seen->pixels + ((size_t)top * seen->width + (size_t)left) * 3, 0, (size_t)(right - left) * 3);
}

static int find_key(const struct stills *stills, const struct stills_options *options, char key[PICTURE_HASH_SIZE],
                    struct error *err)
{
    struct seen masked = stills->latest;
    memcpy(key, stills->latest.hash, PICTURE_HASH_SIZE);
    if (options->mask_count == 0)
        return 0;
    masked.pixels = malloc(seen_size(&masked));
    if (!masked.pixels)
        return error_set(err, ERR_NO_MEMORY, "no memory for a picture with masks");
    memcpy(masked.pixels, stills->latest.pixels, seen_size(&masked));
    for (size_t i = 0; i < options->mask_count; i++)
        mask_out(&masked, &options->masks[i]);
    struct image_view view = seen_view(&masked);
    picture_hash(key, &view);
    free(masked.pixels);
    return 0;
}

/* ---- looks ---- */

static int stills_grab(struct stills *stills, struct capturer *capturer, const struct stills_options *options,
                       struct grab *grab, struct error *err)
{
    struct strlist refused = {0};
    bool chosen = stills->taken && stills->passive == options->capture.passive;
    if (chosen && os_clock_ms() < stills->choose_ms &&
        grab_again(capturer, &options->capture, stills->taken, grab, err) == 0)
        return 0;
    strlist_deinit(&grab->facts);
    int status = grab_picture(capturer, &options->capture, grab, &stills->taken, &refused, err);
    if (status)
        stills->taken = NULL;
    stills->passive = options->capture.passive;
    stills->choose_ms = os_deadline(CHOOSE_MS);
    strlist_deinit(&refused);
    return status;
}

static void stills_note_source(struct stills *stills, const struct grab *grab)
{
    const char *watch = strlist_get(&grab->facts, "watch");
    bool can_hear = watch && strlen(watch) < sizeof stills->watch && os_clock_ms() >= stills->deaf_until_ms;
    snprintf(stills->watch, sizeof stills->watch, "%s", can_hear ? watch : "");
    stills->watch_is_partly = strlist_get(&grab->facts, "watch.partly") != NULL;
    stills->looked_ms = os_clock_ms();
}

static int stills_take(struct stills *stills, const struct stills_options *options, const struct image_view *image,
                       bool *moved, struct error *err)
{
    char key[PICTURE_HASH_SIZE];
    int status = seen_take(&stills->latest, image, err);
    if (status)
        return status;
    picture_hash(stills->latest.hash, image);
    status = find_key(stills, options, key, err);
    *moved = status == 0 && strcmp(key, stills->key) != 0;
    if (*moved) {
        memcpy(stills->key, key, sizeof key);
        stills->moved_ms = os_clock_ms();
        stills->seen_ms = os_boot_clock_ms();
    }
    return status;
}

/* *moved: what counts is another than at the look before. */
static int stills_look(struct stills *stills, struct capturer *capturer, const struct stills_options *options,
                       bool *moved, struct error *err)
{
    struct grab grab = {0};
    int status = stills_grab(stills, capturer, options, &grab, err);
    capturer_enter(capturer, STAGE_HASH, NULL);
    *moved = false;
    if (status == 0)
        stills_note_source(stills, &grab);
    if (status == 0 && !seen_equals(&stills->latest, &grab.image))
        status = stills_take(stills, options, &grab.image, moved, err);
    strlist_deinit(&grab.facts);
    capturer_enter(capturer, STAGE_IDLE, NULL);
    return status;
}

/* Looks until the screen has held still; *moving: it did not. */
static int stills_settle(struct stills *stills, struct capturer *capturer, const struct stills_options *options,
                         bool *moving, struct error *err)
{
    bool moved;
    int64_t began_ms = os_clock_ms(), now_ms = began_ms;
    int status = 0;
    while (status == 0 && now_ms - stills->moved_ms < options->settle_ms && now_ms - began_ms < options->max_ms) {
        os_sleep_ms(options->settle_ms < STEP_MS ? (unsigned)options->settle_ms : STEP_MS);
        status = stills_look(stills, capturer, options, &moved, err);
        now_ms = os_clock_ms();
    }
    *moving = now_ms - stills->moved_ms < options->settle_ms;
    return status;
}

/* ---- answers ---- */

/* Keeps the picture that rectangles are drawn on, if it is the one that was seen last. */
static void stills_keep_base(struct stills *stills, const char *hash)
{
    struct error err;
    struct image_view view = seen_view(&stills->latest);
    if (!hash || !stills->latest.pixels || strcmp(stills->base.hash, hash) == 0 ||
        strcmp(stills->latest.hash, hash) != 0)
        return;
    if (seen_take(&stills->base, &view, &err) == 0)
        memcpy(stills->base.hash, hash, PICTURE_HASH_SIZE);
}

/* Finds the rectangle that differs from the base. Returns false where the whole picture is the better choice. */
static bool stills_find_rect(const struct stills *stills, const char *hash, struct rect *rect)
{
    const struct seen *base = &stills->base, *latest = &stills->latest;
    struct difference difference;
    if (!hash || !base->pixels || strcmp(base->hash, hash) != 0 || base->width != latest->width ||
        base->height != latest->height)
        return false;
    struct image_view first = seen_view(base), second = seen_view(latest);
    images_compare(&first, &second, &difference);
    *rect = difference.box;
    if (difference.pixels == 0)
        *rect = (struct rect){0, 0, 1, 1};
    return (uint64_t)rect->width * rect->height * 2 <= (uint64_t)latest->width * latest->height;
}

static int stills_encode(const struct stills *stills, const char *base, struct strlist *facts, struct buffer *file,
                         struct error *err)
{
    struct rect rect;
    struct png_options png = {.level = PNG_FAST};
    struct image_view view = seen_view(&stills->latest);
    if (stills_find_rect(stills, base, &rect)) {
        view.pixels += (size_t)rect.y * view.stride + (size_t)rect.x * 3;
        view.width = rect.width;
        view.height = rect.height;
        strlist_addf(facts, "rect=%ux%u+%d+%d", rect.width, rect.height, rect.x, rect.y);
    }
    return png_encode(file, &view, &png, err);
}

static int stills_answer(struct stills *stills, struct capturer *capturer, const struct stills_options *options,
                         bool moving, struct strlist *facts, struct buffer *file, struct error *err)
{
    strlist_addf(facts, "hash=%s", stills->latest.hash);
    strlist_addf(facts, "key=%s", stills->key);
    strlist_addf(facts, "size=%ux%u", stills->latest.width, stills->latest.height);
    strlist_addf(facts, "seen-us=%" PRId64, stills->seen_ms * 1000);
    if (moving)
        strlist_add(facts, "moving=1");
    capturer_enter(capturer, STAGE_ENCODE, NULL);
    int status = stills_encode(stills, options->base, facts, file, err);
    capturer_enter(capturer, STAGE_IDLE, NULL);
    if (status == 0 && facts->failed)
        status = error_set(err, ERR_NO_MEMORY, "no memory for what is known of the picture");
    return status;
}

static bool stills_is_shown(const struct stills *stills, const struct stills_options *options)
{
    return options->shown && strcmp(stills->key, options->shown) == 0;
}

/* Returns when the screen is to be looked at whatever its source tells. */
static int64_t stills_net_ms(const struct stills *stills)
{
    int64_t still_ms = stills->looked_ms - stills->moved_ms;
    int64_t step_ms = stills->watch_is_partly ? still_ms / 8 : still_ms / 2;
    int64_t most_ms = stills->watch_is_partly ? PARTLY_MOST_MS : NET_MOST_MS;
    step_ms = step_ms < NET_LEAST_MS ? NET_LEAST_MS : step_ms > most_ms ? most_ms : step_ms;
    if (stills->watch_is_partly && still_ms < LIVELY_MS)
        step_ms = OFTEN_MS;
    return stills->looked_ms + step_ms;
}

/* Waits until the source tells of a change. Returns false at the deadline, or when it can't be heard. */
static bool stills_hear(struct stills *stills, struct capturer *capturer, const struct stills_options *options,
                        int64_t deadline_ms)
{
    struct capture_options own = options->capture;
    bool told = false;
    while (!told && *stills->watch && os_time_left(deadline_ms) >= HEAR_LEAST_MS) {
        struct strlist facts = {0};
        struct error err;
        own.timeout_ms = (int)os_time_left(deadline_ms);
        if (capturer_changes(capturer, stills->watch, &own, &facts, &err)) {
            stills->watch[0] = '\0';
            stills->deaf_until_ms = os_deadline(DEAF_MS);
        }
        told = strlist_get(&facts, "pixels") || (own.cursor && strlist_get(&facts, "pointer"));
        strlist_deinit(&facts);
    }
    if (!told && *stills->watch)
        os_sleep_ms((unsigned)os_time_left(deadline_ms));
    return told;
}

static void stills_sleep(int64_t ms, int64_t deadline_ms)
{
    int64_t left = os_time_left(deadline_ms);
    os_sleep_ms((unsigned)(left < ms ? left : ms));
}

/* Waits a while. Returns whether there is reason to look. *told: the source has told of a change. */
static bool stills_pause(struct stills *stills, struct capturer *capturer, const struct stills_options *options,
                         bool *told, int64_t deadline_ms)
{
    if (!*stills->watch) {
        *told = false;
        stills_sleep(os_clock_ms() - stills->moved_ms < LIVELY_MS ? OFTEN_MS : SELDOM_MS, deadline_ms);
        return true;
    }
    if (*told) /* and nothing that counts was another: more of the kind may follow */
        stills_sleep(OFTEN_MS, deadline_ms);
    int64_t net_ms = stills_net_ms(stills);
    *told = stills_hear(stills, capturer, options, net_ms < deadline_ms ? net_ms : deadline_ms);
    return *told || !*stills->watch || os_clock_ms() >= net_ms;
}

/* Looks. Returns 0, or 1 with an answer that is another picture. */
static int stills_look_for_other(struct stills *stills, struct capturer *capturer, const struct stills_options *options,
                                 struct strlist *facts, struct buffer *file, struct error *err)
{
    bool moved, moving = false;
    int status = stills_look(stills, capturer, options, &moved, err);
    if (status == 0 && !stills_is_shown(stills, options))
        status = stills_settle(stills, capturer, options, &moving, err);
    if (status || stills_is_shown(stills, options))
        return status;
    status = stills_answer(stills, capturer, options, moving, facts, file, err);
    return status ? status : 1;
}

int stills_wait(struct stills *stills, struct capturer *capturer, const struct stills_options *options,
                struct strlist *facts, struct buffer *file, struct error *err)
{
    int64_t deadline_ms = os_deadline(options->wait_ms);
    bool look = options->wait_ms == 0 || !*stills->watch || !stills_is_shown(stills, options), told = false;
    stills_keep_base(stills, options->base);
    for (;;) {
        int status = look ? stills_look_for_other(stills, capturer, options, facts, file, err) : 0;
        if (status)
            return status > 0 ? 0 : status;
        if (os_time_left(deadline_ms) <= (*stills->watch ? HEAR_LEAST_MS : 0)) { /* no more for the source to tell */
            strlist_add(facts, "unchanged=1");
            return 0;
        }
        look = stills_pause(stills, capturer, options, &told, deadline_ms);
    }
}
