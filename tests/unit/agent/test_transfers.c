/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Uploads that wait for their rest, with real files. */
#include "tests/unit/check.h"

#include "agent/session.h"
#include "agent/transfers.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/thread.h"

static struct error err;
static int ended; /* how many uploads */
static struct session client;

struct os_socket {
    int shut_down;
};

void os_socket_shutdown(struct os_socket *socket)
{
    socket->shut_down++;
}

static struct os_upload *begin(const char *path)
{
    struct os_upload *upload = NULL;
    CHECK_INT(os_upload_begin(&upload, path, OS_UPLOAD_PRIVATE, &err), 0);
    CHECK_INT(os_upload_write(upload, "part", 4, &err), 0);
    return upload;
}

static void abandon(void *upload)
{
    os_upload_abandon(upload);
    ended++;
}

static struct transfer *add(struct transfers *transfers, const char *token)
{
    const struct transfer_key key = {token, "periscope-test-file", abandon};
    struct transfer *entry = NULL;
    CHECK_INT(transfers_add(transfers, &key, &client, &entry, &err), 0);
    entry->object = begin("periscope-test-file");
    return entry;
}

static int take(struct transfers *transfers, const char *token, const char *path, struct transfer **entry)
{
    const struct transfer_key key = {token, path, abandon};
    return transfers_take(transfers, &key, &client, entry, &err);
}

static struct transfers *new_transfers(int keep_ms)
{
    struct transfers *transfers;
    CHECK_INT(transfers_new(&transfers, keep_ms, &err), 0);
    keep_in_reach(transfers);
    return transfers;
}

static void what_waits_is_taken_by_token_and_path(void)
{
    struct transfers *transfers = new_transfers(60000);
    struct transfer *entry = add(transfers, "a"), *taken;
    entry->have = 4;
    transfers_park(transfers, entry);
    CHECK_INT(take(transfers, "b", "periscope-test-file", &taken), ERR_NOT_FOUND);
    CHECK_INT(take(transfers, "a", "other", &taken), ERR_NOT_FOUND);
    CHECK_INT(take(transfers, "a", "periscope-test-file", &taken), 0);
    CHECK(taken == entry);
    CHECK_INT(taken->have, 4);
    transfers_park(transfers, taken);
    const struct transfer_key other_kind = {"a", "periscope-test-file", free};
    CHECK_INT(transfers_take(transfers, &other_kind, &client, &taken, &err), ERR_NOT_FOUND);
    CHECK_INT(take(transfers, "a", "periscope-test-file", &taken), 0);
    transfers_end(transfers, taken);
    CHECK_INT(take(transfers, "a", "periscope-test-file", &taken), ERR_NOT_FOUND);
}

struct holder {
    struct transfers *transfers;
    struct transfer *entry;
    struct session session;
};

/* Lets go once its connection is superseded, as one whose socket is shut down. */
static void hold(void *context)
{
    struct holder *holder = context;
    int64_t deadline = os_deadline(60000);
    while (!atomic_load(&holder->session.superseded) && os_time_left(deadline))
        os_sleep_ms(1);
    holder->entry->have = 3;
    transfers_park(holder->transfers, holder->entry);
}

static void who_holds_it_is_ended(void)
{
    static struct os_socket socket;
    static struct holder holder = {.session = {.socket = &socket}};
    const struct transfer_key key = {"a", "periscope-test-file", abandon};
    struct transfer *taken;
    holder.transfers = new_transfers(60000);
    CHECK_INT(transfers_add(holder.transfers, &key, &holder.session, &holder.entry, &err), 0);
    CHECK_INT(os_thread_start(hold, &holder, &err), 0);
    CHECK_INT(take(holder.transfers, "a", "periscope-test-file", &taken), 0);
    CHECK(taken == holder.entry && taken->user == &client);
    CHECK_INT(taken->have, 3);
    CHECK(socket.shut_down > 0);
    CHECK(!atomic_load(&client.superseded));
    transfers_end(holder.transfers, taken);
}

static void another_of_the_name_replaces_it(void)
{
    ended = 0;
    struct transfers *transfers = new_transfers(60000);
    struct transfer *taken;
    transfers_park(transfers, add(transfers, "a"));
    struct transfer *second = add(transfers, "a");
    second->have = 7;
    transfers_park(transfers, second);
    CHECK_INT(take(transfers, "a", "periscope-test-file", &taken), 0);
    CHECK_INT(taken->have, 7);
    CHECK_INT(ended, 1);
    transfers_end(transfers, taken);
    CHECK_INT(take(transfers, "a", "periscope-test-file", &taken), ERR_NOT_FOUND);
}

static void what_nobody_continues_is_ended(void)
{
    struct transfers *transfers = new_transfers(30);
    struct transfer *taken;
    int64_t deadline = os_deadline(10000);
    ended = 0;
    transfers_park(transfers, add(transfers, "a"));
    transfers_park(transfers, add(transfers, "b"));
    while (os_time_left(deadline) && ended < 2)
        os_sleep_ms(5);
    CHECK_INT(ended, 2);
    CHECK_INT(take(transfers, "a", "periscope-test-file", &taken), ERR_NOT_FOUND);
    CHECK_INT(take(transfers, "b", "periscope-test-file", &taken), ERR_NOT_FOUND);
}

int main(void)
{
    RUN(what_waits_is_taken_by_token_and_path);
    RUN(who_holds_it_is_ended);
    RUN(another_of_the_name_replaces_it);
    RUN(what_nobody_continues_is_ended);
    return CHECK_RESULT();
}
