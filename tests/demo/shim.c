/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Wine's tests take from a Wine build tree and a test executable built alone must bring itself. */
#include <windows.h>

#include <string.h>

#include "tests/demo/shim.h"
#include "wine/debug.h"

#define KEPT_COUNT 64  /* texts that stay valid at once */
#define KEPT_SIZE 1024 /* bytes of each; longer ones are cut, they are for reports only */

const char *__cdecl __wine_dbg_strdup(const char *text)
{
    static char kept[KEPT_COUNT][KEPT_SIZE];
    static LONG next;
    char *copy = kept[(unsigned long)InterlockedIncrement(&next) % KEPT_COUNT];
    lstrcpynA(copy, text, KEPT_SIZE);
    return copy;
}

const char *debugstr_an(const char *text, int count)
{
    return wine_dbgstr_an(text, count);
}

const char *debugstr_wn(const WCHAR *text, int count)
{
    return wine_dbgstr_wn(text, count);
}

const char *debugstr_a(const char *text)
{
    return wine_dbgstr_an(text, -1);
}

const char *debugstr_w(const WCHAR *text)
{
    return wine_dbgstr_wn(text, -1);
}
