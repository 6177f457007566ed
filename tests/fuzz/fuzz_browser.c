/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a browser says to the gateway: a message, a path, headers. And the options of its configuration, a line each. The
 * first byte of an input chooses. */
#include "base/utf8.h"
#include "host/web/auth.h"
#include "host/web/config.h"
#include "host/web/forwarded.h"
#include "host/web/viewer/message.h"
#include "host/web/route.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void read_message(const char *text, size_t len)
{
    struct message message;
    struct error err = {0};
    int status = message_parse(&message, text, len, &err);
    require(status == 0 || (status == err.status && *err.text && message.list.count == 0));
    require(memchr(message.guest, 0, sizeof message.guest) && memchr(message.text, 0, sizeof message.text));
    require(message.list.count <= MESSAGE_NAMES_MAX);
    for (size_t i = 0; i < message.list.count; i++)
        require(strlen(message.list.items[i]) <= MESSAGE_ACTION_MAX && utf8_valid(message.list.items[i]));
    message_deinit(&message);
}

static void read_path(const char *path)
{
    struct route route = route_find(path, "");
    require(!strchr(route.name, '/') && !strchr(route.name, '\\') && strcmp(route.name, "..") != 0);
    if (route_file_is_allowed(path))
        require(strncmp(path, ".periscope/", 11) == 0 && !strchr(path + 11, '/'));
    require(route_media_type(path) != NULL);
}

/* Uses the lines of a text as the headers of a request. */
static void read_headers(char *text)
{
    static struct web_config config;
    static struct auth auth;
    char cookie[AUTH_TOKEN_SIZE], *rest = text;
    const char *why, *lines[7] = {0};
    config.token = true;
    config.secret = (char[]){"0123456789abcdef"};
    auth_init(&auth, &config);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        lines[i] = strtok_r(i == 0 ? text : NULL, "\n", &rest);
    struct auth_request request = {lines[0], lines[1], lines[2], lines[3], lines[4], lines[5], lines[6], true};
    enum auth_verdict verdict = auth_decide(&auth, &request, 1, cookie, &why);
    require(verdict != AUTH_NEW_SESSION); /* no token was made */
    require(verdict != AUTH_OK || (request.authorization && strstr(request.authorization, "0123456789abcdef")));
}

/* Uses four lines as what a proxy says: what is taken is an address, and a path that leads to no other host. */
static void read_forwarded(char *text)
{
    struct web_config config = {.proxies = {(char[]){"127.0.0.1"}}, .proxy_count = 1};
    struct forwarded_headers headers = {0};
    struct forwarded found;
    char *rest = text;
    headers.client = strtok_r(text, "\n", &rest);
    headers.prefix = strtok_r(NULL, "\n", &rest);
    headers.host = strtok_r(NULL, "\n", &rest);
    headers.proto = strtok_r(NULL, "\n", &rest);
    forwarded_read(&found, &config, "127.0.0.1", &headers);
    require(found.by_proxy && *found.peer && found.peer[strspn(found.peer, "0123456789abcdefABCDEF:.")] == '\0');
    require(!*found.prefix || (found.prefix[0] == '/' && found.prefix[1] != '/' && !strpbrk(found.prefix, "\r\n;, ")));
    require(strlen(found.host) < sizeof found.host);
}

static void read_options(char *text)
{
    struct web_config config;
    struct error err = {0};
    char *rest = text;
    web_config_init(&config);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *equals = strchr(line, '=');
        if (!equals || strncmp(line, "token-file", 10) == 0)
            continue;
        *equals = '\0';
        int status = web_config_set(&config, line, equals + 1, &err);
        require(status == 0 || (status == err.status && *err.text));
    }
    web_config_complete(&config, &err);
    for (size_t i = 0; i < config.guest_count; i++)
        require(*config.guests[i].name && strlen(config.guests[i].name) <= WEB_NAME_MAX &&
                config.guests[i].target.port);
    web_config_deinit(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    char *copy = malloc(size); /* so that a byte too far is seen */
    if (!copy)
        return 0;
    memcpy(copy, data + 1, size - 1);
    copy[size - 1] = '\0';
    switch (data[0] % 4) {
    case 0:
        read_message(copy, size - 1);
        break;
    case 1:
        read_path(copy);
        break;
    case 2:
        if (data[0] & 4)
            read_forwarded(copy);
        else
            read_headers(copy);
        break;
    default:
        read_options(copy);
        break;
    }
    free(copy);
    return 0;
}
