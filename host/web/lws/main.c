/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* periscope-gateway: what `periscope serve` runs. */
#include "host/web/lws/common.h"
#include "host/web/lws/server.h"

#include "platform/memory.h"
#include "platform/stream.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: periscope-gateway [--config FILE] [--NAME VALUE...] [HOST[:PORT]...]\n"
    "\n"
    "Shows the screens of guests in a browser. NAME is an option of the configuration file: listen, guest, host,\n"
    "prefix, proxy, token, token-file, certificate, key, keep-alive, novnc, pages. See periscope-gateway(1).\n";

static void main_on_signal(int number)
{
    (void)number;
    server_stop();
}

/* Takes "--NAME VALUE" or "--NAME=VALUE"; returns how many words that were, or a negative status. */
static int main_take_option(char **args, struct error *err)
{
    char name[64];
    const char *equals = strchr(args[0], '=');
    size_t len = equals ? (size_t)(equals - args[0] - 2) : strlen(args[0]) - 2;
    snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1), args[0] + 2);
    const char *value = equals ? equals + 1 : args[1];
    if (!value)
        return error_set(err, ERR_INVALID, "option --%s needs a value", name);
    int status = strcmp(name, "config") == 0 ? web_config_read(&gateway.config, value, err)
                                             : web_config_set(&gateway.config, name, value, err);
    return status ? status : equals ? 1 : 2;
}

static int main_take_line(char **args, struct error *err)
{
    while (*args) {
        int words = 1;
        if (strncmp(*args, "--", 2) == 0)
            words = main_take_option(args, err);
        else
            words = web_config_add_host(&gateway.config, *args, err) ? err->status : 1;
        if (words < 0)
            return words;
        args += words;
    }
    return web_config_complete(&gateway.config, err);
}

static int main_complain(const struct error *err, int exit_status)
{
    fprintf(stderr, "periscope-gateway: %s\n", err->text);
    return exit_status;
}

int main(int argc, char **argv)
{
    struct error err = {0};
    os_stream_open_standard();
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "--version") == 0)) {
        fputs(argv[1][2] == 'h' ? usage : "periscope-gateway " PERISCOPE_VERSION "\n", stdout);
        return 0;
    }
    os_memory_init();
    web_config_init(&gateway.config);
    if (main_take_line(argv + 1, &err))
        return main_complain(&err, 2);
    auth_init(&gateway.auth, &gateway.config);
    signal(SIGINT, main_on_signal);
    signal(SIGTERM, main_on_signal);
    return server_run(&err) ? main_complain(&err, 1) : 0;
}
