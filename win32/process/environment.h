/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A child's environment. Only for win32/. */
#ifndef WIN32_PROCESS_ENVIRONMENT_H
#define WIN32_PROCESS_ENVIRONMENT_H

#include "base/error.h"

#include <wchar.h>

/* Builds a block as CreateProcess takes it, owned by the caller: base, the process's own where it is NULL, with the
   changes ("NAME=VALUE" set, "NAME" removed; the last for a name wins). *out is NULL when nothing is to be changed in
   the own one. */
int environment_build(wchar_t **out, const wchar_t *base, const char *const *changes, struct error *err);

/* Returns the value that such a block gives to a name, or NULL; borrowed from it. */
const wchar_t *environment_value(const wchar_t *block, const wchar_t *name);

#endif
