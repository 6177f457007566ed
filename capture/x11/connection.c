/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/connection.h"

#include "capture/apart/apart.h"
#include "capture/x11/server/search.h"
#include "platform/clock.h"

#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define X11_DEPTH_MAX 32
#define ANSWERED_MS 1000 /* for which a server that has answered is taken to answer */

static int first_error; /* code of the first X error since x11_take_error(), or 0 */

/* Where execution continues when Xlib finds the connection broken and would end the process. */
static jmp_buf broken_point;
static struct x11_connection *in_use; /* borrowed; NULL outside of x11_connection_enter() and _leave() */

/* The server that is being asked, for describe_hang in another thread. */
static atomic_int asked_number = -1, asked_pid;

/* ---- Xlib's handlers ---- */

static int x11_on_error(Display *display, XErrorEvent *event)
{
    (void)display;
    if (!first_error)
        first_error = event->error_code;
    return 0;
}

static void x11_on_io_error_exit(Display *display, void *context)
{
    (void)display;
    ((struct x11_connection *)context)->lost = true;
}

/* Leaves Xlib by a jump where it would end the process: after this handler returns Xlib calls the display's exit
   handler, whose default is exit(). No other handler can be set in versions of Xlib before 1.7, nor while a display is
   being opened. */
static int x11_on_io_error(Display *display)
{
    if (in_use && !(in_use->display == display && x11.XSetIOErrorExitHandler)) {
        in_use->lost = true;
        longjmp(broken_point, 1);
    }
    return 0;
}

jmp_buf *x11_connection_enter(struct x11_connection *connection)
{
    in_use = connection;
    return &broken_point;
}

int x11_connection_leave(struct x11_connection *connection, int status, struct error *err)
{
    in_use = NULL;
    if (!connection->lost)
        return status;
    return error_set(err, ERR_CLOSED, "X server :%u ended", connection->server.number);
}

int x11_take_error(struct x11_connection *connection)
{
    X11_CALL(XSync)(connection->display, False);
    return x11_forget_error();
}

int x11_forget_error(void)
{
    int code = first_error;
    first_error = 0;
    return code;
}

/* ---- opening ---- */

static void x11_set_asked(const struct x11_server *server)
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

static void x11_open_xlib(struct x11_connection *connection, struct x11_cookie *cookie)
{
    char method[] = X11_COOKIE_NAME, name[16];
    snprintf(name, sizeof name, ":%u", connection->server.number);
    if (cookie->len)
        X11_CALL(XSetAuthorization)(method, (int)strlen(method), (char *)cookie->data, (int)cookie->len);
    connection->display = X11_CALL(XOpenDisplay)(name);
    X11_CALL(XSetAuthorization)(NULL, 0, NULL, 0);
    if (connection->display && x11.XSetIOErrorExitHandler)
        X11_CALL(XSetIOErrorExitHandler)(connection->display, x11_on_io_error_exit, connection);
}

/* Checks what Xlib took from the server as it came: the program computes with it. */
static int x11_check_screens(const struct x11_connection *connection, struct error *err)
{
    for (int i = 0; i < ScreenCount(connection->display); i++) {
        const Visual *visual = DefaultVisual(connection->display, i);
        int depth = DefaultDepth(connection->display, i);
        if (!visual || visual->class < StaticGray || visual->class > DirectColor)
            return error_set(err, ERR_UNAVAILABLE, "its screen %d has no visual", i);
        if (depth < 1 || depth > X11_DEPTH_MAX)
            return error_set(err, ERR_UNAVAILABLE, "its screen %d has the depth %d", i, depth);
    }
    return 0;
}

static int x11_open_display(struct x11_connection *connection, struct x11_cookie *cookie, struct error *err)
{
    signal(SIGPIPE, SIG_IGN); /* Xlib may write to a closed socket */
    X11_CALL(XSetErrorHandler)(x11_on_error);
    X11_CALL(XSetIOErrorHandler)(x11_on_io_error);
    if (setjmp(*x11_connection_enter(connection)) == 0)
        x11_open_xlib(connection, cookie);
    x11_connection_leave(connection, 0, NULL);
    if (!connection->display)
        return error_set(err, ERR_UNAVAILABLE, "it lets us in, but not Xlib");
    if (connection->server.screen >= (unsigned)ScreenCount(connection->display))
        return error_set(err, ERR_UNAVAILABLE, "it has no screen %u", connection->server.screen);
    return x11_check_screens(connection, err);
}

int x11_connection_open(struct x11_connection *connection, const struct x11_target *target, int timeout_ms,
                        struct error *err)
{
    struct x11_entry entry;
    *connection = (struct x11_connection){.liveness.fd = -1, .cards = target->cards, .shares_ipc = target->shares_ipc};
    x11_set_asked(&target->server);
    int status = x11_enter(&entry, target, os_deadline(timeout_ms), err);
    if (status)
        return status;
    connection->liveness = entry.liveness;
    connection->server = entry.server;
    status = x11_load(err);
    return status ? status : x11_open_display(connection, &entry.cookie, err);
}

void x11_connection_close(struct x11_connection *connection)
{
    if (connection->display && connection->lost && !x11.XSetIOErrorExitHandler)
        close(
            ConnectionNumber(connection->display)); /* a jump left Xlib in the middle of a call: its memory is leaked */
    else if (connection->display && setjmp(*x11_connection_enter(connection)) == 0)
        X11_CALL(XCloseDisplay)(connection->display);
    x11_connection_leave(connection, 0, NULL);
    connection->display = NULL;
    x11_liveness_close(&connection->liveness);
}

int x11_connection_ping(struct x11_connection *connection, int timeout_ms, struct error *err)
{
    char text[256];
    apart_note_call("", 0); /* of the request before */
    switch (x11_liveness_ping(&connection->liveness, os_deadline(timeout_ms))) {
    case X11_ANSWERED:
        connection->answered_ms = os_clock_ms();
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

int x11_connection_ping_seldom(struct x11_connection *connection, int timeout_ms, struct error *err)
{
    if (os_clock_ms() - connection->answered_ms >= ANSWERED_MS)
        return x11_connection_ping(connection, timeout_ms, err);
    apart_note_call("", 0);
    return 0;
}
