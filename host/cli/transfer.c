/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/transfer.h"

unsigned transfer_flags(const struct cli *cli)
{
    return (cli_option(cli, "preserve") ? PERISCOPE_PRESERVE : 0) | (cli_option(cli, "verify") ? PERISCOPE_VERIFY : 0) |
           (cli_option(cli, "no-continue") ? PERISCOPE_NO_CONTINUE : 0);
}

int transfer_notes(struct cli *cli, const struct periscope_strings *notes, uint64_t left_out)
{
    json_number(&cli->reply, "left_out", left_out);
    json_array_begin(&cli->reply, "notes");
    for (size_t i = 0; i < notes->count; i++)
        json_text(&cli->reply, NULL, notes->items[i]);
    json_array_end(&cli->reply);
    for (size_t i = 0; i < notes->count && left_out; i++)
        cli_warn(cli, "left out: %s", notes->items[i]);
    if (left_out)
        return cli_error(cli, CLI_FAILED, "%llu of the tree were left out; the rest is there",
                         (unsigned long long)left_out);
    return CLI_OK;
}

typedef int tree_call(struct periscope *p, const char *from, const char *to, unsigned flags,
                      struct periscope_strings *notes, uint64_t *left_out);

static int transfer_tree(struct cli *cli, tree_call *call, const char *from, const char *to, unsigned flags)
{
    struct periscope_strings notes;
    uint64_t left_out;
    cli_progress_begin(cli, to);
    int status = call(cli->periscope, from, to, flags, &notes, &left_out);
    cli_progress_end(cli);
    if (status)
        return cli_failed(cli, status);
    int exit_status = transfer_notes(cli, &notes, left_out);
    periscope_strings_free(&notes);
    return exit_status ? exit_status : cli_did_transfer(cli, to);
}

int transfer_put_tree(struct cli *cli, const char *local, const char *remote, unsigned flags)
{
    return transfer_tree(cli, periscope_put_tree, local, remote, flags);
}

int transfer_get_tree(struct cli *cli, const char *remote, const char *local, unsigned flags)
{
    return transfer_tree(cli, periscope_get_tree, remote, local, flags);
}
