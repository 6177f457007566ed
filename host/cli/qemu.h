/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What verbs share that also ask QEMU. */
#ifndef HOST_CLI_QEMU_H
#define HOST_CLI_QEMU_H

#include "host/cli/cli.h"
#include "host/cli/qmp.h"

/* The options, for a verb's list. The releases of clang-format differ about braces in a macro. */
/* clang-format off */
#define QEMU_OPTIONS                                                                                                   \
    {"qmp", 0, "SOCKET", "QEMU's monitor (QMP) on this machine: a socket's path or HOST:PORT"},                        \
    {"device", 0, "ID", "QEMU's display device with this id, instead of the first one"},                               \
    {"head", 0, "N", "the head with this number (0)"}
/* clang-format on */

/* Checks the options. Returns false after having reported wrong usage. */
bool qemu_options(struct cli *cli, struct qmp_screen *screen);
/* Connects to the monitor of --qmp. A failure is not reported yet. */
int qemu_open(struct cli *cli, struct qmp **out, struct error *err);
/* Reports a failure of a function of qmp.h and returns the exit status. */
int qemu_failed(struct cli *cli, const struct error *err);

#endif
