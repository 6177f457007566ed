/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes as made-up folders for /proc describe them, and children whose statuses are taken away. */
#include "tests/unit/check.h"

#include "linux/proc.h"
#include "platform/process_table.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STAT_REST " 0 0 0 0 0 0 0 0 0 0 0 20 0 %d 0 4711 0 0\n" /* of one with this number of threads */
#define MOUNT "24 30 0:22 / %s rw,nosuid - proc proc rw,%s\n"

static char root[] = "/tmp/test_proc-XXXXXX";
static struct error err;

static void make(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen(path, "w");
    if (file) {
        fputs(text, file);
        fclose(file);
    }
    CHECK(file != NULL);
}

static void make_folder(const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", root, name);
    CHECK_INT(mkdir(path, 0755), 0);
}

static void make_process(int pid, const char *state, int threads)
{
    char name[64], text[200];
    snprintf(name, sizeof name, "proc/%d", pid);
    make_folder(name);
    snprintf(name, sizeof name, "proc/%d/stat", pid);
    snprintf(text, sizeof text, "%d (a) b) %s 1 %d %d" STAT_REST, pid, state, pid, pid, threads);
    make(name, text);
}

static void remove_all(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s/proc %s/mounts", root, root);
    CHECK_INT(system(command), 0);
}

/* A /proc of this process ids' own. */
static void begin(void)
{
    char path[200], self[32];
    remove_all();
    make_folder("proc");
    make("proc/uptime", "1\n");
    snprintf(path, sizeof path, "%s/proc/self", root);
    snprintf(self, sizeof self, "%ld", (long)getpid());
    CHECK_INT(symlink(self, path), 0);
}

static struct proc_stat list[8];
static size_t count;

static int look(size_t max)
{
    return proc_list(root, list, max, &count, &err);
}

static void a_process_lives_as_long_as_any_of_its_threads(void)
{
    begin();
    make_process(10, "Z", 2);
    CHECK_INT(look(8), 0);
    CHECK_INT(count, 1);
    CHECK_INT(list[0].pid, 10);
    CHECK_INT(list[0].threads, 2);
    CHECK_INT(list[0].start, 4711);
    CHECK_TEXT(list[0].name, "a) b");
    CHECK(!proc_has_ended(&list[0]));
    const struct proc_stat ended = {.state = 'Z', .threads = 1}, dead = {.state = 'X'},
                           runs = {.state = 'R', .threads = 1};
    CHECK(proc_has_ended(&ended) && proc_has_ended(&dead) && !proc_has_ended(&runs));
}

static void one_that_ends_during_the_look_is_no_failure(void)
{
    begin();
    make_process(10, "S", 1);
    make_folder("proc/11"); /* without its file */
    CHECK_INT(look(8), 0);
    CHECK_INT(count, 1);
}

static void one_that_can_not_be_read_is_a_failure_with_its_pid(void)
{
    begin();
    make_process(10, "S", 1);
    make_folder("proc/11");
    make_folder("proc/11/stat");
    CHECK(look(8) < 0);
    CHECK_TEXT(err.text, "could not look at process 11: Is a directory");
    CHECK_INT(count, 1); /* and the others are seen */

    begin();
    make_folder("proc/12");
    make("proc/12/stat", "");
    CHECK(look(8) < 0);
    CHECK_TEXT(err.text, "could not look at process 12: Bad message");
    make("proc/12/stat", "12 (short) S 1 2\n");
    CHECK(look(8) < 0);
    CHECK_TEXT(err.text, "could not look at process 12: Bad message");
}

static void what_is_no_proc_of_this_process_is_a_failure(void)
{
    char path[200];
    static const char why[] = "could not look at the processes: /proc does not show them";
    begin();
    make_process(10, "S", 1);
    snprintf(path, sizeof path, "%s/proc/self", root);
    remove(path);
    CHECK_INT(look(8), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, why);
    CHECK_INT(symlink("1", path), 0); /* of other process ids */
    CHECK_INT(look(8), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, why);
    remove_all();
    CHECK_INT(look(8), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, why);
}

static void more_than_fit_is_a_failure(void)
{
    begin();
    for (int pid = 10; pid < 13; pid++)
        make_process(pid, "S", 1);
    CHECK_INT(look(2), ERR_LIMIT);
    CHECK_TEXT(err.text, "could not look at all processes: there are 2 or more");
    CHECK_INT(count, 2);
    CHECK_INT(look(4), 0);
    CHECK_INT(count, 3);
}

static void without_descriptors_is_a_failure(void)
{
    struct rlimit before, few;
    begin();
    make_process(10, "S", 1);
    int next = dup(0);
    close(next);
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){(rlim_t)next, before.rlim_max};
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &few), 0);
    CHECK(look(8) < 0);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
    char want[200];
    snprintf(want, sizeof want, "could not look at the processes: /proc: %s", strerror(EMFILE));
    CHECK_TEXT(err.text, want);
    CHECK(look(8) == 0);
}

/* ---- hidepid ---- */

/* What a process without rights takes these mounts for: 0 when nothing is hidden. */
static int hidden_by(const char *mounts)
{
    char path[200];
    int status;
    make("mounts", mounts);
    snprintf(path, sizeof path, "%s/mounts", root);
    chmod(root, 0755);
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534)))
            _exit(99);
        _exit(proc_check_hidden(path, &err) ? strstr(err.text, "hidepid=") ? 1 : 2 : 0);
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *mounted(const char *place, const char *options)
{
    static char text[400];
    snprintf(text, sizeof text, MOUNT, place, options);
    return text;
}

static void hidden_processes_are_a_failure(void)
{
    CHECK_INT(hidden_by(mounted("/proc", "hidepid=2")), 1);
    CHECK_INT(hidden_by(mounted("/proc", "gid=7,hidepid=invisible")), 1);
    CHECK_INT(hidden_by(mounted("/proc", "hidepid=4,gid=65534")), 1);
    CHECK_INT(hidden_by(mounted("/proc", "hidepid=1")), 1);
    CHECK_INT(hidden_by(mounted("/proc", "seclabel")), 0);
    CHECK_INT(hidden_by(mounted("/proc", "hidepid=0")), 0);
    CHECK_INT(hidden_by(mounted("/mnt/proc", "hidepid=2")), 0);
    CHECK_INT(hidden_by("25 30 0:23 / /proc rw - tmpfs hidepid=2 rw\n"), 0);
    if (geteuid() == 0)
        CHECK_INT(hidden_by(mounted("/proc", "gid=65534,hidepid=2")), 0); /* that group may see all */
}

static void a_mount_that_can_not_be_read_is_a_failure(void)
{
    pid_t child = fork();
    int status;
    if (child == 0) {
        if (geteuid() == 0 && setresuid(65534, 65534, 65534))
            _exit(99);
        _exit(proc_check_hidden("/no/such/file", &err) < 0 && strstr(err.text, "the mount of /proc") ? 0 : 1);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
}

/* ---- the child's own word ---- */

static void a_status_that_somebody_took_is_lost(void)
{
    static const char *const argv[] = {"true", NULL};
    struct os_process_spec spec = {.argv = argv};
    struct os_process *process, *adopted;
    struct buffer saved;
    uint32_t status = 77;
    int word;
    CHECK_INT(os_process_spawn(&process, &spec, &err), 0);
    CHECK(!os_process_lost(process, &err));
    CHECK_INT(waitpid((pid_t)os_process_pid(process), &word, 0), (pid_t)os_process_pid(process));
    CHECK(os_process_has_ended(process));
    CHECK(os_process_poll(process, &status));
    CHECK(os_process_lost(process, &err) < 0);
    CHECK_TEXT(err.text, strerror(ECHILD));

    buffer_init(&saved, 200);
    os_process_save(process, &saved);
    buffer_append(&saved, "", 1);
    CHECK_INT(os_process_adopt(&adopted, (const char *)saved.data), 0); /* an upgrade makes it no success */
    CHECK(os_process_poll(adopted, &status));
    CHECK(os_process_lost(adopted, &err) < 0);
    buffer_deinit(&saved);
    os_process_free(process);
    os_process_free(adopted);
}

static void that_it_has_ended_is_asked_without_taking_its_status(void)
{
    static const char *const argv[] = {"sh", "-c", "exit 3", NULL};
    struct os_process_spec spec = {.argv = argv};
    struct os_process *process;
    uint32_t status;
    CHECK_INT(os_process_spawn(&process, &spec, &err), 0);
    while (!os_process_has_ended(process))
        usleep(1000);
    CHECK(os_process_poll(process, &status));
    CHECK_INT(status, 3 << 8);
    CHECK(!os_process_lost(process, &err));
    os_process_free(process);
}

int main(void)
{
    if (!mkdtemp(root)) {
        SKIP("no folder can be made in /tmp");
        return CHECK_RESULT();
    }
    RUN(a_process_lives_as_long_as_any_of_its_threads);
    RUN(one_that_ends_during_the_look_is_no_failure);
    RUN(one_that_can_not_be_read_is_a_failure_with_its_pid);
    RUN(what_is_no_proc_of_this_process_is_a_failure);
    RUN(more_than_fit_is_a_failure);
    RUN(without_descriptors_is_a_failure);
    RUN(hidden_processes_are_a_failure);
    RUN(a_mount_that_can_not_be_read_is_a_failure);
    RUN(a_status_that_somebody_took_is_lost);
    RUN(that_it_has_ended_is_asked_without_taking_its_status);
    remove_all();
    rmdir(root);
    return CHECK_RESULT();
}
