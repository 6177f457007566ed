/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of an output or screen that a picture is asked for. */
#ifndef CAPTURE_REGION_H
#define CAPTURE_REGION_H

#include "capture/capture.h"

/* Narrows *area, the whole of what `of` names ("the screen"), to the options' region if they have one, and checks that a
   picture of it can be taken. ERR_INVALID when the region does not lie within the area, ERR_LIMIT for more pixels than
   image_check_size() allows; an area without any passes, for the backend to say what that means. */
int region_apply(const struct capture_options *options, const char *name, struct rect *area, struct error *err);

#endif
