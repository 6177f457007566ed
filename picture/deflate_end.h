/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes a band: what was found in it as one block, or with matches as several. A block is dynamic or fixed, or the band
   stored, whichever is smallest. Its bytes depend on the band alone. */
#ifndef PICTURE_DEFLATE_END_H
#define PICTURE_DEFLATE_END_H

#include "picture/deflate_band.h"

/* Looks for the last repeats, or for all matches. Writes the band into out[DEFLATE_ROOM(len)], up to a whole byte, and
   returns its length. */
size_t deflate_end(struct deflate_band *band, uint8_t *out, bool last);

#endif
