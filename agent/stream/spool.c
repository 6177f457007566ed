/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/stream/spool.h"

static struct os_file *file;
static uint8_t taken[SPOOL_BLOCKS / 8];
static unsigned taken_count;
static bool used; /* something was kept since the file was empty */

int spool_open(struct error *err)
{
    return file ? 0 : os_spool_open(&file, err);
}

struct os_file *spool_file(void)
{
    return file;
}

bool spool_take_block(unsigned block)
{
    if (block >= SPOOL_BLOCKS || taken[block / 8] & 1u << block % 8)
        return false;
    taken[block / 8] |= (uint8_t)(1u << block % 8);
    taken_count++;
    used = true;
    return true;
}

int spool_take(void)
{
    unsigned block = 0;
    while (block < SPOOL_BLOCKS && taken[block / 8] == 0xff)
        block += 8;
    while (block < SPOOL_BLOCKS && !spool_take_block(block))
        block++;
    return block < SPOOL_BLOCKS ? (int)block : SPOOL_NONE;
}

void spool_release(unsigned block)
{
    unsigned bit = 1u << block % 8;
    taken[block / 8] = (uint8_t)(taken[block / 8] & ~bit);
    taken_count--;
}

bool spool_is_done(void)
{
    bool done = used && taken_count == 0;
    used = used && !done;
    return done;
}

void spool_save(struct buffer *out)
{
    if (!file)
        return;
    buffer_printf(out, "spool ");
    os_spool_save(file, out);
    buffer_append(out, "\n", 1);
}

void spool_restore(const char *line)
{
    if (!file)
        (void)os_spool_adopt(&file, line);
}
