/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/apart/apart.h"
#include "capture/capture.h"
#include "capture/drm/backend.h"
#include "capture/linux/scene.h"
#include "capture/pattern.h"
#include "capture/x11/backend.h"
#include "platform/console.h"

#include <stdlib.h>

const struct capture_backend *const capture_backends[] = {
    &capture_x11,
    &capture_drm,
    &capture_pattern,
    NULL,
};

static enum choice_vt_mode vt_mode(unsigned vt)
{
    switch (vt ? os_console_mode(vt) : OS_CONSOLE_UNKNOWN) {
    case OS_CONSOLE_TEXT:
        return VT_MODE_TEXT;
    case OS_CONSOLE_GRAPHICS:
        return VT_MODE_GRAPHICS;
    default:
        return VT_MODE_UNKNOWN;
    }
}

static void linux_unused_rules(const struct strlist *rules, struct strlist *out)
{
    drm_unused_rules("", rules, out);
}

void (*const capture_unused_rules)(const struct strlist *rules, struct strlist *out) = linux_unused_rules;

static void report_unused_rules(const struct strlist *rules, struct strlist *out)
{
    struct strlist unused = {0};
    linux_unused_rules(rules, &unused);
    for (size_t i = 0; i < unused.count; i++)
        strlist_addf(out, "card-class: %s", unused.items[i]);
    out->failed |= unused.failed;
    strlist_deinit(&unused);
}

struct choice_scene *linux_scene_read(const struct capture_options *options)
{
    struct choice_scene *scene = calloc(1, sizeof *scene);
    if (!scene)
        return NULL;
    drm_probe("", options->card_classes, scene);
    x11_probe("", getenv("DISPLAY"), scene);
    scene->vt_mode = vt_mode(scene->vt);
    return scene;
}

static void linux_choose(const struct capture_options *options, struct capture_candidates *candidates)
{
    struct choice_scene *scene = linux_scene_read(options);
    if (!scene)
        return; /* the order above is the fallback */
    compositor_probe("", COMPOSITOR_MS, scene);
    choice_make(scene, options->output, candidates);
    report_unused_rules(options->card_classes, &candidates->passed_over);
    free(scene);
}

capture_chooser *const capture_choose = linux_choose;

static int linux_source_main(int argc, char **argv)
{
    static const struct capture_backend *const apart[] = {&capture_x11_here, &capture_drm_here, NULL};
    return apart_main(apart, argc, argv);
}

int (*const capture_source_main)(int argc, char **argv) = linux_source_main;
