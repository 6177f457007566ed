/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The requested part of an output or screen. */
#ifndef CAPTURE_REGION_H
#define CAPTURE_REGION_H

#include "capture/capture.h"

/* Reduces *area, the whole of what `name` names ("the screen"), to the region of the options, if they have one, and
   checks that a picture of it can be taken. ERR_INVALID when the region does not lie within the area, ERR_LIMIT for
   more pixels than image_check_size() allows. An area without pixels passes: the backend decides what it means. */
int region_apply(const struct capture_options *options, const char *name, struct rect *area, struct error *err);

#endif
