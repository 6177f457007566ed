/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/selftest/selftest.h"
#include "platform/audit.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/identity.h"
#include "platform/selftest.h"
#include "platform/socket.h"
#include "platform/sysinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_MAX (1u << 20) /* bytes */
#define CONNECT_MS 5000

static void selftest_report_line(void *context, const char *line)
{
    struct buffer *report = context;
    puts(line);
    fflush(stdout);
    buffer_printf(report, "%s\n", line);
}

/* ---- the system and its settings ---- */

static void selftest_check_system(struct findings *findings)
{
    struct strlist facts = {0};
    os_sysinfo(&facts);
    const char *name = strlist_get(&facts, "os.name"), *version = strlist_get(&facts, "os.version");
    const char *arch = strlist_get(&facts, "os.arch"), *boot = strlist_get(&facts, "boot.id");
    bool known = name && version && arch && boot;
    findings_add(findings, known ? FINDING_PASS : FINDING_FAIL, "system",
                 "%s, version %s, %s, boot %s; periscoped %s of %d bits", name ? name : "no name",
                 version ? version : "unknown", arch ? arch : "unknown processor",
                 boot ? boot : "without an identifier", PERISCOPE_VERSION, (int)sizeof(void *) * 8);
    strlist_deinit(&facts);
}

static void selftest_check_identity(struct findings *findings, const char *who)
{
    struct error err;
    struct os_identity *as;
    int status = os_identity_find(&as, who, &err);
    findings_add(findings, status ? FINDING_FAIL : FINDING_PASS, "run-as", "%s: %s", who,
                 status ? err.text : os_identity_name(as));
    if (status == 0)
        os_identity_free(as);
}

static void selftest_check_settings(struct findings *findings)
{
    struct findings audit = {.tell = NULL};
    struct buffer names;
    struct error err;
    struct os_identity *self = NULL;
    buffer_init(&names, ERROR_LIST_MAX);
    int status = os_identity_find(&self, OS_IDENTITY_AGENT, &err);
    if (status == 0)
        status = os_audit(self, false, &audit, &err);
    os_identity_free(self);
    for (size_t i = 0; i < audit.failed.count; i++)
        buffer_printf(&names, " %s", audit.failed.items[i]);
    buffer_append(&names, "", 1);
    if (status)
        findings_add(findings, status == ERR_UNAVAILABLE ? FINDING_SKIP : FINDING_FAIL, "audit", "%s", err.text);
    else if (audit.failed.count)
        findings_add(findings, FINDING_FAIL, "audit", "%zu settings are not a test machine's (--audit tells more):%s",
                     audit.failed.count, names.data ? (char *)names.data : "");
    else
        findings_add(findings, FINDING_PASS, "audit", "the settings are a test machine's");
    buffer_deinit(&names);
    findings_deinit(&audit);
}

/* ---- a connection to itself ---- */

static int connect_to_self(struct error *err)
{
    static const struct os_address self = {{[10] = 0xff, 0xff, 127, 0, 0, 1}};
    struct os_listener *listener;
    struct os_socket *out = NULL, *in = NULL;
    struct os_address peer;
    int status = os_listen(&listener, "127.0.0.1", 0, err);
    if (status)
        return status;
    status = os_connect_address(&out, &self, os_listener_port(listener), os_deadline(CONNECT_MS), err);
    if (status == 0)
        status = os_accept(listener, &in, &peer, err);
    os_socket_close(in);
    os_socket_close(out);
    os_listener_close(listener);
    return status;
}

static void try_connection(struct findings *findings)
{
    struct error err;
    int status = connect_to_self(&err);
    findings_add(findings, status ? FINDING_FAIL : FINDING_PASS, "connection", "%s",
                 status ? err.text : "a client of this machine is let in");
}

/* ---- all of it ---- */

static int write_report(const char *path, const struct buffer *report, struct error *err)
{
    struct error reason;
    int status = report->failed ? error_set(&reason, ERR_NO_MEMORY, "no memory for it")
                                : os_upload_whole(path, OS_UPLOAD_ORDINARY, report->data, report->len, &reason);
    return status ? error_set(err, status, "could not write the report '%s': %s", path, reason.text) : 0;
}

static int try_all(const struct options *options, struct findings *findings, struct error *err)
{
    static struct worker_pool *workers; /* there is one, as long as the process, as in the agent */
    int status = worker_pool_new(&workers, &options->card_classes, err);
    if (status)
        return status;
    selftest_check_system(findings);
    os_selftest(findings);
    selftest_check_identity(findings, options->run_as ? options->run_as : OS_IDENTITY_AGENT);
    selftest_check_settings(findings);
    try_connection(findings);
    selftest_files(findings, options->workdir ? options->workdir : ".");
    selftest_programs(findings, workers);
    selftest_screen(findings, workers);
    worker_pool_stop(workers);
    return 0;
}

int selftest_command(const struct options *options)
{
    char last[96];
    struct buffer report;
    struct error err;
    struct findings findings = {.tell = selftest_report_line, .context = &report};
    buffer_init(&report, REPORT_MAX);
    int status = try_all(options, &findings, &err);
    if (status == 0) {
        const unsigned *counts = findings.counts;
        snprintf(last, sizeof last, "%u passed, %u failed, %u skipped", counts[FINDING_PASS], counts[FINDING_FAIL],
                 counts[FINDING_SKIP]);
        selftest_report_line(&report, last);
    }
    if (status == 0 && options->report)
        status = write_report(options->report, &report, &err);
    if (status)
        fprintf(stderr, "periscoped: %s\n", err.text);
    buffer_deinit(&report);
    findings_deinit(&findings);
    return status || findings.counts[FINDING_FAIL] ? 1 : 0;
}
