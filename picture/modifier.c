/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/detile.h"

#include <stdio.h>

static const char *const vendors[] = {"none",    "Intel",    "AMD", "NVIDIA",    "Samsung", "Qualcomm",
                                      "Vivante", "Broadcom", "ARM", "Allwinner", "Amlogic"};

/* Modifiers with a name of their own. The others of a vendor are described by their bits. */
static const struct {
    uint64_t modifier;
    const char *name;
} names[] = {
    {MODIFIER_LINEAR, "linear"},
    {MODIFIER_UNKNOWN, "a layout known to the driver alone"},
    {0x0100000000000001, "Intel X-tiled"},
    {0x0100000000000002, "Intel Y-tiled"},
    {0x0100000000000003, "Intel Yf-tiled"},
    {0x0100000000000004, "Intel Y-tiled, compressed (CCS)"},
    {0x0100000000000005, "Intel Yf-tiled, compressed (CCS)"},
    {0x0100000000000006, "Intel Y-tiled, gen 12 render-compressed"},
    {0x0100000000000007, "Intel Y-tiled, gen 12 media-compressed"},
    {0x0100000000000008, "Intel Y-tiled, gen 12 render-compressed with clear colour"},
    {0x0100000000000009, "Intel 4-tiled"},
    {0x010000000000000a, "Intel 4-tiled, DG2 render-compressed"},
    {0x010000000000000b, "Intel 4-tiled, DG2 media-compressed"},
    {0x010000000000000c, "Intel 4-tiled, DG2 render-compressed with clear colour"},
    {0x010000000000000d, "Intel 4-tiled, Meteor Lake render-compressed"},
    {0x010000000000000e, "Intel 4-tiled, Meteor Lake media-compressed"},
    {0x010000000000000f, "Intel 4-tiled, Meteor Lake render-compressed with clear colour"},
    {0x0100000000000010, "Intel 4-tiled, Lunar Lake compressed"},
    {0x0100000000000011, "Intel 4-tiled, Battlemage compressed"},
    {0x0300000000000001, "NVIDIA Tegra tiled"},
    {0x0400000000000001, "Samsung 64x32 tiled"},
    {0x0400000000000002, "Samsung 16x16 tiled"},
    {0x0500000000000001, "Qualcomm compressed"},
    {0x0500000000000002, "Qualcomm tiled 2"},
    {0x0500000000000003, "Qualcomm tiled 3"},
    {0x0600000000000001, "Vivante tiled"},
    {0x0600000000000002, "Vivante super-tiled"},
    {0x0600000000000003, "Vivante split-tiled"},
    {0x0600000000000004, "Vivante split super-tiled"},
    {0x0700000000000001, "Broadcom T-tiled"},
    {0x0700000000000006, "Broadcom UIF"},
    {0x0900000000000001, "Allwinner tiled"},
};

static bool name_nvidia(char *name, size_t size, uint64_t modifier)
{
    static const char *const gobs[] = {"Fermi to Volta", "G80", "Turing or later", "unknown"};
    unsigned compression = modifier >> 23 & 7;
    if (modifier >> 56 != 3 || !(modifier & 16))
        return false;
    int len = snprintf(name, size, "NVIDIA block-linear, blocks of %u GOBs, page kind 0x%02x, %s, %s sectors",
                       1u << (modifier & 15), (unsigned)(modifier >> 12 & 255), gobs[modifier >> 20 & 3],
                       modifier >> 22 & 1 ? "desktop" : "Tegra");
    if (compression && len > 0 && (size_t)len < size)
        snprintf(name + len, size - (size_t)len, ", compressed (%u)", compression);
    return true;
}

static const char *amd_tile(unsigned version, unsigned tile)
{
    static const char *const tiles[32] = {
        [9] = "64K_S", [10] = "64K_D", [25] = "64K_S_X", [26] = "64K_D_X", [27] = "64K_R_X", [31] = "256K_R_X"};
    static const char *const tiles_of_gfx12[32] = {[1] = "256B_2D", [2] = "4K_2D", [3] = "64K_2D", [4] = "256K_2D"};
    const char *name = version == 5 ? tiles_of_gfx12[tile] : tiles[tile];
    return name ? name : "of an unknown tiling";
}

static bool name_amd(char *name, size_t size, uint64_t modifier)
{
    static const char *const versions[] = {"?", "GFX9", "GFX10", "GFX10 RB+", "GFX11", "GFX12"};
    unsigned version = modifier & 255;
    if (modifier >> 56 != 2)
        return false;
    snprintf(name, size, "AMD %s %s%s", version < sizeof versions / sizeof *versions ? versions[version] : "?",
             amd_tile(version, modifier >> 8 & 31), modifier >> 13 & 1 ? ", compressed (DCC)" : "");
    return true;
}

static bool name_arm(char *name, size_t size, uint64_t modifier)
{
    static const char *const types[] = {"AFBC-compressed", "interleaved", "AFRC-compressed"};
    unsigned type = modifier >> 52 & 15;
    if (modifier >> 56 != 8)
        return false;
    snprintf(name, size, "ARM %s", type < sizeof types / sizeof *types ? types[type] : "of an unknown kind");
    return true;
}

static void name_vendor(char *name, size_t size, uint64_t modifier)
{
    unsigned vendor = (unsigned)(modifier >> 56);
    if (vendor < sizeof vendors / sizeof *vendors)
        snprintf(name, size, "unknown, of %s", vendors[vendor]);
    else
        snprintf(name, size, "unknown, of vendor 0x%02x", vendor);
}

void modifier_name(char name[MODIFIER_NAME_SIZE], uint64_t modifier)
{
    size_t size = MODIFIER_NAME_SIZE;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].modifier == modifier) {
            snprintf(name, size, "%s", names[i].name);
            return;
        }
    if (!name_nvidia(name, size, modifier) && !name_amd(name, size, modifier) && !name_arm(name, size, modifier))
        name_vendor(name, size, modifier);
}
