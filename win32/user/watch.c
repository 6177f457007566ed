/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/session.h"

int os_session_watch(void (*tell)(const struct os_session_event *event), struct error *err)
{
    (void)tell;
    (void)err;
    return 0;
}
