/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The states of a guest, and how they follow from what its agent says. Pure. */
#ifndef HOST_WEB_GUEST_STATE_H
#define HOST_WEB_GUEST_STATE_H

#include "base/strlist.h"
#include "host/periscope.h"

#include <stdbool.h>

/* X(symbol, name): the name is the one of the API. */
#define GUEST_STATES(X)                                                                                                \
    X(GUEST_UNKNOWN, "unknown")                                                                                        \
    X(GUEST_OFF, "off") /* no machine or no agent answers */                                                           \
    X(GUEST_BOOTING, "booting")                                                                                        \
    X(GUEST_GREETER, "greeter")                                                                                        \
    X(GUEST_READY, "ready")                                                                                            \
    X(GUEST_TESTING, "testing") /* a program that a host has started runs */                                           \
    X(GUEST_LOCKED, "locked")                                                                                          \
    X(GUEST_ASLEEP, "asleep")                                                                                          \
    X(GUEST_STUCK, "stuck") /* connected, but the agent does not answer; or a card hangs */                            \
    X(GUEST_GPU_LOST, "gpu-lost")                                                                                      \
    X(GUEST_SHUTTING_DOWN, "shutting-down")                                                                            \
    X(GUEST_REFUSED, "refused") /* the agent does not let this host in */

enum guest_state {
#define X(symbol, name) symbol,
    GUEST_STATES(X)
#undef X
        GUEST_STATE_COUNT,
};

const char *guest_state_name(enum guest_state state);
/* Returns whether its desktop is starting since nothing manages its windows. A kiosk or a bare X server stays so, and is used as
   it is. Pure. */
bool guest_lacks_manager(const struct periscope_strings *properties);
/* Decides from an agent's properties. lacked: it has lacked a window manager for GUEST_UNMANAGED_MS.
   Reasons, in words, are added to the list. Pure. */
enum guest_state guest_state_decide(const struct periscope_strings *properties, bool lacked, struct strlist *reasons);
/* Decides from a failed call. */
enum guest_state guest_state_of_failure(int status, const char *text);
/* Whether the library only had no room to resolve one more name at that moment, as when all guests are asked at once. */
bool guest_must_queue(const char *text);

#endif
