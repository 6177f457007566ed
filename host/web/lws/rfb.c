/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VNC viewers: bytes between libwebsockets, of a TCP connection or a WebSocket, and a viewer. */
#include "host/web/lws/rfb.h"

#include "host/web/guest.h"
#include "host/web/lws/common.h"
#include "host/web/rfb/viewer.h"

#include <string.h>

#define RFB_SESSIONS_MAX 64

struct rfb_session {
    struct rfb_session *next;
    struct lws *wsi;
    struct rfb_viewer *viewer;
    char peer[SERVER_PEER_SIZE];
    bool raw, timed; /* a TCP connection; the time for the handshake runs */
};

const size_t rfb_session_size = sizeof(struct rfb_session);
static struct rfb_session *sessions;
static unsigned session_count;

void rfb_wake(void)
{
    for (struct rfb_session *session = sessions; session; session = session->next)
        lws_callback_on_writable(session->wsi);
}

static int rfb_session_open(struct rfb_session *session, struct lws *wsi, struct guest *guest, bool raw)
{
    int size = SERVER_SEND_BUFFER;
    struct forwarded forwarded = {0};
    memset(session, 0, sizeof *session);
    lws_get_peer_simple(wsi, session->peer, sizeof session->peer);
    if (!raw) {
        server_read_forwarded(wsi, &forwarded);
        memcpy(session->peer, forwarded.peer, sizeof session->peer);
    }
    if (!guest || session_count == RFB_SESSIONS_MAX) {
        gateway_log("%s is refused a screen: %s", session->peer, guest ? "too many watch" : "there is no such guest");
        return -1;
    }
    session->viewer = rfb_viewer_new(&gateway, guest, session->peer);
    if (!session->viewer)
        return -1;
    session->wsi = wsi;
    session->raw = raw;
    session->timed = true;
    setsockopt(lws_get_socket_fd(wsi), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, RFB_VIEWER_HANDSHAKE_S);
    session->next = sessions;
    sessions = session;
    session_count++;
    lws_callback_on_writable(wsi);
    return 0;
}

static void rfb_session_close(struct rfb_session *session)
{
    struct rfb_session **at = &sessions;
    while (*at && *at != session)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = session->next;
    session_count--;
    rfb_viewer_free(session->viewer);
    session->viewer = NULL;
}

static int rfb_session_end(struct rfb_session *session, const struct error *err)
{
    gateway_log("%s, which watches '%s', is disconnected: %s", session->peer, session->viewer->guest->config->name,
                err->text);
    return -1;
}

static int rfb_session_receive(struct rfb_session *session, const void *bytes, size_t len)
{
    struct error err;
    if (!session->viewer)
        return -1;
    if (rfb_viewer_receive(session->viewer, bytes, len, &err))
        return rfb_session_end(session, &err);
    if (session->timed && rfb_viewer_is_open(session->viewer)) {
        lws_set_timeout(session->wsi, NO_PENDING_TIMEOUT, 0);
        session->timed = false;
    }
    lws_callback_on_writable(session->wsi);
    return 0;
}

static int rfb_session_write(struct rfb_session *session)
{
    struct slice bytes;
    struct error err;
    if (!session->viewer)
        return -1;
    if (rfb_viewer_next(session->viewer, &bytes, &err))
        return rfb_session_end(session, &err);
    if (bytes.len == 0)
        return 0;
    size_t len = bytes.len < SERVER_PIECE ? bytes.len : SERVER_PIECE;
    uint8_t *piece = server_piece(bytes.data, len);
    if (lws_write(session->wsi, piece, len, session->raw ? LWS_WRITE_RAW : LWS_WRITE_BINARY) < (int)len)
        return -1;
    rfb_viewer_sent(session->viewer, len);
    lws_callback_on_writable(session->wsi);
    return 0;
}

/* ---- WebSockets ---- */

static struct guest *rfb_find_guest(struct lws *wsi)
{
    char path[256] = "";
    if (lws_hdr_copy(wsi, path, sizeof path, WSI_TOKEN_GET_URI) < 0)
        return NULL;
    struct route route = route_find(path, gateway.config.prefix);
    return route.kind == ROUTE_RFB ? guest_find(&gateway, route.name) : NULL;
}

static int rfb_filter(struct lws *wsi)
{
    char path[256] = "", cookie[AUTH_TOKEN_SIZE];
    if (lws_hdr_copy(wsi, path, sizeof path, WSI_TOKEN_GET_URI) < 0)
        return -1;
    struct route route = route_find(path, gateway.config.prefix);
    return route.kind == ROUTE_RFB && server_judge(wsi, path, &route, cookie) == AUTH_OK ? 0 : -1;
}

int rfb_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct rfb_session *session = user;
    switch (reason) {
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return rfb_filter(wsi);
    case LWS_CALLBACK_ESTABLISHED:
        return rfb_session_open(session, wsi, rfb_find_guest(wsi), false);
    case LWS_CALLBACK_RAW_ADOPT:
        return rfb_session_open(session, wsi, lws_vhost_user(lws_get_vhost(wsi)), true);
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_RAW_RX:
        return rfb_session_receive(session, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_RAW_WRITEABLE:
        return rfb_session_write(session);
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_RAW_CLOSE:
        rfb_session_close(session);
        return 0;
    default:
        return 0;
    }
}
