/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/audit.h"

int os_audit(const struct os_identity *user, bool fix, struct findings *findings, struct error *err)
{
    (void)user;
    (void)fix;
    (void)findings;
    return error_set(err, ERR_UNAVAILABLE, "--audit is for Windows: there are no such settings here");
}
