/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What kind of a graphics card a guest has, by its driver and its PCI ids. Memory in, values out. */
#ifndef CAPTURE_CARD_CLASS_H
#define CAPTURE_CARD_CLASS_H

#include "base/strlist.h"

#include <stdint.h>

/* In the order in which a person is taken to look at them. */
enum card_class {
    CARD_PASSED_THROUGH, /* hardware of its own, with a monitor that only the guest knows of */
    CARD_EMULATED,       /* the hypervisor's: its screen can be seen from outside as well */
    CARD_VIRTUAL,        /* made up in software within the guest */
};

/* What a card is known by. */
struct card_identity {
    char driver[32];         /* DRM's name for it; "" when not known */
    char pci[16];            /* 0000:01:00.0; "" when it is not on a PCI bus */
    uint16_t vendor, device; /* of PCI; 0 when not known */
};

/* "passed-through", "emulated", "virtual" */
const char *card_class_name(enum card_class class);

/* `rules` are texts "DRIVER=CLASS" that come first, the last of a driver winning; may be NULL. */
enum card_class card_class_find(const struct card_identity *identity, const struct strlist *rules);

#define CARD_CLASS_RULE_MAX 80 /* bytes */

/* Whether the text is a rule "DRIVER=CLASS", of at most CARD_CLASS_RULE_MAX bytes. */
bool card_class_is_rule(const char *text);

#endif
