/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/findings.h"
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const kind_names[FINDING_KINDS] = {"pass", "FAIL", "skip", "fixed"};

void findings_add(struct findings *findings, enum finding kind, const char *name, const char *format, ...)
{
    struct error detail, line;
    va_list args;
    findings->counts[kind]++;
    if (kind == FINDING_FAIL)
        strlist_add(&findings->failed, name);
    if (!findings->tell)
        return;
    va_start(args, format);
    error_vset(&detail, ERR_INVALID, format, args);
    va_end(args);
    error_set(&line, ERR_INVALID, "%s %s: %s", kind_names[kind], name, detail.text);
    findings->tell(findings->context, line.text);
}

void findings_deinit(struct findings *findings)
{
    strlist_deinit(&findings->failed);
}
