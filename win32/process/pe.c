/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/process/pe.h"

#include <stdbool.h>
#include <string.h>

#define DOS_SIZE 64
#define DOS_NEW_HEADER 60     /* where the offset of the other headers stands */
#define COFF_SIZE 24          /* with the signature "PE\0\0" */
#define OPTIONAL_SIZE_MAX 240 /* of the 64-bit one, with its 16 directories */
#define OPTIONAL_32 0x10b     /* its magic */
#define OPTIONAL_64 0x20b
#define IMPORT_DIRECTORY 1 /* number of the import table among the directories */
#define SECTION_SIZE 40
#define DESCRIPTOR_SIZE 20
#define DESCRIPTOR_NAME 12 /* where in it the name's address stands */

struct section {
    uint32_t address, size, raw_offset, raw_size;
};

struct image {
    struct pe_file *file; /* borrowed */
    struct section sections[PE_SECTIONS_MAX];
    unsigned section_count;
    uint32_t headers_size, imports; /* imports: an address in the image, 0 when there are none */
};

static uint32_t u16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t u32(const uint8_t *p)
{
    return u16(p) | u16(p + 2) << 16;
}

static int broken(const char *what, struct error *err)
{
    return error_set(err, ERR_INVALID, "no executable for Windows: %s", what);
}

/* ---- headers ---- */

/* Reads the optional header. The directories follow their count, whose place depends on the bits. */
static int read_optional(struct image *image, uint64_t offset, uint32_t size, int *bits, struct error *err)
{
    uint8_t header[OPTIONAL_SIZE_MAX] = {0};
    uint32_t used = size < sizeof header ? size : sizeof header;
    if (size < 2 || !image->file->read(image->file, offset, header, used))
        return broken("it ends within its headers", err);
    *bits = u16(header) == OPTIONAL_64 ? 64 : 32;
    if (*bits == 32 && u16(header) != OPTIONAL_32)
        return broken("its optional header is of no known kind", err);
    uint32_t count_at = *bits == 64 ? 108 : 92, entry_at = count_at + 4 + 8 * IMPORT_DIRECTORY;
    image->headers_size = u32(header + 60);
    if (used >= entry_at + 8 && u32(header + count_at) > IMPORT_DIRECTORY)
        image->imports = u32(header + entry_at);
    return 0;
}

static int read_sections(struct image *image, uint64_t offset, struct error *err)
{
    for (unsigned i = 0; i < image->section_count; i++) {
        uint8_t header[SECTION_SIZE];
        if (!image->file->read(image->file, offset + (uint64_t)i * SECTION_SIZE, header, sizeof header))
            return broken("it ends within its section headers", err);
        image->sections[i] = (struct section){.address = u32(header + 12),
                                              .size = u32(header + 8),
                                              .raw_offset = u32(header + 20),
                                              .raw_size = u32(header + 16)};
    }
    return 0;
}

static int read_headers(struct image *image, int *bits, struct error *err)
{
    uint8_t dos[DOS_SIZE], coff[COFF_SIZE];
    if (!image->file->read(image->file, 0, dos, sizeof dos) || memcmp(dos, "MZ", 2) != 0)
        return broken("it does not begin with MZ", err);
    uint64_t start = u32(dos + DOS_NEW_HEADER);
    if (!image->file->read(image->file, start, coff, sizeof coff) || memcmp(coff, "PE\0\0", 4) != 0)
        return broken("it has no PE header", err);
    image->section_count = u16(coff + 6);
    if (image->section_count > PE_SECTIONS_MAX)
        return broken("it has too many sections", err);
    uint32_t optional_size = u16(coff + 20);
    int status = read_optional(image, start + COFF_SIZE, optional_size, bits, err);
    return status ? status : read_sections(image, start + COFF_SIZE + optional_size, err);
}

/* ---- the import table ---- */

/* Reads up to max bytes at an address of the loaded image; returns 0 where the file has none. */
static size_t read_at(const struct image *image, uint32_t address, void *bytes, size_t max)
{
    uint64_t offset = address, room = 0;
    if (address < image->headers_size)
        room = image->headers_size - address;
    for (unsigned i = 0; i < image->section_count && room == 0; i++) {
        const struct section *section = &image->sections[i];
        uint32_t within = address - section->address;
        if (address >= section->address && within < section->raw_size) {
            offset = (uint64_t)section->raw_offset + within;
            room = section->raw_size - within;
        }
    }
    size_t len = room < max ? (size_t)room : max;
    while (len > 0 && !image->file->read(image->file, offset, bytes, len))
        len /= 2; /* the last section may claim more than the file has */
    return len;
}

static int read_name(const struct image *image, uint32_t address, struct strlist *names, struct error *err)
{
    char name[PE_NAME_MAX];
    size_t len = read_at(image, address, name, sizeof name);
    const char *end = len ? memchr(name, 0, len) : NULL;
    if (!end || end == name)
        return broken("the name of a DLL in its import table is empty or too long", err);
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return broken("the name of a DLL in its import table has a control character", err);
    return strlist_add(names, name) ? 0 : error_set(err, ERR_NO_MEMORY, "no memory for the names of DLLs");
}

int pe_imports(struct pe_file *file, struct strlist *names, int *bits, struct error *err)
{
    struct image image = {.file = file};
    int status = read_headers(&image, bits, err);
    for (uint32_t i = 0; status == 0 && image.imports; i++) {
        uint8_t descriptor[DESCRIPTOR_SIZE];
        uint32_t address = image.imports + i * DESCRIPTOR_SIZE;
        if (i == PE_IMPORTS_MAX || address < image.imports)
            return broken("it needs too many DLLs", err);
        if (read_at(&image, address, descriptor, sizeof descriptor) < sizeof descriptor)
            return broken("its import table lies beyond its end", err);
        if (u32(descriptor + DESCRIPTOR_NAME) == 0)
            break;
        status = read_name(&image, u32(descriptor + DESCRIPTOR_NAME), names, err);
    }
    return status;
}
