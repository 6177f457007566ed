/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/audit.h"
#include "agent/log.h"
#include "platform/audit.h"

#include <stdio.h>

static void print_line(void *context, const char *line)
{
    (void)context;
    puts(line);
}

int audit_command(const struct options *options)
{
    struct findings findings = {.tell = print_line};
    struct os_identity *self;
    struct error err;
    int status = os_identity_find(&self, OS_IDENTITY_AGENT, &err);
    if (status == 0) {
        status = os_audit(self, options->fix, &findings, &err);
        os_identity_free(self);
    }
    const unsigned *counts = findings.counts;
    if (status == 0)
        printf("%u passed, %u set, %u failed, %u not looked at\n", counts[FINDING_PASS], counts[FINDING_FIXED],
               counts[FINDING_FAIL], counts[FINDING_SKIP]);
    fflush(stdout);
    if (status)
        fprintf(stderr, "periscoped: %s\n", err.text);
    findings_deinit(&findings);
    return status || counts[FINDING_FAIL] ? 1 : 0;
}

void audit_add_property(const struct os_identity *user, struct strlist *facts)
{
    struct findings findings = {.tell = NULL};
    struct buffer text;
    struct error err;
    int status = os_audit(user, false, &findings, &err);
    buffer_init(&text, ERROR_LIST_MAX);
    for (size_t i = 0; i < findings.failed.count; i++)
        buffer_printf(&text, "%s%s", i ? " " : "", findings.failed.items[i]);
    if (status == 0 && !text.failed)
        strlist_addf(facts, "audit.failed=%.*s", text.len ? (int)text.len : 4, text.len ? (char *)text.data : "none");
    else if (status != ERR_UNAVAILABLE)
        log_line("%s", status ? err.text : "no memory for the audit");
    buffer_deinit(&text);
    findings_deinit(&findings);
}
