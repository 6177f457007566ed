/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A recording of the guest's screen (docs/recording.md) on its way to this machine. */
#ifndef HOST_CLI_RECORDED_H
#define HOST_CLI_RECORDED_H

#include "base/error.h"
#include "host/cli/cli.h"

/* What an index names. */
struct recorded {
    uint64_t pictures, dropped, again; /* again: how often an earlier picture was shown */
    size_t cut;                        /* bytes of the index behind its last good line */
    bool stopped;                      /* it ends with the line that says so */
};

/* Reads the index of a local folder, and checks that each picture that it names is there and of its size. ERR_INVALID names
   the first that is not. */
int recorded_check(const char *folder, struct recorded *out, struct error *err);

/* Fetches the folder, removes it in the guest unless it is to be kept there, and checks it. Returns a periscope_status; of
   PERISCOPE_LOCAL the reason is in *err, else err->status is 0. */
int recorded_fetch(struct cli *cli, const char *remote, const char *local, bool keep, struct recorded *out,
                   struct error *err);

#endif
