/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PICTURE_DEFLATE_MATCH_H
#define PICTURE_DEFLATE_MATCH_H

#include "picture/deflate_band.h"

/* Finds the matches in a band that is complete, and adds them. */
void deflate_find_matches(struct deflate_band *band);

#endif
