/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The card behind an output, in a made-up tree of /proc and /sys. */
#include "capture/x11/card.h"
#include "tests/unit/check.h"
#include "tests/unit/capture/tree.h"

#define SERVER 812

static struct card_identity card;

static void add_card(int number, const char *device, const char *driver)
{
    char target[160];
    tree_path("sys/devices/%s/driver", device);
    snprintf(target, sizeof target, "%s/sys/devices/%s", tree_root, device);
    tree_link(tree_path("sys/class/drm/card%d/device", number), target);
    tree_path("sys/bus/drivers/%s/x", driver);
    snprintf(target, sizeof target, "%s/sys/bus/drivers/%s", tree_root, driver);
    tree_link(tree_path("sys/devices/%s/driver", device), target);
}

static void connector(int number, const char *name)
{
    tree_put_text(tree_path("sys/class/drm/card%d-%s/status", number, name), "connected\n");
}

static void open_file(int fd, const char *target)
{
    tree_link(tree_path("proc/%d/fd/%d", SERVER, fd), target);
}

static void server_without_a_card(void)
{
    tree_begin();
    CHECK(!x11_card_find(tree_root, x11_card_mask(tree_root, SERVER), "screen", &card)); /* its files can't be read */
    open_file(0, "/dev/null");
    open_file(1, "socket:[1234]");
    CHECK(!x11_card_find(tree_root, x11_card_mask(tree_root, SERVER), "screen", &card));
}

static void only_card_is_every_outputs(void)
{
    tree_begin();
    add_card(1, "pci0000:00/0000:01:00.0", "amdgpu");
    open_file(9, "/dev/dri/card1");
    open_file(10, "/dev/dri/card1");
    open_file(11, "/dev/dri/renderD128");
    CHECK(x11_card_find(tree_root, x11_card_mask(tree_root, SERVER), "DisplayPort-0", &card));
    CHECK_TEXT(card.driver, "amdgpu");
    CHECK_TEXT(card.pci, "0000:01:00.0");
}

static void card_that_is_not_on_pci_has_no_address(void)
{
    tree_begin();
    add_card(0, "platform/simple-framebuffer.0", "simple-framebuffer");
    open_file(3, "/dev/dri/card0");
    CHECK(x11_card_find(tree_root, x11_card_mask(tree_root, SERVER), "Unknown-1", &card));
    CHECK_TEXT(card.driver, "simpledrm");
    CHECK_TEXT(card.pci, "");
}

/* As kernels after 6.12 have it. */
static void names_are_drms_own(void)
{
    tree_begin();
    add_card(0, "pci0000:00/0000:00:02.0", "virtio-pci");
    tree_put_text(tree_path("sys/devices/pci0000:00/0000:00:02.0/vendor"), "0x1af4\n");
    add_card(1, "faux/vkms", "faux_driver");
    connector(0, "Virtual-1");
    connector(1, "Virtual-2");
    open_file(3, "/dev/dri/card0");
    open_file(4, "/dev/dri/card1");
    CHECK(x11_card_find(tree_root, x11_card_mask(tree_root, SERVER), "Virtual-1", &card));
    CHECK_TEXT(card.driver, "virtio_gpu");
    CHECK_INT(card.vendor, 0x1af4);
    CHECK(x11_card_find(tree_root, x11_card_mask(tree_root, SERVER), "Virtual-2", &card));
    CHECK_TEXT(card.driver, "vkms");
    CHECK_INT(card_class_find(&card, NULL), CARD_VIRTUAL);
}

static void output_chooses_among_several_cards(void)
{
    tree_begin();
    add_card(0, "pci0000:00/0000:00:02.0", "i915");
    add_card(1, "pci0000:00/0000:01:00.0", "nouveau");
    connector(0, "eDP-1");
    connector(0, "DP-1");
    connector(1, "HDMI-A-1");
    connector(1, "DP-1");
    open_file(3, "/dev/dri/card0");
    open_file(4, "/dev/dri/card1");
    CHECK(x11_card_find(tree_root, x11_card_mask(tree_root, SERVER), "eDP-1", &card));
    CHECK_TEXT(card.driver, "i915");
    CHECK(x11_card_find(tree_root, x11_card_mask(tree_root, SERVER), "HDMI-1",
                        &card)); /* Xorg's name of the kernel's HDMI-A-1 */
    CHECK_TEXT(card.driver, "nouveau");
    CHECK(x11_card_find(tree_root, x11_card_mask(tree_root, SERVER), "DP-1", &card)); /* both have one */
    CHECK_TEXT(card.driver, "");
    CHECK(x11_card_find(tree_root, x11_card_mask(tree_root, SERVER), "../card0", &card));
    CHECK_TEXT(card.driver, "");
}

static void outputs_have_names_of_the_kernels(void)
{
    CHECK(x11_card_is_output(1 << 1, "card1-HDMI-A-2", "HDMI-2"));
    CHECK(x11_card_is_output(1 << 1, "card1-HDMI-A-2", "HDMI-A-2"));
    CHECK(x11_card_is_output(3, "card0-DP-1", "DP-1"));
    CHECK(!x11_card_is_output(1 << 1, "card0-DP-1", "DP-1"));
    CHECK(!x11_card_is_output(3, "card0-DP-1", "DP-2"));
    CHECK(!x11_card_is_output(3, "card0-HDMI-A-1", "HDMI-11"));
    CHECK(!x11_card_is_output(3, "DP-1", "DP-1")); /* that is the server's own */
    CHECK(!x11_card_is_output(UINT64_MAX, "card64-DP-1", "DP-1"));
    CHECK(!x11_card_is_output(UINT64_MAX, "card0", "DP-1"));
}

static void cards_of_a_server_are_a_set(void)
{
    tree_begin();
    CHECK(x11_card_mask(tree_root, SERVER) == 0);
    open_file(3, "/dev/dri/card0");
    open_file(4, "/dev/dri/card63");
    open_file(5, "/dev/dri/card64");
    open_file(6, "/dev/dri/renderD128");
    CHECK(x11_card_mask(tree_root, SERVER) == (1ull << 63 | 1));
}

int main(void)
{
    RUN(server_without_a_card);
    RUN(only_card_is_every_outputs);
    RUN(card_that_is_not_on_pci_has_no_address);
    RUN(names_are_drms_own);
    RUN(output_chooses_among_several_cards);
    RUN(outputs_have_names_of_the_kernels);
    RUN(cards_of_a_server_are_a_set);
    tree_end();
    return CHECK_RESULT();
}
