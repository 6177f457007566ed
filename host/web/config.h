/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the gateway is to do: from its command line, and from a file of lines "name = value" (docs/gateway.md). */
#ifndef HOST_WEB_CONFIG_H
#define HOST_WEB_CONFIG_H

#include "base/error.h"
#include "host/common/target.h"

#include <stdbool.h>
#include <stddef.h>

#define WEB_GUESTS_MAX 1000
#define WEB_NAME_MAX 64 /* bytes of a guest's name and of a group */
#define WEB_LISTENS_MAX 8
#define WEB_HOSTS_MAX 16
#define WEB_PROXIES_MAX 8
#define WEB_GUEST_PORT 9000 /* of a guest without one: periscoped's own */
#define WEB_PORT 8080
#define WEB_SECRET_MIN 16 /* bytes of the token file's content */
#define WEB_SECRET_MAX 512

struct web_guest {
    char *name, *group; /* owned; group: NULL for none */
    struct target target;
    unsigned rfb_port; /* for VNC viewers, on loopback; 0: none */
};

struct web_config {
    struct target listens[WEB_LISTENS_MAX]; /* port 0: any that is free */
    size_t listen_count;
    struct web_guest *guests; /* owned */
    size_t guest_count;
    char *hosts[WEB_HOSTS_MAX]; /* owned: names that the gateway is called by, for Host and Origin */
    size_t host_count;
    char *secret;                   /* owned: the content of token-file */
    char *proxies[WEB_PROXIES_MAX]; /* owned: addresses whose X-Forwarded-... are believed */
    size_t proxy_count;
    bool token;              /* a token is needed on loopback too */
    bool token_given;        /* the configuration says so or otherwise */
    char *certificate, *key; /* owned: files */
    char *prefix;            /* owned: "" or "/PATH", without a slash at its end */
    char *novnc;             /* owned: a folder */
    char *pages;             /* owned: a folder in place of the pages that are built in */
    unsigned keep_alive_s;
};

void web_config_init(struct web_config *config);
void web_config_deinit(struct web_config *config);

/* Sets one option, as a line of the file has it. ERR_INVALID with one line that says what is wrong with the value. */
int web_config_set(struct web_config *config, const char *name, const char *value, struct error *err);
/* Reads a file of them. The error names file and line. */
int web_config_read(struct web_config *config, const char *path, struct error *err);
/* Adds a guest that is named by its address alone. */
int web_config_add_host(struct web_config *config, const char *text, struct error *err);
/* Checks that all of it goes together, and fills in what was left out. */
int web_config_complete(struct web_config *config, struct error *err);

/* Returns the length of a path such as "/screens", without a slash at its end; 0 when it is none. */
size_t web_prefix_len(const char *path);

/* Whether an address is one that only this machine reaches: 127.0.0.0/8, ::1, or "localhost". */
bool web_is_loopback(const char *host);

#endif
