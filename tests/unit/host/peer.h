/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scripted agent on the loopback, in a thread of its own: it expects bytes and sends bytes, and says afterwards
 * whether all went as written. Bytes are written in hexadecimal, with |text| for what is readable; blanks are skipped.
 */
#ifndef TEST_HOST_PEER_H
#define TEST_HOST_PEER_H

#include "platform/clock.h"
#include "platform/socket.h"
#include "platform/thread.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEER_BYTES_MAX 8192
#define PEER_WAIT_MS 10000 /* for what should come at once */

enum peer_action { PEER_END, PEER_ACCEPT, PEER_EXPECT, PEER_SEND, PEER_CLOSE, PEER_SILENT };

struct peer_step {
    enum peer_action action; /* PEER_ACCEPT ends the connection before, if any */
    const char *bytes;
};

#define BANNER_1_7 "73 000000000000000f |testagentd 1.7| 00"
#define ACCEPT_1_7                                                                                                     \
    {PEER_ACCEPT, NULL},                                                                                               \
    {                                                                                                                  \
        PEER_SEND, BANNER_1_7                                                                                          \
    }

struct peer {
    struct os_listener *listener;
    const struct peer_step *steps;
    size_t split; /* what is sent leaves in two parts, the first having so many bytes; SIZE_MAX: byte by byte */
    size_t cut;   /* of the reply with this property: only so many bytes of the last PEER_SEND leave */
    bool cuts;
    atomic_bool silent; /* it has come to a PEER_SILENT */
    atomic_bool ended;
    char wrong[1024]; /* "" when all went as written */
};

static int peer_digit(char c)
{
    return c <= '9' ? c - '0' : tolower(c) - 'a' + 10;
}

static size_t peer_bytes(const char *text, uint8_t *out)
{
    size_t len = 0;
    for (const char *p = text; *p; p++) {
        if (*p == ' ')
            continue;
        if (*p == '|')
            for (p++; *p != '|'; p++)
                out[len++] = (uint8_t)*p;
        else {
            out[len++] = (uint8_t)(peer_digit(p[0]) << 4 | peer_digit(p[1]));
            p++;
        }
    }
    return len;
}

static void peer_wrong(struct peer *peer, size_t step, const char *what)
{
    snprintf(peer->wrong, sizeof peer->wrong, "step %zu: %s", step, what);
}

static bool peer_expect(struct peer *peer, struct os_socket *socket, size_t step, const char *text)
{
    uint8_t want[PEER_BYTES_MAX], got;
    struct error err;
    size_t len = peer_bytes(text, want);
    for (size_t i = 0; i < len; i++) {
        char what[128];
        int status = os_socket_recv(socket, &got, 1, os_deadline(PEER_WAIT_MS), &err);
        if (status == 1 && got == want[i])
            continue;
        if (status == 1)
            snprintf(what, sizeof what, "byte %zu is %02x instead of %02x", i, got, want[i]);
        else
            snprintf(what, sizeof what, "byte %zu did not come", i);
        peer_wrong(peer, step, what);
        return false;
    }
    return true;
}

static void peer_send(struct peer *peer, struct os_socket *socket, const char *text, bool last)
{
    uint8_t bytes[PEER_BYTES_MAX];
    size_t len = peer_bytes(text, bytes), done = 0;
    if (last && peer->cuts && peer->cut < len)
        len = peer->cut;
    while (done < len) {
        size_t part = peer->split == SIZE_MAX ? 1 : done < peer->split ? peer->split - done : len - done;
        if (part > len - done)
            part = len - done;
        /* A failure shows in what the client says. */
        os_socket_send(socket, bytes + done, part, PEER_WAIT_MS, false, NULL);
        done += part;
        if (done < len && peer->split != SIZE_MAX)
            os_sleep_ms(1);
    }
}

/* Waits until the client disconnects; a byte that comes instead is wrong. */
static bool peer_await_close(struct peer *peer, struct os_socket *socket, size_t step)
{
    struct error err;
    if (os_socket_recv(socket, &(uint8_t){0}, 1, os_deadline(PEER_WAIT_MS), &err) != 1)
        return true;
    peer_wrong(peer, step, "a byte came where the client should disconnect");
    return false;
}

static bool peer_step(struct peer *peer, struct os_socket **socket, size_t i)
{
    struct os_address address;
    struct error err;
    const struct peer_step *step = &peer->steps[i];
    switch (step->action) {
    case PEER_ACCEPT:
        os_socket_close(*socket);
        *socket = NULL;
        if (os_accept(peer->listener, socket, &address, &err)) {
            peer_wrong(peer, i, "nobody connected");
            return false;
        }
        return true;
    case PEER_EXPECT:
        return peer_expect(peer, *socket, i, step->bytes);
    case PEER_SEND:
        peer_send(peer, *socket, step->bytes, peer->steps[i + 1].action == PEER_END);
        return true;
    case PEER_SILENT:
        atomic_store(&peer->silent, true);
        return peer_await_close(peer, *socket, i);
    case PEER_CLOSE:
        os_socket_close(*socket);
        *socket = NULL;
        return true;
    case PEER_END: /* after a whole reply the client has nothing more to say */
        if (i > 0 && peer->steps[i - 1].action == PEER_SEND && !peer->cuts)
            peer_await_close(peer, *socket, i);
        break;
    }
    return false;
}

static void peer_main(void *context)
{
    struct peer *peer = context;
    struct os_socket *socket = NULL;
    size_t i = 0;
    while (peer_step(peer, &socket, i))
        i++;
    os_socket_close(socket);
    atomic_store(&peer->ended, true);
}

static void peer_start(struct peer *peer, const struct peer_step *steps)
{
    struct error err;
    peer->steps = steps;
    if (os_listen(&peer->listener, "127.0.0.1", 0, &err) || os_thread_start(peer_main, peer, &err)) {
        printf("# could not start a peer: %s\n", err.text);
        exit(1);
    }
}

static unsigned peer_port(const struct peer *peer)
{
    return os_listener_port(peer->listener);
}

/* What went wrong, or "". Ends a peer that still waits. */
static const char *peer_end(struct peer *peer)
{
    for (int i = 0; i < 50 && !atomic_load(&peer->ended); i++)
        os_sleep_ms(10);
    if (!atomic_load(&peer->ended))
        os_listener_stop(peer->listener);
    for (int i = 0; i < 2 * PEER_WAIT_MS / 10 && !atomic_load(&peer->ended); i++)
        os_sleep_ms(10);
    if (!atomic_load(&peer->ended)) {
        printf("# a peer does not end\n");
        exit(1);
    }
    os_listener_close(peer->listener);
    return peer->wrong;
}

#endif
