/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of a screen from bytes as Linux' /dev/vcsaN and /dev/vcsuN give them. */
#include "capture/console.h"
#include "tests/unit/check.h"

static struct os_console console;
static struct strlist lines;
static struct error err;

static void begin(unsigned rows, unsigned columns, unsigned x, unsigned y)
{
    uint8_t header[4] = {(uint8_t)rows, (uint8_t)columns, (uint8_t)x, (uint8_t)y};
    os_console_deinit(&console);
    strlist_deinit(&lines);
    console = (struct os_console){.number = 3, .mode = OS_CONSOLE_TEXT};
    buffer_init(&console.screen, 1 << 20);
    buffer_init(&console.unicode, 1 << 20);
    buffer_append(&console.screen, header, sizeof header);
}

/* Characters of the font, each with the attribute of grey on black. */
static void put_font(const char *text)
{
    for (; *text; text++) {
        uint8_t cell[2] = {(uint8_t)*text, 7};
        buffer_append(&console.screen, cell, sizeof cell);
    }
}

static void put_code(uint32_t code)
{
    buffer_append(&console.unicode, &code, sizeof code);
}

static int decode(void)
{
    strlist_deinit(&lines);
    err = (struct error){0};
    return console_text(&console, &lines, &err);
}

static const char *line(size_t i)
{
    return i < lines.count ? lines.items[i] : "(none)";
}

static void without_code_points(void)
{
    begin(3, 6, 2, 1);
    put_font("login:"
             "# ls  "
             "      ");
    CHECK_INT(decode(), 0);
    CHECK_INT(lines.count, 4);
    CHECK_TEXT(line(0), "vt=3 size=6x3 cursor=2,1 mode=text source=vcsa");
    CHECK_TEXT(line(1), "login:");
    CHECK_TEXT(line(2), "# ls");
    CHECK_TEXT(line(3), "");
}

static void characters_of_the_font(void)
{
    begin(1, 8, 0, 0);
    put_font("\xc9\xcd\xbb\x81\x7f\xe4\x01\xfe");
    CHECK_INT(decode(), 0);
    CHECK_TEXT(line(1), "╔═╗ü⌂Σ☺■");
}

static void code_points(void)
{
    begin(2, 4, 0, 0);
    put_font("????????");
    put_code('z'), put_code(0x17c), put_code(0x4e2d), put_code(0x1f600);
    put_code(' '), put_code('x'), put_code(0), put_code(' ');
    CHECK_INT(decode(), 0);
    CHECK_TEXT(line(0), "vt=3 size=4x2 cursor=0,0 mode=text source=vcsu");
    CHECK_TEXT(line(1), "zż中😀");
    CHECK_TEXT(line(2), " x");
}

static void what_is_no_character(void)
{
    begin(1, 6, 0, 0);
    put_font("??????");
    put_code(0x1b), put_code('\n'), put_code(0xd800), put_code(0x110000), put_code(0x9b), put_code(0xffffffff);
    CHECK_INT(decode(), 0);
    CHECK_TEXT(line(1), "  ����");
}

static void code_points_of_another_size_are_left(void)
{
    begin(1, 4, 0, 0);
    put_font("text");
    put_code('x'), put_code('y');
    CHECK_INT(decode(), 0);
    CHECK_TEXT(line(1), "text");
}

static void wider_and_taller_than_a_byte(void)
{
    char row[480 + 1];
    memset(row, 'w', 480);
    row[480] = 0;
    begin(2, 255, 255, 0);
    put_font(row), put_font(row);
    CHECK_INT(decode(), 0);
    CHECK_TEXT(line(0), "vt=3 size=480x2 cursor=255,0 mode=text source=vcsa");
    CHECK_TEXT(line(2), row);
    begin(255, 2, 0, 0);
    put_font(row), put_font(row + 360);
    CHECK_INT(decode(), 0);
    CHECK_TEXT(line(0), "vt=3 size=2x300 cursor=0,0 mode=text source=vcsa");
    CHECK_INT(lines.count, 301);
}

static void graphics_are_told(void)
{
    begin(1, 1, 0, 0);
    put_font("x");
    console.mode = OS_CONSOLE_GRAPHICS;
    CHECK_INT(decode(), 0);
    CHECK_TEXT(line(0), "vt=3 size=1x1 cursor=0,0 mode=graphics source=vcsa");
}

static void impossible_screens_are_refused(void)
{
    begin(2, 4, 0, 0);
    put_font("four");
    CHECK_INT(decode(), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "the 12 bytes of text console 3 are not those of a screen");
    put_font("fours");
    CHECK_INT(decode(), ERR_UNAVAILABLE);
    begin(0, 4, 0, 0);
    CHECK_INT(decode(), ERR_UNAVAILABLE);
    begin(4, 0, 0, 0);
    CHECK_INT(decode(), ERR_UNAVAILABLE);
    begin(2, 255, 0, 0);
    put_font("odd");
    CHECK_INT(decode(), ERR_UNAVAILABLE);
    begin(1, 1, 0, 0);
    console.screen.len = 3;
    CHECK_INT(decode(), ERR_UNAVAILABLE);
    console.screen.len = 0;
    CHECK_INT(decode(), ERR_UNAVAILABLE);
}

int main(void)
{
    RUN(without_code_points);
    RUN(characters_of_the_font);
    RUN(code_points);
    RUN(what_is_no_character);
    RUN(code_points_of_another_size_are_left);
    RUN(wider_and_taller_than_a_byte);
    RUN(graphics_are_told);
    RUN(impossible_screens_are_refused);
    os_console_deinit(&console);
    strlist_deinit(&lines);
    return CHECK_RESULT();
}
