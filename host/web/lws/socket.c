/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WebSockets of pages: bytes between libwebsockets and a viewer. */
#include "host/web/lws/socket.h"

#include "base/buffer.h"
#include "host/web/lws/common.h"
#include "host/web/viewer/message.h"
#include "host/web/viewer/viewer.h"

#include <string.h>

struct socket {
    struct socket *next;
    struct lws *wsi;
    struct viewer *viewer;
    struct buffer in; /* what has come of a message */
    struct viewer_message out;
    size_t at; /* how much of that is sent */
    char peer[SERVER_PEER_SIZE];
};

const size_t socket_session_size = sizeof(struct socket);
static struct socket *sockets;
static unsigned socket_count;

void sockets_wake(void)
{
    for (struct socket *socket = sockets; socket; socket = socket->next)
        lws_callback_on_writable(socket->wsi);
}

/* Lets a browser in whose page is the gateway's own, or who is no browser. */
static int socket_filter(struct lws *wsi)
{
    char path[256] = "", cookie[AUTH_TOKEN_SIZE];
    if (lws_hdr_copy(wsi, path, sizeof path, WSI_TOKEN_GET_URI) < 0)
        return -1;
    struct route route = route_find(path, gateway.config.prefix);
    if (route.kind != ROUTE_SOCKET || server_judge(wsi, path, &route, cookie) != AUTH_OK)
        return -1;
    if (socket_count < SERVER_SOCKETS)
        return 0;
    atomic_fetch_add(&gateway.metrics.refused, 1);
    gateway_log("a WebSocket is refused: %u are open", socket_count);
    return -1;
}

static int socket_open(struct socket *socket, struct lws *wsi)
{
    int size = SERVER_SEND_BUFFER;
    struct forwarded forwarded;
    memset(socket, 0, sizeof *socket);
    socket->wsi = wsi;
    server_read_forwarded(wsi, &forwarded);
    memcpy(socket->peer, forwarded.peer, sizeof socket->peer);
    socket->viewer = viewer_new(&gateway, socket->peer);
    if (!socket->viewer)
        return -1;
    /* What waits there is old when it is seen. */
    setsockopt(lws_get_socket_fd(wsi), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    buffer_init(&socket->in, MESSAGE_MAX);
    socket->next = sockets;
    sockets = socket;
    socket_count++;
    atomic_fetch_add(&gateway.metrics.sockets, 1);
    atomic_store(&gateway.metrics.sockets_open, socket_count);
    return 0;
}

static void socket_close(struct socket *socket)
{
    struct socket **at = &sockets;
    while (*at && *at != socket)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = socket->next;
    socket_count--;
    atomic_store(&gateway.metrics.sockets_open, socket_count);
    viewer_free(socket->viewer);
    blob_release(socket->out.blob);
    buffer_deinit(&socket->in);
}

/* Gives a reason and closes. */
static int socket_end(struct socket *socket, enum lws_close_status status, const char *why)
{
    unsigned char text[100];
    size_t len = strlen(why) < sizeof text ? strlen(why) : sizeof text;
    memcpy(text, why, len);
    gateway_log("%s is disconnected: %s", socket->peer, why);
    lws_close_reason(socket->wsi, status, text, len);
    return -1;
}

static int socket_receive(struct socket *socket, const void *bytes, size_t len)
{
    const char *why;
    if (lws_frame_is_binary(socket->wsi))
        return socket_end(socket, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, "a binary message");
    if (lws_is_first_fragment(socket->wsi))
        buffer_clear(&socket->in);
    if (!buffer_append(&socket->in, bytes, len))
        return socket_end(socket, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, "a message is too large");
    if (!lws_is_final_fragment(socket->wsi) || lws_remaining_packet_payload(socket->wsi) > 0)
        return 0;
    bool good = viewer_receive(socket->viewer, (const char *)socket->in.data, socket->in.len, &why);
    buffer_clear(&socket->in);
    if (!good)
        return socket_end(socket, LWS_CLOSE_STATUS_POLICY_VIOLATION, why);
    lws_callback_on_writable(socket->wsi);
    return 0;
}

/* Writes a piece of the message that is under way, or begins the next. */
static int socket_write(struct socket *socket)
{
    struct viewer_message *out = &socket->out;
    if (!out->blob) {
        socket->at = 0;
        if (!viewer_next(socket->viewer, out))
            return 0;
    }
    size_t left = out->blob->len - socket->at, len = left > SERVER_PIECE ? SERVER_PIECE : left;
    uint8_t *piece = server_piece(out->blob->bytes + socket->at, len);
    int flags = lws_write_ws_flags(out->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT, socket->at == 0, len == left);
    if (lws_write(socket->wsi, piece, len, (enum lws_write_protocol)flags) < (int)len)
        return -1;
    socket->at += len;
    if (len == left) {
        blob_release(out->blob);
        out->blob = NULL;
    }
    lws_callback_on_writable(socket->wsi);
    return 0;
}

int socket_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct socket *socket = user;
    switch (reason) {
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return socket_filter(wsi);
    case LWS_CALLBACK_ESTABLISHED:
        return socket_open(socket, wsi);
    case LWS_CALLBACK_RECEIVE:
        return socket_receive(socket, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return socket_write(socket);
    case LWS_CALLBACK_CLOSED:
        socket_close(socket);
        return 0;
    default:
        return 0;
    }
}
