/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What desktop duplication's HRESULTs mean, and what is to be done about each. Numbers alone: no header of Windows. */
#ifndef CAPTURE_WIN32_DUPLICATION_CODE_H
#define CAPTURE_WIN32_DUPLICATION_CODE_H

#include <stdint.h>

enum duplication_action {
    DUPLICATION_CONTINUE,       /* it worked */
    DUPLICATION_RETRY,          /* ask again, until the deadline */
    DUPLICATION_RESTART,        /* let go of everything, enter the desktop that has the input, begin anew */
    DUPLICATION_RETRY_DENIED,   /* the same after a pause, where this process is SYSTEM; else refused */
    DUPLICATION_FAIL,           /* this picture can't be had */
    DUPLICATION_DISABLE_OUTPUT, /* nor another of that output before the displays change */
    DUPLICATION_DISABLE,        /* nor any other */
    DUPLICATION_INTERNAL_ERROR, /* refused; it must not happen */
    DUPLICATION_DISCONNECTED,   /* refused: the session has no display */
    DUPLICATION_NO_OUTPUT,      /* refused: no output is attached */
    DUPLICATION_GPU_RESET,      /* refused: the graphics processor was reset; the next picture begins anew */
};

struct duplication_code {
    uint32_t code;
    const char *name;
    enum duplication_action action;
    const char *meaning;
};

/* Never NULL: a code that is not in the table is refused. One of success (bit 31 is clear, and it is not in the table)
   is gone on with. */
const struct duplication_code *duplication_code_find(uint32_t code);

#endif
