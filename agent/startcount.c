/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --show-restarts: how often the agent was started, in a file named after the program, in the working folder. */
#include "agent/agent.h"
#include "agent/log.h"
#include "agent/say.h"
#include "platform/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 256 /* bytes */

static const char *program_name(const struct agent *agent)
{
    return os_file_name(agent->options->argv[0]);
}

static void file_name(const struct agent *agent, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "%.200s.data", program_name(agent));
}

/* Reads the count into *count: 0 when there is none, or none that the agent has written. Returns false when it can't be
   known; then it stays in the file as it is. */
static bool read_count(const char *name, uint32_t *count)
{
    char text[32];
    struct os_file *file;
    struct error reason;
    uint64_t size;
    *count = 0;
    int status = os_file_open_own(&file, name, &size, &reason);
    if (status == ERR_NOT_FOUND)
        return true;
    int len = status ? status : os_file_read(file, text, sizeof text - 1, &reason);
    if (status == 0)
        os_file_close(file);
    if (len < 0)
        log_line("'%s' is not read, the starts are counted anew: %s", name, reason.text);
    text[len > 0 ? len : 0] = 0;
    *count = (uint32_t)strtoul(text, NULL, 10);
    return len >= 0 || len == ERR_DENIED;
}

static int write_count(const char *name, uint32_t count, struct error *err)
{
    char text[32];
    struct error reason;
    int len = snprintf(text, sizeof text, "%u\n", count);
    int status = os_upload_whole(name, OS_UPLOAD_PRIVATE, text, (size_t)len, &reason);
    return status ? error_set(err, status, "unable to write '%s': %s", name, reason.text) : 0;
}

void start_count_init(struct agent *agent)
{
    char name[NAME_SIZE], text[NAME_SIZE + 64];
    struct error err;
    uint32_t count;
    if (!agent->options->show_restarts)
        return;
    file_name(agent, name);
    bool is_known = read_count(name, &count);
    agent->start_count = count + 1;
    if (is_known && write_count(name, agent->start_count, &err))
        log_line("%s", err.text);
    if (agent->start_count <= 1)
        return;
    snprintf(text, sizeof text, "%.200s was restarted (%u). Did the machine reboot?\n", program_name(agent),
             agent->start_count);
    say(OS_STANDARD_ERROR, text);
}

uint32_t start_count_get(struct agent *agent)
{
    os_mutex_lock(agent->lock);
    uint32_t count = agent->start_count;
    os_mutex_unlock(agent->lock);
    return count;
}

int start_count_set(struct agent *agent, uint32_t count, struct error *err)
{
    char name[NAME_SIZE];
    int status = 0;
    file_name(agent, name);
    if (agent->options->show_restarts)
        status = write_count(name, count, err);
    if (status == 0) {
        os_mutex_lock(agent->lock);
        agent->start_count = count;
        os_mutex_unlock(agent->lock);
    }
    return status;
}
