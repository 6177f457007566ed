/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/access/allow.h"
#include "agent/access/allowed_rpcs.h"
#include "agent/audit.h"
#include "agent/run.h"
#include "agent/selftest/selftest.h"
#include "agent/service.h"
#include "agent/worker/main.h"
#include "base/number.h"
#include "platform/dump.h"
#include "platform/pty.h"
#include "platform/stream.h"
#include "platform/upgrade.h"

#include <stdio.h>
#include <string.h>

#define EXIT_USAGE 2

static int check_rules(const struct options *options, struct error *err)
{
    struct allow *allow;
    int status = allow_new(&allow, &options->allow, err);
    if (status)
        return status;
    allow_free(allow);
    if (options->bind_to)
        status = allow_check_host(options->bind_to, err);
    return status ? status : allowed_rpcs_check(&options->allow_rpcs, err);
}

static int dump_main(const char *text)
{
    struct error err;
    uint64_t pid;
    if (!number_take(&text, UINT32_MAX, &pid) || *text)
        return EXIT_USAGE;
    if (os_process_dump_to_output(pid, &err) == 0)
        return 0;
    fprintf(stderr, "periscoped: %s\n", err.text);
    return 1;
}

int main(int argc, char **argv)
{
    struct options options;
    struct error err;
    const char *first = argc > 1 ? argv[1] : "";
    os_stream_open_standard();
    if (argc == 2 && strcmp(argv[1], WORKER_ARGUMENT) == 0)
        return worker_main();
    int other = worker_source_main(argc, argv);
    if (other < 0)
        other = os_pty_main(argc, argv);
    if (other >= 0)
        return other;
    if (argc == 3 && strcmp(argv[1], OS_DUMP_ARGUMENT) == 0)
        return dump_main(argv[2]);
    if (argc >= 2 && strcmp(argv[1], SELFTEST_CHILD) == 0)
        return selftest_child(argc - 2, argv + 2);
    int status = options_parse(&options, argc, argv, &err);
    if (status == 0)
        status = check_rules(&options, &err);
    if (status) {
        fprintf(stderr, "periscoped: %s\nTry '%s --help'.\n", err.text, argv[0]);
    } else if (options.help) {
        options_print_help(argv[0]);
    } else if (options.version || options.check) {
        printf("periscoped %s (testagentd 1.%u)\n", PERISCOPE_VERSION, options.protocol_minor);
    } else if (options.audit) {
        status = audit_command(&options);
    } else if (options.selftest) {
        status = selftest_command(&options);
    } else if (options.install || options.uninstall || options.status) {
        status = service_command(&options);
    } else {
        status = agent_run(&options);
    }
    options_deinit(&options);
    if (status)
        os_upgrade_again(argv, first);
    return status < 0 ? EXIT_USAGE : status;
}
