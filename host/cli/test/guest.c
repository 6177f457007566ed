/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's side of a test: a folder of its own, the executable in it, and how it is started. */
#include "host/cli/test/test.h"

#include "platform/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER_TRIES 4
#define REMOVE_TRIES 10
#define REMOVE_STEP_MS 200
#define BATCH_MAX 65536 /* bytes of a batch file */

static const char *guest_separator(const struct test *test)
{
    return test->windows ? "\\" : "/";
}

static char *guest_join(const char *a, const char *b, const char *c)
{
    size_t size = strlen(a) + strlen(b) + strlen(c) + 1;
    char *text = malloc(size);
    if (text)
        snprintf(text, size, "%s%s%s", a, b, c);
    return text;
}

char *test_guest_path(const struct test *test, const char *name)
{
    return guest_join(test->folder, guest_separator(test), name);
}

static int guest_no_memory(struct test *test)
{
    return cli_error(test->cli, CLI_FAILED, "no memory for the names of the guest's files");
}

/* ---- commands ---- */

/* Runs a command of the guest's system; *ok: it exited with 0. Returns a periscope_status. */
static int guest_command(struct test *test, const char *const *argv, bool *ok)
{
    struct periscope *p = test->cli->periscope;
    struct periscope_run run = {.argv = argv};
    struct periscope_exit end = {0};
    uint64_t pid;
    int status = periscope_run(p, &run, &pid);
    if (!status)
        status = periscope_wait(p, pid, TEST_COMMAND_MS, 0, &end);
    *ok = !status && end.exited && end.code == 0;
    if (!status)
        status = periscope_forget(p, pid);
    return status;
}

/* Returns the last part of a path in the guest. */
static const char *guest_name(const struct test *test, const char *path)
{
    const char *last = strrchr(path, *guest_separator(test));
    return last ? last + 1 : path;
}

/* Runs a line as a batch file. On Windows the commands for folders are built into the command interpreter, and an
   agent's quoting of each argument does not fit that program's command line. In a batch file there are only names that
   this program has made up, relative to the agent's folder: it is read in a code page, and '%' is special there. */
static int guest_batch_command(struct test *test, const char *line, bool *ok)
{
    char *file = guest_join(".\\", guest_name(test, test->folder), ".bat");
    const char *const argv[] = {file, NULL};
    *ok = false;
    if (!file)
        return PERISCOPE_LOCAL;
    int status = periscope_put_bytes(test->cli->periscope, line, strlen(line), file, PERISCOPE_EXECUTABLE);
    if (!status)
        status = guest_command(test, argv, ok);
    if (!status)
        status = periscope_rm(test->cli->periscope, argv, 1, NULL);
    free(file);
    return status;
}

static int guest_mkdir(struct test *test, bool *ok)
{
    char line[128];
    const char *const argv[] = {"mkdir", test->folder, NULL};
    if (!test->windows)
        return guest_command(test, argv, ok);
    snprintf(line, sizeof line, "@mkdir \"%s\"\r\n", guest_name(test, test->folder));
    return guest_batch_command(test, line, ok);
}

/* Removes the folder. Windows' command says nothing of what it has left, such as the folder that a program is in. */
static int guest_rmdir(struct test *test, bool *ok)
{
    char line[256];
    const char *const argv[] = {"rm", "-rf", test->folder, NULL};
    if (!test->windows)
        return guest_command(test, argv, ok);
    const char *name = guest_name(test, test->folder);
    snprintf(line, sizeof line, "@rmdir /s /q \"%s\"\r\n@if exist \"%s\" exit 1\r\n@exit 0\r\n", name, name);
    return guest_batch_command(test, line, ok);
}

/* ---- the folder ---- */

/* Makes a folder with a unique name: mkdir fails if the name exists. */
static int guest_make_folder(struct test *test, const char *cwd)
{
    bool made = false;
    for (int attempt = 0; !made && attempt < FOLDER_TRIES; attempt++) {
        char name[64];
        snprintf(name, sizeof name, "periscope-test-%" PRIx64,
                 (uint64_t)os_wall_time_ms() << 10 | (os_clock_us() & 0x3ff));
        free(test->folder);
        test->folder = *cwd ? guest_join(cwd, guest_separator(test), name) : guest_join("", "", name);
        if (!test->folder)
            return guest_no_memory(test);
        int status = guest_mkdir(test, &made);
        if (status)
            return cli_failed(test->cli, status);
    }
    if (made)
        return 0;
    int exit_status = cli_error(test->cli, CLI_REFUSED, "no folder could be made in the guest, as %s", test->folder);
    free(test->folder);
    test->folder = NULL;
    return exit_status;
}

/* Tries for a while: what has ended in the folder may be in it for another moment, such as a console's process. */
void test_guest_close(struct test *test)
{
    bool removed = false;
    int status = 0;
    if (!test->folder)
        return;
    for (int attempt = 0; !status && !removed && attempt < REMOVE_TRIES; attempt++) {
        os_sleep_ms(attempt ? REMOVE_STEP_MS : 0);
        status = guest_rmdir(test, &removed);
    }
    if (status)
        test_warn(test, "the guest's folder %s was not removed: %s", test->folder,
                  periscope_error_text(test->cli->periscope));
    else if (!removed)
        test_warn(test, "the guest's folder %s could not be removed", test->folder);
}

/* ---- properties of the guest ---- */

/* Waits until the desktop is ready: a test that begins behind a log-on screen or an update fails by what it is not told. */
static int guest_await_desktop(struct test *test)
{
    struct periscope *p = test->cli->periscope;
    struct periscope_strings facts = {0};
    if (test->ready_ms < 0)
        return 0;
    int status = periscope_wait_ready(p, NULL, test->ready_ms, NULL, NULL, &facts);
    const char *unmet = periscope_strings_get(&facts, "unmet"), *why = unmet;
    for (int word = 0; why && word < 2; word++) /* "desktop MS TEXT" */
        why = strchr(why, ' ') ? strchr(why, ' ') + 1 : NULL;
    int exit_status = 0;
    if (status == PERISCOPE_TIMED_OUT && why)
        exit_status = cli_error(test->cli, (enum cli_exit)TEST_INCOMPLETE, "the guest's desktop is not ready: %s", why);
    else if (status == PERISCOPE_UNSUPPORTED)
        test_warn(test, "not waited until the desktop is ready: %s", periscope_error_text(p));
    else if (status)
        exit_status = cli_failed(test->cli, status);
    periscope_strings_free(&facts);
    return exit_status;
}

/* Asks for the agent's folder. Agents without getcwd, those before 1.6, ran on Windows; relative names refer to their
   unknown folder. */
static int guest_learn_folder(struct test *test, char **cwd)
{
    int status = periscope_getcwd(test->cli->periscope, cwd);
    if (status && status != PERISCOPE_UNSUPPORTED)
        return cli_failed(test->cli, status);
    if (status)
        *cwd = calloc(1, 1);
    if (!*cwd)
        return guest_no_memory(test);
    test->windows = **cwd != '/';
    return 0;
}

static int guest_learn(struct test *test)
{
    struct periscope *p = test->cli->periscope;
    int status = periscope_ping(p);
    if (status)
        return cli_failed(test->cli, status);
    const char *banner = periscope_banner(p);
    test->banner = guest_join(banner ? banner : "", "", "");
    int exit_status = guest_await_desktop(test);
    if (exit_status)
        return exit_status;
    status = periscope_properties(p, &test->properties);
    if (status && status != PERISCOPE_UNSUPPORTED)
        return cli_failed(test->cli, status);
    test_mark_events(test, false);
    return 0;
}

static int guest_send_executable(struct test *test)
{
    struct cli *cli = test->cli;
    char *name = guest_join(cli_file_name(test->executable), "", "");
    for (char *c = name; c && *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr("._-", *c)))
            *c = '_'; /* it may be used in a batch file */
    test->program = name ? test_guest_path(test, name) : NULL;
    free(name);
    if (!test->program)
        return guest_no_memory(test);
    json_object_begin(&cli->reply, "sent");
    cli_progress_begin(cli, cli_file_name(test->executable));
    int status = periscope_put(cli->periscope, test->executable, test->program, PERISCOPE_EXECUTABLE);
    cli_progress_end(cli);
    json_object_end(&cli->reply);
    return status ? cli_failed(cli, status) : 0;
}

int test_guest_open(struct test *test)
{
    char *cwd = NULL;
    int exit_status = guest_learn(test);
    if (!exit_status)
        exit_status = guest_learn_folder(test, &cwd);
    if (!exit_status)
        exit_status = guest_make_folder(test, cwd);
    if (!exit_status)
        test_mark_events(test, true);
    if (!exit_status)
        exit_status = guest_send_executable(test);
    free(cwd);
    return exit_status;
}

/* ---- starting ---- */

static bool guest_add_command(struct strlist *argv, const struct test *test, const char *argument)
{
    for (size_t i = 0; i < test->runner.count; i++)
        strlist_add(argv, test->runner.items[i]);
    strlist_add(argv, test->program);
    strlist_add(argv, argument);
    return !argv->failed;
}

static int guest_start(struct test *test, struct periscope_run *run, struct strlist *argv, uint64_t *pid)
{
    run->argv = (const char *const *)argv->items;
    int status = argv->failed ? PERISCOPE_LOCAL : periscope_run(test->cli->periscope, run, pid);
    strlist_deinit(argv);
    return status;
}

static int guest_start_by_exec(struct test *test, const char *argument, const char *output, uint64_t *pid)
{
    struct strlist argv = {0};
    struct periscope_run run = {.env = (const char *const *)test->env.items, .cwd = test->folder};
    run.check_dlls = test->windows && test->runner.count == 0;
    run.out = run.err = output;
    run.append_out = run.append_err = true;
    if (test_agent_has(test, "ps")) /* those that have it know limits: behind ours, for when this host is gone */
        run.limit_ms = (strcmp(argument, "--list") == 0 ? TEST_LIST_MS : (int64_t)test->unit_limit_ms) + test->dump_ms +
                       TEST_BEHIND_MS;
    guest_add_command(&argv, test, argument);
    return guest_start(test, &run, &argv, pid);
}

/* Starts it by a shell, which also redirects: testagentd on Linux opens the files but can't write to them. */
static int guest_start_by_shell(struct test *test, const char *argument, const char *output, uint64_t *pid)
{
    struct strlist argv = {0};
    struct periscope_run run = {0};
    strlist_add(&argv, "sh");
    strlist_add(&argv, "-c");
    strlist_add(&argv, "cd \"$1\" && out=$2 && shift 2 && exec env \"$@\" >>\"$out\" 2>&1");
    strlist_add(&argv, "sh");
    strlist_add(&argv, test->folder);
    strlist_add(&argv, output);
    for (size_t i = 0; i < test->env.count; i++)
        if (!strchr(test->env.items[i], '=')) {
            strlist_add(&argv, "-u");
            strlist_add(&argv, test->env.items[i]);
        }
    for (size_t i = 0; i < test->env.count; i++)
        if (strchr(test->env.items[i], '='))
            strlist_add(&argv, test->env.items[i]);
    guest_add_command(&argv, test, argument);
    return guest_start(test, &run, &argv, pid);
}

/* Writes a text for a batch file. '%' is the only character that quotes don't protect. */
static void guest_batch_text(struct buffer *out, const char *text)
{
    for (; *text; text++)
        buffer_printf(out, *text == '%' ? "%%%%" : "%c", *text);
}

/* Writes the batch file, with names in the agent's folder and in the test's only. */
static void guest_batch_file(struct buffer *out, const struct test *test, const char *argument, const char *output)
{
    buffer_printf(out, "@echo off\r\ncd \"%s\"\r\n", guest_name(test, test->folder));
    for (size_t i = 0; i < test->env.count; i++) {
        buffer_printf(out, "set \"");
        guest_batch_text(out, test->env.items[i]);
        buffer_printf(out, strchr(test->env.items[i], '=') ? "\"\r\n" : "=\"\r\n");
    }
    for (size_t i = 0; i < test->runner.count; i++) {
        guest_batch_text(out, test->runner.items[i]);
        buffer_printf(out, " ");
    }
    buffer_printf(out, "\".\\%s\" \"", guest_name(test, test->program));
    guest_batch_text(out, argument);
    buffer_printf(out, "\" >> \"%s\" 2>&1\r\nexit %%ERRORLEVEL%%\r\n", guest_name(test, output));
}

/* Returns whether each code page reads it as it is. */
static bool guest_batch_takes(const char *text)
{
    while (*text >= ' ' && *text <= '~')
        text++;
    return *text == '\0';
}

/* Returns the first text that a batch file can't have, or NULL. */
static const char *guest_batch_refuses(const struct test *test, const char *argument)
{
    const struct strlist *const lists[] = {&test->env, &test->runner};
    if (!guest_batch_takes(argument) || strchr(argument, '"'))
        return argument;
    for (size_t list = 0; list < 2; list++)
        for (size_t i = 0; i < lists[list]->count; i++)
            if (!guest_batch_takes(lists[list]->items[i]))
                return lists[list]->items[i];
    return NULL;
}

static int guest_send_batch(struct test *test, const char *file, const char *argument, const char *output)
{
    struct buffer text;
    buffer_init(&text, BATCH_MAX);
    guest_batch_file(&text, test, argument, output);
    int status = text.failed
                     ? PERISCOPE_LOCAL
                     : periscope_put_bytes(test->cli->periscope, text.data, text.len, file, PERISCOPE_EXECUTABLE);
    buffer_deinit(&text);
    return status;
}

static int guest_start_by_batch(struct test *test, const char *argument, const char *output, uint64_t *pid)
{
    struct strlist argv = {0};
    struct periscope_run run = {0};
    const char *refused = guest_batch_refuses(test, argument);
    if (refused) {
        test_warn(test, "this agent has no exec, and its batch file can't have '%s': only ASCII", refused);
        return PERISCOPE_UNSUPPORTED;
    }
    char *file = guest_join(".\\", guest_name(test, test->folder), "\\start.bat");
    int status = file ? guest_send_batch(test, file, argument, output) : PERISCOPE_LOCAL;
    if (!status) {
        strlist_add(&argv, file);
        status = guest_start(test, &run, &argv, pid);
    }
    free(file);
    return status;
}

static int guest_start_any(struct test *test, const char *argument, const char *output, uint64_t *pid)
{
    if (!test->plain) {
        int status = guest_start_by_exec(test, argument, output, pid);
        if (status != PERISCOPE_UNSUPPORTED)
            return status;
        test->plain = true;
    }
    return test->windows ? guest_start_by_batch(test, argument, output, pid)
                         : guest_start_by_shell(test, argument, output, pid);
}

int test_guest_start(struct test *test, const char *argument, const char *output, uint64_t *pid)
{
    cli_hold_interrupt(true);
    int status = guest_start_any(test, argument, output, pid);
    cli_hold_interrupt(false);
    return status;
}

/* ---- fetching ---- */

static int guest_fetch_start(struct test *test, const char *file, uint8_t **bytes, size_t *len)
{
    bool ok;
    char size[32];
    char *start_file = guest_join(file, ".start", "");
    if (!start_file)
        return PERISCOPE_LOCAL;
    snprintf(size, sizeof size, "%u", TEST_MAX_OUTPUT);
    const char *const argv[] = {"sh", "-c", "head -c \"$1\" <\"$2\" >\"$3\"", "sh", size, file, start_file, NULL};
    int status = guest_command(test, argv, &ok);
    if (!status)
        status = periscope_get_bytes(test->cli->periscope, start_file, TEST_MAX_OUTPUT, bytes, len);
    free(start_file);
    return status;
}

int test_guest_fetch(struct test *test, const char *file, uint8_t **bytes, size_t *len, bool *cut)
{
    *cut = false;
    int status = periscope_get_bytes(test->cli->periscope, file, TEST_MAX_OUTPUT, bytes, len);
    if (status != PERISCOPE_LOCAL || test->windows)
        return status;
    *cut = true;
    return guest_fetch_start(test, file, bytes, len);
}
