/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a browser says: JSON objects with a member "t" (docs/gateway.md). Bytes in, a message out; nothing is believed. */
#ifndef HOST_WEB_VIEWER_MESSAGE_H
#define HOST_WEB_VIEWER_MESSAGE_H

#include "base/error.h"
#include "base/strlist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_MAX 65536       /* bytes of one */
#define MESSAGE_NAME_MAX 256    /* bytes of a name in it */
#define MESSAGE_NAMES_MAX 1024  /* tiles in view */
#define MESSAGE_ACTIONS_MAX 64  /* of one "input" */
#define MESSAGE_ACTION_MAX 4096 /* bytes of one */

enum message_kind {
    MESSAGE_WALL,
    MESSAGE_WATCH,
    MESSAGE_UNWATCH,
    MESSAGE_DRAWN,
    MESSAGE_FOLLOW,
    MESSAGE_UNFOLLOW,
    MESSAGE_DRIVE,
    MESSAGE_INPUT,
    MESSAGE_PING,
};

struct message {
    enum message_kind kind;
    char guest[MESSAGE_NAME_MAX];
    char text[MESSAGE_NAME_MAX]; /* watch: the output; follow: what; drive: who */
    bool on;                     /* drive; watch: an output is named */
    uint32_t number;             /* drawn: the frame; follow, unfollow: the id */
    struct strlist list;         /* wall: names; input: actions */
};

/* Reads one. ERR_INVALID with a line that says what is wrong; then *message is empty. */
int message_parse(struct message *message, const char *bytes, size_t len, struct error *err);
void message_deinit(struct message *message);

#endif
