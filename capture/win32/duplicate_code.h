/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What desktop duplication's HRESULTs mean, and what is to be done about each. Numbers alone: no header of Windows. */
#ifndef CAPTURE_WIN32_DUPLICATE_CODE_H
#define CAPTURE_WIN32_DUPLICATE_CODE_H

#include <stdint.h>

enum duplicate_action {
    DUPLICATE_GO_ON,        /* it worked */
    DUPLICATE_WAIT,         /* ask again, until the deadline */
    DUPLICATE_RESTART,      /* let go of everything, enter the desktop that has the input, begin anew */
    DUPLICATE_ASK_AGAIN,    /* the same after a pause, where this process is SYSTEM; else refused */
    DUPLICATE_REFUSE,       /* this picture can't be had */
    DUPLICATE_REFUSE_MODE,  /* nor another of that output before the displays change */
    DUPLICATE_REFUSE_EVER,  /* nor any other */
    DUPLICATE_MISTAKE,      /* refused; it must not happen */
    DUPLICATE_DISCONNECTED, /* refused: the session has no display */
    DUPLICATE_NO_OUTPUT,    /* refused: no output is attached */
    DUPLICATE_GPU_RESET,    /* refused: the graphics processor was reset; the next picture begins anew */
};

struct duplicate_code {
    uint32_t code;
    const char *name;
    enum duplicate_action action;
    const char *meaning;
};

/* Never NULL: a code that is not in the table is refused. One of success (bit 31 is clear, and it is not in the table)
   is gone on with. */
const struct duplicate_code *duplicate_code_find(uint32_t code);

#endif
