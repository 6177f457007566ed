/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/config.h"

#include "base/number.h"
#include "platform/config.h"
#include "platform/file.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_ALIVE_S 25

void web_config_init(struct web_config *config)
{
    *config = (struct web_config){.keep_alive_s = KEEP_ALIVE_S};
}

void web_config_deinit(struct web_config *config)
{
    for (size_t i = 0; i < config->guest_count; i++) {
        free(config->guests[i].name);
        free(config->guests[i].group);
    }
    for (size_t i = 0; i < config->host_count; i++)
        free(config->hosts[i]);
    free(config->guests);
    free(config->secret);
    free(config->certificate);
    free(config->key);
    for (size_t i = 0; i < config->proxy_count; i++)
        free(config->proxies[i]);
    free(config->prefix);
    free(config->novnc);
    free(config->pages);
    *config = (struct web_config){0};
}

static int web_no_memory(struct error *err)
{
    return error_set(err, ERR_NO_MEMORY, "no memory for the configuration");
}

static int web_set_text(char **out, const char *value, struct error *err)
{
    char *copy = strdup(value);
    if (!copy)
        return web_no_memory(err);
    free(*out);
    *out = copy;
    return 0;
}

/* ---- guests ---- */

/* Checks a name that stands in addresses and in Prometheus' labels. */
static int web_check_name(const char *what, const char *name, struct error *err)
{
    size_t len = strlen(name);
    if (len == 0 || len > WEB_NAME_MAX)
        return error_set(err, ERR_INVALID, "%s '%.80s' has %zu bytes, not 1 to %d", what, name, len, WEB_NAME_MAX);
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("-_.:[]", *p))
            return error_set(err, ERR_INVALID, "%s '%s' has a character other than letters, digits, '-', '_', '.', ':'",
                             what, name);
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return error_set(err, ERR_INVALID, "%s can't be '%s'", what, name);
    return 0;
}

static int web_check_new(const struct web_config *config, const char *name, struct error *err)
{
    if (config->guest_count == WEB_GUESTS_MAX)
        return error_set(err, ERR_LIMIT, "guest '%s' is one too many: the limit is %d", name, WEB_GUESTS_MAX);
    for (size_t i = 0; i < config->guest_count; i++)
        if (strcmp(config->guests[i].name, name) == 0)
            return error_set(err, ERR_INVALID, "there are two guests with the name '%s'", name);
    return web_check_name("a guest's name", name, err);
}

static int web_add_guest(struct web_config *config, const char *name, const char *address, const char *group,
                         unsigned rfb_port, struct error *err)
{
    struct web_guest guest = {.rfb_port = rfb_port};
    int status = web_check_new(config, name, err);
    if (!status && group)
        status = web_check_name("a group", group, err);
    if (!status)
        status = target_parse(&guest.target, address, err);
    if (status)
        return status;
    if (!*guest.target.host)
        return error_set(err, ERR_INVALID, "guest '%s' has no host in '%s'", name, address);
    if (!guest.target.port)
        guest.target.port = WEB_GUEST_PORT;
    guest.name = strdup(name);
    guest.group = group ? strdup(group) : NULL;
    struct web_guest *guests = realloc(config->guests, (config->guest_count + 1) * sizeof *guests);
    if (guests)
        config->guests = guests;
    if (!guests || !guest.name || (group && !guest.group)) {
        free(guest.name);
        free(guest.group);
        return web_no_memory(err);
    }
    config->guests[config->guest_count++] = guest;
    return 0;
}

int web_config_add_host(struct web_config *config, const char *text, struct error *err)
{
    return web_add_guest(config, text, text, NULL, 0, err);
}

/* What follows a guest's address. */
static bool web_set_of_guest(const char *word, const char **group, unsigned *rfb_port)
{
    uint64_t port = 0;
    const char *at = word + strlen("rfb=");
    if (strncmp(word, "group=", 6) == 0) {
        *group = word + 6;
        return true;
    }
    bool good = strncmp(word, "rfb=", 4) == 0 && number_take(&at, 65535, &port) && !*at && port > 0;
    *rfb_port = (unsigned)port;
    return good;
}

/* Parses "NAME HOST[:PORT] [group=GROUP] [rfb=PORT]". */
static int web_set_guest(struct web_config *config, const char *value, struct error *err)
{
    static const char space[] = " \t";
    char *copy = strdup(value), *rest = copy, *words[5] = {NULL};
    const char *group = NULL;
    unsigned rfb_port = 0;
    size_t count = 0;
    if (!copy)
        return web_no_memory(err);
    for (char *word = strtok_r(copy, space, &rest); word && count < 5; word = strtok_r(NULL, space, &rest))
        words[count++] = word;
    bool good = count >= 2 && count <= 4;
    for (size_t i = 2; i < count && good; i++)
        good = web_set_of_guest(words[i], &group, &rfb_port);
    int status =
        good ? web_add_guest(config, words[0], words[1], group, rfb_port, err)
             : error_set(err, ERR_INVALID, "guest is '%.200s', not NAME HOST[:PORT] [group=GROUP] [rfb=PORT]", value);
    free(copy);
    return status;
}

/* ---- the other options ---- */

static int web_set_listen(struct web_config *config, const char *value, struct error *err)
{
    struct target *listen = &config->listens[config->listen_count];
    if (config->listen_count == WEB_LISTENS_MAX)
        return error_set(err, ERR_LIMIT, "listen is given more than %d times", WEB_LISTENS_MAX);
    char text[TARGET_TEXT_SIZE];
    size_t len = strlen(value);
    bool any_port = len > 2 && strcmp(value + len - 2, ":0") == 0 && value[len - 3] != ':';
    snprintf(text, sizeof text, "%.*s", (int)(any_port ? len - 2 : len), value);
    int status = len < sizeof text ? target_parse(listen, text, err) : ERR_INVALID;
    if (status || !*listen->host)
        return error_set(err, ERR_INVALID, "listen is '%.80s', not ADDRESS[:PORT]", value);
    if (!listen->port && !any_port)
        listen->port = WEB_PORT;
    config->listen_count++;
    return 0;
}

static int web_set_host(struct web_config *config, const char *value, struct error *err)
{
    if (config->host_count == WEB_HOSTS_MAX)
        return error_set(err, ERR_LIMIT, "host is given more than %d times", WEB_HOSTS_MAX);
    int status = web_check_name("host", value, err);
    if (!status)
        status = web_set_text(&config->hosts[config->host_count], value, err);
    if (!status)
        config->host_count++;
    return status;
}

size_t web_prefix_len(const char *path)
{
    size_t len = strlen(path);
    while (len > 0 && path[len - 1] == '/')
        len--;
    bool good = len > 0 && *path == '/' && !strstr(path, "//") && !strstr(path, "/.") && len <= WEB_NAME_MAX;
    for (size_t i = 0; i < len; i++)
        good = good && (isalnum((unsigned char)path[i]) || strchr("/-_.~", path[i]));
    return good ? len : 0;
}

static int web_set_prefix(struct web_config *config, const char *value, struct error *err)
{
    size_t len = web_prefix_len(value);
    if (len == 0 && value[strspn(value, "/")])
        return error_set(err, ERR_INVALID, "prefix is '%.80s', not a path such as /screens, of letters and digits",
                         value);
    int status = web_set_text(&config->prefix, value, err);
    if (!status)
        config->prefix[len] = '\0';
    return status;
}

static int web_set_proxy(struct web_config *config, const char *value, struct error *err)
{
    bool good = *value && strspn(value, "0123456789abcdefABCDEF:.") == strlen(value) && strpbrk(value, ".:");
    if (!good)
        return error_set(err, ERR_INVALID, "proxy is '%.80s', not an address in digits", value);
    if (config->proxy_count == WEB_PROXIES_MAX)
        return error_set(err, ERR_LIMIT, "proxy is given more than %d times", WEB_PROXIES_MAX);
    int status = web_set_text(&config->proxies[config->proxy_count], value, err);
    config->proxy_count += !status;
    return status;
}

/* Reads the secret: the first line of the file. */
static int web_set_token_file(struct web_config *config, const char *path, struct error *err)
{
    struct os_file *file;
    char secret[WEB_SECRET_MAX + 2];
    uint64_t size;
    if (os_file_open(&file, path, &size, err))
        return error_prefix(err, ERR_INVALID, "token-file '%s'", path);
    int got = os_file_read(file, secret, sizeof secret - 1, err);
    os_file_close(file);
    if (got < 0)
        return error_prefix(err, ERR_INVALID, "token-file '%s'", path);
    secret[got] = '\0';
    secret[strcspn(secret, "\r\n")] = '\0';
    size_t len = strlen(secret);
    for (size_t i = 0; i < len; i++)
        if (secret[i] <= ' ' || secret[i] > '~')
            return error_set(err, ERR_INVALID,
                             "token-file '%s' has a character in its first line that is no letter, digit or sign",
                             path);
    if (len < WEB_SECRET_MIN || len > WEB_SECRET_MAX)
        return error_set(err, ERR_INVALID, "token-file '%s' has %zu characters in its first line, not %d to %d", path,
                         len, WEB_SECRET_MIN, WEB_SECRET_MAX);
    return web_set_text(&config->secret, secret, err);
}

static int web_set_keep_alive(struct web_config *config, const char *value, struct error *err)
{
    uint64_t seconds;
    const char *end = value;
    if (!number_take(&end, 600, &seconds) || *end || seconds == 0)
        return error_set(err, ERR_INVALID, "keep-alive is '%s', not seconds from 1 to 600", value);
    config->keep_alive_s = (unsigned)seconds;
    return 0;
}

static int web_set_flag(bool *flag, const char *name, const char *value, struct error *err)
{
    *flag = strcmp(value, "yes") == 0;
    return *flag || strcmp(value, "no") == 0 ? 0
                                             : error_set(err, ERR_INVALID, "%s is '%s', not yes or no", name, value);
}

int web_config_set(struct web_config *config, const char *name, const char *value, struct error *err)
{
    if (strcmp(name, "listen") == 0)
        return web_set_listen(config, value, err);
    if (strcmp(name, "guest") == 0)
        return web_set_guest(config, value, err);
    if (strcmp(name, "host") == 0)
        return web_set_host(config, value, err);
    if (strcmp(name, "prefix") == 0)
        return web_set_prefix(config, value, err);
    if (strcmp(name, "token-file") == 0)
        return web_set_token_file(config, value, err);
    if (strcmp(name, "proxy") == 0)
        return web_set_proxy(config, value, err);
    if (strcmp(name, "token") == 0) {
        config->token_given = true;
        return web_set_flag(&config->token, name, value, err);
    }
    if (strcmp(name, "keep-alive") == 0)
        return web_set_keep_alive(config, value, err);
    char **text = strcmp(name, "certificate") == 0 ? &config->certificate
                  : strcmp(name, "key") == 0       ? &config->key
                  : strcmp(name, "novnc") == 0     ? &config->novnc
                  : strcmp(name, "pages") == 0     ? &config->pages
                                                   : NULL;
    return text ? web_set_text(text, value, err) : error_set(err, ERR_INVALID, "unknown option '%.60s'", name);
}

static int web_set_line(void *context, const char *name, const char *value, struct error *err)
{
    return web_config_set(context, name, value, err);
}

int web_config_read(struct web_config *config, const char *path, struct error *err)
{
    char *text;
    int status = config_read(path, &text, web_set_line, config, err);
    free(text);
    return status;
}

bool web_is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 || strncmp(host, "127.", 4) == 0;
}

int web_config_complete(struct web_config *config, struct error *err)
{
    if (config->listen_count == 0) {
        int status = web_set_listen(config, "127.0.0.1", err);
        if (status)
            return status;
    }
    if (!config->prefix && web_set_text(&config->prefix, "", err))
        return err->status;
    if (!config->certificate != !config->key)
        return error_set(err, ERR_INVALID, "certificate and key are needed together");
    if (config->guest_count == 0)
        return error_set(err, ERR_INVALID,
                         "there is no guest to show: 'guest = NAME HOST[:PORT]', or HOST[:PORT] on the command line");
    for (size_t i = 0; i < config->listen_count; i++)
        config->token |= !web_is_loopback(config->listens[i].host);
    config->token |= config->secret != NULL;
    /* Whoever the proxy lets through comes from loopback. */
    config->token |= config->proxy_count > 0 && !config->token_given;
    return 0;
}
