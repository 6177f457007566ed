/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/console.h"

#include <string.h>

#define HEADER_SIZE 4
#define HEADER_CLAMPED 255 /* in the header: this many or more */
#define LINE_MAX_BYTES (1u << 20)
#define REPLACEMENT 0xfffd

/* The glyphs of code page 437, from character 0 and from 127 on. 0 is a blank. */
static const uint16_t low[32] = {
    0x0020, 0x263a, 0x263b, 0x2665, 0x2666, 0x2663, 0x2660, 0x2022, 0x25d8, 0x25cb, 0x25d9,
    0x2642, 0x2640, 0x266a, 0x266b, 0x263c, 0x25ba, 0x25c4, 0x2195, 0x203c, 0x00b6, 0x00a7,
    0x25ac, 0x21a8, 0x2191, 0x2193, 0x2192, 0x2190, 0x221f, 0x2194, 0x25b2, 0x25bc,
};
static const uint16_t high[129] = {
    0x2302, 0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef,
    0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9, 0x00ff,
    0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1,
    0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb, 0x2591, 0x2592, 0x2593,
    0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510,
    0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560,
    0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518,
    0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580, 0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5,
    0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264,
    0x2320, 0x2321, 0x00f7, 0x2248, 0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

struct screen {
    size_t columns, rows;
    const uint8_t *cells; /* borrowed */
    size_t cell_size;     /* bytes: 2 with an attribute, 4 for a code point */
};

/* ---- characters ---- */

static uint32_t code_of(const struct screen *screen, size_t cell)
{
    const uint8_t *at = screen->cells + cell * screen->cell_size;
    uint32_t code;
    if (screen->cell_size == 2)
        return at[0] < 32 ? low[at[0]] : at[0] < 127 ? at[0] : high[at[0] - 127];
    memcpy(&code, at, sizeof code); /* in native byte order */
    if (code < 0x20 || code == 0x7f)
        return ' ';
    return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) || (code >= 0x80 && code < 0xa0) ? REPLACEMENT : code;
}

static void append_code(struct buffer *out, uint32_t code)
{
    uint8_t bytes[4];
    if (code < 0x80) {
        bytes[0] = (uint8_t)code;
        buffer_append(out, bytes, 1);
    } else if (code < 0x800) {
        bytes[0] = (uint8_t)(0xc0 | code >> 6);
        bytes[1] = (uint8_t)(0x80 | (code & 0x3f));
        buffer_append(out, bytes, 2);
    } else if (code < 0x10000) {
        bytes[0] = (uint8_t)(0xe0 | code >> 12);
        bytes[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        bytes[2] = (uint8_t)(0x80 | (code & 0x3f));
        buffer_append(out, bytes, 3);
    } else {
        bytes[0] = (uint8_t)(0xf0 | code >> 18);
        bytes[1] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
        bytes[2] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        bytes[3] = (uint8_t)(0x80 | (code & 0x3f));
        buffer_append(out, bytes, 4);
    }
}

static void console_add_line(const struct screen *screen, size_t row, struct buffer *text, struct strlist *lines)
{
    size_t first = row * screen->columns, end = first + screen->columns;
    while (end > first && code_of(screen, end - 1) == ' ')
        end--;
    buffer_clear(text);
    for (size_t cell = first; cell < end; cell++)
        append_code(text, code_of(screen, cell));
    lines->failed |= text->failed || !strlist_addf(lines, "%.*s", (int)text->len, text->len ? (char *)text->data : "");
}

/* ---- the screen ---- */

/* Finds the size of the screen. The header's numbers end at 255; the number of cells gives a larger one. */
static bool find_size(const uint8_t *header, size_t cell_count, struct screen *screen)
{
    screen->rows = header[0];
    screen->columns = header[1];
    if (screen->rows == 0 || screen->columns == 0)
        return false;
    if (screen->columns == HEADER_CLAMPED && screen->rows < HEADER_CLAMPED)
        screen->columns = cell_count / screen->rows;
    else if (screen->rows == HEADER_CLAMPED)
        screen->rows = cell_count / screen->columns;
    return screen->rows * screen->columns == cell_count;
}

static bool find_screen(const struct os_console *console, struct screen *screen)
{
    const struct buffer *bytes = &console->screen;
    if (bytes->len < HEADER_SIZE || bytes->len % 2 || !find_size(bytes->data, (bytes->len - HEADER_SIZE) / 2, screen))
        return false;
    screen->cells = bytes->data + HEADER_SIZE;
    screen->cell_size = 2;
    /* It was read after the other, and the console may have been resized in between. */
    if (console->unicode.len == screen->rows * screen->columns * 4) {
        screen->cells = console->unicode.data;
        screen->cell_size = 4;
    }
    return true;
}

int console_text(const struct os_console *console, struct strlist *lines, struct error *err)
{
    static const char *const modes[] = {"unknown", "text", "graphics"};
    struct screen screen;
    struct buffer text;
    if (!find_screen(console, &screen))
        return error_set(err, ERR_UNAVAILABLE, "the %zu bytes of text console %u are not those of a screen",
                         console->screen.len, console->number);
    buffer_init(&text, LINE_MAX_BYTES);
    strlist_addf(lines, "vt=%u size=%zux%zu cursor=%u,%u mode=%s source=%s", console->number, screen.columns,
                 screen.rows, console->screen.data[2], console->screen.data[3], modes[console->mode],
                 screen.cell_size == 4 ? "vcsu" : "vcsa");
    for (size_t row = 0; row < screen.rows; row++)
        console_add_line(&screen, row, &text, lines);
    buffer_deinit(&text);
    return lines->failed ? error_set(err, ERR_NO_MEMORY, "no memory for the text of console %u", console->number) : 0;
}

int console_read(unsigned number, struct strlist *lines, struct error *err)
{
    struct os_console console = {0};
    unsigned wanted = number ? number : os_console_active();
    if (wanted == 0)
        return error_set(err, ERR_UNAVAILABLE, "the system has no text console that is active");
    if (!number && os_console_mode(wanted) == OS_CONSOLE_GRAPHICS)
        return error_set(err, ERR_UNAVAILABLE,
                         "the active virtual terminal, vt%u, shows graphics (KD_GRAPHICS): no text is on the screen",
                         wanted);
    int status = os_console_read(&console, wanted, err);
    if (status == 0)
        status = console_text(&console, lines, err);
    os_console_deinit(&console);
    return status;
}
