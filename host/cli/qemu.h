/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What verbs that ask QEMU too have in common. */
#ifndef HOST_CLI_QEMU_H
#define HOST_CLI_QEMU_H

#include "host/cli/cli.h"
#include "host/cli/qmp.h"

/* X-macro-like: the options, for a verb's list. The releases of clang-format differ about braces in a macro. */
/* clang-format off */
#define QEMU_OPTIONS                                                                                                   \
    {"qmp", 0, "SOCKET", "QEMU's monitor (QMP) on this machine: a socket's path or HOST:PORT"},                        \
    {"device", 0, "ID", "QEMU's display device of that id, and not the first one"},                                    \
    {"head", 0, "N", "its head of that number (0)"}
/* clang-format on */

/* Checks them. False: reported as wrong usage. */
bool qemu_options(struct cli *cli, struct qmp_screen *screen);
/* Both return an error's status, unreported. */
int qemu_open(struct cli *cli, struct qmp **out, struct error *err);
int qemu_failed(struct cli *cli, const struct error *err); /* reports it: the exit status */

#endif
