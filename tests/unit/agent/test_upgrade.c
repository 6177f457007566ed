/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files and the state of an upgrade, whatever step of it fails. */
#include "tests/memory_source.h"
#include "tests/unit/agent/fake_files.h"
#include "tests/unit/check.h"

#include "agent/log.h"
#include "agent/rpc/rpc.h"
#include "platform/upgrade.h"
#include "platform/upgrade_file.h"

static const char *self = "/opt/periscoped";
static int check_status; /* of os_upgrade_check */
static char checked[64]; /* what it was asked about */

int os_self_path(struct buffer *out, struct error *err)
{
    (void)err;
    buffer_append(out, self, strlen(self) + 1);
    return 0;
}

int os_upgrade_check(const char *path, const char *const *argv, struct error *err)
{
    snprintf(checked, sizeof checked, "%s %s", path, argv[1] ? argv[1] : "");
    return check_status ? error_set(err, check_status, "it is no agent") : 0;
}

static int place_status; /* of what is asked about a file or a folder */
static char placed[128]; /* what was asked, and as whom programs run */

int os_upgrade_find(struct buffer *out, const char *path, const char *run_as, struct error *error)
{
    snprintf(placed, sizeof placed, "file %s, %s", path, run_as);
    if (place_status)
        return error_set(error, place_status, place_status == ERR_DENIED ? "'/opt' can be written" : "No such file");
    buffer_printf(out, "/real%s", path);
    buffer_append(out, "", 1);
    return 0;
}

int os_upgrade_check_folder(const char *path, const char *run_as, struct error *error)
{
    snprintf(placed, sizeof placed, "folder of %s, %s", path, run_as);
    return place_status ? error_set(error, place_status, "'/opt' can be written") : 0;
}

static struct options options;
static struct agent agent;
static struct os_mutex *lock;
static struct session session;
static struct reply reply;
static struct error err;
static char *command_line[] = {"periscoped", "9000", NULL};

static void end(void)
{
    free(agent.next_path);
    strlist_deinit(&agent.next_argv);
    free(agent.replaced);
    free(agent.upgrade_error);
    agent = (struct agent){0};
}

static void begin(void)
{
    end();
    files_reset(NULL, NULL);
    check_status = place_status = 0;
    *checked = *placed = '\0';
    self = "/opt/periscoped";
    options = (struct options){.argc = 2, .argv = command_line};
    agent = (struct agent){.options = &options, .lock = lock, .start_count = 4};
    session = (struct session){.agent = &agent};
}

/* The RPC with three bytes of a new executable. */
static int upgrade(void)
{
    static struct memory_source memory;
    struct request request = {.data_size = 3};
    memory = memory_source("new", 3, 2);
    request.list = (struct list_reader){.source = &memory.source, .count = 1, .index = 1, .left = 3};
    reply = (struct reply){0};
    buffer_init(&reply.bytes, 100);
    err = (struct error){0};
    int status = rpc_upgrade(&session, &request, &reply, &err);
    CHECK_INT(reply.bytes.len, status ? 0 : 4);
    buffer_deinit(&reply.bytes);
    CHECK_INT(files.open_uploads, 0);
    return status;
}

/* The agent is as it was, and another upgrade may come. */
static void check_untouched(void)
{
    CHECK(!reply.become_next && !agent.next_path && !agent.replaced && !atomic_load(&agent.upgrading));
    CHECK_INT(agent.start_count, 4);
}

static int restart(const char *path)
{
    struct argument args[2] = {{.type = WIRE_STRING, .text = (char *)(uintptr_t)path},
                               {.type = WIRE_STRING, .text = command_line[1]}};
    struct request request = {.args = args, .arg_count = 2};
    reply = (struct reply){0};
    buffer_init(&reply.bytes, 100);
    err = (struct error){0};
    int status = rpc_restart(&session, &request, &reply, &err);
    buffer_deinit(&reply.bytes);
    return status;
}

#define STORED "store program /opt/periscoped.new; "
#define SWAPPED                                                                                                        \
    "rename /opt/periscoped /opt/periscoped.old; "                                                                     \
    "rename /opt/periscoped.new /opt/periscoped; "

static void it_goes_well(void)
{
    begin();
    CHECK_INT(upgrade(), 0);
    CHECK_TEXT(files.log, STORED SWAPPED);
    CHECK_INT(files.stored_len, 3);
    CHECK(memcmp(files.stored, "new", 3) == 0);
    CHECK_TEXT(placed, "folder of /opt/periscoped, agent");
    CHECK_TEXT(checked, "/opt/periscoped.new 9000");
    CHECK(reply.become_next && atomic_load(&agent.upgrading));
    CHECK_TEXT(agent.next_path, "/opt/periscoped");
    CHECK_INT(agent.next_argv.count, 2);
    CHECK_TEXT(agent.next_argv.items[1], "9000");
    CHECK_INT(agent.start_count, 3); /* the start that follows is none */
}

static void one_at_a_time(void)
{
    begin();
    CHECK_INT(upgrade(), 0);
    CHECK_INT(upgrade(), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "another upgrade is under way");
    CHECK_TEXT(files.log, STORED SWAPPED "abandon /opt/periscoped.new; ");
    CHECK(!reply.become_next);
    CHECK_INT(restart("/opt/other"), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "another upgrade is under way");
    CHECK_TEXT(agent.next_path, "/opt/periscoped");
}

static void what_is_no_agent_is_not_taken(void)
{
    begin();
    check_status = ERR_INVALID;
    CHECK_INT(upgrade(), ERR_INVALID);
    CHECK_TEXT(err.text, "it is no agent");
    CHECK_TEXT(files.log, STORED "remove /opt/periscoped.new; ");
    check_untouched();
    check_status = 0;
    CHECK_INT(upgrade(), 0);
}

static void the_old_one_can_not_be_moved(void)
{
    begin();
    files.rename_status[0] = ERR_DENIED;
    CHECK_INT(upgrade(), ERR_DENIED);
    CHECK_TEXT(err.text, "unable to move the current server file out of the way: Permission denied");
    CHECK_TEXT(files.log, STORED "rename /opt/periscoped /opt/periscoped.old fails; remove /opt/periscoped.new; ");
    check_untouched();
}

static void the_new_one_can_not_be_moved(void)
{
    begin();
    files.rename_status[1] = ERR_DENIED;
    CHECK_INT(upgrade(), ERR_DENIED);
    CHECK_TEXT(err.text, "unable to move the new server file into place: Permission denied");
    CHECK_TEXT(files.log, STORED "rename /opt/periscoped /opt/periscoped.old; "
                                 "rename /opt/periscoped.new /opt/periscoped fails; "
                                 "rename /opt/periscoped.old /opt/periscoped; remove /opt/periscoped.new; ");
    check_untouched();
}

static void an_upload_that_fails(void)
{
    begin();
    files.write_status = ERR_SYSTEM;
    CHECK_INT(upgrade(), ERR_SYSTEM);
    CHECK_TEXT(err.text, "an error occurred while writing to '/opt/periscoped.new': No space left on device");
    CHECK_TEXT(files.log, "abandon /opt/periscoped.new; ");
    CHECK_TEXT(checked, "");
    check_untouched();
}

static void an_upgrade_that_is_undone(void)
{
    begin();
    CHECK_INT(upgrade(), 0);
    *files.log = '\0';
    upgrade_undo(&agent, "it would not start");
    CHECK_TEXT(files.log, "rename /opt/periscoped.old /opt/periscoped; ");
    CHECK_TEXT(agent.upgrade_error, "it would not start");
    CHECK(!agent.replaced && !atomic_load(&agent.upgrading));
    CHECK_INT(agent.start_count, 4);
    upgrade_undo(&agent, "again"); /* of a restart: nothing was moved */
    CHECK_TEXT(files.log, "rename /opt/periscoped.old /opt/periscoped; ");
    CHECK_INT(agent.start_count, 4);
    CHECK_TEXT(agent.upgrade_error, "again");
    CHECK_INT(upgrade(), 0);
}

static void one_that_was_never_counted(void)
{
    begin();
    agent.start_count = 0; /* without --show-restarts */
    CHECK_INT(upgrade(), 0);
    CHECK_INT(agent.start_count, 0);
}

static void names_that_are_too_long(void)
{
    static char name[4300];
    begin();
    memset(name, 'x', sizeof name - 1);
    self = name;
    CHECK_INT(upgrade(), ERR_LIMIT);
    CHECK_TEXT(files.log, "");
    check_untouched();
}

static void no_upgrade_drops_it(void)
{
    begin();
    options.no_upgrade = true;
    CHECK_INT(upgrade(), 0);
    CHECK_TEXT(files.log, "");
    check_untouched();
}

static void a_place_that_others_can_write_is_refused(void)
{
    begin();
    options.run_as = "session";
    place_status = ERR_DENIED;
    CHECK_INT(upgrade(), ERR_DENIED);
    CHECK_TEXT(placed, "folder of /opt/periscoped, session");
    CHECK_TEXT(err.text,
               "upgrade is refused: only the system's administrator may be able to write what the agent becomes: "
               "'/opt' can be written");
    CHECK_TEXT(files.log, "");
    CHECK_INT(restart("/opt/other"), ERR_DENIED);
    CHECK_TEXT(placed, "file /opt/other, session");
    CHECK_TEXT(err.text,
               "restart as '/opt/other' is refused: only the system's administrator may be able to write what the "
               "agent becomes: '/opt' can be written");
    CHECK_TEXT(checked, ""); /* nothing of it was run */
    check_untouched();
}

static void a_restart_moves_nothing(void)
{
    begin();
    CHECK_INT(restart("/opt/other"), 0);
    CHECK_TEXT(checked, "/real/opt/other 9000");
    CHECK(reply.become_next && atomic_load(&agent.upgrading));
    CHECK_TEXT(agent.next_path, "/real/opt/other");
    CHECK_TEXT(agent.next_argv.items[0], "/opt/other");
    CHECK_INT(agent.start_count, 4);
    CHECK_TEXT(files.log, "");
    CHECK_INT(restart("/opt/third"), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "another upgrade is under way");
    CHECK_TEXT(agent.next_path, "/real/opt/other");
}

static void a_restart_that_is_refused(void)
{
    begin();
    place_status = ERR_NOT_FOUND;
    CHECK_INT(restart("/opt/none"), ERR_NOT_FOUND);
    CHECK_TEXT(err.text, "could not stat '/opt/none': No such file");
    check_untouched();
    place_status = 0;
    check_status = ERR_INVALID;
    CHECK_INT(restart("/opt/other"), ERR_INVALID);
    check_untouched();
    check_status = 0;
    options.no_upgrade = true;
    *checked = *placed = '\0';
    CHECK_INT(restart("/opt/other"), ERR_DENIED);
    CHECK_TEXT(err.text, "restart as '/opt/other' is not allowed (--no-upgrade)");
    CHECK(!*checked && !*placed);
    check_untouched();
}

int main(void)
{
    log_init(false);
    lock = os_mutex_new();
    RUN(it_goes_well);
    RUN(one_at_a_time);
    RUN(what_is_no_agent_is_not_taken);
    RUN(the_old_one_can_not_be_moved);
    RUN(the_new_one_can_not_be_moved);
    RUN(an_upload_that_fails);
    RUN(an_upgrade_that_is_undone);
    RUN(one_that_was_never_counted);
    RUN(names_that_are_too_long);
    RUN(no_upgrade_drops_it);
    RUN(a_place_that_others_can_write_is_refused);
    RUN(a_restart_moves_nothing);
    RUN(a_restart_that_is_refused);
    end();
    return CHECK_RESULT();
}
