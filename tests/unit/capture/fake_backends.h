/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two capture backends that do as they are told, and a capturer over them. */
#ifndef TEST_CAPTURE_FAKE_BACKENDS_H
#define TEST_CAPTURE_FAKE_BACKENDS_H

#include "tests/unit/check.h"

#include "capture/capturer.h"

#include <stdlib.h>

/* ---- a backend that can be told what to do ---- */

struct fake {
    int open_status;                /* 0 or an ERR_ */
    enum capture_result results[4]; /* of the grabs, in order; the last one again for those after */
    int grab_status;                /* the ERR_ of a grab that fails; 0: it sets none */
    int list_status;
    uint32_t width, height, stride;
    bool plain; /* its picture has one colour alone */
    int opens, grabs, closes;
};
static struct fake fakes[2];

struct capture {
    struct fake *fake;
};
static struct capture opened[2];
static char last_source[16];
static uint8_t pixels[3 * 4 * 4];

static int open_fake(struct fake *fake, struct capture **out, struct error *err)
{
    fake->opens++;
    *out = NULL;
    if (fake->open_status < 0)
        return error_set(err, fake->open_status, "it won't open");
    *out = &opened[fake - fakes];
    (*out)->fake = fake;
    return 0;
}

static int open_first(struct capture **out, const struct capture_options *options, struct error *err)
{
    (void)options;
    return open_fake(&fakes[0], out, err);
}

static int open_second(struct capture **out, const struct capture_options *options, struct error *err)
{
    (void)options;
    return open_fake(&fakes[1], out, err);
}

static enum capture_result grab(struct capture *capture, const struct capture_options *options,
                                struct image_view *image, struct strlist *facts, struct error *err)
{
    struct fake *fake = capture->fake;
    snprintf(last_source, sizeof last_source, "%s", options->source ? options->source : "");
    strlist_addf(facts, "output=out-%d", fake->grabs);
    enum capture_result result = fake->results[fake->grabs < 3 ? fake->grabs : 3];
    fake->grabs++;
    if (result != CAPTURE_OK && fake->grab_status < 0)
        error_set(err, fake->grab_status, "it won't grab");
    static const uint8_t plain[3 * 4 * 4];
    *image = (struct image_view){fake->plain ? plain : pixels, fake->width, fake->height, fake->stride, PIXEL_RGB24};
    return result;
}

static int list(struct capture *capture, const struct capture_options *options, struct strlist *lines,
                struct error *err)
{
    (void)options;
    strlist_add(lines, "line");
    if (capture->fake->list_status < 0 && capture->fake->grabs++ == 0)
        return error_set(err, capture->fake->list_status, "it won't list");
    return 0;
}

static int list_displays(struct capture *capture, const struct capture_options *which, struct strlist *lines,
                         struct error *why)
{
    return list(capture, which, lines, why);
}

static void close_fake(struct capture *capture)
{
    if (capture)
        capture->fake->closes++;
}

static void describe(char *text, size_t size)
{
    snprintf(text, size, "a fake");
}

static const struct capture_backend first = {.name = "first",
                                             .open = open_first,
                                             .grab = grab,
                                             .displays = list_displays,
                                             .windows = list,
                                             .close = close_fake,
                                             .describe_hang = describe};
static const struct capture_backend second = {.name = "second",
                                              .open = open_second,
                                              .grab = grab,
                                              .displays = list_displays,
                                              .windows = list,
                                              .close = close_fake};
static const struct capture_backend hidden = {.name = "hidden",
                                              .open = open_second,
                                              .grab = grab,
                                              .displays = list_displays,
                                              .windows = list,
                                              .close = close_fake,
                                              .only_by_name = true};
static const struct capture_backend *const both[] = {&first, &second, NULL};
static const struct capture_backend *const one_hidden[] = {&hidden, NULL};

/* ---- one picture ---- */

static struct capturer *capturer;
static struct strlist facts;
static struct buffer file;
static struct error err;
static struct picture_options options;

static inline void start(const struct capture_backend *const *backends)
{
    for (int i = 0; i < 2; i++)
        fakes[i] = (struct fake){.width = 4, .height = 4, .stride = 12, .grab_status = ERR_SYSTEM};
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)i;
    options = (struct picture_options){0};
    buffer_init(&file, 1 << 20);
    CHECK_INT(capturer_new(&capturer, backends, NULL, &err), 0);
}

static inline void finish(void)
{
    capturer_free(capturer);
    capturer = NULL;
    strlist_deinit(&facts);
    buffer_deinit(&file);
    for (int i = 0; i < 2; i++)
        CHECK_INT(fakes[i].closes, fakes[i].open_status < 0 ? 0 : fakes[i].opens);
}

static inline int take(void)
{
    strlist_deinit(&facts);
    buffer_clear(&file);
    err = (struct error){0};
    return capturer_take(capturer, &options, &facts, &file, &err);
}

static inline int fact_count(const char *key)
{
    int count = 0;
    size_t len = strlen(key);
    for (size_t i = 0; i < facts.count; i++)
        count += strncmp(facts.items[i], key, len) == 0 && facts.items[i][len] == '=';
    return count;
}

/* ---- a chooser that can be told what to do ---- */

static struct capture_candidate told[3];
static size_t told_count;

static void choose(const struct capture_options *which, struct capture_candidates *candidates)
{
    (void)which;
    for (size_t i = 0; i < told_count; i++)
        candidates->items[candidates->count++] = told[i];
    strlist_add(&candidates->passed_over, "second: it is behind");
}

static inline void start_with_chooser(void)
{
    start(both);
    capturer_free(capturer);
    CHECK_INT(capturer_new(&capturer, both, choose, &err), 0);
    told_count = 2;
    told[0] = (struct capture_candidate){"second", "card1", "it is lit", 0, true, false, true};
    told[1] = (struct capture_candidate){"first", ":0", "it is the same", 0, true, false, true};
}

#endif
