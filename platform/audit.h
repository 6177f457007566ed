/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a test machine's settings should be, so that no dialog, screen saver or update comes between a test and its
   result. */
#ifndef PLATFORM_AUDIT_H
#define PLATFORM_AUDIT_H

#include "base/error.h"
#include "base/findings.h"
#include "platform/identity.h"

#include <stdbool.h>

/* One finding for each setting. user: whose own ones are looked at; NULL: nobody's. fix: sets those that are otherwise,
   and tells what they were. ERR_UNAVAILABLE where the system has no such settings. */
int os_audit(const struct os_identity *user, bool fix, struct findings *findings, struct error *err);

#endif
