/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/lws/server.h"

#include "host/web/guest.h"
#include "host/web/watch.h"
#include "platform/clock.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define PING_S 25   /* a proxy ends what is silent for a minute */
#define HANGUP_S 60 /* without an answer to that */
#define REQUEST_S 15
#define IDLE_S 30

struct gateway gateway;

static struct lws_context *context;
static volatile sig_atomic_t stopping;

static const lws_retry_bo_t alive = {.secs_since_valid_ping = PING_S, .secs_since_valid_hangup = HANGUP_S};

static struct lws_protocols protocols[] = {
    {.name = "http", .callback = request_callback},
    {.name = "periscope.1", .callback = socket_callback, .rx_buffer_size = 4096},
    {.name = "binary", .callback = rfb_callback, .rx_buffer_size = 4096},
    {0},
};
static struct lws_protocols rfb_protocols[] = {
    {.name = "rfb", .callback = rfb_callback, .rx_buffer_size = 4096},
    {0},
};

/* noVNC's folder; what is asked of it is judged as any request is. */
static struct lws_http_mount novnc = {.def = "vnc.html", .origin_protocol = LWSMPRO_FILE};
static char novnc_path[WEB_NAME_MAX + 16];

static const struct lws_http_mount *server_mounts(void)
{
    if (!gateway.config.novnc)
        return NULL;
    snprintf(novnc_path, sizeof novnc_path, "%s/novnc", gateway.config.prefix);
    novnc.mountpoint = novnc_path;
    novnc.mountpoint_len = (unsigned char)strlen(novnc_path);
    novnc.origin = gateway.config.novnc;
    return &novnc;
}

bool server_is_mounted(const char *path)
{
    return novnc.mountpoint && strncmp(path, novnc.mountpoint, novnc.mountpoint_len) == 0;
}

void server_stop(void)
{
    stopping = 1;
    if (context)
        lws_cancel_service(context);
}

static void server_wake(void)
{
    lws_cancel_service(context);
}

uint8_t *server_piece(const void *bytes, size_t len)
{
    static uint8_t piece[LWS_PRE + SERVER_PIECE];
    memcpy(piece + LWS_PRE, bytes, len);
    return piece + LWS_PRE;
}

/* ---- who may ---- */

/* Copies a header; returns it, or NULL when there is none. One that is too long is as good as a wrong one. */
static const char *server_header(struct lws *wsi, enum lws_token_indexes token, char text[SERVER_HEADER_SIZE])
{
    if (lws_hdr_total_length(wsi, token) <= 0)
        return NULL;
    if (lws_hdr_copy(wsi, text, SERVER_HEADER_SIZE, token) < 0)
        snprintf(text, SERVER_HEADER_SIZE, "(too long)");
    return text;
}

static const char *server_custom_header(struct lws *wsi, const char *name, char text[SERVER_HEADER_SIZE])
{
    int len = (int)strlen(name);
    if (lws_hdr_custom_length(wsi, name, len) <= 0)
        return NULL;
    if (lws_hdr_custom_copy(wsi, text, SERVER_HEADER_SIZE, name, len) < 0)
        snprintf(text, SERVER_HEADER_SIZE, "(too long)");
    return text;
}

void server_read_forwarded(struct lws *wsi, struct forwarded *out)
{
    char peer[SERVER_PEER_SIZE] = "?", text[4][SERVER_HEADER_SIZE];
    lws_get_peer_simple(wsi, peer, sizeof peer);
    struct forwarded_headers headers = {
        .client = server_header(wsi, WSI_TOKEN_X_FORWARDED_FOR, text[0]),
        .host = server_custom_header(wsi, "x-forwarded-host:", text[1]),
        .proto = server_custom_header(wsi, "x-forwarded-proto:", text[2]),
        .prefix = server_custom_header(wsi, "x-forwarded-prefix:", text[3]),
    };
    forwarded_read(out, &gateway.config, peer, &headers);
}

static void server_refuse(const struct forwarded *forwarded, const char *path, const char *why)
{
    atomic_fetch_add(&gateway.metrics.refused, 1);
    gateway_log("%s is refused %.80s: %s", forwarded->peer, path, why);
}

enum auth_verdict server_judge(struct lws *wsi, const char *path, const struct route *route,
                               char cookie[AUTH_TOKEN_SIZE])
{
    char text[6][SERVER_HEADER_SIZE], token[AUTH_TOKEN_SIZE * 2];
    const char *why;
    struct forwarded forwarded;
    server_read_forwarded(wsi, &forwarded);
    const char *host = server_header(wsi, WSI_TOKEN_HOST, text[0]);
    struct auth_request request = {
        .host = *forwarded.host ? forwarded.host : host,
        .origin = server_header(wsi, WSI_TOKEN_ORIGIN, text[1]),
        .cookie = server_header(wsi, WSI_TOKEN_HTTP_COOKIE, text[2]),
        .authorization = server_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, text[3]),
        .fetch_site = server_custom_header(wsi, "sec-fetch-site:", text[4]),
        .fetch_mode = server_custom_header(wsi, "sec-fetch-mode:", text[5]),
        .token = lws_get_urlarg_by_name(wsi, "token=", token, sizeof token),
        .page = route->kind == ROUTE_WALL || route->kind == ROUTE_GUEST_PAGE,
    };
    enum auth_verdict verdict = auth_decide(&gateway.auth, &request, os_clock_ms(), cookie, &why);
    if (verdict == AUTH_OK || verdict == AUTH_NEW_SESSION)
        atomic_fetch_add(&gateway.metrics.requests, 1);
    else
        server_refuse(&forwarded, path, why);
    return verdict;
}

/* ---- listening ---- */

static void server_log(int level, const char *line)
{
    (void)level;
    gateway_log("libwebsockets: %.*s", (int)strcspn(line, "\n"), line);
}

static int server_listen(struct target *listen, struct error *err)
{
    const struct web_config *config = &gateway.config;
    const char *host = strcmp(listen->host, "localhost") == 0 ? "127.0.0.1" : listen->host;
    bool all = strcmp(host, "*") == 0 || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
    struct lws_context_creation_info info = {
        .port = (int)listen->port,
        .iface = all ? NULL : host,
        .vhost_name = listen->host,
        .protocols = protocols,
        .mounts = server_mounts(),
        .options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
                   (strchr(host, ':') || strcmp(host, "*") == 0 ? 0 : LWS_SERVER_OPTION_DISABLE_IPV6),
        .retry_and_idle_policy = &alive,
        .timeout_secs = REQUEST_S,
        .keepalive_timeout = IDLE_S,
        .alpn = "http/1.1",
        .ssl_cert_filepath = config->certificate,
        .ssl_private_key_filepath = config->key,
    };
    if (config->certificate)
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    struct lws_vhost *vhost = lws_create_vhost(context, &info);
    if (!vhost)
        return error_set(err, ERR_SYSTEM,
                         "could not listen on %s, port %u: it is in use, or the address is none of this machine's, or "
                         "the certificate can't be used",
                         listen->host, listen->port);
    listen->port = (unsigned)lws_get_vhost_listen_port(vhost);
    return 0;
}

/* Listens for VNC viewers of a guest: nobody has to say who he is there, so on loopback alone. */
static int server_listen_rfb(struct guest *guest, struct error *err)
{
    struct lws_context_creation_info info = {
        .port = (int)guest->config->rfb_port,
        .iface = "127.0.0.1",
        .vhost_name = guest->config->name,
        .protocols = rfb_protocols,
        .options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND | LWS_SERVER_OPTION_DISABLE_IPV6 |
                   LWS_SERVER_OPTION_ADOPT_APPLY_LISTEN_ACCEPT_CONFIG,
        .listen_accept_role = "raw-skt",
        .listen_accept_protocol = "rfb",
        .user = guest,
    };
    struct lws_vhost *vhost = lws_create_vhost(context, &info);
    return vhost
               ? 0
               : error_set(err, ERR_SYSTEM, "could not listen on 127.0.0.1, port %u, for viewers of '%s': it is in use",
                           guest->config->rfb_port, guest->config->name);
}

static int server_listen_for_viewers(struct error *err)
{
    int status = 0;
    for (size_t i = 0; i < gateway.guest_count && !status; i++)
        if (gateway.guests[i].config->rfb_port)
            status = server_listen_rfb(&gateway.guests[i], err);
    return status;
}

/* Says on standard output where it can be opened. */
static int server_announce(const struct target *listen, struct error *err)
{
    char token[AUTH_TOKEN_SIZE], text[TARGET_TEXT_SIZE];
    const struct web_config *config = &gateway.config;
    target_text(listen, text);
    printf("%s:"
           "//%s%s/",
           config->certificate ? "https" : "http", text, config->prefix);
    if (config->token) {
        int status = auth_make_token(&gateway.auth, token, os_clock_ms(), err);
        if (status)
            return status;
        printf("?token=%s", token);
    }
    printf("\n");
    fflush(stdout);
    return 0;
}

static int server_open(struct error *err)
{
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .fd_limit_per_thread = SERVER_CONNECTIONS + 16,
        .max_http_header_data = 8192,
        .max_http_header_pool = 128,
        .pt_serv_buf_size = SERVER_PIECE,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
    };
    if (gateway.config.certificate)
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    protocols[0].per_session_data_size =
        request_session_size > rfb_session_size ? request_session_size : rfb_session_size;
    protocols[2].per_session_data_size = rfb_protocols[0].per_session_data_size = rfb_session_size;
    protocols[1].per_session_data_size = socket_session_size;
    lws_set_log_level(LLL_ERR, server_log);
    context = lws_create_context(&info);
    if (!context)
        return error_set(err, ERR_NO_MEMORY, "libwebsockets can't start");
    for (size_t i = 0; i < gateway.config.listen_count; i++) {
        int status = server_listen(&gateway.config.listens[i], err);
        if (status)
            return status;
    }
    gateway.wake = server_wake;
    return 0;
}

int server_run(struct error *err)
{
    int status = server_open(err);
    if (!status)
        status = guests_start(&gateway, err);
    if (!status)
        status = server_listen_for_viewers(err);
    for (size_t i = 0; i < gateway.config.listen_count && !status; i++)
        status = server_announce(&gateway.config.listens[i], err);
    while (!status && !stopping)
        if (lws_service(context, 0) < 0)
            return error_set(err, ERR_SYSTEM, "libwebsockets has given up");
    return status;
}
