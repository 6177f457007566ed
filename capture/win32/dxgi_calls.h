/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls of capture/win32/duplication.h by DXGI 1.2 and Direct3D 11, whose DLLs are loaded at the first use. */
#ifndef CAPTURE_WIN32_DXGI_CALLS_H
#define CAPTURE_WIN32_DXGI_CALLS_H

#include "capture/win32/duplication.h"

struct dxgi;

/* Loads the DLLs. Returns ERR_UNAVAILABLE where this Windows has no such DLL or function. */
int dxgi_new(struct dxgi **out, struct error *err);
void dxgi_free(struct dxgi *dxgi); /* accepts NULL */

extern const struct duplication_calls dxgi_calls; /* their context is a struct dxgi */

#endif
