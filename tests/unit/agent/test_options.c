/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/options.h"

#include "tests/unit/check.h"

#include <stdlib.h>

static const struct cli_option own[] = {
    {"env", 'e', "NAME=VALUE", ""},
    {"append", 'a', NULL, ""},
    {"timeout", 't', "SECONDS", ""},
    {0},
};
static const struct command plain = {.name = "plain", .options = own};
static const struct command program = {.name = "program", .options = own, .runs_program = true};

static char text[1024];

/* What a line means: its settings and operands, or the error, in one text. */
static const char *parse(const struct command *command, const char *line)
{
    char copy[256], *args[32], *next = copy;
    size_t count = 0, operands;
    struct error err;
    struct cli cli = {.command = command};
    strcpy(copy, line);
    for (char *word; count < 31 && (word = strtok(next, " ")); next = NULL)
        args[count++] = strcmp(word, "''") == 0 ? word + 2 : word;
    args[count] = NULL;
    size_t len = 0;
    *text = '\0';
    int status = cli_parse(&cli, args, &operands, &err);
    for (size_t i = 0; i < cli.setting_count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "{%s=%s}", cli.settings[i].option->name,
                                cli.settings[i].value);
    for (size_t i = 0; i < operands; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "[%s]", args[i]);
    CHECK(args[operands] == NULL);
    if (status)
        snprintf(text + len, sizeof text - len, " %s", err.text);
    free(cli.settings);
    return text;
}

static void options_stand_anywhere(void)
{
    CHECK_TEXT(parse(&plain, "vm --env A=1 x -e B y --env=C=2 -eD"), "{env=A=1}{env=B}{env=C=2}{env=D}[vm][x][y]");
    CHECK_TEXT(parse(&plain, "-aq -t 5 vm -"), "{append=}{quiet=}{timeout=5}[vm][-]");
    CHECK_TEXT(parse(&plain, "-at5 vm"), "{append=}{timeout=5}[vm]");
    CHECK_TEXT(parse(&plain, "vm -- -a --json"), "[vm][-a][--json]");
    CHECK_TEXT(parse(&plain, "vm -e --json"), "{env=--json}[vm]");
    CHECK_TEXT(parse(&plain, "vm ''"), "[vm][]");
    CHECK_TEXT(parse(&plain, ""), "");
}

static void options_end_at_the_program(void)
{
    CHECK_TEXT(parse(&program, "-a vm --json ls -l --help"), "{append=}{json=}[vm][ls][-l][--help]");
    CHECK_TEXT(parse(&program, "-H vm ls -a"), "{host=vm}[ls][-a]");
    CHECK_TEXT(parse(&program, "vm -- -program -a"), "[vm][-program][-a]");
}

static void options_that_are_wrong(void)
{
    CHECK_TEXT(parse(&plain, "vm --none"), "[vm] there is no option --none");
    CHECK_TEXT(parse(&plain, "vm -z"), "[vm] there is no option -z");
    CHECK_TEXT(parse(&plain, "vm --append=1"), "[vm] option --append takes no argument");
    CHECK_TEXT(parse(&plain, "vm --env"), "[vm] option --env needs an argument: NAME=VALUE");
    CHECK_TEXT(parse(&plain, "vm -e"), "[vm] option -e needs an argument: NAME=VALUE");
    CHECK_TEXT(parse(&plain, "vm --en A"), "[vm][A] there is no option --en; did you mean '--env'?");
}

/* So that a failure can be told as JSON. */
static void options_behind_a_wrong_one_count(void)
{
    CHECK_TEXT(parse(&plain, "vm --none --json -z"), "{json=}[vm] there is no option --none");
}

static void of_a_setting_given_twice_the_last_counts(void)
{
    char *args[] = {"--timeout", "1", "-t2", "-e", "A", "--timeout=3", "-eB", NULL};
    size_t operands;
    struct error err;
    struct cli cli = {.command = &plain};
    CHECK_INT(cli_parse(&cli, args, &operands, &err), 0);
    CHECK_TEXT(cli_option(&cli, "timeout"), "3");
    CHECK(!cli_option(&cli, "append"));
    const char **all = cli_option_all(&cli, "env");
    CHECK_TEXT(all[0], "A");
    CHECK_TEXT(all[1], "B");
    CHECK(!all[2]);
    free(all);
    free(cli.settings);
}

static bool seconds(const char *given, int want)
{
    struct cli cli = {.command = &plain};
    int ms = -2;
    return cli_seconds(&cli, "--timeout", given, &ms) && ms == want;
}

static void seconds_to_the_millisecond(void)
{
    CHECK(seconds("0", 0));
    CHECK(seconds("90", 90000));
    CHECK(seconds("1.5", 1500));
    CHECK(seconds(".001", 1));
    CHECK(seconds("0.0001", 1)); /* a time, if a short one, is not none */
    CHECK(seconds("2147483", 2147483000));
    static const char *const wrong[] = {"", ".", "-1", "1e3", "0x10", "inf", "nan", "1.2.3", "1s", " 1", "2147484"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(!seconds(wrong[i], 0));
}

static void file_names(void)
{
    CHECK_TEXT(cli_file_name("a"), "a");
    CHECK_TEXT(cli_file_name("/tmp/a.txt"), "a.txt");
    CHECK_TEXT(cli_file_name("C:\\temp\\a.txt"), "a.txt");
    CHECK_TEXT(cli_file_name("dir/"), "");
}

int main(void)
{
    RUN(options_stand_anywhere);
    RUN(options_end_at_the_program);
    RUN(options_that_are_wrong);
    RUN(options_behind_a_wrong_one_count);
    RUN(of_a_setting_given_twice_the_last_counts);
    RUN(seconds_to_the_millisecond);
    RUN(file_names);
    return CHECK_RESULT();
}
