/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The screen that a page watches. */
#ifndef HOST_WEB_VIEWER_VIEWER_SCREEN_H
#define HOST_WEB_VIEWER_VIEWER_SCREEN_H

#include "host/web/viewer/message.h"
#include "host/web/viewer/viewer_state.h"

void viewer_watch_begin(struct viewer *viewer, const struct message *message);
void viewer_watch_end(struct viewer *viewer);
/* Takes the page's word that it has drawn a frame. */
void viewer_drawn(struct viewer *viewer, uint32_t frame);
/* Makes the next message; *binary: it has pixels. NULL when there is none. */
struct blob *viewer_next_screen(struct viewer *viewer, bool *binary);

#endif
