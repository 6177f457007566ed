/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A synthetic screen, for tests of everything behind a backend. Only used when requested by name.
 *
 * The environment variable PERISCOPE_PATTERN selects what it shows: WxH and after it, in any order, ",NAME" for each of
 *
 *     xor             pixel x,y is red x, green y, blue x^y, each modulo 256 (the default)
 *     bars            eight upright bars: white, yellow, cyan, green, magenta, red, blue, black
 *     noise           bytes that do not compress, the same ones each time
 *     solid-RRGGBB    one colour
 *     counter         like xor, but the first pixel's bytes are the number of the picture, from 1, big-endian
 *
 *     hang, hang-open grab, or open, never returns
 *     lost, lost-once every grab, or the first of the process, finds the source gone
 *     fail, refuse    every grab fails, every open does
 *
 * Without the variable it is 640x480. Its only output, PATTERN-1, covers the screen. The cursor is a white block of
 * 8x8 pixels, or what fits of it, down and right from the middle.
 */
#ifndef CAPTURE_PATTERN_H
#define CAPTURE_PATTERN_H

#include "capture/capture.h"

extern const struct capture_backend capture_pattern;

#endif
