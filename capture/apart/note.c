/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/apart/apart.h"

#include <string.h>

static struct apart_note unread;
static struct apart_note *note = &unread;

void apart_share_note(struct apart_note *place)
{
    note = place;
}

void apart_note_call(const char *call, unsigned number)
{
    note->number = number;
    strncpy(note->call, call, sizeof note->call - 1);
}
