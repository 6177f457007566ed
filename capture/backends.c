/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/capture.h"
#include "capture/choice.h"
#include "capture/drm.h"
#include "capture/pattern.h"
#include "capture/x11.h"

#include <stdlib.h>

const struct capture_backend *const capture_backends[] = {
    &capture_x11,
    &capture_drm,
    &capture_pattern,
    NULL,
};

static void choose(const struct capture_options *options, struct capture_candidates *candidates)
{
    struct choice_scene *scene = calloc(1, sizeof *scene);
    if (!scene)
        return; /* then the order above is what is left */
    drm_look("", options->card_classes, scene);
    x11_look("", getenv("DISPLAY"), scene);
    choice_make(scene, options->output, candidates);
    free(scene);
}

capture_chooser *const capture_choose = choose;
