/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/connection.h"

#include "capture/x11/search.h"
#include "platform/clock.h"

#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int first_error; /* an X error's code, until it is taken */

/* Where to go on when Xlib found a connection broken and would end the process. */
static jmp_buf broken_point;
static struct x11_connection *in_use; /* borrowed; NULL outside x11_connection_use() */

/* Of the server that is being asked, for another thread. */
static atomic_int asked_number = -1, asked_pid;

/* ---- Xlib's handlers ---- */

static int on_error(Display *display, XErrorEvent *event)
{
    (void)display;
    if (!first_error)
        first_error = event->error_code;
    return 0;
}

static void on_io_exit(Display *display, void *context)
{
    (void)display;
    ((struct x11_connection *)context)->lost = true;
}

/* After it returns Xlib calls the display's exit handler, whose default is exit(). Where no handler can be set, in older
   versions of Xlib and while a display is being opened, the only way out is a jump. */
static int on_io_error(Display *display)
{
    if (in_use && !(in_use->display == display && x11.XSetIOErrorExitHandler)) {
        in_use->lost = true;
        longjmp(broken_point, 1);
    }
    return 0;
}

void x11_connection_use(struct x11_connection *connection, void (*work)(void *context), void *context)
{
    if (setjmp(broken_point) == 0) {
        in_use = connection;
        work(context);
    }
    in_use = NULL;
}

int x11_take_error(struct x11_connection *connection)
{
    x11.XSync(connection->display, False);
    int code = first_error;
    first_error = 0;
    return code;
}

/* ---- opening ---- */

static void remember_asked(const struct x11_server *server)
{
    atomic_store(&asked_pid, (int)server->pid);
    atomic_store(&asked_number, (int)server->number);
}

void x11_connection_describe_hang(char *text, size_t size)
{
    int number = atomic_load(&asked_number);
    text[0] = 0;
    if (number >= 0)
        x11_describe_silence(text, size, (unsigned)number, atomic_load(&asked_pid));
}

struct opening {
    struct x11_connection *connection;
    struct x11_cookie *cookie;
};

static void open_xlib(void *context)
{
    struct opening *opening = context;
    struct x11_connection *connection = opening->connection;
    char method[] = X11_COOKIE_NAME, name[16];
    snprintf(name, sizeof name, ":%u", connection->server.number);
    if (opening->cookie->len)
        x11.XSetAuthorization(method, (int)strlen(method), (char *)opening->cookie->data, (int)opening->cookie->len);
    connection->display = x11.XOpenDisplay(name);
    x11.XSetAuthorization(NULL, 0, NULL, 0);
    if (connection->display && x11.XSetIOErrorExitHandler)
        x11.XSetIOErrorExitHandler(connection->display, on_io_exit, connection);
}

static int open_display(struct x11_connection *connection, struct x11_cookie *cookie, struct error *err)
{
    char label[64];
    x11_server_label(&connection->server, label, sizeof label);
    signal(SIGPIPE, SIG_IGN); /* Xlib writes to a server that may be gone */
    x11.XSetErrorHandler(on_error);
    x11.XSetIOErrorHandler(on_io_error);
    x11_connection_use(connection, open_xlib, &(struct opening){connection, cookie});
    if (!connection->display)
        return error_set(err, ERR_UNAVAILABLE, "X server %s let us in, but not Xlib", label);
    if (connection->server.screen >= (unsigned)ScreenCount(connection->display))
        return error_set(err, ERR_UNAVAILABLE, "X server %s has no screen %u", label, connection->server.screen);
    return 0;
}

int x11_connection_open(struct x11_connection *connection, const char *only, int timeout_ms, struct error *err)
{
    struct x11_entry entry;
    struct x11_environment environment = {getenv("DISPLAY"), getenv("XAUTHORITY"), getenv("HOME"), only};
    *connection = (struct x11_connection){.liveness.fd = -1};
    int status = x11_load(err);
    if (status)
        return status;
    status = x11_search(&entry, &environment, os_deadline(timeout_ms), remember_asked, &connection->refused, err);
    if (status)
        return status;
    connection->liveness = entry.liveness;
    connection->server = entry.server;
    remember_asked(&connection->server);
    return open_display(connection, &entry.cookie, err);
}

static void close_xlib(void *context)
{
    struct x11_connection *connection = context;
    x11.XCloseDisplay(connection->display);
}

void x11_connection_close(struct x11_connection *connection)
{
    if (connection->display && connection->lost && !x11.XSetIOErrorExitHandler)
        close(ConnectionNumber(connection->display)); /* it was left in the middle of a call: its memory is leaked */
    else if (connection->display)
        x11_connection_use(connection, close_xlib, connection);
    connection->display = NULL;
    x11_liveness_close(&connection->liveness);
    strlist_deinit(&connection->refused);
}

int x11_connection_ping(struct x11_connection *connection, int timeout_ms, struct error *err)
{
    char text[256];
    switch (x11_liveness_ping(&connection->liveness, os_deadline(timeout_ms))) {
    case X11_ANSWERED:
        return 0;
    case X11_SILENT:
        x11_connection_describe_hang(text, sizeof text);
        return error_set(err, ERR_TIMEOUT, "%s", text);
    default:
        x11_server_label(&connection->server, text, sizeof text);
        connection->lost = true;
        return error_set(err, ERR_CLOSED, "X server %s ended", text);
    }
}
