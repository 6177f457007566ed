/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The scripts know of each verb its options, and what an option's argument is by its name in the table: "png|ppm" is one of
   these, "DIR" a folder here, "SOCKET", "DIFF", "HTML" and "APNG" a file here, "HOST..." the agent. Files of the guest are not
   known here. */
#include "host/cli/completion.h"

#include "host/cli/commands.h"
#include "host/cli/options.h"
#include "host/cli/out.h"

#include <stdio.h>
#include <string.h>

static const char *const program_options[] = {"--help", "--version", "--completion", NULL};

enum argument { ARGUMENT_NONE, ARGUMENT_CHOICE, ARGUMENT_FOLDER, ARGUMENT_FILE, ARGUMENT_HOST, ARGUMENT_OTHER };

static enum argument completion_argument(const struct cli_option *option)
{
    const char *name = option->argument;
    if (!name)
        return ARGUMENT_NONE;
    if (strchr(name, '|'))
        return ARGUMENT_CHOICE;
    if (strcmp(name, "DIR") == 0)
        return ARGUMENT_FOLDER;
    if (strcmp(name, "SOCKET") == 0 || strcmp(name, "DIFF") == 0 || strcmp(name, "HTML") == 0 ||
        strcmp(name, "APNG") == 0)
        return ARGUMENT_FILE;
    return strncmp(name, "HOST", 4) == 0 ? ARGUMENT_HOST : ARGUMENT_OTHER;
}

/* Prints the choices "a|b" with spaces between them. */
static void completion_put_choices(const char *choices)
{
    for (; *choices; choices++)
        out_print("%c", *choices == '|' ? ' ' : *choices);
}

/* Prints a text within single quotes, for zsh with a backslash before what _arguments would take for syntax. */
static void completion_put_text(const char *text, const char *quote, const char *escaped)
{
    for (; *text; text++) {
        if (*text == '\'') {
            out_print("%s", quote);
            continue;
        }
        if (strchr(escaped, *text))
            out_print("%c", '\\');
        out_print("%c", *text);
    }
}

/* Prints the verbs and the program's own options. */
static void completion_put_words(void)
{
    for (const struct command *const *command = commands; *command; command++)
        out_print("%s ", (*command)->name);
    for (const char *const *option = program_options; *option; option++)
        out_print("%s%s", *option, option[1] ? " " : "");
}

/* ---- bash ---- */

static void bash_put_options(const struct command *command, bool with_argument_only)
{
    const struct cli_option *option;
    const char *space = "";
    for (size_t i = 0; (option = cli_option_at(command, i)); i++) {
        if (with_argument_only && !option->argument)
            continue;
        out_print("%s", space);
        if (option->letter)
            out_print("-%c ", option->letter);
        out_print("--%s", option->name);
        space = " ";
    }
}

static void bash_put_arguments(const struct command *command)
{
    const struct cli_option *option;
    for (size_t i = 0; (option = cli_option_at(command, i)); i++) {
        enum argument argument = completion_argument(option);
        if (argument != ARGUMENT_CHOICE && argument != ARGUMENT_FOLDER && argument != ARGUMENT_HOST)
            continue;
        out_print("    %s,--%s", command->name, option->name);
        if (option->letter)
            out_print("|%s,-%c", command->name, option->letter);
        out_print("%s", argument == ARGUMENT_CHOICE ? ") __periscope_reply -W '" : ") __periscope_reply ");
        if (argument == ARGUMENT_CHOICE)
            completion_put_choices(option->argument);
        out_print("%s\n", argument == ARGUMENT_CHOICE   ? "'; return ;;"
                          : argument == ARGUMENT_FOLDER ? "-d; return ;;"
                                                        : "-A hostname; return ;;");
    }
}

static const char bash_begin[] =
    "# Completion of periscope for bash, by 'periscope --completion bash'.\n"
    "__periscope_reply()\n"
    "{\n"
    "    mapfile -t COMPREPLY < <(compgen \"$@\" -- \"$cur\")\n"
    "}\n\n"
    "# Whether a word before this one is an operand: the host.\n"
    "__periscope_has_host()\n"
    "{\n"
    "    local i word before=\n"
    "    for ((i = 2; i < COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        [[ $word == -[H-]* && ${word%%=*} == -@(H|-host) ]] && return 0\n"
    "        [[ $word != [-=:]* && $before != '=' && \" $with \" != *\" $before \"* ]] && return 0\n"
    "        before=$word\n"
    "    done\n"
    "    return 1\n"
    "}\n\n"
    "_periscope()\n"
    "{\n"
    "    local cur=$2 prev=$3 verb=${COMP_WORDS[1]} options with here=\n"
    "    COMPREPLY=()\n"
    "    if ((COMP_CWORD == 1)); then\n"
    "        __periscope_reply -W '";

static const char bash_middle[] =
    "    *) [[ $verb == --completion ]] && __periscope_reply -W 'bash zsh fish'; return ;;\n"
    "    esac\n"
    "    # \"--name=value\" is three words.\n"
    "    if [[ $cur == = ]]; then\n"
    "        cur=\n"
    "    elif [[ $prev == = ]]; then\n"
    "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n"
    "    case $verb,$prev in\n";

static const char bash_end[] = "    esac\n"
                               "    if [[ \" $with \" == *\" $prev \"* ]]; then\n"
                               "        return\n"
                               "    elif [[ $cur == -* ]]; then\n"
                               "        __periscope_reply -W \"$options\"\n"
                               "    elif [[ ! $here ]] && ! __periscope_has_host; then\n"
                               "        __periscope_reply -A hostname\n"
                               "    fi\n"
                               "}\n"
                               "complete -o default -F _periscope periscope\n";

static void completion_bash(void)
{
    out_print("%s", bash_begin);
    completion_put_words();
    out_print("'\n        return\n    fi\n    case $verb in\n");
    for (const struct command *const *command = commands; *command; command++) {
        out_print("    %s) options='", (*command)->name);
        bash_put_options(*command, false);
        out_print("' with='");
        bash_put_options(*command, true);
        out_print((*command)->no_guest ? "' here=1 ;;\n" : "' ;;\n");
    }
    out_print("%s", bash_middle);
    for (const struct command *const *command = commands; *command; command++)
        bash_put_arguments(*command);
    out_print("%s", bash_end);
}

/* ---- zsh ---- */

static void zsh_put_form(const struct cli_option *option, bool letter)
{
    static const char *const actions[] = {[ARGUMENT_FOLDER] = "_files -/",
                                          [ARGUMENT_FILE] = "_files",
                                          [ARGUMENT_HOST] = "_hosts",
                                          [ARGUMENT_OTHER] = " "};
    enum argument argument = completion_argument(option);
    out_print(" \\\n        '");
    if (letter)
        out_print("-%c%s[", option->letter, option->argument ? "+" : "");
    else
        out_print("--%s%s[", option->name, option->argument ? "=" : "");
    completion_put_text(option->help, "'\\''", "[]:\\");
    out_print("%c", ']');
    if (argument != ARGUMENT_NONE) {
        out_print("%c", ':');
        completion_put_text(option->argument, "'\\''", ":\\");
        out_print("%c", ':');
    }
    if (argument == ARGUMENT_CHOICE) {
        out_print("%c", '(');
        completion_put_choices(option->argument);
        out_print("%c", ')');
    } else if (argument != ARGUMENT_NONE) {
        out_print("%s", actions[argument]);
    }
    out_print("%c", '\'');
}

static void completion_zsh(void)
{
    const struct cli_option *option;
    out_print("#compdef periscope\n"
              "# Completion of periscope for zsh, by 'periscope --completion zsh'.\n"
              "_periscope() {\n"
              "    if (( CURRENT == 2 )); then\n"
              "        local -a verbs=(\n");
    for (const struct command *const *command = commands; *command; command++) {
        out_print("            '%s:", (*command)->name);
        completion_put_text((*command)->summary, "'\\''", ":\\");
        out_print("'\n");
    }
    out_print("        )\n        _describe verb verbs\n        compadd --");
    for (const char *const *word = program_options; *word; word++)
        out_print(" %s", *word);
    out_print("\n        return\n    fi\n    local verb=$words[2]\n    shift words\n    (( CURRENT-- ))\n    case "
              "$verb in\n");
    for (const struct command *const *command = commands; *command; command++) {
        out_print("    %s) _arguments -s", (*command)->name);
        for (size_t i = 0; (option = cli_option_at(*command, i)); i++) {
            if (option->letter)
                zsh_put_form(option, true);
            zsh_put_form(option, false);
        }
        out_print(" \\\n        %s'*:file:_files' ;;\n", (*command)->no_guest ? "" : "'1:host:_hosts' ");
    }
    out_print("    --completion) compadd bash zsh fish ;;\n    esac\n}\n"
              "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n"
              "    _periscope \"$@\"\n"
              "else\n"
              "    compdef _periscope periscope\n"
              "fi\n");
}

/* ---- fish ---- */

static void fish_put_option(const struct command *command, const struct cli_option *option)
{
    enum argument argument = completion_argument(option);
    out_print("complete -c periscope -n '__periscope_verb %s' -l %s", command->name, option->name);
    if (option->letter)
        out_print(" -s %c", option->letter);
    if (argument == ARGUMENT_FOLDER || argument == ARGUMENT_FILE)
        out_print(" -r -F");
    else if (argument != ARGUMENT_NONE)
        out_print(" -x");
    if (argument == ARGUMENT_CHOICE) {
        out_print(" -a '");
        completion_put_choices(option->argument);
        out_print("'");
    } else if (argument == ARGUMENT_HOST) {
        out_print(" -a '(__fish_print_hostnames)'");
    }
    out_print(" -d '");
    completion_put_text(option->help, "\\'", "\\");
    out_print("'\n");
}

static void completion_fish(void)
{
    const struct cli_option *option;
    out_print("# Completion of periscope for fish, by 'periscope --completion fish'.\n"
              "function __periscope_verb\n"
              "    set -l words (commandline -opc)\n"
              "    test \"$words[2]\" = \"$argv[1]\"\n"
              "end\n"
              "complete -c periscope -f\n");
    for (const char *const *word = program_options; *word; word++)
        out_print("complete -c periscope -n '__periscope_verb \"\"' -l %s\n", *word + 2);
    out_print("complete -c periscope -n '__periscope_verb --completion' -a 'bash zsh fish'\n");
    for (const struct command *const *command = commands; *command; command++) {
        out_print("complete -c periscope -n '__periscope_verb \"\"' -a %s -d '", (*command)->name);
        completion_put_text((*command)->summary, "\\'", "\\");
        out_print("'\ncomplete -c periscope -n '__periscope_verb %s' -F%s\n", (*command)->name,
                  (*command)->no_guest ? "" : " -a '(__fish_print_hostnames)'");
        for (size_t i = 0; (option = cli_option_at(*command, i)); i++)
            fish_put_option(*command, option);
    }
}

bool completion_print(const char *shell)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } shells[] = {{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(shell, shells[i].name) == 0) {
            shells[i].print();
            return true;
        }
    }
    return false;
}
