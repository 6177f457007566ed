/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/qemu.h"

#define HEAD_MAX 255

bool qemu_options(struct cli *cli, struct qmp_screen *screen)
{
    const char *head = cli_option(cli, "head");
    uint64_t number = 0;
    *screen = (struct qmp_screen){.device = cli_option(cli, "device")};
    if ((screen->device || head) && !cli_option(cli, "qmp")) {
        cli_usage(cli, "--device and --head belong to QEMU and need --qmp");
        return false;
    }
    if (head && !screen->device) {
        cli_usage(cli, "--head needs --device");
        return false;
    }
    if (head && !cli_number(cli, "--head", head, 0, HEAD_MAX, &number))
        return false;
    screen->head = (unsigned)number;
    return true;
}

int qemu_open(struct cli *cli, struct qmp **out, struct error *err)
{
    return qmp_open(out, cli_option(cli, "qmp"), err);
}

int qemu_failed(struct cli *cli, const struct error *err)
{
    switch (err->status) {
    case ERR_TIMEOUT:
        return cli_error(cli, CLI_TIMED_OUT, "%s", err->text);
    case ERR_UNAVAILABLE:
        return cli_error(cli, CLI_REFUSED, "%s", err->text);
    case ERR_INVALID:
        return cli_usage(cli, "%s", err->text);
    default:
        return cli_error(cli, CLI_FAILED, "%s", err->text);
    }
}
