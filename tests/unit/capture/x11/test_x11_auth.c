/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/server/auth.h"
#include "tests/unit/check.h"

#define HOST "guest"

static struct buffer file;

static void put_u16(unsigned value)
{
    uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    buffer_append(&file, bytes, 2);
}

static void put_counted(const char *text)
{
    put_u16((unsigned)strlen(text));
    buffer_append(&file, text, strlen(text));
}

static void put(unsigned family, const char *address, const char *number, const char *name, const char *data)
{
    put_u16(family);
    put_counted(address);
    put_counted(number);
    put_counted(name);
    put_counted(data);
}

/* The file's cookies for a display, as "first second " and "..." when there were more. */
static const char *chosen(unsigned number)
{
    static char text[X11_COOKIES_MAX * (X11_COOKIE_SIZE_MAX + 1) + 8];
    struct x11_cookies cookies;
    x11_auth_read((struct slice){file.data, file.len}, number, HOST, &cookies);
    size_t len = 0;
    for (size_t i = 0; i < cookies.count; i++) {
        memcpy(text + len, cookies.items[i].data, cookies.items[i].len);
        len += cookies.items[i].len;
        text[len++] = ' ';
    }
    strcpy(text + len, cookies.more ? "..." : "");
    return text;
}

static bool whole(void)
{
    struct x11_cookies cookies;
    x11_auth_read((struct slice){file.data, file.len}, 0, HOST, &cookies);
    return cookies.whole;
}

static void empty_file_has_no_cookie(void)
{
    buffer_clear(&file);
    CHECK_TEXT(chosen(0), "");
    CHECK(whole());
}

/* As xauth(1) writes it: `xauth -f F add guest/unix:1 . 00112233445566778899aabbccddeeff`. */
static void entry_of_xauth_is_read(void)
{
    static const uint8_t bytes[] = "\x01\x00\x00\x05guest\x00\x01"
                                   "1\x00\x12MIT-MAGIC-COOKIE-1\x00\x10\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa"
                                   "\xbb\xcc\xdd\xee\xff";
    struct x11_cookies cookies;
    x11_auth_read((struct slice){bytes, sizeof bytes - 1}, 1, HOST, &cookies);
    CHECK_INT(cookies.count, 1);
    CHECK_INT(cookies.items[0].len, 16);
    CHECK(cookies.items[0].data[0] == 0x00 && cookies.items[0].data[15] == 0xff);
    CHECK(cookies.whole);
    x11_auth_read((struct slice){bytes, sizeof bytes - 1}, 10, HOST, &cookies);
    CHECK_INT(cookies.count, 0);
}

static void this_host_comes_before_wild_before_another_host(void)
{
    buffer_clear(&file);
    put(256, "old-name", "0", X11_COOKIE_NAME, "renamed");
    put(65535, "", "0", X11_COOKIE_NAME, "wild");
    put(256, HOST, "0", X11_COOKIE_NAME, "here");
    put(256, HOST, "1", X11_COOKIE_NAME, "display-1");
    put(65535, "anything", "", X11_COOKIE_NAME, "any-display");
    CHECK_TEXT(chosen(0), "here wild any-display renamed ");
    CHECK_TEXT(chosen(1), "display-1 any-display ");
    CHECK_TEXT(chosen(7), "any-display ");
}

static void other_families_and_methods_are_left(void)
{
    buffer_clear(&file);
    put(0, "\x7f\x01\x01\x01", "0", X11_COOKIE_NAME, "internet");
    put(254, HOST, "0", X11_COOKIE_NAME, "netname");
    put(256, HOST, "0", "XDM-AUTHORIZATION-1", "xdm");
    put(256, HOST, "0", X11_COOKIE_NAME "0", "longer-name");
    put(256, HOST, "0", X11_COOKIE_NAME, "");
    CHECK_TEXT(chosen(0), "");
    CHECK(whole());
}

static void same_cookie_is_tried_once(void)
{
    buffer_clear(&file);
    put(256, HOST, "0", X11_COOKIE_NAME, "same");
    put(65535, "", "", X11_COOKIE_NAME, "same");
    CHECK_TEXT(chosen(0), "same ");
}

static void more_cookies_than_fit_are_told(void)
{
    buffer_clear(&file);
    for (int i = 0; i < X11_COOKIES_MAX; i++)
        put(256, HOST, "0", X11_COOKIE_NAME, (char[]){(char)('a' + i), 0});
    CHECK_TEXT(chosen(0), "a b c d e f g h ");
    put(256, HOST, "0", X11_COOKIE_NAME, "z");
    CHECK_TEXT(chosen(0), "a b c d e f g h ...");
}

static void too_long_a_cookie_is_left(void)
{
    static char data[X11_COOKIE_SIZE_MAX + 2];
    memset(data, 'x', X11_COOKIE_SIZE_MAX + 1);
    buffer_clear(&file);
    put(256, HOST, "0", X11_COOKIE_NAME, data);
    CHECK_TEXT(chosen(0), "");
    data[X11_COOKIE_SIZE_MAX] = 0;
    put(256, HOST, "0", X11_COOKIE_NAME, data);
    CHECK_INT(strlen(chosen(0)), X11_COOKIE_SIZE_MAX + 1);
}

/* Cut anywhere, the entries before the cut are used and nothing behind it is read (a sanitizer sees to that). */
static void file_cut_at_every_byte_gives_what_is_whole(void)
{
    buffer_clear(&file);
    put(256, HOST, "0", X11_COOKIE_NAME, "first");
    size_t first = file.len;
    put(256, HOST, "0", X11_COOKIE_NAME, "second");
    size_t all = file.len;
    for (file.len = 0; file.len < all; file.len++) {
        CHECK_TEXT(chosen(0), file.len < first ? "" : "first ");
        CHECK_INT(whole(), file.len == 0 || file.len == first);
    }
    CHECK_TEXT(chosen(0), "first second ");
}

static void sizes_beyond_the_file_are_survived(void)
{
    buffer_clear(&file);
    for (int i = 0; i < 64; i++)
        put_u16(0xffff);
    CHECK_TEXT(chosen(0), "");
    CHECK(!whole());
}

int main(void)
{
    buffer_init(&file, X11_AUTH_FILE_MAX);
    RUN(empty_file_has_no_cookie);
    RUN(entry_of_xauth_is_read);
    RUN(this_host_comes_before_wild_before_another_host);
    RUN(other_families_and_methods_are_left);
    RUN(same_cookie_is_tried_once);
    RUN(more_cookies_than_fit_are_told);
    RUN(too_long_a_cookie_is_left);
    RUN(file_cut_at_every_byte_gives_what_is_whole);
    RUN(sizes_beyond_the_file_are_survived);
    buffer_deinit(&file);
    return CHECK_RESULT();
}
