/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Here the system's own tools do it: a unit starts the agent as any program, and a signal ends it. */
#include "platform/service.h"

int os_service_run(const struct os_service_program *program, bool managed, struct error *err)
{
    if (managed)
        return error_set(err, ERR_UNAVAILABLE, "--service is for Windows");
    return program->main(program->context);
}

void os_service_ready(const char *text)
{
    (void)text;
}

void os_service_failed(const char *text)
{
    (void)text;
}

bool os_service_is_one(void)
{
    return false;
}

static int refuse(struct error *err)
{
    return error_set(err, ERR_UNAVAILABLE, "the agent installs itself on Windows only");
}

int os_service_install(const struct os_service_settings *settings, struct strlist *told, struct error *err)
{
    (void)settings;
    (void)told;
    return refuse(err);
}

int os_service_uninstall(struct strlist *told, struct error *err)
{
    (void)told;
    return refuse(err);
}

int os_service_status(struct strlist *told, struct error *err)
{
    (void)told;
    return refuse(err);
}
