/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What formats and layouts are called. The words are libdrm's; what it knows no word for must still be told. */
#include "capture/drm/framebuffer.h"
#include "tests/unit/check.h"

static void modifiers(void)
{
    static const struct {
        uint64_t modifier;
        const char *text, *newer; /* of libdrm 2.4.114, and since 2.4.124 where that differs */
    } cases[] = {
        {0, "LINEAR", NULL},
        {0x00ffffffffffffff, "a layout that the driver does not tell", NULL},
        {0x0100000000000001, "INTEL X_TILED", NULL},
        {0x0100000000000004, "INTEL Y_TILED_CCS", NULL},
        {0x0100000000ffff77, "INTEL 0x0100000000ffff77", NULL},
        {0x0300000000606015, "NVIDIA BLOCK_LINEAR_2D,HEIGHT=5,KIND=6,GEN=2,SECTOR=1,COMPRESSION=0", NULL},
        {0x0200000000000901, "AMD GFX9,GFX9_64K_S", "AMD GFX9,64KB_S"},
        {0x7700000000000001, "unknown 0x7700000000000001", NULL},
    };
    char text[DRM_MODIFIER_TEXT_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        drm_modifier_text(text, cases[i].modifier);
        if (!cases[i].newer || strcmp(text, cases[i].newer) != 0)
            CHECK_TEXT(text, cases[i].text);
    }
}

static void formats(void)
{
    char text[DRM_FORMAT_TEXT_SIZE];
    drm_format_text(text, 0x34325258);
    CHECK_TEXT(text, "XR24");
    drm_format_text(text, 0x20203843);
    CHECK_TEXT(text, "C8");
    drm_format_text(text, 0x01020a41);
    CHECK_TEXT(text, "A???");
    drm_format_text(text, 0xb4325258); /* big-endian */
    CHECK_TEXT(text, "XR24_BE");
}

int main(void)
{
    RUN(modifiers);
    RUN(formats);
    return CHECK_RESULT();
}
