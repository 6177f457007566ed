/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files put together here field by field; tests/wine/test_evidence.py holds real ones against objdump. */
#include "tests/unit/check.h"

#include "win32/process/pe.h"

#include <string.h>

#define NEW_HEADERS 64u
#define OPTIONAL (NEW_HEADERS + 24)
#define SECTION (OPTIONAL + 240)
#define RAW 512u     /* where the section's bytes are in the file */
#define BASE 0x1000u /* and in the loaded image */
#define FILE_SIZE 2048u

struct image {
    struct pe_file base;
    uint8_t bytes[FILE_SIZE];
    size_t size;
};

static bool read_bytes(struct pe_file *file, uint64_t offset, void *bytes, size_t len)
{
    const struct image *image = (const struct image *)file;
    if (offset > image->size || len > image->size - offset)
        return false;
    memcpy(bytes, image->bytes + offset, len);
    return true;
}

static void put(struct image *image, size_t offset, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        image->bytes[offset + (size_t)i] = (uint8_t)(value >> 8 * i);
}

/* One section, which begins with the import table; no imports yet. */
static void make(struct image *image, int bits)
{
    memset(image, 0, sizeof *image);
    image->base.read = read_bytes;
    image->size = FILE_SIZE;
    memcpy(image->bytes, "MZ", 2);
    put(image, 60, NEW_HEADERS, 4);
    memcpy(image->bytes + NEW_HEADERS, "PE", 2);
    put(image, NEW_HEADERS + 6, 1, 2);    /* sections */
    put(image, NEW_HEADERS + 20, 240, 2); /* size of the optional header */
    put(image, OPTIONAL, bits == 64 ? 0x20b : 0x10b, 2);
    put(image, OPTIONAL + 60, RAW, 4); /* size of the headers */
    size_t directories = OPTIONAL + (bits == 64 ? 112 : 96);
    put(image, directories - 4, 16, 4);
    put(image, directories + 8, BASE, 4);
    put(image, SECTION + 8, FILE_SIZE - RAW, 4);
    put(image, SECTION + 12, BASE, 4);
    put(image, SECTION + 16, FILE_SIZE - RAW, 4);
    put(image, SECTION + 20, RAW, 4);
}

static void add_import(struct image *image, unsigned number, unsigned name_at, const char *name)
{
    put(image, RAW + 20 * number + 12, BASE + name_at, 4);
    memcpy(image->bytes + RAW + name_at, name, strlen(name) + 1);
}

/* "64: a.dll b.dll", or the error's text; valid until the next call. */
static const char *told(struct image *image)
{
    static char text[ERROR_TEXT_SIZE + 64];
    struct strlist names = {0};
    struct error err;
    int bits;
    if (pe_imports(&image->base, &names, &bits, &err)) {
        snprintf(text, sizeof text, "%s", err.text);
    } else {
        int len = snprintf(text, sizeof text, "%d:", bits);
        for (size_t i = 0; i < names.count; i++)
            len += snprintf(text + len, sizeof text - (size_t)len, " %.200s", names.items[i]);
    }
    strlist_deinit(&names);
    return text;
}

static void dlls_of_either_kind(void)
{
    struct image image;
    for (int bits = 32; bits <= 64; bits += 32) {
        make(&image, bits);
        CHECK_TEXT(told(&image), bits == 64 ? "64:" : "32:");
        add_import(&image, 0, 500, "kernel32.dll");
        add_import(&image, 1, 600, "nosuch.dll");
        CHECK_TEXT(told(&image), bits == 64 ? "64: kernel32.dll nosuch.dll" : "32: kernel32.dll nosuch.dll");
    }
}

static void no_import_table_is_no_imports(void)
{
    struct image image;
    make(&image, 64);
    add_import(&image, 0, 500, "kernel32.dll");
    put(&image, OPTIONAL + 120, 0, 4);
    CHECK_TEXT(told(&image), "64:");
    put(&image, OPTIONAL + 120, BASE, 4);
    put(&image, OPTIONAL + 108, 1, 4); /* a count of directories that does not come to it */
    CHECK_TEXT(told(&image), "64:");
}

static void what_is_broken_is_told(void)
{
    struct image image;
    make(&image, 64);
    image.bytes[0] = 'X';
    CHECK_TEXT(told(&image), "no executable for Windows: it does not begin with MZ");
    make(&image, 64);
    put(&image, 60, 0xffffffff, 4);
    CHECK_TEXT(told(&image), "no executable for Windows: it has no PE header");
    make(&image, 64);
    put(&image, NEW_HEADERS + 6, 97, 2);
    CHECK_TEXT(told(&image), "no executable for Windows: it has too many sections");
    make(&image, 64);
    put(&image, OPTIONAL, 0x107, 2);
    CHECK_TEXT(told(&image), "no executable for Windows: its optional header is of no known kind");
    make(&image, 64);
    put(&image, OPTIONAL + 120, 0xfffffff0, 4);
    CHECK_TEXT(told(&image), "no executable for Windows: its import table lies beyond its end");
    make(&image, 64);
    image.size = SECTION + 10;
    CHECK_TEXT(told(&image), "no executable for Windows: it ends within its section headers");
}

static void names_are_bounded(void)
{
    struct image image;
    char name[300];
    memset(name, 'a', sizeof name);
    name[259] = 0;
    make(&image, 64);
    add_import(&image, 0, 500, name);
    CHECK(strncmp(told(&image), "64: aaa", 7) == 0);
    name[259] = 'a';
    name[299] = 0;
    add_import(&image, 0, 500, name);
    CHECK_TEXT(told(&image), "no executable for Windows: the name of a DLL in its import table is empty or too long");
    make(&image, 64);
    add_import(&image, 0, 500, "a\nb.dll");
    CHECK_TEXT(told(&image),
               "no executable for Windows: the name of a DLL in its import table has a control character");
}

/* What the file has behind a section is not part of the image there. */
static void a_name_ends_with_its_section(void)
{
    struct image image;
    make(&image, 64);
    add_import(&image, 0, 500, "a.dll");
    put(&image, SECTION + 16, 506, 4); /* to its NUL */
    CHECK_TEXT(told(&image), "64: a.dll");
    put(&image, SECTION + 16, 505, 4);
    CHECK_TEXT(told(&image), "no executable for Windows: the name of a DLL in its import table is empty or too long");
}

static void a_table_without_end_ends(void)
{
    struct image image;
    make(&image, 64);
    for (unsigned i = 0; i < 70; i++)
        add_import(&image, i, 1500, "a.dll");
    image.size = RAW + 70 * 20;
    put(&image, RAW + 12, BASE + 12, 4); /* within the table */
    CHECK(strstr(told(&image), "no executable") == told(&image));
}

int main(void)
{
    RUN(dlls_of_either_kind);
    RUN(no_import_table_is_no_imports);
    RUN(what_is_broken_is_told);
    RUN(names_are_bounded);
    RUN(a_name_ends_with_its_section);
    RUN(a_table_without_end_ends);
    return CHECK_RESULT();
}
