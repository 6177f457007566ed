/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/process/program.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHELL "/bin/sh"
#define USUAL_PATH "/bin:/usr/bin" /* the C library's */

static const char *find_path(char *const *env)
{
    for (; *env; env++)
        if (strncmp(*env, "PATH=", 5) == 0)
            return *env + 5;
    return USUAL_PATH;
}

bool program_init(struct program *program, const char *const *argv, char *const *env)
{
    size_t argc = 0;
    while (argv[argc])
        argc++;
    *program = (struct program){.argv = (char *const *)(uintptr_t)argv, .env = env, .search = find_path(env)};
    program->path_size = strlen(program->search) + strlen(argv[0]) + 2;
    program->path = malloc(program->path_size);
    program->script = calloc(argc + 2, sizeof *program->script);
    if (!program->path || !program->script) {
        program_deinit(program);
        return false;
    }
    program->script[0] = (char *)(uintptr_t)SHELL; /* [1]: the script, known when it is tried */
    for (size_t i = 1; i < argc; i++)
        program->script[i + 1] = program->argv[i];
    return true;
}

void program_deinit(struct program *program)
{
    free(program->path);
    free(program->script);
}

/* Returns the errno of a file, which the shell runs when it is no executable of the system's. */
static int program_try(const struct program *program, char *path)
{
    execve(path, program->argv, program->env);
    if (errno == ENOEXEC) {
        program->script[1] = path;
        execve(SHELL, program->script, program->env);
    }
    return errno;
}

/* Returns whether the folders that follow are to be searched after that errno. */
static bool search_goes_on(int code)
{
    return code == EACCES || code == ENOENT || code == ENOTDIR || code == ESTALE || code == ENODEV || code == ETIMEDOUT;
}

/* Tries the name in a folder, which is the current one if it has no name. */
static int program_try_in(const struct program *program, const char *folder, size_t len, const char *name)
{
    char *path = program->path;
    memcpy(path, folder, len);
    if (len > 0)
        path[len++] = '/';
    memcpy(path + len, name, strlen(name) + 1);
    return program_try(program, path);
}

int program_exec(const struct program *program)
{
    char *name = program->argv[0];
    const char *folder = program->search;
    int code = ENOENT;
    bool denied = false;
    if (*name == '\0')
        return ENOENT;
    if (strchr(name, '/'))
        return program_try(program, name);
    for (;; folder++) {
        size_t len = strcspn(folder, ":");
        code = program_try_in(program, folder, len, name);
        denied |= code == EACCES;
        folder += len;
        if (*folder == '\0' || !search_goes_on(code))
            break;
    }
    return denied && search_goes_on(code) ? EACCES : code;
}
