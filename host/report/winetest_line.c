/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/report/winetest_line.h"

#include <string.h>

#define NOT_FOUND SIZE_MAX

bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static struct slice slice_of_text(const char *text)
{
    return (struct slice){(const uint8_t *)text, strlen(text)};
}

bool slice_is(struct slice slice, const char *text)
{
    return slice_equal(slice, slice_of_text(text));
}

static struct slice slice_from(struct slice s, size_t at)
{
    return (struct slice){s.data + at, s.len - at};
}

static bool slice_ends_with(struct slice s, struct slice end)
{
    return s.len >= end.len && slice_equal(slice_from(s, s.len - end.len), end);
}

static size_t slice_find(struct slice s, struct slice what, size_t at)
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

static size_t slice_find_text(struct slice s, const char *what, size_t at)
{
    return slice_find(s, slice_of_text(what), at);
}

/* ---- consuming the front ---- */

static bool line_take(struct slice *s, const char *text)
{
    size_t len = strlen(text);
    if (s->len < len || memcmp(s->data, text, len) != 0)
        return false;
    *s = slice_from(*s, len);
    return true;
}

static int line_hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool line_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool line_is_name(uint8_t c)
{
    return line_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.';
}

/* Takes decimal digits. A number that is too large becomes INT64_MAX: it is still a number, and not 0. */
static bool line_take_number(struct slice *s, uint64_t *value)
{
    size_t len = 0;
    *value = 0;
    for (; len < s->len && line_is_digit(s->data[len]); len++)
        *value = *value > (INT64_MAX - 9) / 10 ? INT64_MAX : *value * 10 + (uint64_t)(s->data[len] - '0');
    *s = slice_from(*s, len);
    return len > 0;
}

/* Takes hexadecimal digits. A number that is too large becomes UINT64_MAX. */
static bool line_take_hex(struct slice *s, uint64_t *value)
{
    size_t len = 0;
    *value = 0;
    for (; len < s->len && line_hex_value(s->data[len]) >= 0; len++)
        *value = *value >> 60 ? UINT64_MAX : *value << 4 | (uint64_t)line_hex_value(s->data[len]);
    *s = slice_from(*s, len);
    return len > 0;
}

static bool line_take_name(struct slice *s, struct slice *name)
{
    size_t len = 0;
    while (len < s->len && line_is_name(s->data[len]))
        len++;
    *name = (struct slice){s->data, len};
    *s = slice_from(*s, len);
    return len > 0;
}

static void line_take_colours(struct slice *s)
{
    while (s->len >= 3 && s->data[0] == 0x1b && s->data[1] == '[') {
        size_t len = 2;
        while (len < s->len && (line_is_digit(s->data[len]) || s->data[len] == ';'))
            len++;
        if (len == s->len || s->data[len] != 'm')
            return;
        *s = slice_from(*s, len + 1);
    }
}

static void line_take_time(struct slice *s)
{
    size_t len = 0;
    while (len < s->len && (line_is_digit(s->data[len]) || s->data[len] == '.'))
        len++;
    *s = slice_from(*s, len);
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
        if (line_take(&text, messages[i].text))
            return messages[i].kind;
    if (line_take(&text, "unhandled exception ") || line_take(&text, "exception 0x"))
        return line_take_hex(&text, value) && line_take(&text, " in child process") ? LINE_CHILD_EXCEPTION : LINE_PLAIN;
    if (line_take_number(&text, value) && line_take(&text, " failures in child process"))
        return LINE_CHILD_FAILURES;
    return LINE_PLAIN;
}

static void message_set_source(struct line_message *out, struct slice file)
{
    struct slice c = slice_of_text(".c");
    out->name = file;
    if (slice_ends_with(file, c))
        out->name.len -= c.len;
    else
        /* TestLauncher names the DLL alone in its messages. */
        out->other_source = memchr(file.data, '.', file.len) != NULL;
}

/* Reads FILE:LINE: text, FILE:LINE:TIME text, TestLauncher's FILE:LINE text, or UNIT: text of old child messages. */
static bool message_at(struct slice s, struct line_message *out)
{
    struct slice file;
    uint64_t number;
    if (!line_take_name(&s, &file) || !line_take(&s, ":"))
        return false;
    if (line_take_number(&s, &number) && line_take(&s, ":"))
        line_take_time(&s);
    if (!line_take(&s, " "))
        return false;
    *out = (struct line_message){0};
    out->kind = message_kind(s, &out->value);
    message_set_source(out, file);
    return out->kind != LINE_PLAIN;
}

/* Finds a message of this unit behind an incomplete line of another process. */
static bool message_within(struct slice line, struct slice unit, struct line_message *out)
{
    if (unit.len == 0 ||
        (slice_find_text(line, ": Test", 0) == NOT_FOUND && slice_find_text(line, " Test", 0) == NOT_FOUND))
        return false;
    for (size_t at = slice_find(line, unit, 1); at != NOT_FOUND; at = slice_find(line, unit, at + 1)) {
        struct slice behind = slice_from(line, at + unit.len);
        if (line_take(&behind, ".c:") && message_at(slice_from(line, at), out))
            return true;
    }
    return false;
}

/* ---- what precedes a marker: [PID:]NAME:[TIME] ---- */

static bool line_name_before(struct slice line, size_t marker, struct slice unit, struct slice *name, uint64_t *pid)
{
    size_t end = marker;
    while (end > 0 && (line_is_digit(line.data[end - 1]) || line.data[end - 1] == '.'))
        end--;
    if (end == 0 || line.data[end - 1] != ':')
        return false;
    end--;
    size_t start = end;
    while (start > 0 && line_is_name(line.data[start - 1]))
        start--;
    *name = (struct slice){line.data + start, end - start};
    if (unit.len > 0 && slice_ends_with(*name, unit))
        *name = slice_from(*name, name->len - unit.len);
    *pid = 0;
    size_t hex = start > 0 && line.data[start - 1] == ':' ? start - 1 : 0;
    unsigned shift = 0;
    for (; hex > 0 && line_hex_value(line.data[hex - 1]) >= 0 && shift < 32; hex--, shift += 4)
        *pid |= (uint64_t)line_hex_value(line.data[hex - 1]) << shift;
    return name->len > 0;
}

static bool exception_within(struct slice line, struct slice unit, struct line_message *out)
{
    static const char marker[] = " unhandled exception ";
    struct line_message found = {.kind = LINE_EXCEPTION};
    for (size_t at = slice_find_text(line, marker, 0); at != NOT_FOUND; at = slice_find_text(line, marker, at + 1)) {
        struct slice behind = slice_from(line, at + sizeof marker - 1);
        if (!line_take_hex(&behind, &found.value) || !line_take(&behind, " at ") ||
            !line_name_before(line, at, unit, &found.name, &found.pid))
            continue;
        *out = found;
        return true;
    }
    return false;
}

/* Returns whether Wine or its debugger reports a crash, on a line of its own or behind an incomplete one. */
static bool line_is_crash(struct slice line)
{
    struct slice start = line;
    return line_take(&start, "Unhandled exception: ") || slice_find_text(line, "wine: Unhandled ", 0) != NOT_FOUND ||
           slice_find_text(line, "wine: Unimplemented function ", 0) != NOT_FOUND ||
           (slice_find_text(line, "wine: Call from ", 0) != NOT_FOUND &&
            slice_find_text(line, " to unimplemented function ", 0) != NOT_FOUND);
}

static bool line_is_no_such_test(struct slice line)
{
    return line_take(&line, "Fatal: test '") && slice_find_text(line, "' does not exist", 0) != NOT_FOUND;
}

void line_message(struct slice line, struct slice unit, struct line_message *out)
{
    line_take_colours(&line);
    if (!message_at(line, out) && !exception_within(line, unit, out) && !message_within(line, unit, out)) {
        *out = (struct line_message){0};
        if (line_is_no_such_test(line))
            out->kind = LINE_NO_SUCH_TEST;
        else if (slice_find_text(line, " The test prints too much data (", 0) != NOT_FOUND)
            out->kind = LINE_TOO_MUCH;
    }
    out->crash = line_is_crash(line);
}

/* ---- summaries ---- */

/* Reads "N tests executed (N marked as todo, [N as flaky, ]N failures), N skipped." */
static bool summary_counts_at(struct slice s, struct line_summary *out)
{
    if (!line_take_number(&s, &out->tests) ||
        !(line_take(&s, " tests executed (") || line_take(&s, " test executed (")) ||
        !line_take_number(&s, &out->todo) || !line_take(&s, " marked as todo, ") ||
        !line_take_number(&s, &out->failures))
        return false;
    out->tells_flaky = line_take(&s, " as flaky, ");
    if (out->tells_flaky) {
        out->flaky = out->failures;
        if (!line_take_number(&s, &out->failures))
            return false;
    }
    return (line_take(&s, " failures), ") || line_take(&s, " failure), ")) && line_take_number(&s, &out->skipped) &&
           line_take(&s, " skipped.");
}

/* Returns where the number of tests begins, given the position of " executed (". */
static size_t summary_number(struct slice line, size_t marker)
{
    struct slice before = {line.data, marker};
    if (slice_ends_with(before, slice_of_text(" tests")))
        marker -= strlen(" tests");
    else if (slice_ends_with(before, slice_of_text(" test")))
        marker -= strlen(" test");
    else
        return NOT_FOUND;
    size_t number = marker;
    while (number > 0 && line_is_digit(line.data[number - 1]))
        number--;
    return number > 0 && line.data[number - 1] == ' ' ? number : NOT_FOUND;
}

int line_summary(struct slice line, struct slice unit, struct line_summary *out)
{
    static const char marker[] = " executed (";
    int result = 0;
    for (size_t at = slice_find_text(line, marker, 0); at != NOT_FOUND; at = slice_find_text(line, marker, at + 1)) {
        size_t number = summary_number(line, at);
        *out = (struct line_summary){0};
        if (number == NOT_FOUND)
            continue;
        if (summary_counts_at(slice_from(line, number), out) &&
            line_name_before(line, number - 1, unit, &out->name, &out->pid))
            return 1;
        result = -1;
    }
    return result;
}

/* ---- frames ---- */

/* Takes the source file, with folders, or its revision; TestLauncher has "-" for both. Other text behind them garbles the
   line. */
static bool line_take_word(struct slice *s, const char *characters)
{
    size_t len = 0;
    if (line_take(s, "-"))
        return true;
    while (len < s->len && s->data[len] != 0 && strchr(characters, s->data[len]))
        len++;
    *s = slice_from(*s, len);
    return len > 0;
}

bool line_start(struct slice line, struct line_frame *out)
{
    *out = (struct line_frame){.seconds = -1};
    if (!line_take_name(&line, &out->dll) || !line_take(&line, ":"))
        return false;
    line_take_name(&line, &out->unit);
    out->skipped = line_take(&line, " skipped ");
    if (!out->skipped && !line_take(&line, " start "))
        return false;
    if (!line_take_word(&line, "/_.abcdefghijklmnopqrstuvwxyz0123456789"))
        return false;
    return line.len == 0 || (line_take(&line, " ") && line_take_word(&line, ".0123456789abcdef") && line.len == 0);
}

/* Reads "STATUS)", or "STATUS) in Ns" with any text behind it. */
static bool frame_done_at(struct slice s, struct line_frame *out)
{
    uint64_t number;
    bool negative = line_take(&s, "-");
    if (!line_take_number(&s, &number) || !line_take(&s, ")"))
        return false;
    out->status = negative ? -(int64_t)number : (int64_t)number;
    if (s.len == 0)
        return true;
    if (!line_take(&s, " in"))
        return false;
    if (line_take(&s, " ") && line_take_number(&s, &number))
        out->seconds = (int64_t)number;
    return true;
}

/* Splits DLL:UNIT or DLL:UNIT:PID; UNIT may be empty. */
static bool frame_names(struct slice names, struct slice dll, struct line_frame *out)
{
    const uint8_t *colon = names.len ? memchr(names.data, ':', names.len) : NULL;
    if (!colon)
        return false;
    out->dll = (struct slice){names.data, (size_t)(colon - names.data)};
    if (dll.len > 0 && slice_ends_with(out->dll, dll))
        out->dll = slice_from(out->dll, out->dll.len - dll.len);
    struct slice rest = slice_from(names, (size_t)(colon - names.data) + 1);
    line_take_name(&rest, &out->unit);
    out->pid = 0;
    if (line_take(&rest, ":") && !line_take_hex(&rest, &out->pid))
        return false;
    return out->dll.len > 0 && rest.len == 0;
}

bool line_done(struct slice line, struct slice dll, struct line_frame *out)
{
    static const char marker[] = " done (";
    for (size_t at = slice_find_text(line, marker, 0); at != NOT_FOUND; at = slice_find_text(line, marker, at + 1)) {
        size_t start = at;
        while (start > 0 && (line_is_name(line.data[start - 1]) || line.data[start - 1] == ':'))
            start--;
        *out = (struct line_frame){.seconds = -1};
        if (frame_done_at(slice_from(line, at + sizeof marker - 1), out) &&
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
