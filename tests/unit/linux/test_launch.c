/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What children hold of the agent's descriptors, and which program they become. */
#include "tests/unit/check.h"

#include "linux/fork_window.h"
#include "linux/process/launch.h"
#include "linux/process/program.h"
#include "linux/process/reap.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOLD_MS 300

static struct error err;
static char folder[] = "/tmp/periscope-test-launch-XXXXXX";

static int become_sh(void *context)
{
    const char *argv[] = {"/bin/sh", "-c", context, NULL};
    execv(argv[0], (char *const *)(uintptr_t)argv);
    return errno;
}

static int become_nothing(void *context)
{
    (void)context;
    return ENOTBLK;
}

static int run(const struct launch *how, int *report)
{
    pid_t pid;
    int status = -1;
    CHECK_INT(launch(how, &pid, report, &err), 0);
    CHECK(waitpid(pid, &status, 0) == pid);
    reap_disown(pid);
    return status;
}

static struct launch shell(const char *script)
{
    return (struct launch){.standard = {-1, -1, -1}, .become = become_sh, .context = (void *)(uintptr_t)script};
}

static void a_child_has_its_standard_descriptors_alone(void)
{
    int ends[2], high = fcntl(0, F_DUPFD, 200); /* without CLOEXEC */
    char got[8] = "";
    CHECK(pipe(ends) == 0);
    struct launch how = shell("echo hello; for fd in /proc/self/fd/*; do [ ${fd##*/} -gt 9 ] && exit 1; done; exit 3");
    how.standard[1] = ends[1];
    CHECK_INT(run(&how, NULL), 3 << 8);
    CHECK(read(ends[0], got, sizeof got - 1) == 6);
    CHECK_TEXT(got, "hello\n");
    close(ends[0]);
    close(ends[1]);
    close(high);
}

static void a_standard_descriptor_that_can_not_be_set_is_told(void)
{
    int report;
    struct launch how = shell("exit 4");
    how.standard[1] = 9999;
    CHECK_INT(run(&how, &report), 1 << 8);
    CHECK_INT(launch_wait_for_exec(report), EBADF);
    CHECK_INT(run(&how, NULL), 1 << 8);
}

static void why_it_is_not_executed_is_told(void)
{
    int report;
    struct launch how = {.standard = {-1, -1, -1}, .become = become_nothing};
    CHECK_INT(run(&how, &report), 1 << 8);
    CHECK_INT(launch_wait_for_exec(report), ENOTBLK);
    CHECK_INT(run(&how, NULL), 1 << 8);
    how = shell("exit 4");
    CHECK_INT(run(&how, &report), 4 << 8);
    CHECK_INT(launch_wait_for_exec(report), 0);
}

static bool hold_child, kill_child;

static void in_child(void)
{
    if (hold_child)
        usleep(HOLD_MS * 1000);
    if (kill_child)
        raise(SIGKILL);
}

static void launch_slowly(void *context)
{
    struct launch how = shell("exit 0");
    (void)context;
    CHECK_INT(run(&how, NULL), 0);
}

/* A program that was written while another thread forks, whose child is slow to close its copy of the descriptor. */
static void what_was_written_can_be_executed(void)
{
    static const char text[] = "#!/bin/sh\nexit 6\n";
    char path[64];
    struct os_thread *thread;
    snprintf(path, sizeof path, "%s/program", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    CHECK(write(fd, text, sizeof text - 1) == sizeof text - 1);
    hold_child = true;
    CHECK_INT(os_thread_start_joinable(&thread, launch_slowly, NULL, &err), 0);
    os_sleep_ms(HOLD_MS / 3);
    close(fd);
    fork_settle();
    hold_child = false;
    CHECK_INT(system(path), 6 << 8);
    os_thread_join(thread);
}

static void one_that_is_killed_at_once_is_waited_for(void)
{
    struct launch how = shell("exit 0");
    kill_child = true;
    CHECK_INT(run(&how, NULL), SIGKILL);
    kill_child = false;
    fork_settle();
}

static void nothing_is_forked_in_the_quiet_time(void)
{
    pid_t pid;
    int status;
    struct launch how = shell("exit 5");
    CHECK_INT(launch(&how, &pid, NULL, &err), 0);
    fork_freeze();
    reap_freeze();
    pid_t none;
    CHECK_INT(launch(&how, &none, NULL, &err), ERR_UNAVAILABLE);
    siginfo_t info;
    CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
    CHECK(reap_one(pid, &status) == 0);
    fork_thaw();
    reap_thaw();
    CHECK(reap_one(pid, &status) == pid);
    CHECK_INT(status, 5 << 8);
    reap_disown(pid);
}

static void what_has_no_owner_is_handed_over(void)
{
    struct buffer out;
    buffer_init(&out, 100);
    pid_t pid;
    struct launch how = shell("exit 5");
    CHECK_INT(launch(&how, &pid, NULL, &err), 0);
    reap_save(&out);
    buffer_append(&out, "", 1);
    CHECK_INT(atol((const char *)out.data), pid);
    reap_disown(pid);
    reap_restore((const char *)out.data);
    for (int i = 0; i < 1000 && kill(pid, 0) == 0; i++) {
        os_sleep_ms(5);
        reap_abandoned();
    }
    CHECK(kill(pid, 0) < 0);
    buffer_deinit(&out);
}

/* ---- the program ---- */

/* Returns the errno of an execution in a child, by ours or by the C library. */
static int errno_of(const char *name, char *const *env, bool ours)
{
    const char *argv[] = {name, "argument", NULL};
    struct program program;
    int status;
    CHECK(program_init(&program, argv, env));
    pid_t pid = fork();
    if (pid == 0) {
        environ = (char **)(uintptr_t)env;
        if (!ours)
            execvp(name, (char *const *)(uintptr_t)argv);
        _exit(ours ? program_exec(&program) : errno);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    program_deinit(&program);
    return WEXITSTATUS(status);
}

static void make(const char *name, mode_t mode, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static void programs_are_found_as_the_c_library_does(void)
{
    static const char *const names[] = {"",         "none",  "denied", "p-script", "true",      "./p-script", "./none",
                                        "denied/x", "/none", "/",      ".",        "/bin/true", "p-dir"};
    char folders[200], empty[] = "PATH=", other[] = "X=1", leading[300];
    snprintf(folders, sizeof folders, "PATH=/none:/dev/null:%s:/bin", folder);
    snprintf(leading, sizeof leading, "PATH=:%s", folder);
    char *const envs[][2] = {{folders, NULL}, {empty, NULL}, {other, NULL}, {leading, NULL}};
    make("denied", 0600, "exit 0\n");
    make("p-script", 0700, "exit $((40 + $#))\n");
    make("p-dir", 0600, "");
    CHECK(chdir(folder) == 0);
    CHECK_INT(errno_of("p-script", envs[0], true), 41);
    CHECK_INT(errno_of("denied", envs[0], true), EACCES);
    if (errno_of("p-script", envs[0], false) == ENOEXEC) {
        SKIP("this C library gives no script to the shell");
        return;
    }
    for (size_t env = 0; env < sizeof envs / sizeof envs[0]; env++)
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            CHECK_INT(errno_of(names[i], envs[env], true), errno_of(names[i], envs[env], false));
}

int main(void)
{
    char command[100];
    CHECK(mkdtemp(folder) != NULL);
    pthread_atfork(NULL, NULL, in_child);
    RUN(a_child_has_its_standard_descriptors_alone);
    RUN(a_standard_descriptor_that_can_not_be_set_is_told);
    RUN(why_it_is_not_executed_is_told);
    RUN(what_was_written_can_be_executed);
    RUN(one_that_is_killed_at_once_is_waited_for);
    RUN(nothing_is_forked_in_the_quiet_time);
    RUN(what_has_no_owner_is_handed_over);
    RUN(programs_are_found_as_the_c_library_does);
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK_INT(system(command), 0);
    return CHECK_RESULT();
}
