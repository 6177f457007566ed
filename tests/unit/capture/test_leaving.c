/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A picture whose file leaves while it is encoded. */
#include "tests/unit/capture/fake_backends.h"

static struct {
    struct strlist facts;
    struct buffer file;
    size_t told, writes;
    int begin_status;
} sent;

static int sent_begin(void *context, const struct strlist *before, size_t writes, struct error *why)
{
    CHECK(context == &sent);
    facts_add(&sent.facts, before, "");
    sent.told = writes;
    return sent.begin_status ? error_set(why, sent.begin_status, "it won't go") : 0;
}

static int sent_write(void *context, const uint8_t *bytes, size_t len, struct error *why)
{
    CHECK(context == &sent);
    sent.writes++;
    return buffer_append(&sent.file, bytes, len) ? 0 : error_set(why, ERR_NO_MEMORY, "no memory");
}

static const struct picture_sink sink = {sent_begin, sent_write, &sent};

static int take_to_sink(void)
{
    strlist_deinit(&sent.facts);
    buffer_deinit(&sent.file);
    buffer_init(&sent.file, 1 << 20);
    sent.told = sent.writes = 0;
    options.sink = &sink;
    int status = take();
    options.sink = NULL;
    return status;
}

/* The bytes of a PNG but for the time in it. */
static bool same_file(const struct buffer *a, const struct buffer *b)
{
    return a->len == b->len && a->len > 60 && memcmp(a->data, b->data, 33) == 0 &&
           memcmp(a->data + a->len - 40, b->data + b->len - 40, 40) == 0;
}

static void a_file_leaves_behind_all_facts_but_the_last(void)
{
    start_with_chooser();
    CHECK_INT(take_to_sink(), 0);
    CHECK_INT(file.len, 0);
    CHECK(sent.told >= 3);
    CHECK_INT(sent.writes, sent.told);
    CHECK_TEXT(strlist_get(&sent.facts, "backend"), "second");
    CHECK_TEXT(strlist_get(&sent.facts, "chosen"), "it is lit");
    CHECK_TEXT(strlist_get(&sent.facts, "refused"), "second: it is behind");
    CHECK_INT(facts.count, sent.facts.count + PICTURE_LATE_FACTS);
    for (size_t i = 0; i < sent.facts.count; i++)
        CHECK_TEXT(facts.items[i], sent.facts.items[i]);
    CHECK(strncmp(facts.items[sent.facts.count], "hash=", 5) == 0);
    char *hash = strdup(strlist_get(&facts, "hash"));
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "hash"), hash);
    CHECK(same_file(&file, &sent.file));
    free(hash);
    finish();
}

static void one_colour_is_told_before_the_file(void)
{
    start(both);
    fakes[0].plain = true;
    CHECK_INT(take_to_sink(), 0);
    CHECK_TEXT(strlist_get(&sent.facts, "warning"), "all pixels have one colour (#000000)");
    CHECK_INT(fact_count("warning"), 1);
    finish();
}

static void what_may_be_no_file_does_not_leave_early(void)
{
    start(both);
    options.if_changed = "0123456789abcdef";
    CHECK_INT(take_to_sink(), 0);
    CHECK(file.len > 0 && sent.told == 0);
    options = (struct picture_options){.delta = true};
    CHECK_INT(take_to_sink(), 0);
    CHECK(file.len > 0 && sent.told == 0);
    options = (struct picture_options){.format = PICTURE_PPM};
    CHECK_INT(take_to_sink(), 0);
    CHECK(file.len > 0 && sent.told == 0);
    finish();
}

static void a_file_that_may_not_leave_is_a_failure(void)
{
    start(both);
    sent.begin_status = ERR_CLOSED;
    CHECK_INT(take_to_sink(), ERR_CLOSED);
    CHECK_INT(sent.writes, 0);
    sent.begin_status = 0;
    finish();
}

int main(void)
{
    RUN(a_file_leaves_behind_all_facts_but_the_last);
    RUN(one_colour_is_told_before_the_file);
    RUN(what_may_be_no_file_does_not_leave_early);
    RUN(a_file_that_may_not_leave_is_a_failure);
    strlist_deinit(&sent.facts);
    buffer_deinit(&sent.file);
    return CHECK_RESULT();
}
