/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the verbs of the command `periscope` share. A verb is one file, NAME.c in a folder of host/cli/verbs/, that
   defines `const struct command command_NAME`, and one line in commands.def; the parser, the help and the table of verbs
   use these. One thread; what a verb is given remains owned by main(). */
#ifndef HOST_CLI_H
#define HOST_CLI_H

#include "base/format.h"
#include "base/strlist.h"
#include "host/common/json.h"
#include "host/periscope.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(symbol, exit status, name in JSON, text of --help). 124 to 127 are used by timeout(1) and shells, and statuses from
   128 on stand for signals; so ours rarely equal those of a program that was run. */
#define CLI_EXITS(X)                                                                                                   \
    X(CLI_OK, 0, "ok", "success")                                                                                      \
    X(CLI_FAILED, 1, "failed", "a local failure: a file, memory, an output")                                           \
    X(CLI_USAGE, 2, "usage", "wrong usage; nothing was sent")                                                          \
    X(CLI_SUSPECT, 117, "suspect", "gpu-state: a card is suspect, or the host needs a reboot")                         \
    X(CLI_DIFFERENT, 118, "different", "compare: the two pictures differ")                                             \
    X(CLI_UNCHANGED, 119, "unchanged", "screenshot --if-changed, crc --wait-change: nothing changed")                  \
    X(CLI_NO_AGENT, 120, "no-agent", "no agent answers there, or the connection was lost")                             \
    X(CLI_TIMED_OUT, 121, "timed-out", "a time-out")                                                                   \
    X(CLI_REFUSED, 122, "refused", "the agent returned an error; the text is the agent's")                             \
    X(CLI_UNSUPPORTED, 123, "unsupported", "this agent lacks the function")                                            \
    X(CLI_INTERRUPTED, 130, "interrupted", "interrupted (Ctrl-C; SIGTERM, SIGHUP)")

enum cli_exit {
#define X(symbol, value, name, help) symbol = value,
    CLI_EXITS(X)
#undef X
};

struct cli_option {
    const char *name;     /* without its dashes; NULL ends a list */
    char letter;          /* of the short form, or 0 */
    const char *argument; /* "FILE"; NULL: the option takes none */
    const char *help;     /* one line, without a full stop */
};

struct cli;

struct command {
    const char *name;
    const char *operands;                /* as in the usage line after HOST[:PORT]: "LOCAL REMOTE"; "": none */
    const char *summary;                 /* one line for the table of verbs, without a full stop */
    const char *details;                 /* more text for `periscope VERB --help`, whole lines; or NULL */
    const char *examples;                /* whole lines, "  periscope ..." each */
    const struct cli_option *options;    /* the verb's own; NULL: none */
    unsigned min_operands, max_operands; /* after HOST; UINT_MAX: any number */
    bool no_guest;                       /* it speaks with no agent: there is no HOST, and all operands are its own */
    bool times_itself;           /* --timeout is the verb's own option; else the time-out of the agent's silence */
    bool runs_program;           /* from the first operand after HOST on, no word is an option of ours */
    int (*run)(struct cli *cli); /* returns the exit status */
};

struct cli_setting {
    const struct cli_option *option;
    const char *value; /* "" for an option without an argument */
};

struct cli {
    const struct command *command;
    struct periscope *periscope; /* connects when first used */
    const char *host;            /* without its brackets */
    unsigned port;
    const char *target; /* "HOST:PORT", for messages and suggested commands */
    char **operands;    /* those after HOST; NULL-terminated */
    size_t operand_count;
    bool json, quiet, verbose;
    int64_t start_ms;       /* when the verb began, after its command line was read */
    int timeout_ms;         /* --timeout; -1: not given */
    int connect_timeout_ms; /* --connect-timeout; -1: not given */
    int total_limit_ms;     /* of the whole verb, already set for the connection; -1: none */
    struct json reply;      /* an open object that the verb adds its results to; printed with --json, else discarded */

    struct cli_setting *settings; /* the parsed options, in the order of the command line */
    size_t setting_count;
    const char *status; /* of the reply; NULL: "ok". The exit status may be a program's */
    bool reported;      /* the reply already has an error */
};

/* ---- options ---- */

/* Returns the last value given ("" for an option without an argument), or NULL if the option was not given. */
const char *cli_option(const struct cli *cli, const char *name);
/* Returns all values of a repeatable option: a NULL-terminated array for the caller to free(), with borrowed strings.
   NULL without memory. */
const char **cli_option_all(const struct cli *cli, const char *name);
/* Parses a whole number from min to max, of an option or operand. Returns false after having reported wrong usage. */
bool cli_number(struct cli *cli, const char *what, const char *text, uint64_t min, uint64_t max, uint64_t *value);
/* Parses seconds, "90" or "1.5", as milliseconds. Returns false after having reported wrong usage. */
bool cli_seconds(struct cli *cli, const char *what, const char *text, int *ms);
/* Adds those of the named options that were given as options of an RPC, "NAME=VALUE", then --no-cursor as "cursor=0"
   and --deadline as "deadline-ms=N". names ends with NULL. Returns CLI_OK, or the exit status of a reported error:
   wrong usage, or no memory. */
int cli_pass_on(struct cli *cli, const char *const *names, struct strlist *list);

/* Returns the last component of a local or guest path: the part after the last '/' or '\\'. */
const char *cli_file_name(const char *path);

/* ---- reporting: every failure is one line on standard error, "periscope: VERB: text", and with --json also the
   reply's "error". The first three return the exit status for the verb to return. ---- */

/* Reports a failed call of the library, with the library's error text. */
int cli_failed(struct cli *cli, int status);
/* Reports an error with this exit status. */
int cli_error(struct cli *cli, enum cli_exit exit_status, const char *format, ...) PRINTF_LIKE(3, 4);
/* Reports wrong usage, with a hint to --help. */
int cli_usage(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
/* Returns the exit status for an enum periscope_status. */
enum cli_exit cli_exit_of(int status);
/* Returns its name in the reply's "status". */
const char *cli_exit_name(enum cli_exit exit_status);

/* Replaces what could control the terminal in a guest's texts, before they are printed. The reply takes the texts
   before that: JSON escapes them. */
void cli_make_printable(struct periscope_strings *strings);
/* Prints results on standard output; nothing with --json. */
void cli_print(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
/* Prints a remark on standard error; nothing with --quiet. */
void cli_note(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
/* Tells a person in one line on standard error what the verb has done; nothing with --quiet or --json. What is not printable
   in it becomes '?'. Returns CLI_OK, for the verb to return. */
int cli_did(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
/* Formats the time since the verb began: "21 ms", "1.5 s". */
#define CLI_TIME_SIZE 32
const char *cli_elapsed(const struct cli *cli, char text[CLI_TIME_SIZE]);
/* Prints a warning on standard error, even with --quiet. */
void cli_warn(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);

/* ---- progress ---- */

/* Starts to show the progress of cli->periscope's transfers on standard error, up to cli_progress_end, if that is a
   terminal and there is no --quiet. label: what is transferred, borrowed. */
void cli_progress_begin(struct cli *cli, const char *label);
/* Clears the bar, and adds "bytes" and "seconds" of the transfer to the reply. */
void cli_progress_end(struct cli *cli);
/* Tells what the transfer that has ended has moved: cli_did() with the bytes and the time. */
int cli_did_transfer(struct cli *cli, const char *what);

/* ---- Ctrl-C ---- */

/* Lets the first Ctrl-C (SIGINT, SIGTERM, SIGHUP) end the library's call with PERISCOPE_INTERRUPTED, so that the verb can clean
   up; the second of the same kind ends the process. Before this call the first one ends the process. A signal that is
   ignored, as by nohup or in the background of a script, stays so. */
void cli_catch_interrupt(struct cli *cli);
/* Holds the first Ctrl-C back, or releases it, around a call that must not be interrupted, such as one that starts a
   program whose process id would then be unknown. */
void cli_hold_interrupt(bool hold);

#endif
