/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The graphics card behind an X server's output, from what files the server's process has open. */
#ifndef CAPTURE_X11_CARD_H
#define CAPTURE_X11_CARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct x11_card {
    char driver[64]; /* "" when not known */
    char pci[64];    /* "0000:01:00.0"; "" when it is not on a PCI bus or not known */
};

/* Of the card among the server's that has a connector of the output's name, when it has several. False when the server
   has no card open, or its files can't be read. Paths are under `root`, "" but in tests. */
bool x11_card_find(const char *root, pid_t server, const char *output, struct x11_card *card);

/* Whether the kernel's name of an output ("card1-HDMI-A-1") is that of a server's ("HDMI-1") with these cards open. */
bool x11_card_is_output(uint64_t cards, const char *kernel_name, const char *output);

/* The cards that the server has open: bit N for card N. 0 also when its files can't be read. */
uint64_t x11_card_mask(const char *root, pid_t server);

#endif
