/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/options.h"
#include "platform/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_kind { FLAG, COMMAND /* a flag of the command line only */, TEXT, NUMBER, LIST, PROTOCOL, CONFIG };

struct option {
    const char *name;
    enum option_kind kind;
    size_t offset; /* of the field in struct options */
    unsigned min, max;
    const char *argument, *help; /* no help: hidden */
};

#define FIELD(field) offsetof(struct options, field)
static const struct option all_options[] = {
    {"--bind", TEXT, FIELD(bind_to), 0, 0, "ADDRESS",
     "listen on this address, or those of this name, alone (default: all)"},
    {"--allow", LIST, FIELD(allow), 0, 0, "HOST", "let in this name, address or network (10.0.0.0/8); may be repeated"},
    {"--allow-local", FLAG, FIELD(allow_local), 0, 0, NULL,
     "let in any user of this machine, also with --run-as (default: who has the agent's rights)"},
    {"--allow-rpc", LIST, FIELD(allow_rpcs), 0, 0, "NAME,...",
     "serve these RPCs alone; may be repeated (default: all)"},
    {"--input", FLAG, FIELD(input), 0, 0, NULL, "let hosts type and click at the screen (default: they may not)"},
    {"--protocol", PROTOCOL, 0, 0, 0, "1.7|1.8", "testagentd version to speak (default 1.7); 1.8 adds server.argv"},
    {"--workdir", TEXT, FIELD(workdir), 0, 0, "DIR", "work in this folder: relative names start there"},
    {"--no-upgrade", FLAG, FIELD(no_upgrade), 0, 0, NULL, "accept an upgrade, drop it and keep running"},
    {"--max-clients", NUMBER, FIELD(max_clients), 1, 10000, "N", "connections at once (default 400)"},
    {"--io-timeout", NUMBER, FIELD(io_timeout_s), 1, 86400, "SECONDS",
     "end a connection that stalls in the middle of a request or a reply (default 60)"},
    {"--card-class", LIST, FIELD(card_classes), 0, 0, "DRIVER=CLASS",
     "take that driver's graphics cards for passed-through, emulated or virtual; may be repeated"},
    {"--debug", FLAG, FIELD(debug), 0, 0, NULL, "write the log to standard error as well"},
    {"--detach", FLAG, FIELD(detach), 0, 0, NULL, "go on in the background once it listens"},
    {"--show-restarts", FLAG, FIELD(show_restarts), 0, 0, NULL, "count starts in a file: property start.count"},
    {"--set-time-only", FLAG, FIELD(set_time_only), 0, 0, NULL, "answer ping and settime, nothing else"},
    {"--run-as", TEXT, FIELD(run_as), 0, 0, "WHO",
     "run programs as agent, session (who is logged on) or a user by name"},
    {"--journal", TEXT, FIELD(journal), 0, 0, "FOLDER",
     "keep what was promised there over crashes and boots; none: nowhere (default: a service's own folder)"},
    {"--config", CONFIG, FIELD(config), 0, 0, "FILE", "read options from this file first: 'name = value' lines"},
    {"--install", COMMAND, FIELD(install), 0, 0, NULL, "install it as a service with the other options, and start it"},
    {"--autologon", TEXT, FIELD(autologon), 0, 0, "USER",
     "with --install: log this user on at each boot; asks for the password"},
    {"--uninstall", COMMAND, FIELD(uninstall), 0, 0, NULL, "end the service and remove it"},
    {"--status", COMMAND, FIELD(status), 0, 0, NULL, "print the state of the service"},
    {"--audit", COMMAND, FIELD(audit), 0, 0, NULL, "check the settings that a test machine needs (Windows)"},
    {"--fix", COMMAND, FIELD(fix), 0, 0, NULL, "with --audit: correct the settings that differ"},
    {"--selftest", COMMAND, FIELD(selftest), 0, 0, "[FILE]", "try what it can do here, and write a report to FILE"},
    {"--service", COMMAND, FIELD(service), 0, 0, NULL, NULL},
    {"--version", COMMAND, FIELD(version), 0, 0, NULL, "print the version and exit"},
    {"--help", COMMAND, FIELD(help), 0, 0, NULL, "print this help and exit"},
    {"--check", COMMAND, FIELD(check), 0, 0, NULL, NULL},
};
#define OPTION_COUNT (sizeof all_options / sizeof all_options[0])

static int parse_number(const char *text, unsigned min, unsigned max, unsigned *out)
{
    char *end;
    if (*text < '0' || *text > '9')
        return ERR_INVALID;
    unsigned long value = strtoul(text, &end, 10);
    if (*end || value < min || value > max)
        return ERR_INVALID;
    *out = (unsigned)value;
    return 0;
}

static int options_set_value(struct options *options, const struct option *option, const char *value, struct error *err)
{
    char *field = (char *)options + option->offset;
    switch (option->kind) {
    case FLAG:
    case COMMAND:
        *(bool *)(void *)field = true;
        return 0;
    case TEXT:
    case CONFIG:
        *(const char **)(void *)field = value;
        return 0;
    case LIST:
        return strlist_add((struct strlist *)(void *)field, value)
                   ? 0
                   : error_set(err, ERR_NO_MEMORY, "no memory for options");
    case PROTOCOL:
        if (strcmp(value, "1.7") != 0 && strcmp(value, "1.8") != 0)
            return error_set(err, ERR_INVALID, "--protocol: '%s' is neither 1.7 nor 1.8", value);
        options->protocol_minor = (unsigned)(value[2] - '0');
        return 0;
    case NUMBER:
        if (parse_number(value, option->min, option->max, (unsigned *)(void *)field) == 0)
            return 0;
        return error_set(err, ERR_INVALID, "%s: '%s' is not a number from %u to %u", option->name, value, option->min,
                         option->max);
    }
    return ERR_INVALID;
}

static bool is_flag(const struct option *option)
{
    return option->kind == FLAG || option->kind == COMMAND;
}

/* Finds the option of "--name" or "--name=value". *value is the part after the '=', or NULL. */
static const struct option *find_option(const char *argument, const char **value)
{
    size_t len = strcspn(argument, "=");
    *value = argument[len] ? argument + len + 1 : NULL;
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strlen(all_options[i].name) == len && strncmp(all_options[i].name, argument, len) == 0)
            return &all_options[i];
    return NULL;
}

/* Removes the argument that an upgrade added at the front. It is neither for the host (server.argv) nor for the next
   upgrade. */
static void hide_resume(struct options *options)
{
    static const char resume[] = "--resume=";
    if (options->argc < 2 || strncmp(options->argv[1], resume, sizeof resume - 1) != 0)
        return;
    options->resume = options->argv[1] + sizeof resume - 1;
    options->argv[1] = options->argv[0];
    options->argv++;
    options->argc--;
}

/* Parses the option at argv[*index] and moves *index past its value. */
static int parse_option(struct options *options, int *index, struct error *err)
{
    const char *argument = options->argv[*index], *value;
    const struct option *option = find_option(argument, &value);
    if (!option)
        return error_set(err, ERR_INVALID, "unknown option '%s'", argument);
    if (is_flag(option) && value)
        return error_set(err, ERR_INVALID, "%s takes no value", option->name);
    if (!is_flag(option) && !value) {
        if (*index + 1 >= options->argc)
            return error_set(err, ERR_INVALID, "%s needs a value: %s", option->name, option->argument);
        value = options->argv[++*index];
    }
    return options_set_value(options, option, value, err);
}

static int set_port(struct options *options, const char *value, struct error *err)
{
    unsigned port;
    if (parse_number(value, 0, 65535, &port))
        return error_set(err, ERR_INVALID, "'%s' is not a port", value);
    options->port = (uint16_t)port;
    options->has_port = true;
    return 0;
}

static int parse_positional(struct options *options, int position, const char *value, struct error *err)
{
    if (position == 0 && options->selftest) {
        options->report = value;
        return 0;
    }
    if (position == 0)
        return set_port(options, value, err);
    if (position == 1)
        return strlist_add(&options->allow, value) ? 0 : error_set(err, ERR_NO_MEMORY, "no memory for options");
    return error_set(err, ERR_INVALID, "unexpected argument '%s'", value);
}

/* Checks for options that exclude or need one another. */
static int check_combinations(const struct options *options, struct error *err)
{
    unsigned commands =
        0U + options->install + options->uninstall + options->status + options->audit + options->selftest;
    if (commands > 1)
        return error_set(err, ERR_INVALID,
                         "--install, --uninstall, --status, --audit and --selftest exclude each other");
    if (options->fix && !options->audit)
        return error_set(err, ERR_INVALID, "--fix is for --audit");
    if (options->autologon && !options->install)
        return error_set(err, ERR_INVALID, "--autologon is for --install");
    if (options->install && options->detach)
        return error_set(err, ERR_INVALID, "--install: a service is in the background without --detach");
    if (!options->has_port && commands == 0 && !options->help && !options->version)
        return error_set(err, ERR_INVALID, "no PORT given");
    return 0;
}

/* Sets one option by its name without the dashes, as a configuration file has it: flags are "yes" or "no". */
static int options_set(void *context, const char *name, const char *value, struct error *err)
{
    struct options *options = context;
    char argument[64];
    const char *rest;
    if (strcmp(name, "port") == 0)
        return set_port(options, value, err);
    snprintf(argument, sizeof argument, "--%s", name);
    const struct option *option = strchr(name, '=') ? NULL : find_option(argument, &rest);
    if (!option || option->kind == COMMAND || option->kind == CONFIG || option->offset == FIELD(autologon))
        return error_set(err, ERR_INVALID, "unknown option '%s'", name);
    if (option->kind != FLAG)
        return options_set_value(options, option, value, err);
    if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
        return error_set(err, ERR_INVALID, "%s: '%s' is neither yes nor no", name, value);
    *(bool *)(void *)((char *)options + option->offset) = *value == 'y';
    return 0;
}

/* Reads the configuration file. It is read before the command line is parsed, which takes precedence. */
static int read_config(struct options *options, struct error *err)
{
    for (int i = 1; i < options->argc; i++) {
        const char *argument = options->argv[i], *value;
        const struct option *option = argument[0] == '-' && argument[1] ? find_option(argument, &value) : NULL;
        if (!option || is_flag(option))
            continue;
        if (!value && ++i < options->argc)
            value = options->argv[i];
        if (option->kind == CONFIG && value)
            return config_read(value, &options->config_text, options_set, options, err);
    }
    return 0;
}

int options_parse(struct options *options, int argc, char **argv, struct error *err)
{
    int positions = 0;
    *options = (struct options){.protocol_minor = 7,
                                .max_clients = MAX_CLIENTS_DEFAULT,
                                .io_timeout_s = IO_TIMEOUT_DEFAULT_S,
                                .argc = argc,
                                .argv = argv};
    hide_resume(options);
    int status = read_config(options, err);
    if (status)
        return status;
    for (int i = 1; i < options->argc; i++) {
        const char *argument = options->argv[i];
        status = argument[0] == '-' && argument[1] ? parse_option(options, &i, err)
                                                   : parse_positional(options, positions++, argument, err);
        if (status)
            return status;
    }
    if (!options->has_port)
        options->port = PORT_DEFAULT;
    return check_combinations(options, err);
}

void options_of_service(const struct options *options, struct strlist *argv)
{
    bool has_port = options->config != NULL;
    strlist_add(argv, options->argv[0]);
    strlist_add(argv, "--service");
    for (int i = 1; i < options->argc; i++) {
        const char *argument = options->argv[i], *value;
        const struct option *option = argument[0] == '-' && argument[1] ? find_option(argument, &value) : NULL;
        bool has_next_value = option && !is_flag(option) && !value;
        bool kept = !option || (option->offset != FIELD(install) && option->offset != FIELD(autologon));
        has_port |= !option;
        if (kept)
            strlist_add(argv, argument);
        if (has_next_value && kept)
            strlist_add(argv, options->argv[i + 1]);
        i += has_next_value;
    }
    if (!has_port)
        strlist_addf(argv, "%u", options->port);
}

void options_deinit(struct options *options)
{
    strlist_deinit(&options->allow);
    strlist_deinit(&options->allow_rpcs);
    free(options->config_text);
    strlist_deinit(&options->card_classes);
}

void options_print_help(const char *program)
{
    printf("Usage: %s [options] PORT [SRCHOST]\n\n"
           "Periscope's agent in a test guest: runs what a host sends, returns files, takes pictures of the\n"
           "screen, over testagentd's protocol. PORT 0 picks a free one. SRCHOST is the host that may\n"
           "connect; with neither it nor --allow, only loopback, private and link-local addresses may.\n\n"
           "Options:\n",
           program);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &all_options[i];
        char left[64];
        if (!option->help)
            continue;
        snprintf(left, sizeof left, "%s%s%s", option->name, option->argument ? " " : "",
                 option->argument ? option->argument : "");
        printf("  %-22s %s\n", left, option->help);
    }
    printf("\nExamples:\n"
           "  %s 9000 testbot.example.org       as testagentd, for one host\n"
           "  %s --allow 192.168.122.0/24 9000  for a whole network of hosts\n"
           "  %s --bind 127.0.0.1 0             on a free port of this machine alone\n"
           "  %s --config /etc/periscope/periscoped.conf\n",
           program, program, program, program);
}
