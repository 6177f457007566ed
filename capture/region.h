/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of an output or screen that a picture is wanted of. */
#ifndef CAPTURE_REGION_H
#define CAPTURE_REGION_H

#include "capture/capture.h"

/* Narrows *area, the whole of what `of` names ("the screen"), to the options' region if they have one. ERR_INVALID when
   it does not lie within it. */
int region_apply(const struct capture_options *options, const char *of, struct rect *area, struct error *err);

#endif
