/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_outputs(const void *a, const void *b)
{
    const struct drm_output *one = a, *other = b;
    if (one->card->class != other->card->class)
        return one->card->class < other->card->class ? -1 : 1;
    if (one->card != other->card)
        return one->card->number < other->card->number ? -1 : 1;
    return strcmp(one->name, other->name);
}

const struct drm_output *drm_layout_clone(const struct drm_output *outputs, size_t count,
                                          const struct drm_output *output)
{
    for (size_t i = 0; i < count; i++)
        if (outputs[i].card == output->card && outputs[i].crtc == output->crtc)
            return &outputs[i];
    return NULL;
}

static uint32_t shown_crtc(const struct drm_output *output)
{
    return output->mirrored ? output->mirrored : output->crtc;
}

const struct drm_output *drm_layout_twin(const struct drm_output *outputs, size_t count,
                                         const struct drm_output *output)
{
    for (size_t i = 0; i < count; i++)
        if (outputs[i].card == output->card && shown_crtc(&outputs[i]) == shown_crtc(output))
            return &outputs[i];
    return NULL;
}

void drm_layout_place(struct drm_output *outputs, size_t count)
{
    int32_t next = 0;
    qsort(outputs, count, sizeof *outputs, compare_outputs);
    for (size_t i = 0; i < count; i++) {
        const struct drm_output *twin = drm_layout_twin(outputs, i, &outputs[i]);
        outputs[i].x = twin ? twin->x : next;
        next += twin ? 0 : (int32_t)outputs[i].width;
    }
}

/* ---- choosing ---- */

static bool is_on(const struct drm_output *output, const char *source)
{
    char name[16];
    snprintf(name, sizeof name, "card%u", output->card->number);
    return strcmp(name, source) == 0;
}

/* Compares with "card0-HDMI-A-1", and without its card. */
static bool is_named(const struct drm_output *output, const char *name)
{
    return strcmp(name, output->name) == 0 || strcmp(name, strchr(output->name, '-') + 1) == 0;
}

/* Returns whether the options ask for it. Without a name they do for all outputs of the source, or else of the first card. */
static bool is_chosen(const struct drm_output *first, const struct drm_output *output,
                      const struct capture_options *options)
{
    if (options->source && !is_on(output, options->source))
        return false;
    if (!options->output)
        return options->source || output->card == first->card;
    return strcmp(options->output, "all") == 0 || is_named(output, options->output);
}

/* Lists the outputs with the name; NULL: all. */
static void list_names(const struct drm_output *outputs, size_t count, const char *name, struct buffer *text)
{
    buffer_init(text, ERROR_LIST_MAX);
    for (size_t i = 0; i < count; i++)
        if (!name || is_named(&outputs[i], name))
            buffer_printf(text, " %s", outputs[i].name);
}

static int say_no_output(const struct drm_output *outputs, size_t count, const struct capture_options *options,
                         struct error *err)
{
    struct buffer names;
    list_names(outputs, count, NULL, &names);
    const char *list = names.data ? (const char *)names.data : " (no memory for their names)";
    if (options->output)
        error_set(err, ERR_NOT_FOUND, "there is no output '%s' that shows anything among:%s", options->output, list);
    else
        error_set(err, ERR_UNAVAILABLE, "%s shows nothing; what shows something is:%s", options->source, list);
    buffer_deinit(&names);
    return err->status;
}

static int say_ambiguous(const struct drm_output *outputs, size_t count, const char *name, struct error *err)
{
    struct buffer names;
    list_names(outputs, count, name, &names);
    error_set(err, ERR_INVALID, "the output '%s' can be any of:%s", name,
              names.data ? (const char *)names.data : " (no memory for their names)");
    buffer_deinit(&names);
    return err->status;
}

static bool is_one_or_all(const struct drm_layout *layout, const char *name)
{
    return !name || strcmp(name, "all") == 0 || layout->count <= 1;
}

int drm_layout_choose(const struct drm_output *outputs, size_t count, const struct capture_options *options,
                      struct drm_layout *layout, struct error *err)
{
    int64_t right = 0;
    *layout = (struct drm_layout){0};
    for (size_t i = 0; i < count; i++) {
        const struct drm_output *output = &outputs[i];
        if (!is_chosen(outputs, output, options))
            continue;
        if (layout->count++ == 0) {
            layout->outputs = output;
            layout->area.x = output->x;
        }
        right = output->x + (int64_t)output->width > right ? output->x + (int64_t)output->width : right;
        layout->area.height = output->height > layout->area.height ? output->height : layout->area.height;
    }
    if (layout->count == 0)
        return say_no_output(outputs, count, options, err);
    if (!is_one_or_all(layout, options->output))
        return say_ambiguous(outputs, count, options->output, err);
    layout->area.width = (uint32_t)(right - layout->area.x);
    if (layout->area.width > CAPTURE_SIZE_MAX || layout->area.height > CAPTURE_SIZE_MAX)
        return error_set(err, ERR_LIMIT, "all outputs are %ux%u pixels together, beyond %d: name one of them",
                         layout->area.width, layout->area.height, CAPTURE_SIZE_MAX);
    return 0;
}
