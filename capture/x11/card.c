/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/card.h"

#include "capture/linux/card.h"
#include "capture/x11/server/proc.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CARDS_MAX 64 /* cardN with N below */

/* Returns N of a link to /dev/dri/cardN, or -1. */
static long x11_card_of_link(const char *link)
{
    const char *prefix = "/dev/dri/card";
    long card = strncmp(link, prefix, strlen(prefix)) == 0 ? x11_parse_number(link + strlen(prefix)) : -1;
    return card < CARDS_MAX ? card : -1;
}

static bool x11_add_card(const char *target, void *context)
{
    long card = x11_card_of_link(target);
    if (card >= 0)
        *(uint64_t *)context |= (uint64_t)1 << card;
    return false;
}

uint64_t x11_card_mask(const char *root, pid_t pid)
{
    uint64_t cards = 0;
    x11_each_file(root, pid, x11_add_card, &cards);
    return cards;
}

static bool x11_has_kernel_connector(const char *root, int card, const char *type, const char *rest)
{
    char path[PATH_MAX];
    return x11_path(path, sizeof path, "%s/sys/class/drm/card%d-%s%s", root, card, type, rest) &&
           access(path, F_OK) == 0;
}

/* Returns whether the card has the output's connector. Xorg calls the kernel's HDMI-A-1 HDMI-1. DVI-I, DVI-D and DP
   have the same names in both. */
static bool x11_has_connector(const char *root, int card, const char *output)
{
    if (strchr(output, '/'))
        return false;
    return x11_has_kernel_connector(root, card, "", output) ||
           (strncmp(output, "HDMI-", 5) == 0 && x11_has_kernel_connector(root, card, "HDMI-A-", output + 5));
}

/* Returns the number of the output's card, -1 when it is ambiguous or unknown. */
static int x11_choose_card(const char *root, uint64_t cards, const char *output)
{
    int chosen = -1;
    bool several = (cards & (cards - 1)) != 0;
    for (int card = 0; card < CARDS_MAX; card++) {
        if (!(cards >> card & 1) || (several && !x11_has_connector(root, card, output)))
            continue;
        if (chosen >= 0)
            return -1;
        chosen = card;
    }
    return chosen;
}

bool x11_card_find(const char *root, uint64_t cards, const char *output, struct card_identity *card)
{
    *card = (struct card_identity){.driver = ""};
    if (cards == 0)
        return false;
    int number = x11_choose_card(root, cards, output);
    if (number >= 0)
        linux_card_identify(root, (unsigned)number, card);
    return true;
}

bool x11_card_is_output(uint64_t cards, const char *kernel_name, const char *output)
{
    unsigned card;
    int len = 0;
    if (sscanf(kernel_name, "card%2u-%n", &card, &len) != 1 || len == 0 || card >= CARDS_MAX || !(cards >> card & 1))
        return false;
    const char *connector = kernel_name + len;
    if (strcmp(connector, output) == 0)
        return true;
    return strncmp(connector, "HDMI-A-", 7) == 0 && strncmp(output, "HDMI-", 5) == 0 &&
           strcmp(connector + 7, output + 5) == 0;
}
