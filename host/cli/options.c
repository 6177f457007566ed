/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/options.h"

#include "host/cli/nearest.h"

#include "base/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct cli_option common_options[] = {
    {"host", 'H', "HOST[:PORT]", "the agent; all operands are then those after HOST"},
    {"timeout", 't', "SECONDS", "how long the agent may be silent (60)"},
    {"connect-timeout", 0, "SECONDS", "how long connecting may take (20)"},
    {"total-limit", 0, "SECONDS", "how long the verb may take as a whole, whatever the guest does (no limit)"},
    {"json", 0, NULL, "print one JSON object on standard output, even after a failure"},
    {"quiet", 'q', NULL, "no progress bar, and no line about what was done"},
    {"verbose", 'v', NULL, "print all facts, and the reasons that are no news"},
    {"help", 'h', NULL, "this text"},
    {0},
};

/* Those that a verb without a guest has of them. */
static const struct cli_option local_options[] = {
    {"json", 0, NULL, "print one JSON object on standard output, even after a failure"},
    {"quiet", 'q', NULL, "no line about what was done"},
    {"help", 'h', NULL, "this text"},
    {0},
};

static const struct cli_option *option_common(const struct command *command)
{
    return command->no_guest ? local_options : common_options;
}

static const struct cli_option *option_find_in(const struct cli_option *list, const char *name, size_t len, char letter)
{
    for (; list && list->name; list++)
        if (letter ? list->letter == letter : strlen(list->name) == len && memcmp(list->name, name, len) == 0)
            return list;
    return NULL;
}

const struct cli_option *cli_option_at(const struct command *command, size_t index)
{
    for (const struct cli_option *option = command->options; option && option->name; option++)
        if (index-- == 0)
            return option;
    for (const struct cli_option *option = option_common(command); option->name; option++)
        if (!option_find_in(command->options, option->name, strlen(option->name), 0) && index-- == 0)
            return option;
    return NULL;
}

static const struct cli_option *option_find(const struct cli *cli, const char *name, size_t len, char letter)
{
    const struct cli_option *option = option_find_in(cli->command->options, name, len, letter);
    return option ? option : option_find_in(option_common(cli->command), name, len, letter);
}

static void option_keep_first_error(struct error *first, const struct error *one)
{
    if (!first->status)
        *first = *one;
}

static void option_add_setting(struct cli *cli, const struct cli_option *option, const char *value)
{
    cli->settings[cli->setting_count++] = (struct cli_setting){option, value};
}

/* Reports an option that there is not, with the nearest one that there is. */
static void option_unknown(const struct cli *cli, const char *name, size_t len, struct error *err)
{
    const struct cli_option *option;
    struct nearest nearest = nearest_to(name, len);
    char hint[NEAREST_HINT_SIZE];
    for (size_t i = 0; (option = cli_option_at(cli->command, i)); i++)
        nearest_consider(&nearest, option->name);
    error_set(err, ERR_INVALID, "there is no option --%.*s%s", (int)(len > 100 ? 100 : len), name,
              nearest_hint(&nearest, "--", hint));
}

/* Parses --name, --name=VALUE or --name VALUE. Returns how many words were consumed. */
static int option_parse_long(struct cli *cli, char **args, struct error *err)
{
    const char *name = args[0] + 2, *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    const struct cli_option *option = option_find(cli, name, len, 0);
    if (!option) {
        option_unknown(cli, name, len, err);
        return 1;
    }
    if (!option->argument && equals) {
        error_set(err, ERR_INVALID, "option --%s takes no argument", option->name);
        return 1;
    }
    if (!option->argument || equals) {
        option_add_setting(cli, option, equals ? equals + 1 : "");
        return 1;
    }
    if (!args[1]) {
        error_set(err, ERR_INVALID, "option --%s needs an argument: %s", option->name, option->argument);
        return 1;
    }
    option_add_setting(cli, option, args[1]);
    return 2;
}

/* Parses -q, -qj, -t 5 or -t5. Returns how many words were consumed. */
static int option_parse_short(struct cli *cli, char **args, struct error *err)
{
    for (const char *p = args[0] + 1; *p; p++) {
        const struct cli_option *option = option_find(cli, NULL, 0, *p);
        if (!option) {
            error_set(err, ERR_INVALID, "there is no option -%c", *p);
            return 1;
        }
        if (!option->argument) {
            option_add_setting(cli, option, "");
            continue;
        }
        if (p[1]) {
            option_add_setting(cli, option, p + 1);
            return 1;
        }
        if (!args[1]) {
            error_set(err, ERR_INVALID, "option -%c needs an argument: %s", *p, option->argument);
            return 1;
        }
        option_add_setting(cli, option, args[1]);
        return 2;
    }
    return 1;
}

/* Returns an upper bound of the number of settings: a word makes at most one, or one for each of its letters. */
static size_t option_most_settings(char **args)
{
    size_t most = 1;
    for (; *args; args++)
        most += strlen(*args) + 1;
    return most;
}

int cli_parse(struct cli *cli, char **args, size_t *operand_count, struct error *err)
{
    size_t count = 0;
    bool only_operands = false;
    struct error first = {0};
    cli->settings = calloc(option_most_settings(args), sizeof *cli->settings);
    if (!cli->settings)
        return error_set(err, ERR_NO_MEMORY, "no memory for the command line");
    for (char **word = args; *word;) {
        struct error one = {0};
        size_t before_program = cli_option(cli, "host") ? 0 : 1;
        if (cli->command->runs_program && count > before_program)
            only_operands = true;
        if (only_operands || (*word)[0] != '-' || !(*word)[1]) {
            args[count++] = *word++;
        } else if (strcmp(*word, "--") == 0) {
            only_operands = true;
            word++;
        } else {
            word += (*word)[1] == '-' ? option_parse_long(cli, word, &one) : option_parse_short(cli, word, &one);
        }
        if (one.status)
            option_keep_first_error(&first, &one);
    }
    args[count] = NULL;
    *operand_count = count;
    if (first.status)
        *err = first;
    return first.status;
}

const char *cli_option(const struct cli *cli, const char *name)
{
    for (size_t i = cli->setting_count; i-- > 0;)
        if (strcmp(cli->settings[i].option->name, name) == 0)
            return cli->settings[i].value;
    return NULL;
}

const char **cli_option_all(const struct cli *cli, const char *name)
{
    size_t count = 0;
    const char **values = calloc(cli->setting_count + 1, sizeof *values);
    for (size_t i = 0; values && i < cli->setting_count; i++)
        if (strcmp(cli->settings[i].option->name, name) == 0)
            values[count++] = cli->settings[i].value;
    return values;
}

bool cli_number(struct cli *cli, const char *what, const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
    const char *end = text;
    if (!number_take(&end, max, value) || *end || *value < min) {
        cli_usage(cli, "%s is '%s', not a number from %" PRIu64 " to %" PRIu64, what, text, min, max);
        return false;
    }
    return true;
}

bool cli_seconds(struct cli *cli, const char *what, const char *text, int *ms)
{
    static const int most = INT_MAX / 1000;
    char *end;
    /* strtod would also accept "inf", "nan" and hexadecimal numbers. */
    bool plain = text[strspn(text, "0123456789.")] == '\0' && *text;
    double seconds = plain ? strtod(text, &end) : 0;
    if (!plain || *end || seconds > most) {
        cli_usage(cli, "%s is '%s', not seconds from 0 to %d", what, text, most);
        return false;
    }
    *ms = (int)ceil(seconds * 1000 - 1e-6);
    return true;
}

int cli_pass_on(struct cli *cli, const char *const *names, struct strlist *list)
{
    const char *deadline = cli_option(cli, "deadline");
    int deadline_ms;
    for (; *names; names++)
        if (cli_option(cli, *names))
            strlist_addf(list, "%s=%s", *names, cli_option(cli, *names));
    if (cli_option(cli, "no-cursor"))
        strlist_add(list, "cursor=0");
    if (deadline && !cli_seconds(cli, "--deadline", deadline, &deadline_ms))
        return CLI_USAGE;
    if (deadline)
        strlist_addf(list, "deadline-ms=%d", deadline_ms);
    return list->failed ? cli_error(cli, CLI_FAILED, "no memory for the options") : CLI_OK;
}

const char *cli_file_name(const char *path)
{
    const char *name = path;
    for (const char *p = path; *p; p++)
        if (*p == '/' || *p == '\\')
            name = p + 1;
    return name;
}
