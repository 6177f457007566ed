/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/guest_state.h"

#include <stdio.h>
#include <string.h>

const char *guest_state_name(enum guest_state state)
{
    static const char *const names[] = {
#define X(symbol, name) name,
        GUEST_STATES(X)
#undef X
    };
    return names[state];
}

static const struct {
    const char *desktop;
    enum guest_state state;
} desktop_states[] = {
    {"ready", GUEST_READY},      {"greeter", GUEST_GREETER},
    {"locked", GUEST_LOCKED},    {"asleep", GUEST_ASLEEP},
    {"starting", GUEST_BOOTING}, {"updating", GUEST_BOOTING},
    {"none", GUEST_UNKNOWN},     {"shutting-down", GUEST_SHUTTING_DOWN},
};

static enum guest_state state_of_desktop(const char *desktop)
{
    for (size_t i = 0; desktop && i < sizeof desktop_states / sizeof *desktop_states; i++)
        if (strcmp(desktop, desktop_states[i].desktop) == 0)
            return desktop_states[i].state;
    return GUEST_UNKNOWN;
}

/* Returns the worst state of the graphics cards; GUEST_UNKNOWN when none is bad. */
static enum guest_state state_of_cards(const struct periscope_strings *properties, struct strlist *reasons)
{
    enum guest_state worst = GUEST_UNKNOWN;
    for (unsigned i = 0; i < 64; i++) {
        char key[32];
        snprintf(key, sizeof key, "gpu.%u.state", i);
        const char *state = periscope_strings_get(properties, key);
        if (!state)
            break;
        bool lost = strcmp(state, "lost") == 0, hung = strcmp(state, "hung") == 0;
        if (!lost && !hung && strcmp(state, "fault") != 0)
            continue;
        snprintf(key, sizeof key, "gpu.%u.name", i);
        const char *name = periscope_strings_get(properties, key);
        strlist_addf(reasons, "graphics card %u (%s): %s", i, name ? name : "?", state);
        if (lost)
            worst = GUEST_GPU_LOST;
        else if (hung && worst == GUEST_UNKNOWN)
            worst = GUEST_STUCK;
    }
    return worst;
}

/* bare: a screen that nothing manages is used as it is, so what it waits for is no reason. */
static void state_add_reasons(const struct periscope_strings *properties, bool bare, struct strlist *reasons)
{
    static const char *const keys[] = {"desktop.error", "display.error", "run.error", "gpu.error"};
    const char *waits_for = periscope_strings_get(properties, "desktop.reason");
    if (bare)
        strlist_add(reasons, "nothing manages its windows, as on a kiosk or a bare X server");
    else if (waits_for && *waits_for)
        strlist_add(reasons, waits_for);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *text = periscope_strings_get(properties, keys[i]);
        if (text && *text)
            strlist_add(reasons, text);
    }
}

bool guest_lacks_manager(const struct periscope_strings *properties)
{
    const char *unmanaged = periscope_strings_get(properties, "desktop.unmanaged");
    return unmanaged && strcmp(unmanaged, "1") == 0;
}

enum guest_state guest_state_decide(const struct periscope_strings *properties, bool lacked, struct strlist *reasons)
{
    const char *running = periscope_strings_get(properties, "children.running");
    enum guest_state cards = state_of_cards(properties, reasons);
    enum guest_state desktop = state_of_desktop(periscope_strings_get(properties, "desktop.state"));
    bool bare = lacked && guest_lacks_manager(properties);
    state_add_reasons(properties, bare, reasons);
    if (bare)
        desktop = GUEST_READY;
    if (cards != GUEST_UNKNOWN)
        return cards;
    if (desktop == GUEST_SHUTTING_DOWN)
        return desktop;
    return running && strcmp(running, "0") != 0 ? GUEST_TESTING : desktop;
}

bool guest_must_queue(const char *text)
{
    return strstr(text, "earlier look-ups have no answer yet") != NULL;
}

enum guest_state guest_state_of_failure(int status, const char *text)
{
    if (status == PERISCOPE_REFUSED || strstr(text, "closed the connection without a banner"))
        return GUEST_REFUSED;
    if (status == PERISCOPE_TIMED_OUT || strstr(text, "received no banner"))
        return GUEST_STUCK;
    return GUEST_OFF;
}
