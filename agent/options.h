/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of periscoped: testagentd's, and more. */
#ifndef AGENT_OPTIONS_H
#define AGENT_OPTIONS_H

#include "base/error.h"
#include "base/strlist.h"

#include <stdbool.h>
#include <stdint.h>

#define MAX_CLIENTS_DEFAULT 400
#define IO_TIMEOUT_DEFAULT_S 60
#define PORT_DEFAULT 9000 /* of a service that is installed without one */

struct options {
    uint16_t port;               /* 0: pick one */
    bool has_port;               /* else it is the default one */
    const char *bind_to;         /* NULL: every address. All strings are borrowed from argv, or from config_text */
    struct strlist allow;        /* owned: SRCHOST and every --allow */
    struct strlist card_classes; /* owned: every --card-class, "DRIVER=CLASS" */
    const char *workdir;
    const char *run_as;      /* NULL: the user of the session for a service, else the agent's own */
    const char *autologon;   /* with install */
    const char *report;      /* the file that selftest writes, or NULL */
    const char *config;      /* the file that was read first, or NULL */
    char *config_text;       /* owned: what it held, cut into strings */
    const char *resume;      /* hidden: what an upgraded agent takes over */
    unsigned protocol_minor; /* 7 or 8 */
    unsigned max_clients;
    unsigned io_timeout_s; /* in the middle of a request or a reply, without a byte */
    bool debug, detach, show_restarts, set_time_only, no_upgrade;
    bool install, uninstall, status;
    bool audit, fix, selftest;
    bool service;              /* hidden: the manager of services has started it */
    bool help, version, check; /* check: hidden; parse, say the version and exit, for an upgrade's probe */
    int argc;
    char **argv; /* borrowed: the whole command line */
};

/* ERR_INVALID with one line that names the option. */
int options_parse(struct options *options, int argc, char **argv, struct error *err);
/* The command line of the service that --install makes: what was given, but for what tells how to install. Appended. */
void options_of_service(const struct options *options, struct strlist *argv);
void options_deinit(struct options *options);
void options_print_help(const char *program);

#endif
