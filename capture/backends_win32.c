/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/capture.h"
#include "capture/gdi.h"
#include "capture/pattern.h"

const struct capture_backend *const capture_backends[] = {
    &capture_gdi,
    &capture_pattern,
    NULL,
};

capture_chooser *const capture_choose = NULL;
