/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtual terminal of one's own, as a display server has one: it is asked to let go before another is shown. */
#ifndef TESTS_VM_KMS_VT_H
#define TESTS_VM_KMS_VT_H

#include <stdbool.h>

/* Switches to the terminal and takes it for graphics. Returns -1 with errno set. */
int vt_take(int number);

/* To be called when a signal or its time has ended a wait: lets go when another terminal shall be shown, and takes up
   again. The two are called in between. Returns whether the screen is ours. Without vt_take it always is. */
bool vt_serve(void (*let_go)(void), void (*take_up)(void));

#endif
