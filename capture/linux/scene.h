/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of the screens without connecting to a server or opening a card. */
#ifndef CAPTURE_LINUX_SCENE_H
#define CAPTURE_LINUX_SCENE_H

#include "capture/choice.h"

/* Reads it anew, or returns NULL without memory. The caller owns it (free()). */
struct choice_scene *linux_scene_read(const struct capture_options *options);

#endif
