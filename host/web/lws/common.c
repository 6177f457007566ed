/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/lws/common.h"

#include "platform/clock.h"

#include <stdio.h>
#include <string.h>

struct gateway gateway;

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
