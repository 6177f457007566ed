/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines as the kernel's drm_debugfs_crc.c prints them: "%s" of "0x%08x" or "XXXXXXXXXX", " 0x%08x" for each value, "\n". */
#include "capture/drm/crc.h"
#include "tests/unit/check.h"

static void lines_of_the_kernel(void)
{
    char values[DRM_CRC_VALUES_SIZE];
    CHECK(drm_crc_line("0x0000013a 0x81e38dc7\n", values));
    CHECK_TEXT(values, "0x81e38dc7");
    CHECK(drm_crc_line("XXXXXXXXXX 0x00000001 0xfedcba98 0x00000000\n", values));
    CHECK_TEXT(values, "0x00000001,0xfedcba98,0x00000000");
}

static void the_longest_line(void)
{
    char line[256], values[DRM_CRC_VALUES_SIZE];
    size_t len = (size_t)snprintf(line, sizeof line, "0x00000001");
    for (int i = 0; i < 10; i++)
        len += (size_t)snprintf(line + len, sizeof line - len, " 0x%08x", i);
    snprintf(line + len, sizeof line - len, "\n");
    CHECK(drm_crc_line(line, values));
    CHECK_INT(strlen(values), 10 * 11 - 1);
}

static void what_is_no_line(void)
{
    static const char *const wrong[] = {"",
                                        "\n",
                                        "0x0000013a\n",
                                        "0x0000013a 0x81e38dc7",
                                        "0x0000013a 81e38dc7\n",
                                        "0x0000013a 0x\n",
                                        "0x0000013a  0x81e38dc7\n",
                                        "0x0000013a 0x81e38dg7\n",
                                        "0x0000013a 0x81e38dc7 \n"};
    char values[DRM_CRC_VALUES_SIZE], many[1024] = "0x1";
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(!drm_crc_line(wrong[i], values));
    for (int i = 0; i < 40; i++)
        strcat(many, " 0x12345678");
    strcat(many, "\n");
    CHECK(!drm_crc_line(many, values));
}

int main(void)
{
    RUN(lines_of_the_kernel);
    RUN(the_longest_line);
    RUN(what_is_no_line);
    return CHECK_RESULT();
}
