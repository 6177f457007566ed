/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of periscoped: the options of testagentd, and more. */
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
    uint16_t port;               /* 0: pick a free one */
    bool has_port;               /* else the port is the default one */
    const char *bind_to;         /* NULL: every address. All strings are borrowed from argv, or from config_text */
    struct strlist allow;        /* owned: SRCHOST and every --allow */
    struct strlist allow_rpcs;   /* owned: every --allow-rpc, "NAME,NAME" */
    struct strlist card_classes; /* owned: every --card-class, "DRIVER=CLASS" */
    const char *workdir;
    const char *run_as;      /* NULL: the user of the session for a service, else the agent's own */
    const char *journal;     /* NULL: the folder of a service; "none" */
    const char *autologon;   /* with install */
    const char *report;      /* the file that selftest writes, or NULL */
    const char *config;      /* the file that was read first, or NULL */
    char *config_text;       /* owned: the content of that file, cut into strings */
    const char *resume;      /* hidden: the state that an upgraded agent takes over */
    unsigned protocol_minor; /* 7 or 8 */
    unsigned max_clients;
    unsigned io_timeout_s; /* without a byte in the middle of a request or a reply */
    bool debug, detach, show_restarts, set_time_only, no_upgrade;
    bool allow_local; /* any user of this machine may connect */
    bool input;       /* hosts may type and click */
    bool install, uninstall, status;
    bool audit, fix, selftest;
    bool service;              /* hidden: started by the service manager */
    bool help, version, check; /* check: hidden; parse, print the version and exit, to test an upgrade */
    int argc;
    char **argv; /* borrowed: the whole command line */
};

/* Parses the command line. ERR_INVALID with one line that names the option. */
int options_parse(struct options *options, int argc, char **argv, struct error *err);
/* Appends the command line of the service that --install makes: the given options without those of the installation. */
void options_of_service(const struct options *options, struct strlist *argv);
void options_deinit(struct options *options);
void options_print_help(const char *program);

#endif
