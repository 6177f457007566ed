/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes the files of a run: each appears complete or not at all, and those of an earlier run are removed first. */
#include "host/cli/test/test.h"

#include "base/timestamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_SIZE 65536 /* bytes of a path that is composed here */

char *test_output_path(const struct test *test, const char *file)
{
    size_t size = strlen(test->output) + strlen(file) + 2;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s/%s", test->output, file);
    return path;
}

static void output_warn(struct test *test, const char *file, const char *why)
{
    test_warn(test, "could not write '%s/%s': %s", test->output, file, why);
    test->output_failed = true;
}

bool test_output_write(struct test *test, const char *file, const void *bytes, size_t len)
{
    struct error err;
    char *path = test_output_path(test, file);
    int status = path ? os_upload_whole(path, OS_UPLOAD_ORDINARY, bytes, len, &err)
                      : error_set(&err, ERR_NO_MEMORY, "no memory");
    free(path);
    if (status)
        output_warn(test, file, err.text);
    return status == 0;
}

static void output_begin_report(struct test *test)
{
    struct error err;
    char *path = test_output_path(test, "report.txt");
    int status = path ? os_upload_begin(&test->report, path, OS_UPLOAD_ORDINARY, &err)
                      : error_set(&err, ERR_NO_MEMORY, "no memory");
    free(path);
    if (status) {
        test->report = NULL;
        output_warn(test, "report.txt", err.text);
    }
}

void test_output_remove(struct test *test, const char *file)
{
    struct error err;
    char *path = test_output_path(test, file);
    int status = path ? os_file_remove(path, &err) : error_set(&err, ERR_NO_MEMORY, "no memory");
    free(path);
    if (status == 0 || status == ERR_NOT_FOUND)
        return;
    test_warn(test, "could not remove '%s/%s': %s", test->output, file, err.text);
    test->output_failed = true;
}

int test_output_open(struct test *test)
{
    static const char *const old[] = {"report.txt", "result.json", "junit.xml", "screenshot.png"};
    struct error err;
    if (!test->output)
        return 0;
    if (os_folder_make(test->output, &err))
        return cli_error(test->cli, (enum cli_exit)TEST_LOCAL, "could not make the folder '%s': %s", test->output,
                         err.text);
    for (size_t i = 0; i < sizeof old / sizeof old[0]; i++)
        test_output_remove(test, old[i]);
    output_begin_report(test);
    if (!test->output_failed)
        return 0;
    return cli_error(test->cli, (enum cli_exit)TEST_LOCAL, "nothing was run, since the result could not be written");
}

/* Returns the code after "done" that leads a reader of the report to our verdict: 258 is what WaitForSingleObject
   returns to TestLauncher after a time-out, and a negative code means a crash. */
static int64_t output_done_code(const struct periscope_unit *result)
{
    if (result->end == PERISCOPE_END_TIMED_OUT)
        return 258;
    return result->end == PERISCOPE_END_SIGNALLED ? -result->status : result->status;
}

/* Formats "dll:unit:PID done (STATUS) in Ns". The PID is given only if the summary line has the same, such as 0000 of a
   unit that was not started. A unit whose end is unknown gets no such line: its report is cut short. */
static void output_done_line(char *line, size_t size, const struct test_unit *unit)
{
    const struct periscope_unit *result = &unit->result;
    char pid[24] = "";
    line[0] = '\0';
    if (result->end == PERISCOPE_END_LOST)
        return;
    if (result->pid || unit->not_started)
        snprintf(pid, sizeof pid, ":%04" PRIx64, result->pid);
    snprintf(line, size, "%s:%s%s done (%" PRId64 ") in %" PRIu64 "s\n", result->dll, result->unit, pid,
             output_done_code(result), unit->duration_ms / 1000);
}

static int output_head(const struct test *test, const struct test_unit *unit, char *line, size_t size)
{
    return snprintf(line, size, "%s:%s start - -\n", test->dll, unit->name);
}

uint64_t test_output_head(const struct test *test, const struct test_unit *unit)
{
    char line[512];
    return test->report_len + (uint64_t)output_head(test, unit, line, sizeof line);
}

static int output_write(struct test *test, const void *bytes, size_t len, struct error *err)
{
    const char *at = bytes, *end = at + len;
    test->report_len += len;
    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        test->report_lines++;
        at++;
    }
    return os_upload_write(test->report, bytes, len, err);
}

static int output_write_unit(struct test *test, struct test_unit *unit, struct error *err)
{
    char line[512];
    bool ends = unit->output_len == 0 || unit->output[unit->output_len - 1] == '\n';
    output_head(test, unit, line, sizeof line);
    int status = output_write(test, line, strlen(line), err);
    unit->report_line = test->report_lines;
    if (!status && unit->output_len)
        status = output_write(test, unit->output, unit->output_len, err);
    if (!status && !ends)
        status = output_write(test, "\n", 1, err);
    output_done_line(line, sizeof line, unit);
    return status ? status : output_write(test, line, strlen(line), err);
}

void test_output_unit(struct test *test, struct test_unit *unit)
{
    struct error err;
    if (!test->report || unit->result.end == PERISCOPE_END_NOT_RUN)
        return;
    if (output_write_unit(test, unit, &err) == 0)
        return;
    output_warn(test, "report.txt", err.text);
    os_upload_abandon(test->report);
    test->report = NULL;
}

/* ---- junit.xml ---- */

/* Returns the part of the path after the folder, or NULL if the path is not in it. */
static const char *output_within(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    while (len > 1 && folder[len - 1] == '/')
        len--;
    if (strncmp(path, folder, len) != 0 || (path[len] != '/' && path[len] != '\0'))
        return NULL;
    return path + len + strspn(path + len, "/");
}

/* Builds the output folder's path as GitLab expects it: relative to the root of the project and so of the artifacts. */
static void output_default_prefix(const struct test *test, struct buffer *out)
{
    struct error err;
    const char *project = getenv("CI_PROJECT_DIR"), *rest = NULL;
    if (project && *project) {
        bool relative = *test->output != '/';
        if (relative && os_getcwd(out, &err) == 0)
            out->data[out->len - 1] = '/'; /* in place of its NUL */
        buffer_printf(out, "%s", test->output);
        buffer_append(out, "", 1);
        rest = out->failed ? NULL : output_within((const char *)out->data, project);
    }
    if (rest) {
        out->len = strlen(rest);
        memmove(out->data, rest, out->len);
    } else {
        buffer_clear(out);
        buffer_printf(out, "%s", test->output);
    }
}

/* Returns the path of a file in the output folder as an attachment's, owned by the caller; NULL without memory. */
static char *output_attached(const struct test *test, const char *file)
{
    struct buffer path;
    buffer_init(&path, PATH_MAX_SIZE);
    if (test->attachment.count)
        buffer_printf(&path, "%s", test->attachment.items[0]);
    else
        output_default_prefix(test, &path);
    buffer_printf(&path, "%s%s", path.len && path.data[path.len - 1] != '/' ? "/" : "", file);
    buffer_append(&path, "", 1);
    if (!path.failed)
        return (char *)path.data;
    buffer_deinit(&path);
    return NULL;
}

static char *output_attachment(const struct test *test, const struct test_unit *unit)
{
    const char *file = unit->picture.file ? unit->picture.file : test->picture.file;
    return file ? output_attached(test, file) : NULL;
}

/* Returns the line of report.txt at which a unit's recording is to be seen: its first failure, else its beginning. */
static uint64_t output_line_to_see(const struct test_unit *unit)
{
    for (size_t i = 0; i < unit->result.line_count; i++)
        if (unit->result.lines[i].kind == PERISCOPE_LINE_FAILURE || unit->result.lines[i].kind == PERISCOPE_LINE_CRASH)
            return unit->report_line + unit->result.lines[i].number;
    return unit->report_line;
}

static void output_fill_case(struct periscope_junit_case *item, const struct test *test, const struct test_unit *unit)
{
    *item = (struct periscope_junit_case){
        .unit = &unit->result,
        .output = unit->output,
        .output_len = unit->output_len,
        .duration_ms = unit->duration_ms,
        .attachment = output_attachment(test, unit),
        .files = (const char *const *)unit->evidence.files.items,
        .file_count = unit->evidence.files.count,
        .machine = unit->judged_machine ? &unit->machine : NULL,
        .timeline_line = output_line_to_see(unit),
    };
}

static void output_free_cases(struct periscope_junit_case *cases, size_t count)
{
    for (size_t i = 0; cases && i < count; i++)
        free((char *)(uintptr_t)cases[i].attachment);
    free(cases);
}

void test_output_write_junit(struct test *test)
{
    char stamp[TIMESTAMP_SIZE], *xml = NULL;
    size_t len;
    struct periscope_junit_case *cases = calloc(test->unit_count, sizeof *cases);
    char *timeline = test->record.has_page ? output_attached(test, TEST_PAGE) : NULL;
    timestamp_text(stamp, test->started_ms);
    for (size_t i = 0; cases && i < test->unit_count; i++)
        output_fill_case(&cases[i], test, &test->units[i]);
    struct periscope_junit junit = {test->dll, test->cli->target, stamp,   "report.txt",
                                    cases,     test->unit_count,  timeline};
    int status = cases ? periscope_junit_write(&junit, &xml, &len) : PERISCOPE_LOCAL;
    if (status)
        output_warn(test, "junit.xml",
                    status == PERISCOPE_INVALID ? "the name of an attachment has '[', ']' or '|' in it" : "no memory");
    else
        test_output_write(test, "junit.xml", xml, len);
    output_free_cases(cases, test->unit_count);
    free(timeline);
    free(xml);
}

void test_output_close(struct test *test)
{
    struct error err;
    if (!test->output)
        return;
    if (test->report && os_upload_commit(test->report, &err))
        output_warn(test, "report.txt", err.text);
    test->report = NULL;
    test_output_write_junit(test);
}
