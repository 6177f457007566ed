/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a report, as one unit's output and as a list of units; what was found is within the bytes, and the JUnit
 * document made of it holds only what XML 1.0 allows. */
#include "base/utf8.h"
#include "host/periscope_winetest.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_remarks(const struct periscope_strings *remarks)
{
    require(remarks->count <= PERISCOPE_WINETEST_MAX_REMARKS);
    for (size_t i = 0; i < remarks->count; i++)
        require(remarks->items[i] && !strchr(remarks->items[i], '\n'));
}

static void check_unit(const struct periscope_unit *unit, const uint8_t *bytes, size_t len)
{
    size_t end = 0;
    require(unit->offset <= len && unit->len <= len - unit->offset);
    require(strlen(unit->dll) <= PERISCOPE_WINETEST_MAX_NAME && strlen(unit->unit) <= PERISCOPE_WINETEST_MAX_NAME);
    require(unit->line_count <= PERISCOPE_WINETEST_MAX_LINES);
    for (size_t i = 0; i < unit->line_count; i++) {
        const struct periscope_unit_line *line = &unit->lines[i];
        require(line->offset >= end && line->offset <= len && line->len <= len - line->offset);
        require(line->len == 0 || !memchr(bytes + line->offset, '\n', line->len));
        end = line->offset + line->len;
    }
    check_remarks(&unit->problems);
    check_remarks(&unit->notes);
    if (unit->verdict == PERISCOPE_UNIT_PASSED)
        require(unit->problems.count == 0 && unit->counts.failures == 0);
}

static void check_document(const struct periscope_unit *units, size_t count, const uint8_t *bytes, size_t len)
{
    struct periscope_junit_case cases[8];
    struct periscope_junit junit = {.name = "fuzz", .report = "report.txt", .cases = cases};
    char *xml;
    size_t xml_len;
    for (; junit.count < count && junit.count < 8; junit.count++)
        cases[junit.count] =
            (struct periscope_junit_case){.unit = &units[junit.count], .output = bytes, .output_len = len};
    require(periscope_junit_write(&junit, &xml, &xml_len) == PERISCOPE_OK);
    require(!strstr(xml, "[[ATTACHMENT|"));
    for (size_t at = 0; at < xml_len;) {
        uint32_t code;
        at += utf8_next((const uint8_t *)xml + at, xml_len - at, &code);
        require(code != UTF8_INVALID && (code >= 0x20 || code == '\n' || code == '\t') && code != 0x7f);
        require(code != 0xfffe && code != 0xffff);
    }
    free(xml);
}

static void as_a_report(const uint8_t *bytes, size_t len)
{
    struct periscope_winetest winetest;
    require(periscope_winetest_parse(bytes, len, &winetest) == PERISCOPE_OK);
    require(winetest.count > 0);
    for (size_t i = 0; i < winetest.count; i++)
        check_unit(&winetest.units[i], bytes, len);
    check_document(winetest.units, winetest.count, bytes, len);
    periscope_winetest_free(&winetest);
}

static void as_the_output_of(const char *name, const uint8_t *bytes, size_t len, enum periscope_unit_end end)
{
    struct periscope_unit unit;
    struct periscope_unit_run run = {
        .dll = "dll", .unit = name, .end = end, .status = len % 3, .pid = len % 2 ? 0x20 : 0};
    require(periscope_unit_parse(bytes, len, &run, &unit) == PERISCOPE_OK);
    check_unit(&unit, bytes, len);
    check_document(&unit, 1, bytes, len);
    periscope_unit_free(&unit);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct periscope_strings units;
    as_a_report(bytes, len);
    as_the_output_of("atom", bytes, len, PERISCOPE_END_EXITED);
    as_the_output_of(NULL, bytes, len, len % 2 ? PERISCOPE_END_TIMED_OUT : PERISCOPE_END_SIGNALLED);
    if (periscope_winetest_list(bytes, len, &units) == PERISCOPE_OK) {
        require(units.count > 0 && units.count <= PERISCOPE_WINETEST_MAX_LISTED);
        periscope_strings_free(&units);
    }
    return 0;
}
