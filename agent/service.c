/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/service.h"
#include "platform/service.h"

#include <stdio.h>

/* Checks that --workdir is a full path, since the service starts in another folder than the installer's. */
static int check_workdir(const struct options *options, struct error *err)
{
    const char *dir = options->workdir;
    if (!dir || dir[0] == '/' || dir[0] == '\\' || (dir[0] && dir[1] == ':'))
        return 0;
    return error_set(err, ERR_INVALID, "--install: --workdir '%s' is not a full path", dir);
}

static int service_install_command(const struct options *options, struct strlist *lines, struct error *err)
{
    struct strlist argv = {0};
    int status = check_workdir(options, err);
    if (status)
        return status;
    options_of_service(options, &argv);
    struct os_service_settings settings = {(const char *const *)argv.items, options->autologon};
    status = argv.failed ? error_set(err, ERR_NO_MEMORY, "no memory for the service's command line")
                         : os_service_install(&settings, lines, err);
    strlist_deinit(&argv);
    return status;
}

static int exit_status(const struct options *options, int status)
{
    if (status == 0)
        return 0;
    if (options->status && status == ERR_UNAVAILABLE)
        return SERVICE_EXIT_STOPPED;
    return options->status && status == ERR_NOT_FOUND ? SERVICE_EXIT_NONE : 1;
}

int service_command(const struct options *options)
{
    struct strlist lines = {0};
    struct error err;
    int status = options->install     ? service_install_command(options, &lines, &err)
                 : options->uninstall ? os_service_uninstall(&lines, &err)
                                      : os_service_status(&lines, &err);
    for (size_t i = 0; i < lines.count; i++)
        puts(lines.items[i]);
    fflush(stdout);
    if (status)
        fprintf(stderr, "periscoped: %s\n", err.text);
    strlist_deinit(&lines);
    return exit_status(options, status);
}
