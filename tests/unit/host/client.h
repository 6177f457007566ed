/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libperiscope with a scripted agent at the other end, and the bytes that several of its tests need. */
#ifndef TEST_HOST_CLIENT_H
#define TEST_HOST_CLIENT_H

#include "host/periscope.h"

#include "tests/unit/check.h"
#include "tests/unit/host/peer.h"

#define PING "00000000 00000000"
#define EMPTY "00000000"
#define WINDOWS "00000001 73 0000000000000004 |C:\\| 00"
#define LINUX "00000001 73 0000000000000002 |/| 00"
#define GETCWD "0000000b 00000000"
#define E_NO_EXEC "00000001 65 0000000000000017 |unknown RPC 1347616770| 00"
#define PID_5 "51 0000000000000008 0000000000000005"
#define WAIT_5(seconds) "00000006 00000002" PID_5 "49 0000000000000004 " seconds
#define RUN_TRUE                                                                                                       \
    "00000003 00000005 49 0000000000000004 00000000 73 0000000000000001 00 73 0000000000000001 00"                     \
    "73 0000000000000001 00 73 0000000000000005 |true| 00"
#define EXEC_TRUE "50530002 00000001 73 0000000000000009 |arg=true| 00"

static const char *const true_argv[] = {"true", NULL};
static const struct periscope_run run_true = {.argv = true_argv};

static struct periscope *begin(struct peer *peer, const struct peer_step *steps)
{
    peer_start(peer, steps);
    struct periscope *p = periscope_new("127.0.0.1", peer_port(peer));
    periscope_set_timeouts(p, 5000, 5000);
    return p;
}

static struct periscope *end_peer(struct peer *peer, struct periscope *p)
{
    periscope_free(p);
    CHECK_TEXT(peer_end(peer), "");
    return NULL;
}

/* WITH_PEER(steps) statement: with p connected to a peer that goes through the steps, and has to the end of them. */
#define WITH(peer, steps) for (struct periscope *p = begin(&(peer), (steps)); p; p = end_peer(&(peer), p))
#define WITH_PEER(steps)                                                                                               \
    for (struct peer peer = {0}, *once = &peer; once; once = NULL)                                                     \
    WITH(peer, steps)

#endif
