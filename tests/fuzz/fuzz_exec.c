/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of exec, one a line of the input. What is accepted must be within its limits and agree with itself, what is
   refused must say why in one line. The parser is the handler's own, so that file is a part of this one. */
#include "agent/rpc/child.c" /* NOLINT */

#define OPTIONS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_require(bool condition)
{
    if (!condition)
        abort();
}

static void fuzz_check_limit(const struct child_limit *limit)
{
    unsigned all = LIMIT_PICTURE | LIMIT_WINDOWS | LIMIT_STACKS | LIMIT_KILL;
    fuzz_require(limit->ms >= 0 && limit->ms <= LIMIT_MAX_MS && limit->actions && !(limit->actions & ~all));
    fuzz_require(limit->ms || limit->actions == LIMIT_KILL);
    fuzz_require(limit->actions == LIMIT_KILL ||
                 (limit->files && *limit->files && strlen(limit->files) <= LIMIT_FILES_MAX));
}

static void fuzz_check_accepted(const struct exec *exec)
{
    const char *tag = exec->wish.tag;
    const struct os_pty_size *terminal = &exec->wish.terminal;
    fuzz_require(exec->argc >= 1 && exec->spec.argv[exec->argc] == NULL && exec->spec.env[exec->envc] == NULL);
    for (size_t i = 0; i < exec->envc; i++)
        fuzz_require(*exec->spec.env[i] && *exec->spec.env[i] != '=');
    fuzz_require(!tag || (*tag && strlen(tag) <= CHILD_TAG_MAX && !strchr(tag, ' ')));
    fuzz_require(terminal->columns <= PTY_MAX && terminal->rows <= PTY_MAX && !terminal->columns == !terminal->rows);
    fuzz_require(!exec->streams || (exec->wish.tracked && !terminal->columns));
    fuzz_require(!(exec->streams & STREAMS_MERGED) || !(exec->streams & (STREAMS_OUT | STREAMS_ERR)));
    fuzz_check_limit(&exec->wish.limit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct argument args[OPTIONS_MAX] = {0};
    struct request request = {.args = args};
    struct exec exec = {.wish.tracked = true};
    struct error err = {0};
    char *text = calloc(size + 1, 1), *rest = text, *line;
    memcpy(text, data, size);
    while (request.arg_count < OPTIONS_MAX && (line = strsep(&rest, "\n")))
        args[request.arg_count++].text = line;
    int status = exec_parse(&exec, &request, &err);
    if (status)
        fuzz_require(*err.text && !strchr(err.text, '\n'));
    else
        fuzz_check_accepted(&exec);
    free(exec.argv);
    free(exec.env);
    free(text);
    return 0;
}
