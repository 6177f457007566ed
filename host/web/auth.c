/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/auth.h"

#include "host/web/config.h"
#include "platform/random.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void auth_init(struct auth *auth, const struct web_config *config)
{
    *auth = (struct auth){.config = config};
}

/* ---- tickets ---- */

static int auth_random(char text[AUTH_TOKEN_SIZE], struct error *err)
{
    uint64_t high, low;
    if (os_random(&high, err) || os_random(&low, err))
        return error_prefix(err, ERR_SYSTEM, "no random token");
    snprintf(text, AUTH_TOKEN_SIZE, "%016" PRIx64 "%016" PRIx64, high, low);
    return 0;
}

/* Compares in a time that does not tell how much of it is right. */
static bool auth_equal(const char *secret, const char *given, size_t len)
{
    unsigned char difference = strlen(secret) != len;
    for (size_t i = 0, n = strlen(secret); i < n; i++)
        difference |= (unsigned char)(secret[i] ^ (i < len ? given[i] : 0));
    return difference == 0;
}

/* Finds a ticket that is valid; looks at all of them, in the same time. */
static struct auth_ticket *auth_find(struct auth_ticket *tickets, size_t count, const char *text, size_t len,
                                     int64_t oldest_ms)
{
    struct auth_ticket *found = NULL;
    if (len != AUTH_TOKEN_SIZE - 1)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (*tickets[i].text && tickets[i].time_ms >= oldest_ms && auth_equal(tickets[i].text, text, len))
            found = &tickets[i];
    return found;
}

/* Returns a free place, or that of the oldest. */
static struct auth_ticket *auth_place(struct auth_ticket *tickets, size_t count)
{
    struct auth_ticket *best = tickets;
    for (size_t i = 0; i < count; i++) {
        if (!*tickets[i].text)
            return &tickets[i];
        if (tickets[i].time_ms < best->time_ms)
            best = &tickets[i];
    }
    return best;
}

int auth_make_token(struct auth *auth, char token[AUTH_TOKEN_SIZE], int64_t now_ms, struct error *err)
{
    int status = auth_random(token, err);
    if (status)
        return status;
    struct auth_ticket *place = auth_place(auth->tokens, AUTH_TOKENS_MAX);
    memcpy(place->text, token, AUTH_TOKEN_SIZE);
    place->time_ms = now_ms;
    return 0;
}

/* ---- where a request comes from ---- */

/* Returns the length of the name in "NAME[:PORT]", 0 when it is malformed. */
static size_t auth_name_len(const char *host)
{
    size_t len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    if (len > strlen(host))
        return 0;
    const char *rest = host + len;
    if (*rest == ':')
        rest += 1 + strspn(rest + 1, "0123456789");
    return *rest ? 0 : len;
}

/* Whether a name is an address in digits, which no name server can have pointed here. */
static bool auth_is_numeric(const char *name, size_t len)
{
    size_t digits = strspn(name, "0123456789.");
    if (*name == '[')
        return strspn(name + 1, "0123456789abcdefABCDEF:.") == len - 2;
    return digits >= len && memchr(name, '.', len) != NULL;
}

static bool auth_same_name(const char *a, size_t a_len, const char *b)
{
    if (strlen(b) != a_len)
        return false;
    for (size_t i = 0; i < a_len; i++)
        if (tolower((unsigned char)a[i]) != tolower((unsigned char)b[i]))
            return false;
    return true;
}

static bool auth_host_is_ours(const struct auth *auth, const char *host)
{
    size_t len = auth_name_len(host);
    if (len == 0)
        return false;
    if (auth_is_numeric(host, len) || auth_same_name(host, len, "localhost"))
        return true;
    for (size_t i = 0; i < auth->config->host_count; i++)
        if (auth_same_name(host, len, auth->config->hosts[i]))
            return true;
    for (size_t i = 0; i < auth->config->listen_count; i++)
        if (auth_same_name(host, len, auth->config->listens[i].host))
            return true;
    return false;
}

/* Whether an Origin is the page's that the Host names. The scheme may be a proxy's. */
static bool auth_origin_is_ours(const char *origin, const char *host)
{
    static const char *const schemes[] = {"http:"
                                          "//",
                                          "https:"
                                          "//"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t len = strlen(schemes[i]);
        if (strncmp(origin, schemes[i], len) == 0)
            return auth_same_name(origin + len, strlen(origin + len), host);
    }
    return false;
}

/* Whether the browser says that another site's page has caused the request. */
static bool auth_is_cross_site(const struct auth_request *request)
{
    const char *site = request->fetch_site;
    if (!site || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0)
        return false;
    bool follows_link = request->page && request->fetch_mode && strcmp(request->fetch_mode, "navigate") == 0;
    return !follows_link;
}

/* Returns why a request is none of our own pages', or NULL. */
static const char *auth_why_foreign(const struct auth *auth, const struct auth_request *request)
{
    if (!request->host || !auth_host_is_ours(auth, request->host))
        return "the Host is none that the gateway is called by";
    if (request->origin && !auth_origin_is_ours(request->origin, request->host))
        return "the Origin is another one";
    return auth_is_cross_site(request) ? "a page of another site asks" : NULL;
}

/* ---- who it is ---- */

/* Finds our cookie's value. */
static const char *auth_cookie(const char *cookies, size_t *len)
{
    static const char name[] = AUTH_COOKIE "=";
    for (const char *at = cookies; at && *at; at += strcspn(at, ";")) {
        at += strspn(at, "; ");
        if (strncmp(at, name, sizeof name - 1) == 0) {
            *len = strcspn(at + sizeof name - 1, "; ");
            return at + sizeof name - 1;
        }
    }
    return NULL;
}

static bool auth_has_session(struct auth *auth, const char *cookies, int64_t now_ms)
{
    size_t len;
    const char *value = auth_cookie(cookies, &len);
    struct auth_ticket *session =
        value ? auth_find(auth->sessions, AUTH_SESSIONS_MAX, value, len, now_ms - AUTH_SESSION_MS) : NULL;
    if (session)
        session->time_ms = now_ms;
    return session != NULL;
}

static bool auth_has_secret(const struct auth *auth, const char *authorization)
{
    static const char scheme[] = "Bearer ";
    if (!auth->config->secret || !authorization || strncmp(authorization, scheme, sizeof scheme - 1) != 0)
        return false;
    const char *given = authorization + sizeof scheme - 1;
    return auth_equal(auth->config->secret, given, strlen(given));
}

/* Exchanges a one-time token for a session. */
static bool auth_begin_session(struct auth *auth, const char *token, int64_t now_ms, char cookie[AUTH_TOKEN_SIZE])
{
    struct auth_ticket *found = auth_find(auth->tokens, AUTH_TOKENS_MAX, token, strlen(token), now_ms - AUTH_TOKEN_MS);
    if (!found || auth_random(cookie, NULL))
        return false;
    *found = (struct auth_ticket){0};
    struct auth_ticket *session = auth_place(auth->sessions, AUTH_SESSIONS_MAX);
    memcpy(session->text, cookie, AUTH_TOKEN_SIZE);
    session->time_ms = now_ms;
    return true;
}

enum auth_verdict auth_decide(struct auth *auth, const struct auth_request *request, int64_t now_ms,
                              char cookie[AUTH_TOKEN_SIZE], const char **why)
{
    *why = auth_why_foreign(auth, request);
    if (*why)
        return AUTH_FOREIGN;
    if (!auth->config->token)
        return AUTH_OK;
    if (auth_has_session(auth, request->cookie, now_ms) || auth_has_secret(auth, request->authorization))
        return AUTH_OK;
    if (request->page && request->token && auth_begin_session(auth, request->token, now_ms, cookie))
        return AUTH_NEW_SESSION;
    *why = request->token ? "the token is wrong or was used already" : "there is no token";
    return AUTH_UNKNOWN;
}
