/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A request is read against its method's signature. The first error is kept as the answer while the rest of the request
   is consumed, so that the next request is read from its beginning. */
#include "protocol/wire.h"

#include <stdlib.h>
#include <string.h>

#define ARGS_STEP 16u     /* arguments for which there is memory before they came */
#define TEXT_OVERHEAD 32u /* bytes that an allocation takes beside its content, at most */

/* The signature's place of '*', behind the type that repeats, and the types behind it; both 0 without one. */
static size_t signature_repeated(const char *signature, size_t *behind)
{
    const char *star = strchr(signature, '*');
    *behind = star ? strlen(star + 1) : 0;
    return star ? (size_t)(star - signature) : 0;
}

/* Returns the type that argument `index` of `count` must have, or 0 past the end of the signature. */
static char expected_type(const char *signature, uint32_t index, uint32_t count)
{
    size_t behind, star = signature_repeated(signature, &behind);
    if (!star)
        return index < strlen(signature) ? signature[index] : 0;
    if (index + behind >= count)
        return signature[star + 1 + index + behind - count];
    return signature[index < star ? index : star - 1];
}

static int request_check_count(const struct method *method, uint32_t count, struct error *err)
{
    size_t behind, star = signature_repeated(method->signature, &behind);
    bool repeats = star > 0;
    /* The repeated type may occur zero times: "s*" needs no argument, "ss*d" needs two. */
    size_t least = repeats ? star - 1 + behind : strlen(method->signature);
    if (count > WIRE_COUNT_MAX)
        return error_set(err, ERR_LIMIT, "a list of %u entries exceeds the limit of %u", count, WIRE_COUNT_MAX);
    if (repeats ? count >= least : count == least)
        return 0;
    if (!method->short_text)
        return error_set(err, ERR_INVALID, "Invalid number of parameters (%u instead of %u)", count, (unsigned)least);
    const char *mark = strstr(method->short_text, "%u");
    if (!mark)
        return error_set(err, ERR_INVALID, "%s", method->short_text);
    return error_set(err, ERR_INVALID, "%.*s%u%s", (int)(mark - method->short_text), method->short_text, count,
                     mark + 2);
}

/* Makes room for one more argument. The number of entries is only a claim, so the memory grows with those that came. */
static int request_reserve(struct request *request, struct error *err)
{
    if (request->arg_count < request->arg_room)
        return list_hold(&request->list, TEXT_OVERHEAD, err);
    uint32_t more = request->arg_room ? request->arg_room : ARGS_STEP;
    int status = list_hold(&request->list, more * sizeof *request->args + TEXT_OVERHEAD, err);
    if (status)
        return status;
    struct argument *args = realloc(request->args, (request->arg_room + (size_t)more) * sizeof *args);
    if (!args)
        return error_set(err, ERR_NO_MEMORY, "no memory for %u parameters", request->list.count);
    request->args = args;
    request->arg_room += more;
    return 0;
}

static int read_argument(struct request *request, const struct entry *entry, struct error *err)
{
    uint32_t number = 0;
    int status = request_reserve(request, err);
    if (status)
        return status;
    struct argument *arg = &request->args[request->arg_count];
    *arg = (struct argument){.type = entry->type};
    if (entry->size > WIRE_REQUEST_MAX - request->memory)
        return error_set(err, ERR_LIMIT, "the parameters of %s exceed the limit of %u bytes", request->method->name,
                         WIRE_REQUEST_MAX);
    request->memory += (size_t)entry->size;
    switch (entry->type) {
    case WIRE_U32:
        status = list_read_u32(&request->list, &number, err);
        arg->number = number;
        break;
    case WIRE_U64:
        status = list_read_u64(&request->list, &arg->number, err);
        break;
    default:
        status = list_read_text(&request->list, WIRE_STRING_MAX, &arg->text, err);
        break;
    }
    if (status == 0)
        request->arg_count++;
    return status;
}

/* Reads one entry of a request that is valid so far. Returns 1 when the streamed payload begins, 0 to continue,
   negative when the entry is wrong. */
static int request_take_entry(struct request *request, const struct entry *entry, struct error *err)
{
    char want = expected_type(request->method->signature, request->list.index - 1, request->list.count);
    if ((char)entry->type != want) {
        char got = (char)entry->type;
        return error_set(err, ERR_INVALID, "Expected a parameter of type %c but got %c instead", want,
                         got > 0x20 && got < 0x7f ? got : '?');
    }
    if (want == WIRE_DATA) {
        request->data_size = entry->size;
        return 1;
    }
    return read_argument(request, entry, err);
}

static bool answerable(int status)
{
    return status == ERR_INVALID || status == ERR_LIMIT || status == ERR_NO_MEMORY;
}

static int request_read_arguments(struct request *request, struct error *err)
{
    struct entry entry;
    int got;
    while ((got = list_read_entry(&request->list, &entry, err)) > 0) {
        int taken = request_take_entry(request, &entry, err);
        if (taken)
            return taken;
    }
    return got;
}

static int begin_arguments(struct request *request, struct error *err)
{
    if (!request->method)
        return error_set(err, ERR_INVALID, "unknown RPC %u", request->id);
    int status = request_check_count(request->method, request->list.count, err);
    if (status)
        return status;
    return request_read_arguments(request, err);
}

/* Frees the arguments. Those of a refused request are not kept until its rest has come. */
static void request_drop_arguments(struct request *request)
{
    for (uint32_t i = 0; i < request->arg_count; i++)
        free(request->args[i].text);
    free(request->args);
    request->args = NULL;
    request->arg_count = request->arg_room = 0;
    request->memory = 0;
    list_release(&request->list);
}

int request_read(struct request *request, struct source *source, struct budget *budget, struct error *err)
{
    uint8_t id[4];
    *request = (struct request){0};
    int got = source->read(source, id, 1, err);
    if (got <= 0)
        return got;
    int status = source_read(source, id + 1, 3, err);
    if (status)
        return status;
    request->id = (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
    request->method = method_find(request->id);
    status = list_read_begin(&request->list, source, err);
    if (status)
        return status;
    request->list.budget = budget;
    status = begin_arguments(request, err);
    if (status >= 0)
        return 1;
    request_drop_arguments(request);
    if (!answerable(status))
        return status;
    struct error lost;
    int ended = request_finish(request, &lost);
    if (ended && err)
        *err = lost;
    return ended ? ended : status;
}

int request_finish(struct request *request, struct error *err)
{
    return list_read_end(&request->list, err);
}

void request_deinit(struct request *request)
{
    request_drop_arguments(request);
    *request = (struct request){0};
}
