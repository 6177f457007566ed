/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions that begin and end, by logind's files: it gives each a name by rename(2), again and again while the session
   lives, and removes it in the end. That one is locked is in no file: logind tells over the system's D-Bus that something
   of a session has changed, and is asked then. The thread sleeps in poll(2) until either. */
#include "platform/session.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "linux/errno.h"
#include "linux/desktop/bus.h"
#include "linux/desktop/session_lock.h"
#include "linux/user/login.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#define SESSIONS "/run/systemd/sessions"
#define SESSIONS_MAX 64 /* at one time; others are not told */
#define FILE_MAX 8192
#define PAUSE_MS 20  /* after a look: what logind does meanwhile is seen at one go */
#define BUS_MS 500   /* that the D-Bus may take for each thing */
#define DRAIN_MAX 64 /* reads at once */
#define CHANGES                                                                                                        \
    "type='signal',sender='org.freedesktop.login1',path_namespace='/org/freedesktop/login1/session',"                  \
    "interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'"

struct session {
    char id[64], user[64], class[32]; /* id "": it is free */
    bool seen;                        /* by the last look */
    bool locked;
};

static struct {
    void (*tell)(const struct os_session_event *event);
    const char *root; /* "" but in tests */
    int fd, folder;   /* inotify's, and its number of the folder; -1: none */
    int bus;          /* on which logind tells of changes; -1: none */
    char bus_path[PATH_MAX];
    struct session all[SESSIONS_MAX];
} sessions;

static void sessions_tell(const struct session *session, const char *what, int64_t time_ms)
{
    struct os_session_event event = {what, session->user, session->id, session->class, time_ms};
    sessions.tell(&event);
}

static struct session *sessions_find(const char *id)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        if (strcmp(sessions.all[i].id, id) == 0)
            return &sessions.all[i];
    return NULL;
}

/* Returns when it began, by the clock that is never set. */
static int64_t sessions_began_ms(const char *text)
{
    char value[32];
    login_get_value(text, "MONOTONIC", value, sizeof value);
    int64_t since_ms = os_clock_ms() - strtoll(value, NULL, 10) / 1000;
    return os_wall_time_ms() - (*value && since_ms > 0 ? since_ms : 0);
}

static void sessions_begin(const char *id, const char *text)
{
    struct session *session = sessions_find("");
    if (!session)
        return;
    memcpy(session->id, id, strlen(id) + 1); /* who calls has seen that it fits */
    login_get_value(text, "USER", session->user, sizeof session->user);
    if (!*session->user)
        login_get_value(text, "UID", session->user, sizeof session->user);
    login_get_value(text, "CLASS", session->class, sizeof session->class);
    if (strcmp(session->class, "user") == 0)
        *session->class = 0;
    session->seen = true;
    session->locked = false;
    sessions_tell(session, "logon", sessions_began_ms(text));
}

/* Returns whether the file is of a session that lives, and is somebody's: not of what systemd runs for a user, or a clock. */
static bool sessions_counts(const char *text)
{
    char state[32], class[32];
    login_get_value(text, "STATE", state, sizeof state);
    login_get_value(text, "CLASS", class, sizeof class);
    return strcmp(state, "opening") != 0 && strcmp(state, "closing") != 0 && strncmp(class, "manager", 7) != 0 &&
           strncmp(class, "background", 10) != 0;
}

/* Looks at one. What can't be read is as it was, unless it is gone. */
static void sessions_look_at(const char *id)
{
    char text[FILE_MAX], path[sizeof SESSIONS + NAME_MAX + 1];
    struct session *session = sessions_find(id);
    snprintf(path, sizeof path, SESSIONS "/%s", id);
    errno = 0;
    if (login_read_text(sessions.root, path, text, sizeof text)) {
        if (session)
            session->seen = sessions_counts(text);
        else if (sessions_counts(text))
            sessions_begin(id, text);
    } else if (session && errno != ENOENT) {
        session->seen = true;
    }
}

/* Looks once more for what readdir(3) has not told: it may miss a file that gets its name again meanwhile. */
static void sessions_end_unseen(void)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct session *session = &sessions.all[i];
        if (*session->id && !session->seen)
            sessions_look_at(session->id);
        if (*session->id && !session->seen) {
            sessions_tell(session, "logoff", os_wall_time_ms());
            *session->id = 0;
        }
    }
}

/* Looks at all, and ends those that are no longer there. */
static void sessions_look(void)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s" SESSIONS, sessions.root);
    DIR *folder = opendir(path);
    if (!folder && errno != ENOENT)
        return;
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        sessions.all[i].seen = false;
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (login_is_plain(entry->d_name) && strlen(entry->d_name) < sizeof sessions.all[0].id)
            sessions_look_at(entry->d_name);
    if (folder)
        closedir(folder);
    sessions_end_unseen();
}

/* Watches the folder, or, as long as logind has not made it, the next one above that is there. */
static bool sessions_watch_folder(void)
{
    static const char *const folders[] = {SESSIONS, "/run/systemd", "/run"};
    char path[PATH_MAX];
    int number = -1;
    for (size_t i = 0; i < sizeof folders / sizeof *folders && number < 0; i++) {
        snprintf(path, sizeof path, "%s%s", sessions.root, folders[i]);
        uint32_t events = i ? IN_CREATE | IN_MOVED_TO : IN_MOVED_TO | IN_DELETE | IN_CLOSE_WRITE;
        number = inotify_add_watch(sessions.fd, path, events | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
    }
    if (sessions.folder >= 0 && number != sessions.folder)
        inotify_rm_watch(sessions.fd, sessions.folder);
    bool other = number != sessions.folder;
    sessions.folder = number;
    return other;
}

/* ---- locks ---- */

/* Connects before the looks, so that a change after one is told. Where there is no D-Bus yet, it is there before the next
   session is, whose file is an event. */
static void sessions_listen(void)
{
    struct error why;
    if (sessions.bus < 0)
        sessions.bus = bus_listen(sessions.bus_path, CHANGES, os_deadline(BUS_MS), &why);
}

/* Asks of each user's session whether it is locked. After one that is not answered in time no other is asked for. */
static void sessions_ask_locks(void)
{
    int status = sessions.bus < 0 ? ERR_TIMEOUT : 0;
    for (size_t i = 0; i < SESSIONS_MAX && status != ERR_TIMEOUT; i++) {
        struct session *session = &sessions.all[i];
        struct error why;
        bool locked;
        if (!*session->id || *session->class)
            continue;
        status = session_lock_ask(sessions.bus_path, session->id, os_deadline(BUS_MS), &locked, &why);
        if (status || locked == session->locked)
            continue;
        session->locked = locked;
        sessions_tell(session, locked ? "lock" : "unlock", os_wall_time_ms());
    }
}

/* Takes the signals; any may be of a lock. A D-Bus that has ended is looked for again with the next look. */
static void sessions_take_signals(void)
{
    char bytes[4096];
    ssize_t got = 0;
    for (int i = 0; i < DRAIN_MAX && (got = recv(sessions.bus, bytes, sizeof bytes, MSG_DONTWAIT)) > 0; i++)
        ;
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
        return;
    close(sessions.bus);
    sessions.bus = -1;
}

/* ---- the thread ---- */

/* Waits for a change. Returns false when there is nothing to wait for any more. */
static bool sessions_await(void)
{
    char events[4096];
    struct pollfd ready[2] = {{.fd = sessions.fd, .events = POLLIN}, {.fd = sessions.bus, .events = POLLIN}};
    if (sessions.folder < 0)
        return false;
    if (poll(ready, 2, -1) < 0)
        return errno == EINTR;
    if (ready[1].revents)
        sessions_take_signals();
    ssize_t got = ready[0].revents ? read(sessions.fd, events, sizeof events) : 1;
    return got > 0 || (got < 0 && errno == EINTR);
}

static void sessions_main(void *context)
{
    (void)context;
    do {
        while (sessions_watch_folder()) /* what has come into being before it was watched made no event */
            ;
        sessions_listen();
        sessions_look();
        sessions_ask_locks();
        os_sleep_ms(PAUSE_MS);
    } while (sessions_await());
    close(sessions.fd);
    if (sessions.bus >= 0)
        close(sessions.bus);
}

int os_session_watch(void (*tell)(const struct os_session_event *event), struct error *err)
{
    const char *root = getenv("PERISCOPED_TEST_SYSTEM");
    sessions.tell = tell;
    sessions.root = root ? root : "";
    sessions.folder = sessions.bus = -1;
    snprintf(sessions.bus_path, sizeof sessions.bus_path, "%s" BUS_SYSTEM, sessions.root);
    sessions.fd = inotify_init1(IN_CLOEXEC);
    if (sessions.fd < 0)
        return errno_error(err, errno, NULL);
    (void)sessions_watch_folder();
    int status = 0;
    if (sessions.folder >= 0)
        status = os_thread_start(sessions_main, NULL, err);
    else if (errno != ENOENT)
        status = errno_error(err, errno, "their folder can't be watched");
    if (status || sessions.folder < 0)
        close(sessions.fd);
    return status;
}
