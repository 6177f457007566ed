/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and an absolute pointer as devices of the kernel's, which whatever is on the screen reads as any others. */
#ifndef CAPTURE_DRM_UINPUT_H
#define CAPTURE_DRM_UINPUT_H

#include "capture/input/hands.h"

struct uinput;

/* Does the actions, on a screen of this size. Makes the devices where there are none, or they are for another size; *uinput
   is then new. All actions are checked first. */
int uinput_do(struct uinput **uinput, uint32_t width, uint32_t height, const struct input_list *list,
              struct error *err);
void uinput_free(struct uinput *uinput); /* removes the devices, by which all is let go; accepts NULL */

/* Finds the key of a US keyboard that gives a character. Returns NULL when there is none. */
const struct key *uinput_key_of(uint32_t code, bool *shift);

#endif
