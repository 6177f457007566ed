/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/sessions.h"
#include "agent/events.h"
#include "agent/log.h"
#include "agent/window.h"
#include "platform/session.h"

#include <stdio.h>

static struct window window; /* of the thread that tells */

static void sessions_take(const struct os_session_event *event)
{
    unsigned more;
    char dropped[40] = "";
    const char *user = *event->user ? event->user : "?", *class = *event->class ? " class=" : "";
    log_line("session: %s %s session=%s%s%s", event->what, user, event->session, class, event->class);
    if (!window_take(&window, false, &more))
        return;
    if (more)
        snprintf(dropped, sizeof dropped, " (%u more before it)", more);
    events_add_at(event->time_ms, "session", "%s %s session=%s%s%s%s", event->what, user, event->session, class,
                  event->class, dropped);
}

void sessions_start(void)
{
    struct error err;
    if (os_session_watch(sessions_take, &err))
        log_line("log-ons are not told: %s", err.text);
}
