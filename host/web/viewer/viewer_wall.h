/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of guests that a page shows, with their small pictures. */
#ifndef HOST_WEB_VIEWER_VIEWER_WALL_H
#define HOST_WEB_VIEWER_VIEWER_WALL_H

#include "base/strlist.h"
#include "host/web/viewer/viewer_state.h"

/* Says which tiles are in view, of all guests: NULL for none. */
void viewer_set_view(struct viewer *viewer, const struct strlist *names);

/* Each makes its next message, or returns NULL. */
struct blob *viewer_next_list(struct viewer *viewer);
struct blob *viewer_next_guest(struct viewer *viewer);
struct blob *viewer_next_thumbnail(struct viewer *viewer);

#endif
