/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Preloaded into an agent that runs under valgrind, where /proc/self/exe is valgrind's own file: OWN_FILE names the
 * agent's, by which it starts its workers. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int execv(const char *path, char *const argv[])
{
    const char *own = getenv("OWN_FILE");
    return execve(own && strcmp(path, "/proc/self/exe") == 0 ? own : path, argv, environ);
}
