/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent as a service of the system, which starts before anyone logs on. Where the system's own tools install it, the
   functions that would are refused with ERR_UNAVAILABLE. */
#ifndef PLATFORM_SERVICE_H
#define PLATFORM_SERVICE_H

#include "base/error.h"
#include "base/strlist.h"

#include <stdbool.h>

/* ---- being one ---- */

struct os_service_program {                        /* all borrowed */
    int (*main)(void *context);                    /* the process's exit status */
    void (*stop)(void *context);                   /* main is to return soon. Another thread; only once it is ready */
    void (*note)(void *context, const char *text); /* for the log, as stop: what happens to the sessions */
    void *context;
};
/* Runs the program. managed: the system's service manager has started this process, and is notified of its start and end.
   Returns main's exit status, or a negative status. Once. */
int os_service_run(const struct os_service_program *program, bool managed, struct error *err);
void os_service_ready(const char *text);  /* it serves now; the text for the system's log. Without a manager, nothing */
void os_service_failed(const char *text); /* why main will return; for the system's log. The same */
/* Returns how long the service manager waits for a sign of life before it ends the agent, 0 where it does not. */
int os_service_patience_ms(void);
void os_service_is_alive(void); /* gives such a sign */
/* Has ending(context) called before a signal that asks the process to end does so; on Windows stop() is all. Once. */
void os_service_on_end(void (*ending)(void *context), void *context);
/* Returns whether the machine is going down, as far as the system tells by now. */
bool os_service_machine_ends(void);
/* Returns whether the service manager has started this agent, or the one that it is an upgrade of. */
bool os_service_is_one(void);

/* ---- installing it ---- */

struct os_service_settings { /* all borrowed */
    const char *const *argv; /* of the service, NULL-terminated; argv[0] becomes the executable's full path */
    const char *autologon;   /* NULL, or the user who is logged on at each boot; the password is asked for */
};
/* Installs and starts the service. Adds to `report`, a line each, what was done, or could not be although the service
   exists now. */
int os_service_install(const struct os_service_settings *settings, struct strlist *report, struct error *err);
int os_service_uninstall(struct strlist *report, struct error *err);
/* Returns 0 when it runs, ERR_UNAVAILABLE when it does not, ERR_NOT_FOUND when it is not installed. */
int os_service_status(struct strlist *report, struct error *err);

#endif
