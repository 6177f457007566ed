/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection's bytes as the agent reads them: request after request until the stream ends or is of no more use. The
 * first byte of the input chooses how many bytes come at a time. */
#include "protocol/wire.h"
#include "tests/memory_source.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_arguments(const struct request *request)
{
    size_t memory = 0;
    require(request->arg_count <= WIRE_COUNT_MAX && request->memory <= WIRE_REQUEST_MAX);
    for (uint32_t i = 0; i < request->arg_count; i++) {
        const struct argument *arg = &request->args[i];
        require((arg->type == WIRE_STRING) == (arg->text != NULL));
        memory += arg->text ? strlen(arg->text) + 1 : arg->type == WIRE_U32 ? 4 : 8;
    }
    require(memory == request->memory);
}

/* A handler may take all of a streamed payload, some of it or none. */
static void take_payload(struct request *request, struct error *err)
{
    uint8_t piece[64];
    uint64_t taken = 0;
    int got = 1;
    while (taken < request->data_size / 2 && (got = list_read_data(&request->list, piece, sizeof piece, err)) > 0)
        taken += (uint64_t)got;
    require(taken <= request->data_size);
}

/* Whether another request may follow. */
static bool read_one(struct source *source)
{
    struct request request;
    struct error err = {0};
    int status = request_read(&request, source, NULL, &err);
    if (status == 1) {
        require(request.method != NULL);
        check_arguments(&request);
        take_payload(&request, &err);
        status = request_finish(&request, &err);
        require(status <= 0);
        if (status == 0)
            status = 1;
    }
    require(status >= 0 || err.text[0] != 0);
    request_deinit(&request);
    return status == 1 || status == ERR_INVALID || status == ERR_LIMIT;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len == 0)
        return 0;
    struct memory_source memory = memory_source(bytes + 1, len - 1, bytes[0] + 1u);
    size_t left;
    do {
        left = memory.left;
    } while (read_one(&memory.source) && memory.left < left);
    return 0;
}
