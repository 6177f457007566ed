/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The class of a guest's graphics card, from its driver and its PCI IDs. Memory in, values out. */
#ifndef CAPTURE_CARD_CLASS_H
#define CAPTURE_CARD_CLASS_H

#include "base/strlist.h"

#include <stdint.h>

/* In the order in which a person is assumed to look at them. */
enum card_class {
    CARD_PASSED_THROUGH, /* real hardware, with a monitor that only the guest knows */
    CARD_EMULATED,       /* emulated by the hypervisor: its screen is visible from outside as well */
    CARD_VIRTUAL,        /* a software device within the guest */
};

/* What identifies a card. */
struct card_identity {
    char driver[32];         /* its name in DRM; "" when unknown */
    char pci[16];            /* 0000:01:00.0; "" when it is not on a PCI bus */
    uint16_t vendor, device; /* PCI IDs; 0 when unknown */
};

/* Returns "passed-through", "emulated" or "virtual". */
const char *card_class_name(enum card_class class);

/* Finds the class of a card. `rules` (may be NULL) are texts "DRIVER=CLASS" that take precedence; the last one of a
   driver wins. */
enum card_class card_class_find(const struct card_identity *identity, const struct strlist *rules);

#define CARD_CLASS_RULE_MAX 80 /* bytes */

/* Returns whether the text is a rule "DRIVER=CLASS" of at most CARD_CLASS_RULE_MAX bytes. */
bool card_class_is_rule(const char *text);

/* Returns whether a rule is of the driver's cards. */
bool card_class_rule_is_of(const char *rule, const char *driver);

#endif
