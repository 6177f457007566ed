/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bench_screens FOLDER: draws five screens that differ in kind as FOLDER/NAME.ppm: photo, terminal, flat, game and 4k. It
   computes with integers alone, so that they are the same everywhere, and so are the instructions that they cost. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct screen {
    uint32_t width, height;
    uint8_t *rgb; /* owned */
};

static uint32_t mixed(uint32_t x, uint32_t y, uint32_t seed)
{
    uint32_t value = x * 0x9e3779b1u ^ y * 0x85ebca77u ^ seed * 0xc2b2ae3du;
    value = (value ^ value >> 15) * 0x2c1b3c6du;
    value = (value ^ value >> 12) * 0x297a2d39u;
    return value ^ value >> 15;
}

static void put(struct screen *screen, uint32_t x, uint32_t y, uint32_t colour)
{
    if (x < screen->width && y < screen->height)
        for (int i = 0; i < 3; i++)
            screen->rgb[((size_t)y * screen->width + x) * 3 + (size_t)i] = (uint8_t)(colour >> (16 - 8 * i));
}

static void fill(struct screen *screen, uint32_t left, uint32_t top, uint32_t width, uint32_t height, uint32_t colour)
{
    for (uint32_t y = top; y < top + height; y++)
        for (uint32_t x = left; x < left + width; x++)
            put(screen, x, y, colour);
}

/* Returns a smooth value from 0 to 255: noise on a grid, interpolated. */
static uint32_t smooth(uint32_t x, uint32_t y, uint32_t step, uint32_t seed)
{
    uint32_t left = x / step, top = y / step, across = x % step, down = y % step;
    uint32_t a = mixed(left, top, seed) & 255, b = mixed(left + 1, top, seed) & 255;
    uint32_t c = mixed(left, top + 1, seed) & 255, d = mixed(left + 1, top + 1, seed) & 255;
    uint32_t upper = a * (step - across) + b * across, lower = c * (step - across) + d * across;
    return (upper * (step - down) + lower * down) / (step * step);
}

/* Draws what a camera sees: large and small structure, and noise of a few steps. */
static void draw_photo(struct screen *screen, uint32_t noise)
{
    for (uint32_t y = 0; y < screen->height; y++)
        for (uint32_t x = 0; x < screen->width; x++) {
            uint32_t colour = 0;
            for (uint32_t i = 0; i < 3; i++) {
                uint32_t value = smooth(x, y, 240, i) * 5 + smooth(x, y, 40, 3 + i) * 2 + smooth(x, y, 8, 6 + i);
                value = value / 9 + mixed(x, y, 9 + i) % (noise + 1);
                colour = colour << 8 | (value < 255 ? value : 255);
            }
            put(screen, x, y, colour);
        }
}

#define GLYPH_WIDTH 7
#define GLYPH_HEIGHT 14

/* Mixes ink over paper, 0 to 4 quarters. */
static uint32_t shade(uint32_t paper, uint32_t ink, uint32_t quarters)
{
    uint32_t colour = 0;
    for (int shift = 16; shift >= 0; shift -= 8)
        colour |= ((paper >> shift & 255) * (4 - quarters) + (ink >> shift & 255) * quarters) / 4 << shift;
    return colour;
}

/* Draws strokes that stand for a letter: upright ones, bars, and soft edges beside them. */
static void draw_glyph(struct screen *screen, uint32_t left, uint32_t top, uint32_t letter, uint32_t paper,
                       uint32_t ink)
{
    for (uint32_t y = 3; y < GLYPH_HEIGHT - 3; y++)
        for (uint32_t x = 1; x < GLYPH_WIDTH - 1; x++) {
            bool upright = x == 1 + mixed(letter, 0, 1) % 2 || (mixed(letter, 0, 2) % 3 && x == GLYPH_WIDTH - 3);
            bool bar = y == 3 + mixed(letter, 0, 3) % 3 || y == GLYPH_HEIGHT - 4 - mixed(letter, 0, 4) % 4;
            uint32_t quarters =
                upright || bar ? 4 - mixed(letter, x * 16 + y, 5) % 4 % 3 : mixed(letter, x, y) % 9 == 0;
            if (quarters > 0)
                put(screen, left + x, top + y, shade(paper, ink, quarters));
        }
}

/* Draws a terminal: words of several colours in lines of several lengths. */
static void draw_terminal(struct screen *screen, uint32_t left, uint32_t top, uint32_t width, uint32_t height,
                          uint32_t paper)
{
    static const uint32_t inks[] = {0xd0d0d0, 0xd0d0d0, 0x5fafff, 0x87d787, 0xffaf5f};
    fill(screen, left, top, width, height, paper);
    for (uint32_t line = 0; (line + 1) * GLYPH_HEIGHT <= height; line++) {
        uint32_t letters = width / GLYPH_WIDTH * (20 + mixed(line, top, 11) % 80) / 100, ink = inks[0];
        for (uint32_t i = 0; i < letters; i++) {
            uint32_t letter = mixed(i, line, 12) % 70;
            if (letter < 10)
                ink = inks[mixed(i, line, 13) % 5];
            else if (letter >= 20 || mixed(i / 8, line, 14) % 5)
                draw_glyph(screen, left + i * GLYPH_WIDTH, top + line * GLYPH_HEIGHT, letter, paper,
                           paper > 0x808080 ? ink ^ 0xd0d0d0 : ink);
        }
    }
}

static void draw_window(struct screen *screen, uint32_t left, uint32_t top, uint32_t width, uint32_t height)
{
    fill(screen, left - 1, top - 1, width + 2, height + 2, 0x202020);
    for (uint32_t y = 0; y < 24; y++)
        fill(screen, left, top + y, width, 1, 0x3a6ea5 + y * 0x010101);
    fill(screen, left, top + 24, width, height - 24, 0xf0f0f0);
    for (uint32_t i = 0; i < width / 160; i++)
        fill(screen, left + 12 + i * 150, top + 40, 130, 28, 0xe1e1e1);
    draw_terminal(screen, left + 12, top + 80, width - 24, height / 3, 0xffffff);
}

static void draw_flat(struct screen *screen)
{
    fill(screen, 0, 0, screen->width, screen->height, 0x336699);
    fill(screen, 0, screen->height - 40, screen->width, 40, 0x1f1f1f);
    draw_window(screen, 160, 120, 900, 560);
    draw_window(screen, 860, 400, 820, 520);
    for (uint32_t i = 0; i < 12; i++)
        draw_terminal(screen, 30, 40 + i * 80, 9 * GLYPH_WIDTH, GLYPH_HEIGHT, 0x336699);
}

/* Draws sky, ground with texture and hard edges, things of one colour, and a display over it. */
static void draw_game(struct screen *screen)
{
    uint32_t horizon = screen->height * 2 / 5;
    for (uint32_t y = 0; y < screen->height; y++)
        for (uint32_t x = 0; x < screen->width; x++) {
            uint32_t sky = y * 160 / horizon, depth = y > horizon ? 1 + 4000 / (y - horizon + 4) : 1;
            uint32_t texture = mixed(x * depth / 24, y * depth / 48, 20) % 48 + smooth(x, y, 64, 21) / 4;
            put(screen, x, y,
                y < horizon ? (40 + sky / 2) << 16 | (90 + sky / 2) << 8 | (180 + sky / 4)
                            : (texture + 30) << 16 | (texture + 60) << 8 | (mixed(x, y * depth, 23) % 24 + 20));
        }
    for (uint32_t i = 0; i < 40; i++)
        fill(screen, mixed(i, 0, 22) % screen->width, horizon - 40 + mixed(i, 1, 22) % (screen->height / 2),
             20 + mixed(i, 2, 22) % 90, 30 + mixed(i, 3, 22) % 160, mixed(i, 4, 22) & 0xffffff);
    draw_terminal(screen, 30, screen->height - 100, 420, 70, 0x101010);
}

static void draw_4k(struct screen *screen)
{
    draw_photo(screen, 3);
    draw_terminal(screen, 200, 160, 1500, 1200, 0x101418);
    draw_terminal(screen, 1900, 300, 1400, 1500, 0xffffff);
    draw_window(screen, 600, 1100, 1200, 900);
}

static void draw_photo_with_terminals(struct screen *screen)
{
    draw_photo(screen, 3);
    draw_terminal(screen, 80, 60, 700, 560, 0xffffff);
    draw_terminal(screen, 1000, 420, 630, 490, 0x101418);
}

static void draw_full_terminal(struct screen *screen)
{
    draw_terminal(screen, 0, 0, screen->width, screen->height, 0x101418);
}

static int write_screen(const char *folder, const char *name, uint32_t width, uint32_t height,
                        void (*draw)(struct screen *screen))
{
    struct screen screen = {width, height, calloc(width, height * 3)};
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.ppm", folder, name);
    FILE *file = screen.rgb ? fopen(path, "wb") : NULL;
    size_t len = (size_t)width * height * 3;
    int failed = !file;
    if (file) {
        draw(&screen);
        fprintf(file, "P6\n%u %u\n255\n", width, height);
        failed = fwrite(screen.rgb, 1, len, file) != len;
        failed |= fclose(file) != 0;
    }
    free(screen.rgb);
    return failed;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    return write_screen(argv[1], "photo", 1920, 1080, draw_photo_with_terminals) ||
           write_screen(argv[1], "terminal", 1920, 1080, draw_full_terminal) ||
           write_screen(argv[1], "flat", 1920, 1080, draw_flat) ||
           write_screen(argv[1], "game", 1920, 1080, draw_game) || write_screen(argv[1], "4k", 3840, 2160, draw_4k);
}
