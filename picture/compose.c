/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/compose.h"

#include "picture/rows.h"

#include <stdlib.h>

#define OPAQUE 0xffffu

/* ---- the order ---- */

static int compose_order(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_by_zpos(const void *a, const void *b)
{
    const struct layer *first = a, *second = b;
    int order = compose_order(first->zpos, second->zpos);
    return order ? order : compose_order(first->id, second->id);
}

static int compare_by_kind(const void *a, const void *b)
{
    const struct layer *first = a, *second = b;
    int order = compose_order(first->kind, second->kind);
    return order ? order : compose_order(first->id, second->id);
}

void compose_sort(struct layer *layers, size_t count)
{
    bool by_zpos = true;
    for (size_t i = 0; i < count; i++)
        by_zpos &= layers[i].has_zpos;
    qsort(layers, count, sizeof *layers, by_zpos ? compare_by_zpos : compare_by_kind);
}

/* ---- from the screen back into the frame ---- */

/* For each place along an axis of the screen, the column (or, rotated by 90 degrees, the row) of the frame that it
   shows. */
struct axis {
    uint32_t *places;      /* owned; one for each place of the layer that is on the screen */
    uint32_t first, count; /* on the screen */
};

/* The axis of the frame that runs along an axis of the screen. */
struct span {
    uint32_t start, len; /* 1/65536 pixel */
    uint32_t limit;      /* pixels of the frame */
    bool backwards;
};

/* Finds the pixel of the frame under the middle of place i of n. Where two pixels meet there, it is the later one in
   the direction of the screen. */
static uint32_t sample(const struct span *span, uint32_t i, uint32_t n)
{
    uint64_t way = (2 * (uint64_t)i + 1) * span->len / (2 * (uint64_t)n);
    uint64_t place = span->backwards && span->len > 0 ? span->start + (span->len - 1 - way) : span->start + way;
    place >>= 16;
    return place < span->limit ? (uint32_t)place : span->limit - 1;
}

static int axis_init(struct axis *axis, const struct span *span, int32_t start, uint32_t len, uint32_t screen_len,
                     struct error *err)
{
    int64_t end = (int64_t)start + len;
    *axis = (struct axis){0};
    if (end <= 0 || start >= (int64_t)screen_len)
        return 0;
    axis->first = start > 0 ? (uint32_t)start : 0;
    axis->count = (uint32_t)(end < screen_len ? end : screen_len) - axis->first;
    axis->places = malloc(axis->count * sizeof *axis->places);
    if (!axis->places)
        return error_set(err, ERR_NO_MEMORY, "no memory for %u places of a plane", axis->count);
    for (uint32_t i = 0; i < axis->count; i++)
        axis->places[i] = sample(span, (uint32_t)((int64_t)axis->first + i - start), len);
    return 0;
}

/* A layer with the mapping from the screen back into its frame. */
struct plan {
    const struct layer *layer; /* borrowed */
    struct axis across, down;
    bool turned; /* rotated by 90 or 270 degrees: rows of the screen are columns of the frame */
    enum blend blend;
    bool copied; /* its rows are the screen's: as wide, of 8 bits a channel, with nothing to mix */
};

static void plan_deinit(struct plan *plan)
{
    free(plan->across.places);
    free(plan->down.places);
}

/* Initialises a plan, which inverts "reflect, then rotate counter-clockwise". A quarter turn brings the frame's top row
   to the screen's left column, upside down, and its left column to the bottom row. */
static int plan_init(struct plan *plan, const struct layer *layer, uint32_t width, uint32_t height, struct error *err)
{
    unsigned turn = layer->rotation;
    struct span x = {layer->src_x, layer->src_width, layer->frame.width, turn & REFLECT_X};
    struct span y = {layer->src_y, layer->src_height, layer->frame.height, turn & REFLECT_Y};
    *plan = (struct plan){.layer = layer, .turned = turn & (ROTATE_90 | ROTATE_270), .blend = layer->blend};
    x.backwards ^= (turn & (ROTATE_90 | ROTATE_180)) != 0;
    y.backwards ^= (turn & (ROTATE_180 | ROTATE_270)) != 0;
    int status = axis_init(&plan->across, plan->turned ? &y : &x, layer->x, layer->width, width, err);
    return status ? status : axis_init(&plan->down, plan->turned ? &x : &y, layer->y, layer->height, height, err);
}

/* ---- blending ---- */

/* Multiplies two values from 0 to 0xffff that stand for 0 to 1. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
    return (a * b + OPAQUE / 2) / OPAQUE;
}

/* Computes over * factor + below * (1 - alpha), rounded once. */
static uint16_t compose_mix(uint16_t over, uint32_t factor, uint16_t below, uint32_t alpha)
{
    uint64_t sum = (uint64_t)over * factor + (uint64_t)below * (OPAQUE - alpha) + OPAQUE / 2;
    uint64_t value = sum / OPAQUE;
    return (uint16_t)(value < OPAQUE ? value : OPAQUE);
}

static void blend_pixel(struct color *below, struct color over, enum blend blend, uint16_t layer_alpha)
{
    uint32_t alpha = blend == BLEND_NONE ? layer_alpha : multiply(over.alpha, layer_alpha);
    uint32_t factor = blend == BLEND_COVERAGE ? alpha : layer_alpha;
    if (alpha == OPAQUE && factor == OPAQUE) {
        *below = over;
        return;
    }
    below->red = compose_mix(over.red, factor, below->red, alpha);
    below->green = compose_mix(over.green, factor, below->green, alpha);
    below->blue = compose_mix(over.blue, factor, below->blue, alpha);
}

/* Returns whether what the layer puts into a row are values of 8 bits, as nothing is mixed. */
static bool is_exact(const struct plan *plan)
{
    const struct format *format = plan->layer->frame.format;
    return plan->layer->alpha == OPAQUE && format->red.bits > 0 && format->red.bits <= 8 &&
           (plan->blend == BLEND_NONE || format->alpha.bits == 0);
}

/* Returns whether the pixels of its rows are those of a row of the screen, in the order of PIXEL_BGRX32. */
static bool is_copied(const struct plan *plan, uint32_t width)
{
    uint32_t fourcc = plan->layer->frame.format->fourcc;
    bool whole = !plan->turned && plan->across.count == width && is_exact(plan) &&
                 (fourcc == FOURCC('X', 'R', '2', '4') || fourcc == FOURCC('A', 'R', '2', '4'));
    for (uint32_t i = 1; whole && i < width; i++)
        whole = plan->across.places[i] == plan->across.places[0] + i;
    return whole;
}

static bool has_row(const struct plan *plan, uint32_t y)
{
    return plan->across.count > 0 && y >= plan->down.first && y - plan->down.first < plan->down.count;
}

/* Copies a row that the topmost layer has all of. Returns false for other rows: those are drawn. Most rows of most screens are such,
   and a look at a screen that stands still costs little more than these copies. */
static bool copy_row(const struct row_kernels *kernels, uint8_t *rgb, uint32_t width, const struct plan *plans,
                     size_t count, uint32_t y)
{
    const struct plan *top = NULL;
    for (size_t i = count; !top && i > 0; i--)
        if (has_row(&plans[i - 1], y))
            top = &plans[i - 1];
    if (!top || !top->copied)
        return false;
    const struct frame *frame = &top->layer->frame;
    size_t row = top->down.places[y - top->down.first] - frame->first_row;
    kernels->pack_bgrx(rgb, frame->data[0] + row * frame->stride[0] + (size_t)top->across.places[0] * 4, width);
    return true;
}

/* Returns whether all values of the row are of 8 bits, if they were before. */
static bool draw_row(struct color *row, const struct plan *plan, uint32_t y)
{
    const struct layer *layer = plan->layer;
    const struct frame *frame = &layer->frame;
    if (!has_row(plan, y))
        return true;
    uint32_t down = plan->down.places[y - plan->down.first];
    for (uint32_t i = 0; i < plan->across.count; i++) {
        uint32_t across = plan->across.places[i];
        struct color over =
            plan->turned ? frame->format->read(frame, down, across) : frame->format->read(frame, across, down);
        blend_pixel(&row[plan->across.first + i], over, plan->blend, layer->alpha);
    }
    return is_exact(plan);
}

/* Packs values of 8 bits, without the time that rounding takes: most rows of most screens have no others. */
static void pack_exact_row(uint8_t *rgb, const struct color *row, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++, rgb += 3) {
        rgb[0] = (uint8_t)(row[x].red >> 8);
        rgb[1] = (uint8_t)(row[x].green >> 8);
        rgb[2] = (uint8_t)(row[x].blue >> 8);
    }
}

static void pack_row(uint8_t *rgb, const struct color *row, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++, rgb += 3) {
        rgb[0] = color_to_8_bits(row[x].red);
        rgb[1] = color_to_8_bits(row[x].green);
        rgb[2] = color_to_8_bits(row[x].blue);
    }
}

static void compose_draw(const struct compose_target *target, struct color *row, const struct plan *plans, size_t count)
{
    uint32_t width = target->width;
    const struct row_kernels *kernels = row_kernels_get(NULL);
    for (uint32_t y = 0; y < target->height; y++) {
        uint8_t *rgb = target->rgb + (size_t)y * target->stride;
        if (!target->finish && copy_row(kernels, rgb, width, plans, count, y))
            continue;
        for (uint32_t x = 0; x < width; x++)
            row[x] = (struct color){.alpha = OPAQUE};
        bool exact = !target->finish;
        for (size_t i = 0; i < count; i++)
            exact &= draw_row(row, &plans[i], y);
        if (target->finish)
            target->finish(target->context, y, row);
        (exact ? pack_exact_row : pack_row)(rgb, row, width);
    }
}

int compose(const struct compose_target *target, const struct layer *layers, size_t count, struct error *err)
{
    uint32_t width = target->width, height = target->height;
    struct plan *plans = calloc(count + 1, sizeof *plans);
    struct color *row = malloc((width ? width : 1) * sizeof *row);
    int status = plans && row ? 0 : error_set(err, ERR_NO_MEMORY, "no memory to compose %zu planes", count);
    for (size_t i = 0; i < count && status == 0; i++) {
        status = plan_init(&plans[i], &layers[i], width, height, err);
        if (i == 0 && layers[i].kind != LAYER_CURSOR)
            plans[i].blend = BLEND_NONE;
        plans[i].copied = status == 0 && is_copied(&plans[i], width);
    }
    if (status == 0)
        compose_draw(target, row, plans, count);
    for (size_t i = 0; i < count && plans; i++)
        plan_deinit(&plans[i]);
    free(row);
    free(plans);
    return status;
}
