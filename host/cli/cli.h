/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the verbs of the command `periscope` share. A verb is one file, host/cli/NAME.c, that defines
   `const struct command command_NAME`, and one line in commands.def; the parser, the help and the table
   take all from there. One thread; everything that a verb is given stays main's. */
#ifndef HOST_CLI_H
#define HOST_CLI_H

#include "base/format.h"
#include "base/strlist.h"
#include "host/cli/json.h"
#include "host/periscope.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(symbol, exit status, name in JSON, text of --help). 124 to 127 are left to timeout(1) and the shells, and
   from 128 on a status tells of a signal, so that ours are seldom those of a program that was run. */
#define CLI_EXITS(X)                                                                                                   \
    X(CLI_OK, 0, "ok", "it was done")                                                                                  \
    X(CLI_FAILED, 1, "failed", "something on this side failed: a file, memory, an output")                             \
    X(CLI_USAGE, 2, "usage", "the command line is wrong; nothing was sent")                                            \
    X(CLI_DIFFERENT, 118, "different", "compare: the two pictures are not the same")                                   \
    X(CLI_UNCHANGED, 119, "unchanged", "screenshot --if-changed, crc --wait-change: nothing has changed")              \
    X(CLI_NO_AGENT, 120, "no-agent", "no agent answers there, or the connection was lost")                             \
    X(CLI_TIMED_OUT, 121, "timed-out", "the time was up")                                                              \
    X(CLI_REFUSED, 122, "refused", "the agent said no; the text is its own")                                           \
    X(CLI_UNSUPPORTED, 123, "unsupported", "this agent does not have what was asked for")                              \
    X(CLI_INTERRUPTED, 130, "interrupted", "it was interrupted (Ctrl-C)")

enum cli_exit {
#define X(symbol, value, name, help) symbol = value,
    CLI_EXITS(X)
#undef X
};

struct cli_option {
    const char *name;     /* without its dashes; NULL ends a list */
    char letter;          /* of the short form, or 0 */
    const char *argument; /* "FILE"; NULL: the option takes none */
    const char *help;     /* one line, no full stop */
};

struct cli;

struct command {
    const char *name;
    const char *operands;                /* as the usage line has them after HOST[:PORT]: "LOCAL REMOTE"; "" for none */
    const char *summary;                 /* one line for the table of verbs, no full stop */
    const char *details;                 /* more for `periscope VERB --help`, whole lines; or NULL */
    const char *examples;                /* whole lines, "  periscope ..." each */
    const struct cli_option *options;    /* its own ones; NULL: none */
    unsigned min_operands, max_operands; /* after HOST; UINT_MAX: any number */
    bool times_itself;           /* --timeout is the verb's own option; else it is how long the agent may be silent */
    bool runs_program;           /* from the first operand after HOST on nothing is an option of ours */
    int (*run)(struct cli *cli); /* the exit status */
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
    const char *target; /* "HOST:PORT", for messages and commands that the user may type next */
    char **operands;    /* what stood after HOST; NULL-terminated */
    size_t operand_count;
    bool json, quiet;
    int timeout_ms;         /* --timeout; -1: not given */
    int connect_timeout_ms; /* --connect-timeout; -1: not given */
    struct json reply;      /* with --json: an open object that the verb adds its results to; else discarded */

    struct cli_setting *settings; /* what the parser found, in the order of the command line */
    size_t setting_count;
    const char *status; /* of the reply; NULL: "ok". The exit status alone may be a program's */
    bool reported;      /* the reply holds an error already */
};

/* ---- options ---- */

/* The last value given ("" for an option without an argument), or NULL when it was not given. */
const char *cli_option(const struct cli *cli, const char *name);
/* All values of an option that may be repeated: a NULL-terminated array for the caller to free(), the strings
   borrowed. NULL when memory runs out. */
const char **cli_option_all(const struct cli *cli, const char *name);
/* A whole number of an option or operand, or the fallback for NULL. False: reported as wrong usage. */
bool cli_number(struct cli *cli, const char *what, const char *text, uint64_t min, uint64_t max, uint64_t *value);
/* Seconds, "90" or "1.5", as milliseconds. False: reported as wrong usage. */
bool cli_seconds(struct cli *cli, const char *what, const char *text, int *ms);
/* Adds what was given of a verb's options that an RPC takes under the same names, "NAME=VALUE", then --no-cursor as
   "cursor=0" and --deadline as "deadline-ms=N"; names ends with NULL. CLI_OK, or what was reported: wrong usage, or no
   memory. */
int cli_pass_on(struct cli *cli, const char *const *names, struct strlist *list);

/* The last part of a path, this side's or a guest's: what stands behind the last '/' or '\\'. */
const char *cli_file_name(const char *path);

/* ---- reporting: every failure is one line on standard error, "periscope: VERB: text", and with --json the
   reply's "error". Each of the first three returns the exit status for the verb to return. ---- */

int cli_failed(struct cli *cli, int status); /* of a call to the library, which has the text */
int cli_error(struct cli *cli, enum cli_exit exit_status, const char *format, ...) PRINTF_LIKE(3, 4);
int cli_usage(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
enum cli_exit cli_exit_of(int status);                /* of an enum periscope_status */
const char *cli_exit_name(enum cli_exit exit_status); /* as the reply's "status" has it */

/* Before they are printed: a guest's words must do nothing to the terminal. After what goes into the reply, which JSON
   keeps harmless. */
void cli_make_printable(struct periscope_strings *strings);
/* What was asked for, on standard output: nothing with --json. */
void cli_print(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
/* Said beside it, on standard error: nothing with --quiet. */
void cli_note(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
/* On standard error, --quiet or not. */
void cli_warn(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);

/* ---- progress ---- */

/* From here on to cli_progress_end the transfers of cli->periscope are drawn on standard error, if that is a
   terminal and there is no --quiet. label: what is moved, borrowed. */
void cli_progress_begin(struct cli *cli, const char *label);
/* Wipes the bar away, and gives the reply "bytes" and "seconds" of what was moved. */
void cli_progress_end(struct cli *cli);

/* ---- Ctrl-C ---- */

/* From here on the first Ctrl-C (SIGINT, SIGTERM) ends the library's call with PERISCOPE_INTERRUPTED, so that
   the verb can clean up; the second ends the process. Without it the first ends the process. */
void cli_catch_interrupt(struct cli *cli);
/* From here on the first Ctrl-C waits until it is let go: for a call that must not end halfway, such as one that starts
   a program whose process id would then not be known. */
void cli_hold_interrupt(bool hold);

#endif
