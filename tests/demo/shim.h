/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Goes before each of Wine's tests: debug.h of Wine 10 gives these names to Wine's own code alone. With __WINESRC__ a test
   is such code, and then Wine's headers take away the word long, which mingw's io.h needs. */
#ifndef TESTS_DEMO_SHIM_H
#define TESTS_DEMO_SHIM_H

#include <stddef.h>

#ifdef __WINESRC__
#include <io.h>
#else
const char *debugstr_an(const char *text, int count);
const char *debugstr_wn(const wchar_t *text, int count);
const char *debugstr_a(const char *text);
const char *debugstr_w(const wchar_t *text);
#endif

#endif
