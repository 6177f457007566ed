/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/clock.h"
#include "platform/process_table.h"
#include "linux/errno.h"
#include "linux/file/file.h"
#include "linux/fork_window.h"
#include "linux/user/identity.h"
#include "linux/process/pipe.h"
#include "linux/process/interpreter.h"
#include "linux/process/launch.h"
#include "linux/process/outside.h"
#include "linux/proc.h"
#include "linux/process/program.h"
#include "linux/process/reap.h"
#include "linux/process/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct redirection {
    const char *path;
    int flags;
    const char *purpose; /* "reading" or "writing" */
};

/* Opens a redirection; *out is -1 for "keep the agent's own". */
static int open_redirection(int *out, const struct redirection *redirection, struct error *err)
{
    *out = -1;
    if (!redirection->path || !*redirection->path)
        return 0;
    /* O_NONBLOCK: a FIFO that nobody holds must not stop the agent. */
    int fd = file_open(redirection->path, redirection->flags | O_NOCTTY | O_NONBLOCK, 0666);
    if (fd < 0) {
        int status = errno_error(err, errno, NULL);
        return error_prefix(err, status, "unable to open '%s' for %s", redirection->path, redirection->purpose);
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    *out = fd;
    return 0;
}

static int take_pipe(int *out, const struct os_pipe *pipe, struct error *err)
{
    *out = pipe_child_end(pipe);
    return *out < 0 ? errno_error(err, errno, "could not fork") : 0;
}

static void process_close_all(int fds[3])
{
    for (int i = 0; i < 3; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static int open_redirections_as_agent(int fds[3], const struct os_process_spec *spec, struct error *err)
{
    const int append = O_WRONLY | O_CREAT | O_APPEND;
    const struct redirection redirections[3] = {
        {spec->in, O_RDONLY, "reading"},
        {spec->out, append | (spec->append_out ? 0 : O_TRUNC), "writing"},
        {spec->err, append | (spec->append_err ? 0 : O_TRUNC), "writing"},
    };
    fds[0] = fds[1] = fds[2] = -1;
    for (int i = 0; i < 3; i++) {
        int status =
            spec->pipes[i] ? take_pipe(&fds[i], spec->pipes[i], err) : open_redirection(&fds[i], &redirections[i], err);
        if (status) {
            process_close_all(fds);
            return status;
        }
    }
    return 0;
}

static int open_redirections(int fds[3], const struct os_process_spec *spec, struct error *err)
{
    int status = os_identity_enter(spec->as, err);
    if (status)
        return status;
    status = open_redirections_as_agent(fds, spec, err);
    os_identity_leave(spec->as);
    return status;
}

static size_t name_len(const char *variable)
{
    return strcspn(variable, "=");
}

static bool env_names(const char *const *env, const char *variable)
{
    size_t len = name_len(variable);
    for (; env && *env; env++)
        if (name_len(*env) == len && strncmp(*env, variable, len) == 0)
            return true;
    return false;
}

/* Returns whether only the agent may have the variable: the service manager's. */
static bool is_agents_own(const char *variable)
{
    static const char *const names[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", OUTSIDE_VARIABLE};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (name_len(variable) == strlen(names[i]) && strncmp(variable, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* Returns a new array of borrowed strings, or NULL without memory. */
static char **build_environment(const struct os_identity *as, const char *const *env)
{
    char **base = as && !as->is_agent ? as->environment.items : environ;
    size_t own = 0, added = 0, count = 0;
    while (base && base[own])
        own++;
    while (env && env[added])
        added++;
    char **list = calloc(own + added + 1, sizeof *list);
    if (!list)
        return NULL;
    for (size_t i = 0; i < own; i++)
        if (!env_names(env, base[i]) && !is_agents_own(base[i]))
            list[count++] = base[i];
    for (size_t i = 0; i < added; i++)
        if (strchr(env[i], '=') && !env_names(env + i + 1, env[i]))
            list[count++] = (char *)(uintptr_t)env[i];
    return list;
}

struct starting {
    const struct os_process_spec *spec;
    struct program program;
};

/* Becomes the program, in the child, where only system calls are safe. A negative errno is the working folder's. */
static int become_program(void *context)
{
    const struct starting *starting = context;
    const struct os_process_spec *spec = starting->spec;
    int code = outside_drop_protection();
    if (code == 0 && spec->as)
        code = identity_become(spec->as);
    if (code)
        return code;
    if (spec->terminal && ioctl(0, TIOCSCTTY, 0) < 0)
        return errno;
    if (spec->cwd && chdir(spec->cwd) < 0)
        return -errno;
    return program_exec(&starting->program);
}

/* As an upgrade hands it over. FOREIGN: it runs, and is no child of the agent, but of one that has ended. */
enum end { RUNS = OS_PROCESS_RUNS, EXITED = OS_PROCESS_EXITED, LOST = OS_PROCESS_LOST, FOREIGN };

struct os_process {
    pid_t pid;
    atomic_int end;           /* an enum end; asked by those that end the process too */
    uint32_t status;          /* of one that is lost: the errno, 0 if its agent had ended */
    unsigned long long start; /* ticks; tells it from a later process of the same pid */
    unsigned long long ended; /* ticks, once it has, when that was seen; 0: not known */
};

/* Sets why the program could not be executed, as who runs it could find. */
static int set_exec_failure(const struct starting *starting, int code, struct error *err)
{
    const struct os_process_spec *spec = starting->spec;
    bool named = false;
    if (code < 0) {
        errno_error(err, -code, NULL);
        return error_prefix(err, ERR_SYSTEM, "could not run '%s': the working folder '%s'", spec->argv[0], spec->cwd);
    }
    if (code == ENOENT && os_identity_enter(spec->as, err) == 0) {
        named = interpreter_is_missing(spec->argv[0], starting->program.search, spec->cwd, err);
        os_identity_leave(spec->as);
    }
    if (!named)
        errno_error(err, code, NULL);
    return error_prefix(err, ERR_SYSTEM, "could not run '%s'%s%s", spec->argv[0], spec->cwd ? " in " : "",
                        spec->cwd ? spec->cwd : "");
}

/* Starts the child and, where the caller wants to know it, waits until it is the program. */
static int launch_program(pid_t *pid, struct starting *starting, const int fds[3], struct error *err)
{
    const struct os_process_spec *spec = starting->spec;
    struct launch how = {.standard = {fds[0], fds[1], fds[2]},
                         .new_session = true,
                         .outside = true,
                         .become = become_program,
                         .context = starting};
    int report;
    int status = launch(&how, pid, spec->report_exec_failure ? &report : NULL, err);
    if (status)
        return error_prefix(err, status, "could not fork");
    int code = spec->report_exec_failure ? launch_wait_for_exec(report) : 0;
    if (code) {
        while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
            ;
        status = set_exec_failure(starting, code, err);
    }
    reap_disown(*pid);
    return status;
}

static int fork_child(pid_t *pid, const struct os_process_spec *spec, const int fds[3], struct error *err)
{
    struct starting starting = {.spec = spec};
    char **env = build_environment(spec->as, spec->env);
    if (!env || !program_init(&starting.program, spec->argv, env)) {
        free(env);
        return error_set(err, ERR_NO_MEMORY, "could not fork: Cannot allocate memory");
    }
    int status = launch_program(pid, &starting, fds, err);
    program_deinit(&starting.program);
    free(env);
    return status;
}

int os_process_spawn(struct os_process **out, const struct os_process_spec *spec, struct error *err)
{
    int fds[3];
    *out = NULL;
    struct os_process *process = calloc(1, sizeof *process);
    if (!process)
        return error_set(err, ERR_NO_MEMORY, "could not fork: Cannot allocate memory");
    int status = open_redirections(fds, spec, err);
    if (status == 0) {
        status = fork_child(&process->pid, spec, fds, err);
        process_close_all(fds);
        fork_settle(); /* what it has written may be executed as soon as it has ended */
    }
    if (status) {
        free(process);
        return status;
    }
    struct proc_stat info;
    if (proc_stat_read(process->pid, &info))
        process->start = info.start;
    *out = process;
    return 0;
}

uint64_t os_process_pid(const struct os_process *process)
{
    return (uint64_t)process->pid;
}

uint64_t os_process_start_time(const struct os_process *process)
{
    return process->start;
}

uint64_t os_process_end_time(const struct os_process *process)
{
    if (process->end == RUNS || process->end == FOREIGN)
        return 0;
    return process->ended ? process->ended : process->start;
}

void os_process_outlived(struct os_process *process)
{
    if (process->end == EXITED || process->end == LOST)
        process->ended = proc_ticks_at(os_boot_clock_ms());
}

uint64_t os_process_time_at(int64_t boot_ms)
{
    return proc_ticks_at(boot_ms);
}

/* Returns whether one that is not the agent's child has ended; no status of it can be had. */
static bool foreign_has_ended(const struct os_process *process)
{
    struct proc_stat info;
    if (!proc_stat_read(process->pid, &info))
        return errno == ESRCH;
    return info.start != process->start || proc_has_ended(&info);
}

bool os_process_poll(struct os_process *process, uint32_t *status)
{
    int word;
    if (process->end == FOREIGN && foreign_has_ended(process)) {
        process->ended = proc_ticks_at(os_boot_clock_ms());
        process->end = LOST;
    }
    pid_t done = process->end == RUNS ? reap_one(process->pid, &word) : 0;
    if (done == process->pid) {
        process->status = (uint32_t)word;
        process->ended = proc_ticks_at(os_boot_clock_ms());
        process->end = EXITED;
    } else if (done < 0) { /* no child of the agent, or not any more: no status will ever come */
        process->status = (uint32_t)errno;
        process->end = LOST;
    }
    bool ended = process->end == EXITED || process->end == LOST;
    if (ended)
        *status = process->status;
    return ended;
}

int os_process_lost(const struct os_process *process, struct error *err)
{
    if (process->end == LOST && process->status == 0)
        return error_set(err, ERR_SYSTEM, "the agent that had started it ended before it");
    return process->end == LOST ? errno_error(err, (int)process->status, NULL) : 0;
}

/* Asks without collecting the status, which is for os_process_poll(). */
bool os_process_has_ended(const struct os_process *process)
{
    siginfo_t info = {0};
    if (process->end == FOREIGN)
        return foreign_has_ended(process);
    if (process->end != RUNS)
        return true;
    return waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ? errno == ECHILD
                                                                                     : info.si_pid != 0;
}

/* Signals the group that the child leads, since setsid() made it one. */
int os_process_signal_child(const struct os_process *process, bool force, struct error *err)
{
    if (os_process_has_ended(process) || kill(-process->pid, force ? SIGKILL : SIGTERM) == 0 || errno == ESRCH)
        return 0;
    return errno_error(err, errno, NULL);
}

void os_process_free(struct os_process *process)
{
    if (!process)
        return;
    if (process->end == RUNS)
        reap_later(process->pid);
    free(process);
}

void os_process_save(const struct os_process *process, struct buffer *out)
{
    buffer_printf(out, "%ld %llu %d %lu %llu", (long)process->pid, process->start, process->end,
                  (unsigned long)process->status, process->ended);
}

int os_process_adopt(struct os_process **out, const char *saved)
{
    long pid;
    int end;
    unsigned long status;
    unsigned long long start, ended = 0; /* the last of newer agents */
    *out = NULL;
    struct os_process *process = calloc(1, sizeof *process);
    if (!process || sscanf(saved, "%ld %llu %d %lu %llu", &pid, &start, &end, &status, &ended) < 4 || pid <= 1 ||
        end < RUNS || end > FOREIGN) {
        free(process);
        return ERR_INVALID;
    }
    *process = (struct os_process){(pid_t)pid, end, (uint32_t)status, start, ended};
    if (end == FOREIGN)
        watch_foreign(process->pid);
    *out = process;
    return 0;
}

struct os_process *os_process_recall(uint64_t pid, uint64_t start_time, enum os_process_end end, uint32_t status,
                                     uint64_t end_time)
{
    struct os_process *process = calloc(1, sizeof *process);
    if (!process)
        return NULL;
    *process = (struct os_process){(pid_t)pid, end, end == OS_PROCESS_EXITED ? status : 0, start_time, end_time};
    if (end != OS_PROCESS_RUNS)
        return process;
    process->end = pid > 1 && pid <= INT_MAX && !foreign_has_ended(process) ? FOREIGN : LOST;
    if (process->end == FOREIGN)
        watch_foreign(process->pid);
    return process;
}

void os_process_freeze(void)
{
    fork_freeze();
    reap_freeze();
}

void os_process_thaw(void)
{
    fork_thaw();
    reap_thaw();
}

struct os_process_id os_process_id(const struct os_process *process)
{
    return (struct os_process_id){(uint64_t)process->pid, process->start, os_process_end_time(process)};
}
