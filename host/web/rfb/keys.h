/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A viewer's keyboard and pointer as actions of the RPC input. */
#ifndef HOST_WEB_RFB_KEYS_H
#define HOST_WEB_RFB_KEYS_H

#include "base/strlist.h"

#include <stdbool.h>
#include <stdint.h>

struct rfb_hands {
    struct strlist actions; /* that are to be done */
    uint32_t modifiers;     /* that are held: Control, Alt, Meta */
    uint8_t buttons;        /* as the viewer told them last */
    uint32_t x, y;
    bool has_place;
};

/* Adds the actions of a key event. code: the XT scan code as QEMU's message has it, or 0. */
void rfb_key(struct rfb_hands *hands, bool down, uint32_t keysym, uint32_t code);
/* Adds those of a pointer event, whose place is on the screen. */
void rfb_pointer(struct rfb_hands *hands, uint8_t buttons, uint32_t x, uint32_t y);

#endif
