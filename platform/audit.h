/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a test machine's settings should be, so that no dialog, screen saver or update comes between a test and its
   result. */
#ifndef PLATFORM_AUDIT_H
#define PLATFORM_AUDIT_H

#include "base/error.h"
#include "base/findings.h"
#include "platform/identity.h"

#include <stdbool.h>

/* Adds one finding for each setting. user: whose own settings are examined; NULL: nobody's. fix: changes those that
   differ, and reports what they were. ERR_UNAVAILABLE where the system has no such settings. */
int os_audit(const struct os_identity *user, bool fix, struct findings *findings, struct error *err);

#endif
