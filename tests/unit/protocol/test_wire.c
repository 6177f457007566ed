/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The wire's reader and writer against the golden bytes, fed in pieces of every kind. */
#include "protocol/wire.h"
#include "tests/memory_source.h"
#include "tests/unit/check.h"
#include "tests/unit/golden.h"

static struct golden_file *golden_files;
static size_t golden_count;

/* The text of the reply's one error entry, or NULL. */
static const char *refusal(const struct golden_message *reply)
{
    const size_t text = 4 + WIRE_ENTRY_HEADER_SIZE;
    bool refused = !reply->partial && reply->len > text && reply->bytes[3] == 1 && reply->bytes[4] == WIRE_ERROR;
    return refused ? (const char *)reply->bytes + text : NULL;
}

/* Reads as a session does: the request, the streamed payload in small pieces, the rest. */
static int read_whole(struct memory_source *memory, struct request *request, struct buffer *data, struct error *err)
{
    uint8_t piece[5];
    int got, status = request_read(request, &memory->source, NULL, err);
    if (status != 1)
        return status;
    while (request->data_size && (got = list_read_data(&request->list, piece, sizeof piece, err)) != 0) {
        if (got < 0)
            return got;
        buffer_append(data, piece, (size_t)got);
    }
    int finished = request_finish(request, err);
    return finished ? finished : 1;
}

/* Writes the request again from what was read of it. */
static void write_again(struct buffer *out, const struct request *request, const struct buffer *data)
{
    const char *signature = request->method->signature;
    bool streams = *signature && signature[strlen(signature) - 1] == WIRE_DATA;
    write_u32(out, request->id);
    write_u32(out, request->arg_count + streams);
    for (uint32_t i = 0; i < request->arg_count; i++) {
        const struct argument *arg = &request->args[i];
        if (arg->type == WIRE_U32)
            write_entry_u32(out, (uint32_t)arg->number);
        else if (arg->type == WIRE_U64)
            write_entry_u64(out, arg->number);
        else
            write_entry_text(out, arg->type, arg->text);
    }
    if (streams)
        write_entry_data(out, data->data, data->len);
}

static void check_request(const struct golden_message *message, const struct golden_message *reply, size_t step)
{
    struct memory_source memory = memory_source(message->bytes, message->len, step);
    struct request request;
    struct error err = {0};
    struct buffer data, again;
    buffer_init(&data, GOLDEN_MESSAGE_MAX);
    buffer_init(&again, GOLDEN_MESSAGE_MAX);
    int status = read_whole(&memory, &request, &data, &err);
    CHECK_INT(memory.left, 0);
    if (status == 1) {
        write_again(&again, &request, &data);
        CHECK_INT(again.len, message->len);
        CHECK(again.len == message->len && memcmp(again.data, message->bytes, again.len) == 0);
        CHECK_INT(data.len, request.data_size);
    } else {
        CHECK(status == ERR_INVALID || status == ERR_LIMIT);
        CHECK_TEXT(err.text, refusal(reply) ? refusal(reply) : "a reply that is no error");
    }
    request_deinit(&request);
    buffer_deinit(&data);
    buffer_deinit(&again);
}

/* Calls what for each request and the message that follows it; says which one failed. */
static void each_request(void (*what)(const struct golden_message *, const struct golden_message *))
{
    for (size_t f = 0; f < golden_count; f++) {
        struct golden_file *file = &golden_files[f];
        for (size_t m = 0; m + 1 < file->count; m++) {
            int failures = check_failures;
            if (file->messages[m].from_host)
                what(&file->messages[m], &file->messages[m + 1]);
            if (check_failures != failures)
                printf("# in %s: %s\n", file->name, file->messages[m].title);
        }
    }
}

static void in_one_piece(const struct golden_message *message, const struct golden_message *reply)
{
    check_request(message, reply, SIZE_MAX);
}

static void in_single_bytes(const struct golden_message *message, const struct golden_message *reply)
{
    check_request(message, reply, 1);
}

static void golden_requests_are_read_and_written_back(void)
{
    each_request(in_one_piece);
    each_request(in_single_bytes);
}

/* After a request, good or bad, the next one is read from where it begins. */
static void followed_by_a_ping(const struct golden_message *message, const struct golden_message *reply)
{
    static uint8_t bytes[GOLDEN_MESSAGE_MAX + 8];
    struct request request;
    struct error err = {0};
    struct buffer data;
    (void)reply;
    memcpy(bytes, message->bytes, message->len);
    memset(bytes + message->len, 0, 8);
    struct memory_source memory = memory_source(bytes, message->len + 8, 3);
    buffer_init(&data, GOLDEN_MESSAGE_MAX);
    read_whole(&memory, &request, &data, &err);
    CHECK_INT(memory.left, 8);
    request_deinit(&request);
    CHECK_INT(request_read(&request, &memory.source, NULL, &err), 1);
    CHECK(request.method && request.method->index == METHOD_ping);
    CHECK_INT(request_finish(&request, &err), 0);
    request_deinit(&request);
    CHECK_INT(request_read(&request, &memory.source, NULL, &err), 0);
    request_deinit(&request);
    buffer_deinit(&data);
}

static void golden_requests_end_where_the_next_begins(void)
{
    each_request(followed_by_a_ping);
}

static void cut_short(const struct golden_message *message, const struct golden_message *reply)
{
    (void)reply;
    for (size_t len = 0; len < message->len; len++) {
        struct memory_source memory = memory_source(message->bytes, len, 1);
        struct request request;
        struct error err = {0};
        struct buffer data;
        buffer_init(&data, GOLDEN_MESSAGE_MAX);
        CHECK_INT(read_whole(&memory, &request, &data, &err), len ? ERR_CLOSED : 0);
        request_deinit(&request);
        buffer_deinit(&data);
    }
}

static void golden_requests_cut_anywhere_are_a_lost_connection(void)
{
    each_request(cut_short);
}

static void write_entry_again(struct list_reader *list, const struct entry *entry, struct buffer *out)
{
    uint32_t number = 0;
    uint64_t wide = 0;
    uint8_t data[GOLDEN_MESSAGE_MAX];
    char *text = NULL;
    size_t len = 0;
    int got;
    struct error err = {0};
    switch (entry->type) {
    case WIRE_U32:
        CHECK_INT(list_read_u32(list, &number, &err), 0);
        write_entry_u32(out, number);
        break;
    case WIRE_U64:
        CHECK_INT(list_read_u64(list, &wide, &err), 0);
        write_entry_u64(out, wide);
        break;
    case WIRE_DATA:
        while ((got = list_read_data(list, data + len, sizeof data - len, &err)) > 0)
            len += (size_t)got;
        CHECK_INT(got, 0);
        write_entry_data(out, data, len);
        break;
    case WIRE_UNDEFINED:
        write_entry_undefined(out);
        break;
    default:
        CHECK_INT(list_read_text(list, WIRE_STRING_MAX, &text, &err), 0);
        write_entry_text(out, entry->type, text ? text : "");
        free(text);
    }
}

static void check_reply(const struct golden_message *message)
{
    struct memory_source memory = memory_source(message->bytes, message->len, 1);
    struct list_reader list;
    struct entry entry;
    struct error err = {0};
    struct buffer again;
    int got;
    buffer_init(&again, GOLDEN_MESSAGE_MAX);
    CHECK_INT(list_read_begin(&list, &memory.source, &err), 0);
    write_u32(&again, list.count);
    while ((got = list_read_entry(&list, &entry, &err)) > 0)
        write_entry_again(&list, &entry, &again);
    CHECK_INT(got, 0);
    CHECK_INT(memory.left, 0);
    CHECK(again.len == message->len && memcmp(again.data, message->bytes, again.len) == 0);
    buffer_deinit(&again);
}

static void golden_replies_are_read_and_written_back(void)
{
    int replies = 0;
    for (size_t f = 0; f < golden_count; f++)
        for (size_t m = 1; m < golden_files[f].count; m++) {
            const struct golden_message *message = &golden_files[f].messages[m];
            int failures = check_failures;
            if (!message->from_host && !message->partial) {
                check_reply(message);
                replies++;
            }
            if (check_failures != failures)
                printf("# in %s: %s\n", golden_files[f].name, message->title);
        }
    CHECK(replies > 40);
}

static void golden_banner_is_one_text_entry(void)
{
    const struct golden_message *message = &golden_files[0].messages[0];
    struct buffer out;
    buffer_init(&out, 64);
    write_entry_text(&out, WIRE_STRING, "testagentd 1.7");
    CHECK(out.len == message->len && memcmp(out.data, message->bytes, out.len) == 0);
    buffer_deinit(&out);
}

static void golden_covers_every_method(void)
{
    bool seen[METHOD_COUNT] = {false};
    for (size_t f = 0; f < golden_count; f++)
        for (size_t m = 0; m < golden_files[f].count; m++) {
            const struct golden_message *message = &golden_files[f].messages[m];
            const uint8_t *b = message->bytes;
            const struct method *method =
                message->from_host
                    ? method_find((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3])
                    : NULL;
            if (method)
                seen[method->index] = true;
        }
    for (int i = 0; i < METHOD_COUNT; i++) {
        CHECK(seen[i]);
        if (!seen[i])
            printf("# no golden bytes of %s\n", methods[i].name);
    }
}

/* ---- what no honest host sends ---- */

static void begin_request(struct buffer *out, uint32_t id, uint32_t count)
{
    buffer_init(out, 64u << 20);
    write_u32(out, id);
    write_u32(out, count);
}

/* Reads one request and a ping behind it; the first one's status and error text. */
static int read_bad(struct buffer *bytes, struct error *err)
{
    struct request request;
    struct error ignored;
    write_u32(bytes, 0);
    write_u32(bytes, 0);
    CHECK(!bytes->failed);
    struct memory_source memory = memory_source(bytes->data, bytes->len, 4096);
    *err = (struct error){0};
    int status = request_read(&request, &memory.source, NULL, err);
    CHECK(request.memory <= WIRE_REQUEST_MAX);
    request_deinit(&request);
    if (status == ERR_INVALID || status == ERR_LIMIT) {
        CHECK_INT(request_read(&request, &memory.source, NULL, &ignored), 1);
        CHECK(request.method && request.method->index == METHOD_ping);
        request_deinit(&request);
    }
    buffer_deinit(bytes);
    return status;
}

static void append_zeros(struct buffer *out, size_t len)
{
    uint8_t *bytes = buffer_extend(out, len);
    CHECK(bytes != NULL);
    if (bytes)
        memset(bytes, 0, len);
}

static void wrong_strings_are_consumed_and_refused(void)
{
    const struct {
        const char *bytes;
        size_t len;
    } wrong[] = {{"", 0}, {"v1", 2}, {"a\0b", 4}, {"\0\0", 2}, {"x\0y", 3}};
    struct buffer out;
    struct error err;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        begin_request(&out, 1, 1);
        write_entry_header(&out, WIRE_STRING, wrong[i].len);
        buffer_append(&out, wrong[i].bytes, wrong[i].len);
        CHECK_INT(read_bad(&out, &err), ERR_INVALID);
        CHECK(err.text[0] != 0);
    }
}

static void a_string_may_be_one_mebibyte(void)
{
    struct buffer out;
    struct error err;
    for (size_t size = WIRE_STRING_MAX; size <= WIRE_STRING_MAX + 1; size++) {
        begin_request(&out, 1, 1);
        write_entry_header(&out, WIRE_STRING, size);
        append_zeros(&out, size);
        memset(out.data + out.len - size, 'x', size - 1);
        CHECK_INT(read_bad(&out, &err), size == WIRE_STRING_MAX ? 1 : ERR_LIMIT);
    }
}

/* Reads a request of one string of `size` bytes with a budget of a mebibyte, of which others hold `others`. */
static int read_with_budget(size_t others, size_t size, struct error *err)
{
    struct budget budget = {"requests", 1 << 20, 0, 0};
    struct request request;
    struct buffer out;
    CHECK(budget_resize(&budget, 0, others));
    begin_request(&out, 1, 1);
    write_entry_header(&out, WIRE_STRING, size);
    append_zeros(&out, size);
    memset(out.data + out.len - size, 'x', size - 1);
    struct memory_source memory = memory_source(out.data, out.len, 4096);
    int status = request_read(&request, &memory.source, &budget, err);
    CHECK_INT(memory.left, 0);
    CHECK(status == 1 ? atomic_load(&budget.used) >= others + size : atomic_load(&budget.used) == others);
    request_deinit(&request);
    CHECK_INT(atomic_load(&budget.used), others);
    buffer_deinit(&out);
    return status;
}

static void a_request_beyond_the_budget_is_consumed_and_holds_nothing(void)
{
    struct error err;
    CHECK_INT(read_with_budget(0, 900000, &err), 1);
    CHECK_INT(read_with_budget(100000, 900000, &err), 1);
    CHECK_INT(read_with_budget(200000, 900000, &err), ERR_LIMIT);
    CHECK(strstr(err.text, "the requests of all clients hold ") != NULL);
    CHECK_INT(read_with_budget(1 << 20, 10, &err), ERR_LIMIT);
}

static void wrong_numbers_are_consumed_and_refused(void)
{
    struct buffer out;
    struct error err;
    begin_request(&out, 6, 2);
    write_entry_u64(&out, 1);
    write_entry_header(&out, WIRE_U32, 5);
    append_zeros(&out, 5);
    CHECK_INT(read_bad(&out, &err), ERR_INVALID);
    CHECK_TEXT(err.text, "Expected a parameter of size 4 but got 5 instead");

    begin_request(&out, 6, 2);
    write_entry_header(&out, WIRE_U64, 0);
    write_entry_u32(&out, 0);
    CHECK_INT(read_bad(&out, &err), ERR_INVALID);
    CHECK_TEXT(err.text, "Expected a parameter of size 8 but got 0 instead");
}

static void append_rm(struct buffer *out, uint32_t count, size_t size)
{
    begin_request(out, 5, count);
    for (uint32_t i = 0; i < count; i++) {
        write_entry_header(out, WIRE_STRING, size);
        append_zeros(out, size);
        memset(out->data + out->len - size, 'x', size - 1);
    }
}

static void lists_are_bounded(void)
{
    struct buffer out;
    struct error err;
    append_rm(&out, WIRE_COUNT_MAX, 2);
    CHECK_INT(read_bad(&out, &err), 1);
    append_rm(&out, WIRE_COUNT_MAX + 1, 2);
    CHECK_INT(read_bad(&out, &err), ERR_LIMIT);
    begin_request(&out, 5, WIRE_COUNT_FATAL);
    CHECK_INT(read_bad(&out, &err), ERR_PROTOCOL);
    begin_request(&out, 5, UINT32_MAX);
    CHECK_INT(read_bad(&out, &err), ERR_PROTOCOL);
}

static void a_request_holds_sixteen_mebibytes(void)
{
    struct buffer out;
    struct error err;
    append_rm(&out, 16, WIRE_STRING_MAX);
    CHECK_INT(read_bad(&out, &err), 1);
    append_rm(&out, 17, WIRE_STRING_MAX);
    CHECK_INT(read_bad(&out, &err), ERR_LIMIT);
}

/* A claimed size is no reason to allocate: the stream ends long before. */
static void huge_sizes_are_not_believed(void)
{
    const uint64_t sizes[] = {3ull << 30, 1ull << 32, 1ull << 62, 1ull << 63, UINT64_MAX};
    const char types[] = {'s', 'd', 'I', 'Q', 'u', 'e', 0, -1};
    struct buffer out;
    struct error err;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t t = 0; t < sizeof types; t++) {
            begin_request(&out, 1, 1);
            write_entry_header(&out, (enum wire_type)types[t], sizes[i]);
            append_zeros(&out, 100);
            CHECK_INT(read_bad(&out, &err), ERR_CLOSED);
        }
}

int main(void)
{
    golden_count = golden_read_all(&golden_files);
    RUN(golden_banner_is_one_text_entry);
    RUN(golden_covers_every_method);
    RUN(golden_requests_are_read_and_written_back);
    RUN(golden_requests_end_where_the_next_begins);
    RUN(golden_requests_cut_anywhere_are_a_lost_connection);
    RUN(golden_replies_are_read_and_written_back);
    RUN(wrong_strings_are_consumed_and_refused);
    RUN(a_string_may_be_one_mebibyte);
    RUN(a_request_beyond_the_budget_is_consumed_and_holds_nothing);
    RUN(wrong_numbers_are_consumed_and_refused);
    RUN(lists_are_bounded);
    RUN(a_request_holds_sixteen_mebibytes);
    RUN(huge_sizes_are_not_believed);
    return CHECK_RESULT();
}
