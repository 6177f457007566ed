/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/report/winetest_line.h"

#include <string.h>

#define NOT_FOUND SIZE_MAX
#define MAX_DIGITS 18 /* of a number: it fits in 63 bits */

bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static struct slice slice_of(const char *text)
{
    return (struct slice){(const uint8_t *)text, strlen(text)};
}

bool slice_is(struct slice slice, const char *text)
{
    return slice_equal(slice, slice_of(text));
}

static struct slice from(struct slice s, size_t at)
{
    return (struct slice){s.data + at, s.len - at};
}

static bool ends_with(struct slice s, struct slice end)
{
    return s.len >= end.len && slice_equal(from(s, s.len - end.len), end);
}

static size_t find(struct slice s, struct slice what, size_t at)
{
    while (what.len > 0 && s.len >= what.len && at <= s.len - what.len) {
        const uint8_t *p = memchr(s.data + at, what.data[0], s.len - what.len - at + 1);
        if (!p)
            return NOT_FOUND;
        if (memcmp(p, what.data, what.len) == 0)
            return (size_t)(p - s.data);
        at = (size_t)(p - s.data) + 1;
    }
    return NOT_FOUND;
}

static size_t find_text(struct slice s, const char *what, size_t at)
{
    return find(s, slice_of(what), at);
}

/* ---- taking things off the front ---- */

static bool take(struct slice *s, const char *text)
{
    size_t len = strlen(text);
    if (s->len < len || memcmp(s->data, text, len) != 0)
        return false;
    *s = from(*s, len);
    return true;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_name(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.';
}

static bool take_number(struct slice *s, uint64_t *value)
{
    size_t len = 0;
    *value = 0;
    for (; len < s->len && is_digit(s->data[len]); len++) {
        if (len == MAX_DIGITS)
            return false;
        *value = *value * 10 + (uint64_t)(s->data[len] - '0');
    }
    *s = from(*s, len);
    return len > 0;
}

static bool take_hex(struct slice *s, uint64_t *value)
{
    size_t len = 0;
    *value = 0;
    for (; len < s->len && hex_value(s->data[len]) >= 0; len++) {
        if (len == 16)
            return false;
        *value = *value << 4 | (uint64_t)hex_value(s->data[len]);
    }
    *s = from(*s, len);
    return len > 0;
}

static bool take_name(struct slice *s, struct slice *name)
{
    size_t len = 0;
    while (len < s->len && is_name(s->data[len]))
        len++;
    *name = (struct slice){s->data, len};
    *s = from(*s, len);
    return len > 0;
}

static void take_colours(struct slice *s)
{
    while (s->len >= 3 && s->data[0] == 0x1b && s->data[1] == '[') {
        size_t len = 2;
        while (len < s->len && (is_digit(s->data[len]) || s->data[len] == ';'))
            len++;
        if (len == s->len || s->data[len] != 'm')
            return;
        *s = from(*s, len + 1);
    }
}

static void take_time(struct slice *s)
{
    size_t len = 0;
    while (len < s->len && (is_digit(s->data[len]) || s->data[len] == '.'))
        len++;
    *s = from(*s, len);
}

/* ---- messages ---- */

static const struct {
    const char *text;
    enum line_kind kind;
} messages[] = {
    {"Test failed: ", LINE_FAILED},      {"Test succeeded inside todo block: ", LINE_FAILED},
    {"Todo succeeded: ", LINE_FAILED},   {"Test marked todo: ", LINE_TODO},
    {"Test marked flaky: ", LINE_FLAKY}, {"Test succeeded inside flaky todo block: ", LINE_FLAKY},
    {"Tests skipped: ", LINE_SKIPPED},   {"Test skipped: ", LINE_SKIPPED},
};

static enum line_kind message_kind(struct slice text, uint64_t *value)
{
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        if (take(&text, messages[i].text))
            return messages[i].kind;
    if (take(&text, "unhandled exception ") || take(&text, "exception 0x"))
        return take_hex(&text, value) && take(&text, " in child process") ? LINE_CHILD_EXCEPTION : LINE_PLAIN;
    if (take_number(&text, value) && take(&text, " failures in child process"))
        return LINE_CHILD_FAILURES;
    return LINE_PLAIN;
}

static void set_source(struct line_message *out, struct slice file)
{
    struct slice c = slice_of(".c");
    out->name = file;
    if (ends_with(file, c))
        out->name.len -= c.len;
    else
        /* TestLauncher names the DLL alone in its messages. */
        out->other_source = memchr(file.data, '.', file.len) != NULL;
}

/* FILE:LINE: text, FILE:LINE:TIME text, or TestLauncher's FILE:LINE text and the old child messages' UNIT: text. */
static bool message_at(struct slice s, struct line_message *out)
{
    struct slice file;
    uint64_t number;
    if (!take_name(&s, &file) || !take(&s, ":"))
        return false;
    if (take_number(&s, &number) && take(&s, ":"))
        take_time(&s);
    if (!take(&s, " "))
        return false;
    *out = (struct line_message){0};
    out->kind = message_kind(s, &out->value);
    set_source(out, file);
    return out->kind != LINE_PLAIN;
}

/* A message of this unit behind the unfinished line of another process. */
static bool message_within(struct slice line, struct slice unit, struct line_message *out)
{
    if (unit.len == 0 || (find_text(line, ": Test", 0) == NOT_FOUND && find_text(line, " Test", 0) == NOT_FOUND))
        return false;
    for (size_t at = find(line, unit, 1); at != NOT_FOUND; at = find(line, unit, at + 1)) {
        struct slice behind = from(line, at + unit.len);
        if (take(&behind, ".c:") && message_at(from(line, at), out))
            return true;
    }
    return false;
}

/* ---- what stands before a marker: [PID:]NAME:[TIME] ---- */

static bool name_before(struct slice line, size_t marker, struct slice unit, struct slice *name, uint64_t *pid)
{
    size_t end = marker;
    while (end > 0 && (is_digit(line.data[end - 1]) || line.data[end - 1] == '.'))
        end--;
    if (end == 0 || line.data[end - 1] != ':')
        return false;
    end--;
    size_t start = end;
    while (start > 0 && is_name(line.data[start - 1]))
        start--;
    *name = (struct slice){line.data + start, end - start};
    if (unit.len > 0 && ends_with(*name, unit))
        *name = from(*name, name->len - unit.len);
    *pid = 0;
    size_t hex = start > 0 && line.data[start - 1] == ':' ? start - 1 : 0;
    unsigned shift = 0;
    for (; hex > 0 && hex_value(line.data[hex - 1]) >= 0 && shift < 32; hex--, shift += 4)
        *pid |= (uint64_t)hex_value(line.data[hex - 1]) << shift;
    return name->len > 0;
}

static bool exception_within(struct slice line, struct slice unit, struct line_message *out)
{
    static const char marker[] = " unhandled exception ";
    struct line_message found = {.kind = LINE_EXCEPTION};
    for (size_t at = find_text(line, marker, 0); at != NOT_FOUND; at = find_text(line, marker, at + 1)) {
        struct slice behind = from(line, at + sizeof marker - 1);
        if (!take_hex(&behind, &found.value) || !take(&behind, " at ") ||
            !name_before(line, at, unit, &found.name, &found.pid))
            continue;
        *out = found;
        return true;
    }
    return false;
}

/* What Wine itself and its debugger print, each on a line of its own or behind an unfinished one. */
static bool is_crash(struct slice line)
{
    struct slice start = line;
    return take(&start, "Unhandled exception: ") || find_text(line, "wine: Unhandled ", 0) != NOT_FOUND ||
           find_text(line, "wine: Unimplemented function ", 0) != NOT_FOUND ||
           (find_text(line, "wine: Call from ", 0) != NOT_FOUND &&
            find_text(line, " to unimplemented function ", 0) != NOT_FOUND);
}

static bool is_no_such_test(struct slice line)
{
    return take(&line, "Fatal: test '") && find_text(line, "' does not exist", 0) != NOT_FOUND;
}

void line_message(struct slice line, struct slice unit, struct line_message *out)
{
    take_colours(&line);
    if (!message_at(line, out) && !exception_within(line, unit, out) && !message_within(line, unit, out)) {
        *out = (struct line_message){0};
        if (is_no_such_test(line))
            out->kind = LINE_NO_SUCH_TEST;
        else if (find_text(line, " The test prints too much data (", 0) != NOT_FOUND)
            out->kind = LINE_TOO_MUCH;
    }
    out->crash = is_crash(line);
}

/* ---- summaries ---- */

/* N tests executed (N marked as todo, [N as flaky, ]N failures), N skipped. */
static bool counts_at(struct slice s, struct line_summary *out)
{
    if (!take_number(&s, &out->tests) || !(take(&s, " tests executed (") || take(&s, " test executed (")) ||
        !take_number(&s, &out->todo) || !take(&s, " marked as todo, ") || !take_number(&s, &out->failures))
        return false;
    if (take(&s, " as flaky, ")) {
        out->flaky = out->failures;
        if (!take_number(&s, &out->failures))
            return false;
    }
    return (take(&s, " failures), ") || take(&s, " failure), ")) && take_number(&s, &out->skipped) &&
           take(&s, " skipped.");
}

/* Where the number of tests begins, given where " executed (" does. */
static size_t summary_number(struct slice line, size_t marker)
{
    struct slice before = {line.data, marker};
    if (ends_with(before, slice_of(" tests")))
        marker -= strlen(" tests");
    else if (ends_with(before, slice_of(" test")))
        marker -= strlen(" test");
    else
        return NOT_FOUND;
    size_t number = marker;
    while (number > 0 && is_digit(line.data[number - 1]))
        number--;
    return number > 0 && line.data[number - 1] == ' ' ? number : NOT_FOUND;
}

int line_summary(struct slice line, struct slice unit, struct line_summary *out)
{
    static const char marker[] = " executed (";
    int result = 0;
    for (size_t at = find_text(line, marker, 0); at != NOT_FOUND; at = find_text(line, marker, at + 1)) {
        size_t number = summary_number(line, at);
        *out = (struct line_summary){0};
        if (number == NOT_FOUND)
            continue;
        if (counts_at(from(line, number), out) && name_before(line, number - 1, unit, &out->name, &out->pid))
            return 1;
        result = -1;
    }
    return result;
}

/* ---- frames ---- */

bool line_start(struct slice line, struct line_frame *out)
{
    struct slice word;
    *out = (struct line_frame){.seconds = -1};
    if (!take_name(&line, &out->dll) || !take(&line, ":"))
        return false;
    take_name(&line, &out->unit);
    out->skipped = take(&line, " skipped ");
    if (!out->skipped && !take(&line, " start "))
        return false;
    /* The source file, with folders, and until 2018 its revision. */
    while (take_name(&line, &word) || take(&line, "/"))
        ;
    if (take(&line, " "))
        take_name(&line, &word);
    return line.len == 0;
}

/* (STATUS), (STATUS) in Ns, (STATUS) in Ns NB */
static bool done_at(struct slice s, struct line_frame *out)
{
    uint64_t number;
    bool negative = take(&s, "-");
    if (!take_number(&s, &number) || !take(&s, ")"))
        return false;
    out->status = negative ? -(int64_t)number : (int64_t)number;
    if (s.len == 0)
        return true;
    if (!take(&s, " in ") || !take_number(&s, &number))
        return false;
    out->seconds = (int64_t)number;
    return true;
}

/* DLL:UNIT or DLL:UNIT:PID; UNIT may be empty. */
static bool frame_names(struct slice names, struct slice dll, struct line_frame *out)
{
    const uint8_t *colon = names.len ? memchr(names.data, ':', names.len) : NULL;
    if (!colon)
        return false;
    out->dll = (struct slice){names.data, (size_t)(colon - names.data)};
    if (dll.len > 0 && ends_with(out->dll, dll))
        out->dll = from(out->dll, out->dll.len - dll.len);
    struct slice rest = from(names, (size_t)(colon - names.data) + 1);
    take_name(&rest, &out->unit);
    out->pid = 0;
    if (take(&rest, ":") && !take_hex(&rest, &out->pid))
        return false;
    return out->dll.len > 0 && rest.len == 0;
}

bool line_done(struct slice line, struct slice dll, struct line_frame *out)
{
    static const char marker[] = " done (";
    for (size_t at = find_text(line, marker, 0); at != NOT_FOUND; at = find_text(line, marker, at + 1)) {
        size_t start = at;
        while (start > 0 && (is_name(line.data[start - 1]) || line.data[start - 1] == ':'))
            start--;
        *out = (struct line_frame){.seconds = -1};
        if (done_at(from(line, at + sizeof marker - 1), out) &&
            frame_names((struct slice){line.data + start, at - start}, dll, out))
            return true;
    }
    return false;
}

/* ---- lines ---- */

bool line_next(struct slice text, size_t *at, struct slice *line)
{
    if (*at >= text.len)
        return false;
    const uint8_t *start = text.data + *at;
    const uint8_t *newline = memchr(start, '\n', text.len - *at);
    size_t len = newline ? (size_t)(newline - start) : text.len - *at;
    *at += newline ? len + 1 : len;
    while (len > 0 && start[len - 1] == '\r')
        len--;
    *line = (struct slice){start, len};
    return true;
}
