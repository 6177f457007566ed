/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/lws/server.h"

#include "host/web/guest.h"
#include "host/web/lws/common.h"
#include "host/web/lws/request.h"
#include "host/web/lws/rfb.h"
#include "host/web/lws/socket.h"
#include "host/web/watch.h"
#include "platform/clock.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define PING_S 25   /* a proxy ends what is silent for a minute */
#define HANGUP_S 60 /* without an answer to that */
#define REQUEST_S 15
#define IDLE_S 30

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
        .mounts = request_mounts(),
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
