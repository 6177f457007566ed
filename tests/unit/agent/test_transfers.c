/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Uploads that wait for their rest, with real files. */
#include "tests/unit/check.h"

#include "agent/transfers.h"
#include "platform/clock.h"
#include "platform/file.h"

static struct error err;
static int ended;  /* how many uploads */
static int client; /* stands for a connection: who has an entry is only compared while it waits */
#define CLIENT ((struct os_socket *)(void *)&client)

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
    CHECK_INT(transfers_add(transfers, &key, CLIENT, &entry, &err), 0);
    entry->object = begin("periscope-test-file");
    return entry;
}

static int take(struct transfers *transfers, const char *token, const char *path, struct transfer **entry)
{
    const struct transfer_key key = {token, path, abandon};
    return transfers_take(transfers, &key, CLIENT, entry, &err);
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
    CHECK_INT(transfers_take(transfers, &other_kind, CLIENT, &taken, &err), ERR_NOT_FOUND);
    CHECK_INT(take(transfers, "a", "periscope-test-file", &taken), 0);
    transfers_end(transfers, taken);
    CHECK_INT(take(transfers, "a", "periscope-test-file", &taken), ERR_NOT_FOUND);
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
    RUN(another_of_the_name_replaces_it);
    RUN(what_nobody_continues_is_ended);
    return CHECK_RESULT();
}
