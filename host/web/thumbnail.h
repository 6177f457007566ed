/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The small pictures of the list of guests. */
#ifndef HOST_WEB_THUMBNAIL_H
#define HOST_WEB_THUMBNAIL_H

struct guest;

/* One viewer more, or less, has the tile of a guest in view. */
void thumbnail_look(struct guest *guest);
void thumbnail_look_away(struct guest *guest);

#endif
