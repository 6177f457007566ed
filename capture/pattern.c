/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/pattern.h"

#include "base/number.h"
#include "capture/region.h"
#include "platform/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLE "PERISCOPE_PATTERN"
#define OUTPUT "PATTERN-1"
#define CURSOR_SIZE 8 /* pixels */
#define SOLID "solid-"

#define DRAWINGS(X) X(DRAW_XOR, "xor") X(DRAW_BARS, "bars") X(DRAW_NOISE, "noise") X(DRAW_COUNTER, "counter")
#define FAULTS(X)                                                                                                      \
    X(FAULT_HANG, "hang")                                                                                              \
    X(FAULT_HANG_OPEN, "hang-open")                                                                                    \
    X(FAULT_LOST, "lost")                                                                                              \
    X(FAULT_LOST_ONCE, "lost-once")                                                                                    \
    X(FAULT_FAIL, "fail")                                                                                              \
    X(FAULT_REFUSE, "refuse")
#define X(symbol, name) symbol,
enum drawing { DRAWINGS(X) DRAW_SOLID };
enum fault { FAULT_NONE, FAULTS(X) };
#undef X

struct capture {
    uint32_t width, height;
    enum drawing drawing;
    enum fault fault;
    uint32_t colour; /* 0xRRGGBB, of DRAW_SOLID */
    uint8_t *pixels; /* owned: the whole screen */
};

/* Counts for the process, not for one open(): a source is lost only once, and no picture's number repeats. */
static atomic_uint grab_count;

static void hang_forever(void)
{
    for (;;)
        os_sleep_ms(1000);
}

/* ---- parsing the variable ---- */

static bool take_solid(struct capture *capture, const char *word, size_t len)
{
    size_t prefix_len = strlen(SOLID);
    if (len != prefix_len + 6 || strncmp(word, SOLID, prefix_len) != 0 ||
        strspn(word + prefix_len, "0123456789abcdefABCDEF") < 6)
        return false;
    char digits[7] = {0};
    memcpy(digits, word + prefix_len, 6);
    capture->drawing = DRAW_SOLID;
    capture->colour = (uint32_t)strtoul(digits, NULL, 16);
    return true;
}

static bool take_word(struct capture *capture, const char *word, size_t len)
{
#define X(symbol, name) {name, symbol},
    static const struct {
        const char *name;
        enum drawing drawing;
    } drawings[] = {DRAWINGS(X)};
    static const struct {
        const char *name;
        enum fault fault;
    } faults[] = {FAULTS(X)};
#undef X
    for (size_t i = 0; i < sizeof drawings / sizeof *drawings; i++)
        if (strlen(drawings[i].name) == len && strncmp(word, drawings[i].name, len) == 0) {
            capture->drawing = drawings[i].drawing;
            return true;
        }
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (strlen(faults[i].name) == len && strncmp(word, faults[i].name, len) == 0) {
            capture->fault = faults[i].fault;
            return true;
        }
    return take_solid(capture, word, len);
}

static int parse_variable(struct capture *capture, const char *value, struct error *err)
{
    const char *next = value;
    uint64_t width, height;
    if (!number_take(&next, CAPTURE_SIZE_MAX, &width) || *next++ != 'x' ||
        !number_take(&next, CAPTURE_SIZE_MAX, &height) || width < 1 || height < 1)
        return error_set(err, ERR_INVALID, VARIABLE "='%s' does not begin with WxH, each from 1 to %d", value,
                         CAPTURE_SIZE_MAX);
    capture->width = (uint32_t)width;
    capture->height = (uint32_t)height;
    if (image_check_size("the pattern", width, height, err))
        return ERR_LIMIT;
    while (*next == ',') {
        size_t len = strcspn(++next, ",");
        if (!take_word(capture, next, len))
            return error_set(err, ERR_INVALID, VARIABLE "='%s': unknown word '%.*s'", value, (int)len, next);
        next += len;
    }
    if (*next)
        return error_set(err, ERR_INVALID, VARIABLE "='%s': unexpected '%s'", value, next);
    return 0;
}

/* ---- drawing ---- */

static void pattern_put(uint8_t *pixel, uint32_t colour)
{
    pixel[0] = (uint8_t)(colour >> 16);
    pixel[1] = (uint8_t)(colour >> 8);
    pixel[2] = (uint8_t)colour;
}

static uint32_t xor_colour(uint32_t x, uint32_t y)
{
    return (x & 255) << 16 | (y & 255) << 8 | ((x ^ y) & 255);
}

static uint32_t bar_colour(uint32_t x, uint32_t width)
{
    static const uint32_t colours[8] = {0xffffff, 0xffff00, 0x00ffff, 0x00ff00, 0xff00ff, 0xff0000, 0x0000ff, 0x000000};
    return colours[(uint64_t)x * 8 / width];
}

/* Returns the next colour of a fixed series (a 32-bit linear congruential generator, whose upper bits are better). */
static uint32_t noise_colour(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static uint32_t colour_at(const struct capture *capture, uint32_t x, uint32_t y, uint32_t *noise)
{
    switch (capture->drawing) {
    case DRAW_BARS:
        return bar_colour(x, capture->width);
    case DRAW_NOISE:
        return noise_colour(noise);
    case DRAW_SOLID:
        return capture->colour;
    default:
        return xor_colour(x, y);
    }
}

static void pattern_draw_cursor(struct capture *capture)
{
    uint32_t left = capture->width / 2, top = capture->height / 2;
    for (uint32_t y = top; y < top + CURSOR_SIZE && y < capture->height; y++)
        for (uint32_t x = left; x < left + CURSOR_SIZE && x < capture->width; x++)
            pattern_put(capture->pixels + ((size_t)y * capture->width + x) * 3, 0xffffff);
}

static void pattern_draw(struct capture *capture, uint32_t number, bool cursor)
{
    uint8_t *next = capture->pixels;
    uint32_t noise = 1;
    for (uint32_t y = 0; y < capture->height; y++)
        for (uint32_t x = 0; x < capture->width; x++, next += 3)
            pattern_put(next, colour_at(capture, x, y, &noise));
    if (cursor)
        pattern_draw_cursor(capture);
    if (capture->drawing == DRAW_COUNTER)
        pattern_put(capture->pixels, number);
}

/* ---- the backend ---- */

static void pattern_close(struct capture *capture)
{
    if (!capture)
        return;
    free(capture->pixels);
    free(capture);
}

static int pattern_open(struct capture **out, const struct capture_options *options, struct error *err)
{
    (void)options;
    *out = NULL;
    struct capture *capture = calloc(1, sizeof *capture);
    if (!capture)
        return error_set(err, ERR_NO_MEMORY, "no memory for a pattern");
    const char *value = getenv(VARIABLE);
    int status = parse_variable(capture, value ? value : "640x480", err);
    if (status < 0)
        goto fail;
    if (capture->fault == FAULT_HANG_OPEN)
        hang_forever();
    if (capture->fault == FAULT_REFUSE) {
        status = error_set(err, ERR_UNAVAILABLE, "the pattern was told to refuse");
        goto fail;
    }
    capture->pixels = malloc((size_t)capture->width * capture->height * 3);
    if (!capture->pixels) {
        status =
            error_set(err, ERR_NO_MEMORY, "no memory for a pattern of %ux%u pixels", capture->width, capture->height);
        goto fail;
    }
    *out = capture;
    return 0;
fail:
    pattern_close(capture);
    return status;
}

static int pattern_find_region(const struct capture *capture, const struct capture_options *options,
                               struct rect *region, struct error *err)
{
    *region = (struct rect){0, 0, capture->width, capture->height};
    if (options->output && strcmp(options->output, OUTPUT) != 0)
        return error_set(err, ERR_NOT_FOUND, "there is no output '%s', only " OUTPUT, options->output);
    return region_apply(options, "the pattern", region, err);
}

static enum capture_result inject_fault(enum fault fault, uint32_t number, struct error *err)
{
    if (fault == FAULT_HANG)
        hang_forever();
    if (fault == FAULT_LOST || (fault == FAULT_LOST_ONCE && number == 1)) {
        error_set(err, ERR_CLOSED, "the pattern was told to get lost");
        return CAPTURE_LOST;
    }
    if (fault == FAULT_FAIL) {
        error_set(err, ERR_SYSTEM, "the pattern was told to fail");
        return CAPTURE_FAILED;
    }
    return CAPTURE_OK;
}

static enum capture_result pattern_grab(struct capture *capture, const struct capture_options *options,
                                        struct image_view *image, struct strlist *facts, struct error *err)
{
    struct rect region;
    uint32_t number = atomic_fetch_add(&grab_count, 1) + 1;
    enum capture_result result = inject_fault(capture->fault, number, err);
    if (result != CAPTURE_OK)
        return result;
    if (pattern_find_region(capture, options, &region, err) < 0)
        return CAPTURE_FAILED;
    pattern_draw(capture, number, options->cursor);
    *image = (struct image_view){
        .pixels = capture->pixels + ((size_t)region.y * capture->width + (size_t)region.x) * 3,
        .width = region.width,
        .height = region.height,
        .stride = capture->width * 3,
        .format = PIXEL_RGB24,
    };
    strlist_add(facts, "output=" OUTPUT);
    strlist_addf(facts, "geometry=%ux%u%+d%+d", region.width, region.height, region.x, region.y);
    strlist_addf(facts, "cursor=%s", options->cursor ? "drawn" : "off");
    return CAPTURE_OK;
}

static int pattern_displays(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                            struct error *err)
{
    (void)options;
    (void)err;
    strlist_add(facts, "display.count=1");
    strlist_add(facts, "display.0.name=" OUTPUT);
    strlist_addf(facts, "display.0.geometry=%ux%u+0+0", capture->width, capture->height);
    strlist_add(facts, "display.0.backend=pattern");
    return 0;
}

static int pattern_windows(struct capture *capture, const struct capture_options *options, struct strlist *lines,
                           struct error *err)
{
    (void)capture, (void)options, (void)lines, (void)err;
    return 0;
}

static void pattern_describe_hang(char *text, size_t size)
{
    snprintf(text, size, "the pattern was told to hang");
}

const struct capture_backend capture_pattern = {
    .name = "pattern",
    .summary = "a synthetic picture, for tests",
    .open = pattern_open,
    .grab = pattern_grab,
    .displays = pattern_displays,
    .windows = pattern_windows,
    .close = pattern_close,
    .describe_hang = pattern_describe_hang,
    .only_by_name = true,
};
