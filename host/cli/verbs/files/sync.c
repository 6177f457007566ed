/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/transfer.h"

static const struct cli_option options[] = {
    {"from-guest", 'g', NULL, "fetch what has changed in the guest, instead of sending"},
    {"delete", 0, NULL, "remove from the guest's folder what the local one has not"},
    {0},
};

static int sync_run(struct cli *cli)
{
    const char *local = cli->operands[0], *remote = cli->operands[1];
    bool from_guest = cli_option(cli, "from-guest") != NULL, removes = cli_option(cli, "delete") != NULL;
    json_text(&cli->reply, "local", local);
    json_text(&cli->reply, "remote", remote);
    if (from_guest && removes)
        return cli_usage(cli, "--delete removes in the guest only, and --from-guest changes nothing there");
    if (from_guest)
        return transfer_get_tree(cli, remote, local, PERISCOPE_CHANGED_ONLY);
    return transfer_put_tree(cli, local, remote, PERISCOPE_CHANGED_ONLY | (removes ? PERISCOPE_DELETE : 0));
}

const struct command command_sync = {
    .name = "sync",
    .operands = "LOCAL REMOTE",
    .summary = "Make a folder in the guest equal to a local one, or the other way round",
    .details = "Only files whose size or time differ are sent, with their permissions and times. What the other\n"
               "side has in addition stays, without --delete. A broken connection is made again, and the transfer\n"
               "goes on. What can't be moved alone, as a device or a name that the guest can't have, is left out and\n"
               "told, and the exit status is 1.\n",
    .examples = "  periscope sync vm1:9000 build/tests tests\n"
                "  periscope sync --delete vm1:9000 build/tests tests\n"
                "  periscope sync --from-guest vm1:9000 ./results results\n",
    .options = options,
    .min_operands = 2,
    .max_operands = 2,
    .run = sync_run,
};
