/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an agent tells of a program that does not end, any bytes: one line comes out of it, and process ids that stand in
   it. */
#include "host/cli/test/evidence_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_text(const char *text)
{
    struct evidence evidence;
    uint64_t pids[4];
    struct strlist list = {0};
    require(evidence_read(text, &evidence));
    require(*evidence.summary && strlen(evidence.summary) < 4096 && !strchr(evidence.summary, '\n'));
    require(!evidence.says || (strlen(evidence.says) < 2048 && !strchr(evidence.says, '\n')));
    evidence_deinit(&evidence);
    size_t count = evidence_processes(text, pids, 4);
    require(count <= 4);
    for (size_t i = 0; i < count; i++)
        require(pids[i] <= UINT32_MAX);
    evidence_list_processes(text, &list);
    require(list.count >= count || list.failed);
    strlist_deinit(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    require(text != NULL);
    memcpy(text, data, size);
    text[size] = 0;
    check_text(text);
    free(text);
    return 0;
}
