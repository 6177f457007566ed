/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/process/command_line.h"
#include "win32/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append_backslashes(struct buffer *out, size_t count)
{
    while (count-- > 0)
        buffer_append(out, "\\", 1);
}

/* Appends an argument in quotes. Backslashes count double in front of a quote, and only there: the closing one too. */
static void append_quoted(struct buffer *out, const char *argument)
{
    buffer_append(out, "\"", 1);
    for (;;) {
        size_t backslashes = strspn(argument, "\\");
        argument += backslashes;
        append_backslashes(out, *argument == '"' || !*argument ? 2 * backslashes : backslashes);
        if (!*argument)
            break;
        if (*argument == '"')
            append_backslashes(out, 1);
        buffer_append(out, argument++, 1);
    }
    buffer_append(out, "\"", 1);
}

static void append_argument(struct buffer *out, const char *argument)
{
    buffer_append(out, " ", 1);
    if (!*argument || strpbrk(argument, " \t\n\v\""))
        append_quoted(out, argument);
    else
        buffer_append(out, argument, strlen(argument));
}

void command_line_build(struct buffer *out, const char *const *argv)
{
    /* Of the program's name programs take all up to the next quote, backslashes as they are. */
    buffer_printf(out, "\"%s\"", argv[0]);
    for (size_t i = 1; argv[i]; i++)
        append_argument(out, argv[i]);
    buffer_append(out, "", 1);
}

static bool ends_in(const char *text, const char *ending)
{
    size_t len = strlen(text), ending_len = strlen(ending);
    if (len < ending_len)
        return false;
    for (size_t i = 0; i < ending_len; i++)
        if ((text[len - ending_len + i] | 0x20) != (ending[i] | 0x20))
            return false;
    return true;
}

bool command_line_is_batch(const char *program)
{
    return ends_in(program, ".bat") || ends_in(program, ".cmd");
}

static bool passes_shell(const char *text)
{
    return !strpbrk(text, "\"%\r\n");
}

/* Appends an argument for a script, always in quotes but where they would do harm: a backslash before the closing one
   escapes it for the program that the script passes its arguments on to. Two are one there, and as good as one in a path
   for the script itself. */
static void append_batch_argument(struct buffer *out, const char *argument)
{
    size_t len = strlen(argument), backslashes = 0;
    while (backslashes < len && argument[len - 1 - backslashes] == '\\')
        backslashes++;
    if (backslashes > 0 && !strpbrk(argument, " \t,;=&|<>^()@!'`")) {
        buffer_printf(out, " %s", argument);
        return;
    }
    buffer_printf(out, " \"%s", argument);
    append_backslashes(out, backslashes);
    buffer_append(out, "\"", 1);
}

bool command_line_build_batch(struct buffer *out, const char *script, const char *const *argv)
{
    if (!passes_shell(script))
        return false;
    /* /s: the outermost quotes go, and what is between them is taken as it is. */
    buffer_printf(out, "cmd.exe /d /s /c \"\"%s\"", script);
    for (size_t i = 1; argv[i]; i++) {
        if (!passes_shell(argv[i]))
            return false;
        append_batch_argument(out, argv[i]);
    }
    buffer_append(out, "\"", 2);
    return true;
}

/* ---- its own ---- */

int main(int argc, char **argv);
int wmain(int argc, wchar_t **argv);

int _dowildcard = 0; /* read by mingw's start-up code */

/* Starts the program: main() gets its arguments in UTF-8, as they are, no wildcard expanded. */
int wmain(int argc, wchar_t **argv)
{
    char **list = calloc((size_t)argc + 1, sizeof *list);
    for (int i = 0; list && i < argc; i++) {
        list[i] = utf8_from(argv[i]);
        if (!list[i])
            list = NULL;
    }
    if (!list) {
        fputs("no memory for the command line\n", stderr);
        return 1;
    }
    return main(argc, list);
}
