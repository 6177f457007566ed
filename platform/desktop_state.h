/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The states of a desktop, by the names that the protocol has for them. */
#ifndef PLATFORM_DESKTOP_STATE_H
#define PLATFORM_DESKTOP_STATE_H

/* X(symbol, its name) */
#define DESKTOP_STATES(X)                                                                                              \
    X(DESKTOP_NONE, "none")                                                                                            \
    X(DESKTOP_GREETER, "greeter")                                                                                      \
    X(DESKTOP_STARTING, "starting")                                                                                    \
    X(DESKTOP_READY, "ready")                                                                                          \
    X(DESKTOP_LOCKED, "locked")                                                                                        \
    X(DESKTOP_ASLEEP, "asleep")                                                                                        \
    X(DESKTOP_UPDATING, "updating")                                                                                    \
    X(DESKTOP_SHUTTING_DOWN, "shutting-down")
#define X(symbol, name) symbol,
enum desktop_state { DESKTOP_STATES(X) DESKTOP_STATE_COUNT };
#undef X

const char *desktop_state_name(enum desktop_state state);
/* Returns the state of that name, or DESKTOP_STATE_COUNT. */
enum desktop_state desktop_state_find(const char *name);

#endif
