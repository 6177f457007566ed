/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Terminals where Windows has none: this stands for Windows' own functions. */
#include "platform/pty.h"
#include "win32/system.h"

#include "tests/unit/check.h"

void (*system_function(const wchar_t *module, const char *name))(void)
{
    (void)module;
    (void)name;
    return NULL;
}

static void older_windows_is_said(void)
{
    struct os_pipe *input, *output;
    struct error err;
    CHECK_INT(os_pty_new(&input, &output, (struct os_pty_size){80, 24}, &err), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "this Windows has no terminals for programs (Windows 10 1809 or later has)");
    CHECK(!input && !output);
}

int main(void)
{
    RUN(older_windows_is_said);
    return CHECK_RESULT();
}
