/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is let in by the gateway. */
#include "host/web/auth.h"
#include "host/web/config.h"

#include "tests/unit/check.h"

static struct web_config config;
static struct auth auth;
static char cookie[AUTH_TOKEN_SIZE];

static void begin(bool token)
{
    web_config_deinit(&config);
    web_config_init(&config);
    web_config_set(&config, "listen", "10.1.2.3:80", NULL);
    web_config_set(&config, "host", "farm.example", NULL);
    config.token = token;
    auth_init(&auth, &config);
}

static enum auth_verdict decide(struct auth_request request, int64_t now_ms)
{
    const char *why;
    if (!request.host)
        request.host = "farm.example";
    return auth_decide(&auth, &request, now_ms, cookie, &why);
}

static bool host_is_ours(const char *host)
{
    return decide((struct auth_request){.host = host}, 0) == AUTH_OK;
}

static void only_our_own_names_are_hosts(void)
{
    static const char *const ours[] = {"farm.example", "FARM.example:8080", "127.0.0.1",
                                       "10.9.9.9:1",   "localhost:8080",    "[::1]:8080"};
    static const char *const foreign[] = {"",
                                          "evil.example",
                                          "farm.exampl",
                                          "farm",
                                          "farm.example.evil",
                                          "xfarm.example",
                                          "1.2.3.4.evil",
                                          "127.0.0.1 x",
                                          "localhost:8080x",
                                          "[::1",
                                          "[evil]",
                                          "1234",
                                          "farm.example:80:80",
                                          ":80"};
    begin(false);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        CHECK(host_is_ours(ours[i]));
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        CHECK(!host_is_ours(foreign[i]));
}

static bool origin_is_ours(const char *origin)
{
    return decide((struct auth_request){.host = "farm.example:8080", .origin = origin}, 0) == AUTH_OK;
}

static void only_our_own_pages_are_origins(void)
{
    begin(false);
    CHECK(origin_is_ours(NULL));
    CHECK(origin_is_ours("http:"
                         "//farm.example:8080"));
    CHECK(origin_is_ours("https:"
                         "//farm.example:8080"));
    CHECK(!origin_is_ours("http:"
                          "//farm.example"));
    CHECK(!origin_is_ours("http:"
                          "//farm.example:8080.evil"));
    CHECK(!origin_is_ours("file:"
                          "//farm.example:8080"));
    CHECK(!origin_is_ours("null"));
    CHECK(!origin_is_ours(""));
}

static void other_sites_may_link_to_pages_and_no_more(void)
{
    begin(false);
    struct auth_request request = {.fetch_site = "cross-site", .fetch_mode = "navigate", .page = true};
    CHECK_INT(decide(request, 0), AUTH_OK);
    request.page = false;
    CHECK_INT(decide(request, 0), AUTH_FOREIGN);
    request = (struct auth_request){.fetch_site = "same-site", .fetch_mode = "no-cors", .page = true};
    CHECK_INT(decide(request, 0), AUTH_FOREIGN);
    request.fetch_site = "same-origin";
    CHECK_INT(decide(request, 0), AUTH_OK);
}

static enum auth_verdict with_cookie(const char *value, int64_t now_ms)
{
    char text[100];
    snprintf(text, sizeof text, "a=b; periscope=%s; c=d", value);
    return decide((struct auth_request){.cookie = text}, now_ms);
}

static void a_token_lets_in_once_and_its_cookie_after_that(void)
{
    char token[AUTH_TOKEN_SIZE], mine[AUTH_TOKEN_SIZE];
    begin(true);
    CHECK_INT(auth_make_token(&auth, token, 1000, NULL), 0);
    CHECK_INT(decide((struct auth_request){.page = true}, 1000), AUTH_UNKNOWN);
    CHECK_INT(decide((struct auth_request){.token = token}, 1000), AUTH_UNKNOWN); /* not of a page */
    CHECK_INT(decide((struct auth_request){.token = token, .page = true}, 1000), AUTH_NEW_SESSION);
    memcpy(mine, cookie, sizeof mine);
    CHECK_INT(decide((struct auth_request){.token = token, .page = true}, 1000), AUTH_UNKNOWN);
    CHECK_INT(with_cookie(mine, 2000), AUTH_OK);
    CHECK_INT(with_cookie(token, 2000), AUTH_UNKNOWN);
    CHECK_INT(with_cookie("", 2000), AUTH_UNKNOWN);
    mine[31] = (char)(mine[31] == '0' ? '1' : '0');
    CHECK_INT(with_cookie(mine, 2000), AUTH_UNKNOWN);
}

static void tokens_and_sessions_end(void)
{
    char token[AUTH_TOKEN_SIZE];
    begin(true);
    CHECK_INT(auth_make_token(&auth, token, 1000, NULL), 0);
    CHECK_INT(decide((struct auth_request){.token = token, .page = true}, 1001 + AUTH_TOKEN_MS), AUTH_UNKNOWN);
    CHECK_INT(decide((struct auth_request){.token = token, .page = true}, 1000 + AUTH_TOKEN_MS), AUTH_NEW_SESSION);
    char mine[AUTH_TOKEN_SIZE];
    memcpy(mine, cookie, sizeof mine);
    int64_t used = 1000 + AUTH_TOKEN_MS + AUTH_SESSION_MS;
    CHECK_INT(with_cookie(mine, used), AUTH_OK);
    CHECK_INT(with_cookie(mine, used + AUTH_SESSION_MS + 1), AUTH_UNKNOWN);
}

static void the_oldest_token_makes_room_for_one_more(void)
{
    char tokens[AUTH_TOKENS_MAX + 1][AUTH_TOKEN_SIZE];
    begin(true);
    for (int i = 0; i <= AUTH_TOKENS_MAX; i++)
        CHECK_INT(auth_make_token(&auth, tokens[i], 1000 + i, NULL), 0);
    CHECK_INT(decide((struct auth_request){.token = tokens[0], .page = true}, 2000), AUTH_UNKNOWN);
    CHECK_INT(decide((struct auth_request){.token = tokens[1], .page = true}, 2000), AUTH_NEW_SESSION);
}

static void the_secret_lets_programs_in(void)
{
    begin(true);
    CHECK_INT(decide((struct auth_request){.authorization = "Bearer "}, 0), AUTH_UNKNOWN);
    config.secret = strdup("0123456789abcdef");
    CHECK_INT(decide((struct auth_request){.authorization = "Bearer 0123456789abcdef"}, 0), AUTH_OK);
    CHECK_INT(decide((struct auth_request){.authorization = "Bearer 0123456789abcde"}, 0), AUTH_UNKNOWN);
    CHECK_INT(decide((struct auth_request){.authorization = "Bearer 0123456789abcdef0"}, 0), AUTH_UNKNOWN);
    CHECK_INT(decide((struct auth_request){.authorization = "Basic 0123456789abcdef"}, 0), AUTH_UNKNOWN);
}

int main(void)
{
    RUN(only_our_own_names_are_hosts);
    RUN(only_our_own_pages_are_origins);
    RUN(other_sites_may_link_to_pages_and_no_more);
    RUN(a_token_lets_in_once_and_its_cookie_after_that);
    RUN(tokens_and_sessions_end);
    RUN(the_oldest_token_makes_room_for_one_more);
    RUN(the_secret_lets_programs_in);
    web_config_deinit(&config);
    return CHECK_RESULT();
}
