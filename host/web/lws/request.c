/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests of HTTP: what is asked for, made whole in memory, then sent piece by piece. */
#include "host/web/lws/request.h"

#include "host/web/guest.h"
#include "host/web/job.h"
#include "host/web/lws/common.h"
#include "host/web/lws/rfb.h"
#include "host/web/lws/socket.h"
#include "host/web/pages.h"
#include "host/web/scrape.h"

#include "platform/clock.h"

#include <stdio.h>
#include <string.h>

#define JOB_S (JOB_LIMIT_MS / 1000 + 10)
#define HEADERS_MAX 2048

static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct request {
    struct lws *wsi;
    struct request *next; /* of those that wait for a job */
    struct job *job;      /* owned; NULL: there is none */
    struct blob *body;    /* owned; NULL: it was not made yet, or it is all sent */
    size_t at;            /* how much of it is sent */
    unsigned status;
    const char *type;
    char hash[64];                      /* of a picture */
    char cookie[AUTH_TOKEN_SIZE];       /* "": none is set */
    char prefix[FORWARDED_PREFIX_SIZE]; /* what a proxy has taken from the path */
    bool head, begun, is_secure;
};

const size_t request_session_size = sizeof(struct request);
static struct request *waiting;

/* ---- the answer ---- */

/* Sets what is to be sent; takes the body over. */
static int request_answer(struct request *request, unsigned status, const char *type, struct blob *body)
{
    request->status = body ? status : 500;
    request->type = type;
    request->body = body ? body : blob_copy("no memory\n", 10);
    request->at = 0;
    request->begun = false;
    if (!request->body)
        return -1;
    lws_callback_on_writable(request->wsi);
    return 0;
}

static int request_answer_text(struct request *request, unsigned status, const char *text)
{
    char line[JOB_TEXT_SIZE + 8];
    snprintf(line, sizeof line, "%s\n", text);
    return request_answer(request, status, "text/plain; charset=utf-8", blob_copy(line, strlen(line)));
}

static int request_answer_buffer(struct request *request, const char *type, struct buffer *out)
{
    struct blob *body = out->failed ? NULL : blob_copy(out->data, out->len);
    buffer_deinit(out);
    return request_answer(request, 200, type, body);
}

static bool request_add(struct request *request, const char *name, const char *value, uint8_t **at, uint8_t *end)
{
    return lws_add_http_header_by_name(request->wsi, (const uint8_t *)name, (const uint8_t *)value, (int)strlen(value),
                                       at, end) == 0;
}

static bool request_add_cookie(struct request *request, uint8_t **at, uint8_t *end)
{
    char cookie[320];
    const struct web_config *config = &gateway.config;
    snprintf(cookie, sizeof cookie, AUTH_COOKIE "=%s; Path=%s%s/; HttpOnly; SameSite=Strict%s", request->cookie,
             request->prefix, config->prefix, config->certificate || request->is_secure ? "; Secure" : "");
    return request_add(request, "set-cookie:", cookie, at, end);
}

/* Headers that every answer has: nothing is kept by anybody, and nothing of it can be used by another site. */
static bool request_add_common(struct request *request, uint8_t **at, uint8_t *end)
{
    static const char *const headers[][2] = {
        {"cache-control:", "no-cache"},
        {"content-security-policy:", policy},
        {"x-content-type-options:", "nosniff"},
        {"x-frame-options:", "DENY"},
        {"referrer-policy:", "no-referrer"},
        {"cross-origin-resource-policy:", "same-origin"},
        {"cross-origin-opener-policy:", "same-origin"},
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        if (!request_add(request, headers[i][0], headers[i][1], at, end))
            return false;
    return true;
}

static int request_send_headers(struct request *request)
{
    static uint8_t memory[LWS_PRE + HEADERS_MAX];
    uint8_t *start = memory + LWS_PRE, *at = start, *end = memory + sizeof memory - 1;
    if (lws_add_http_common_headers(request->wsi, request->status, request->type, request->body->len, &at, end) ||
        !request_add_common(request, &at, end))
        return -1;
    if (*request->hash && !request_add(request, "x-periscope-hash:", request->hash, &at, end))
        return -1;
    if (*request->cookie && !request_add_cookie(request, &at, end))
        return -1;
    if (lws_finalize_write_http_header(request->wsi, start, &at, end))
        return -1;
    request->begun = true;
    return 0;
}

static void request_reset(struct request *request)
{
    struct request **at = &waiting;
    while (*at && *at != request)
        at = &(*at)->next;
    if (*at)
        *at = request->next;
    job_release(request->job);
    blob_release(request->body);
    *request = (struct request){.wsi = request->wsi};
}

static int request_end(struct request *request)
{
    request_reset(request);
    return lws_http_transaction_completed(request->wsi) ? -1 : 0;
}

/* Writes what may be written now: the headers, or a piece of the body. */
static int request_write(struct request *request)
{
    if (!request->body)
        return 0;
    if (!request->begun && request_send_headers(request))
        return -1;
    size_t left = request->body->len - request->at, len = left > SERVER_PIECE ? SERVER_PIECE : left;
    bool last = len == left;
    if (request->head)
        return request_end(request);
    uint8_t *piece = server_piece(request->body->bytes + request->at, len);
    if (lws_write(request->wsi, piece, len, last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < (int)len)
        return -1;
    request->at += len;
    if (last)
        return request_end(request);
    lws_callback_on_writable(request->wsi);
    return 0;
}

/* ---- what is asked for ---- */

static int request_page(struct request *request, unsigned status, const char *name)
{
    struct blob *page = pages_get(gateway.config.pages, name);
    return page ? request_answer(request, status, route_media_type(name), page)
                : request_answer_text(request, 404, "there is no such file");
}

static int request_guests(struct request *request)
{
    struct json json;
    json_init(&json);
    json_object_begin(&json, NULL);
    json_array_begin(&json, "guests");
    for (size_t i = 0; i < gateway.guest_count; i++)
        guest_json(&gateway.guests[i], &json, NULL, false);
    json_array_end(&json);
    json_object_end(&json);
    return request_answer_buffer(request, "application/json", &json.out);
}

static int request_metrics(struct request *request)
{
    struct buffer out;
    buffer_init(&out, 4u << 20);
    scrape_write(&out, &gateway);
    return request_answer_buffer(request, "text/plain; version=0.0.4; charset=utf-8", &out);
}

/* Makes a further address with a one-time token, for who is let in already. */
static int request_link(struct request *request)
{
    char token[AUTH_TOKEN_SIZE];
    struct error err;
    struct json json;
    if (auth_make_token(&gateway.auth, token, os_clock_ms(), &err))
        return request_answer_text(request, 500, err.text);
    char path[AUTH_TOKEN_SIZE + 2 * WEB_NAME_MAX + 16];
    snprintf(path, sizeof path, "%s%s/?token=%s", request->prefix, gateway.config.prefix, token);
    json_init(&json);
    json_object_begin(&json, NULL);
    json_text(&json, "path", path);
    json_object_end(&json);
    return request_answer_buffer(request, "application/json", &json.out);
}

static int request_job(struct request *request, struct guest *guest, enum job_kind kind, const char *text)
{
    struct error err;
    request->job = job_start(guest, kind, text, &err);
    if (!request->job)
        return request_answer_text(request, 503, err.text);
    request->next = waiting;
    waiting = request;
    lws_set_timeout(request->wsi, PENDING_TIMEOUT_HTTP_CONTENT, JOB_S);
    return 0;
}

static int request_file(struct request *request, struct guest *guest)
{
    char given[JOB_TEXT_SIZE];
    const char *path = lws_get_urlarg_by_name(request->wsi, "path=", given, sizeof given);
    if (!path || !route_file_is_allowed(path))
        return request_answer_text(request, 403, "path is none of the guest's virtual files that may be read");
    return request_job(request, guest, JOB_FILE, path);
}

static int request_screenshot(struct request *request, struct guest *guest)
{
    char output[JOB_TEXT_SIZE];
    const char *given = lws_get_urlarg_by_name(request->wsi, "output=", output, sizeof output);
    return request_job(request, guest, JOB_SCREENSHOT, given ? given : "");
}

static int request_thumbnail(struct request *request, struct guest *guest)
{
    guest_lock(guest);
    struct blob *png = blob_share(guest->thumbnail.png);
    snprintf(request->hash, sizeof request->hash, "%s", guest->thumbnail.hash);
    guest_unlock(guest);
    return png ? request_answer(request, 200, "image/png", png)
               : request_answer_text(request, 404, "there is no small picture of it");
}

static int request_of_guest(struct request *request, const struct route *route)
{
    struct guest *guest = guest_find(&gateway, route->name);
    struct json json;
    if (route->kind == ROUTE_GUEST_PAGE) /* which tells a person itself, and names the way back */
        return request_page(request, guest ? 200 : 404, "guest.html");
    if (!guest)
        return request_answer_text(request, 404, "there is no such guest");
    switch (route->kind) {
    case ROUTE_SCREENSHOT:
        return request_screenshot(request, guest);
    case ROUTE_THUMBNAIL:
        return request_thumbnail(request, guest);
    case ROUTE_FILE:
        return request_file(request, guest);
    case ROUTE_PROCESSES:
        return request_job(request, guest, JOB_PROCESSES, "");
    default:
        json_init(&json);
        guest_json(guest, &json, NULL, true);
        return request_answer_buffer(request, "application/json", &json.out);
    }
}

static int request_route(struct request *request, const struct route *route)
{
    switch (route->kind) {
    case ROUTE_WALL:
        return request_page(request, 200, "index.html");
    case ROUTE_STATIC:
        return request_page(request, 200, route->name);
    case ROUTE_GUESTS:
        return request_guests(request);
    case ROUTE_LINK:
        return request_link(request);
    case ROUTE_METRICS:
        return request_metrics(request);
    case ROUTE_HEALTH:
        return request_answer_text(request, 200, "ok");
    case ROUTE_NONE:
    case ROUTE_SOCKET:
    case ROUTE_RFB:
        return request_answer_text(request, 404, "there is no such page");
    default:
        return request_of_guest(request, route);
    }
}

/* Leads the address of the gateway without its last slash to the one with it. */
static bool request_lacks_slash(const char *path)
{
    return *gateway.config.prefix && strcmp(path, gateway.config.prefix) == 0;
}

static int request_redirect(struct request *request)
{
    static uint8_t memory[LWS_PRE + HEADERS_MAX];
    uint8_t *at = memory + LWS_PRE;
    char to[2 * WEB_NAME_MAX + 8];
    snprintf(to, sizeof to, "%s%s/", request->prefix, gateway.config.prefix);
    if (lws_http_redirect(request->wsi, 303, (const unsigned char *)to, (int)strlen(to), &at,
                          memory + sizeof memory - 1) < 0)
        return -1;
    return lws_http_transaction_completed(request->wsi) ? -1 : 0;
}

static int request_begin(struct request *request, const char *path)
{
    char *uri;
    int len, method = lws_http_get_uri_and_method(request->wsi, &uri, &len);
    struct route route = route_find(path, gateway.config.prefix);
    struct forwarded forwarded;
    request_reset(request);
    server_read_forwarded(request->wsi, &forwarded);
    memcpy(request->prefix, forwarded.prefix, sizeof request->prefix);
    request->is_secure = forwarded.is_secure;
    if (method != LWSHUMETH_GET && method != LWSHUMETH_HEAD)
        return request_answer_text(request, 405, "only GET and HEAD are answered");
    request->head = method == LWSHUMETH_HEAD;
    switch (server_judge(request->wsi, path, &route, request->cookie)) {
    case AUTH_FOREIGN:
        *request->cookie = '\0';
        return request_answer_text(request, 403,
                                   "this request comes from another site, or by a name that is not the gateway's");
    case AUTH_UNKNOWN:
        *request->cookie = '\0';
        return request_answer_text(
            request, 401,
            "open the address with the token that the gateway has printed; if you did already, load this page again");
    case AUTH_OK:
        *request->cookie = '\0';
        break;
    case AUTH_NEW_SESSION:
        break;
    }
    return request_lacks_slash(path) ? request_redirect(request) : request_route(request, &route);
}

/* Answers with what a job has brought. */
static int request_take_job(struct request *request)
{
    struct job *job = request->job;
    if (!job->result)
        return request_answer_text(request, job->is_bad ? 404 : 502, job->reason);
    snprintf(request->hash, sizeof request->hash, "%s", job->hash);
    return request_answer(request, 200, job->kind == JOB_SCREENSHOT ? "image/png" : "text/plain; charset=utf-8",
                          blob_share(job->result));
}

/* Asks for a moment to write for each whose job is done. */
static void requests_wake(void)
{
    for (struct request *request = waiting; request; request = request->next)
        if (!request->body && atomic_load(&request->job->done))
            lws_callback_on_writable(request->wsi);
}

static int request_may_write(struct request *request)
{
    if (request->job && !request->body && atomic_load(&request->job->done) && request_take_job(request))
        return -1;
    return request_write(request);
}

/* ---- what libwebsockets answers by itself ---- */

/* noVNC's folder; what is asked of it is judged as any request is. */
static struct lws_http_mount novnc = {.def = "vnc.html", .origin_protocol = LWSMPRO_FILE};
static char novnc_path[WEB_NAME_MAX + 16];

const struct lws_http_mount *request_mounts(void)
{
    if (!gateway.config.novnc)
        return NULL;
    snprintf(novnc_path, sizeof novnc_path, "%s/novnc", gateway.config.prefix);
    novnc.mountpoint = novnc_path;
    novnc.mountpoint_len = (unsigned char)strlen(novnc_path);
    novnc.origin = gateway.config.novnc;
    return &novnc;
}

static bool request_is_mounted(const char *path)
{
    return novnc.mountpoint && strncmp(path, novnc.mountpoint, novnc.mountpoint_len) == 0;
}

/* Judges what libwebsockets answers by itself: the files of noVNC. All else is judged when it is answered. */
static int request_filter(struct lws *wsi, const char *path)
{
    char cookie[AUTH_TOKEN_SIZE];
    struct route route = {0};
    if (!request_is_mounted(path) || server_judge(wsi, path, &route, cookie) == AUTH_OK)
        return 0;
    (void)lws_return_http_status(wsi, HTTP_STATUS_FORBIDDEN, NULL);
    return -1;
}

/* ---- libwebsockets ---- */

int request_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct request *request = user;
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        request->wsi = wsi;
        return request_begin(request, in);
    case LWS_CALLBACK_FILTER_HTTP_CONNECTION:
        return request_filter(wsi, in);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return request->wsi ? request_may_write(request) : 0;
    case LWS_CALLBACK_CLOSED_HTTP:
        if (request && request->wsi)
            request_reset(request);
        return 0;
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        sockets_wake();
        requests_wake();
        rfb_wake();
        return 0;
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: /* a WebSocket without a subprotocol: noVNC's */
    case LWS_CALLBACK_ESTABLISHED:
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_CLOSED:
        return rfb_callback(wsi, reason, user, in, len);
    case LWS_CALLBACK_HTTP_BODY:
        return -1;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, len);
    }
}
