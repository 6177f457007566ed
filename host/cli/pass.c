/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/pass.h"

#include "host/cli/away.h"
#include "host/cli/out.h"
#include "platform/stream.h"
#include "platform/thread.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_STEP 65536 /* bytes */

/* ---- the input, by a thread and a connection of its own ---- */

struct input {
    struct periscope *periscope; /* owned */
    struct os_thread *thread;    /* owned */
    uint64_t pid;
    atomic_bool stop; /* the program has ended */
    int status;       /* of the thread, once it has ended */
    uint8_t bytes[INPUT_STEP];
};

/* Passes on what there is. A program that reads no more is no failure. */
static void input_main(void *context)
{
    struct input *input = context;
    const struct os_patience patience = {.deadline_ms = INT64_MAX, .stop = &input->stop};
    uint64_t offset = 0;
    int got = 1;
    while (got > 0 && input->status == 0) {
        got = os_stream_read(OS_STREAM_INPUT, input->bytes, sizeof input->bytes, &patience, NULL);
        if (!atomic_load(&input->stop))
            input->status = periscope_write(input->periscope, input->pid, &offset, input->bytes,
                                            got > 0 ? (size_t)got : 0, got <= 0);
    }
}

static struct input *the_input;

void pass_input_begin(struct cli *cli, uint64_t pid)
{
    struct error err;
    int away_ms;
    struct input *input = the_input = calloc(1, sizeof *input);
    if (!input) {
        cli_warn(cli, "standard input is not passed on: no memory");
        return;
    }
    input->pid = pid;
    input->periscope = periscope_new(cli->host, cli->port);
    if (input->periscope) {
        periscope_set_timeouts(input->periscope,
                               cli->connect_timeout_ms < 0 ? PERISCOPE_CONNECT_MS : cli->connect_timeout_ms,
                               PERISCOPE_IO_MS);
        periscope_set_limit(input->periscope, cli->total_limit_ms);
        if (away_take(cli, &away_ms) == CLI_OK)
            periscope_set_away(input->periscope, away_ms, NULL, NULL);
        if (os_thread_start_joinable(&input->thread, input_main, input, &err))
            cli_warn(cli, "standard input is not passed on: %s", err.text);
    }
}

void pass_input_end(struct cli *cli)
{
    struct input *input = the_input;
    if (!input)
        return;
    atomic_store(&input->stop, true);
    if (input->thread) {
        periscope_interrupt(input->periscope);
        os_thread_join(input->thread);
    }
    if (input->status && input->status != PERISCOPE_REFUSED && input->status != PERISCOPE_INTERRUPTED)
        cli_warn(cli, "not all of standard input was passed on: %s", periscope_error_text(input->periscope));
    periscope_free(input->periscope);
    free(input);
    the_input = NULL;
}

/* ---- the outputs ---- */

struct passing {
    struct cli *cli;
    struct error *why;
};

static bool pass_output(void *context, int stream, const void *bytes, size_t len)
{
    const struct passing *passing = context;
    struct error reason;
    if (out_pass(stream == 1, bytes, len, &reason) == 0)
        return true;
    error_set(passing->why, ERR_SYSTEM, "could not write to standard %s: %s", stream ? "error" : "output", reason.text);
    return false;
}

static bool pass_dropped(void *context, int stream, uint64_t len, const char *why)
{
    const struct passing *passing = context;
    cli_warn(passing->cli, "%" PRIu64 " bytes of the program's %s are lost%s%s", len,
             stream ? "error output" : "output", why ? ": " : ", since nobody took them in time", why ? why : "");
    return true;
}

int pass_outputs(struct cli *cli, uint64_t pid, unsigned streams, int timeout_ms, struct error *why)
{
    struct passing passing = {cli, why};
    struct periscope_follow follow = {.pid = pid,
                                      .wanted = {streams & PERISCOPE_STREAM_OUT, streams & PERISCOPE_STREAM_ERR},
                                      .output = pass_output,
                                      .dropped = pass_dropped,
                                      .context = &passing};
    why->status = 0;
    int status = periscope_follow(cli->periscope, &follow, timeout_ms);
    if (status == 0 && follow.end == PERISCOPE_END_HELD)
        cli_note(cli, "the program has ended, and what it has started still holds its output");
    return status;
}
