/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/card_class.h"

#include <string.h>

static const char *const names[] = {
    [CARD_PASSED_THROUGH] = "passed-through", [CARD_EMULATED] = "emulated", [CARD_VIRTUAL] = "virtual"};
#define CLASS_COUNT (sizeof names / sizeof *names)

static const struct {
    const char *driver;
    enum card_class class;
} drivers[] = {
    {"bochs-drm", CARD_EMULATED},
    {"cirrus", CARD_EMULATED},
    {"qxl", CARD_EMULATED},
    {"virtio_gpu", CARD_EMULATED},
    {"vmwgfx", CARD_EMULATED},
    {"vboxvideo", CARD_EMULATED},
    {"hyperv_drm", CARD_EMULATED},
    {"simpledrm", CARD_EMULATED},
    {"ofdrm", CARD_EMULATED},
    {"efidrm", CARD_EMULATED},
    {"vesadrm", CARD_EMULATED},
    {"xendrm-du", CARD_EMULATED},
    {"ast", CARD_EMULATED},
    {"mgag200", CARD_EMULATED},
    {"vkms", CARD_VIRTUAL},
    {"vgem", CARD_VIRTUAL},
    {"udl", CARD_VIRTUAL},
    {"evdi", CARD_VIRTUAL},
    {"gud", CARD_VIRTUAL},
    {"amdgpu", CARD_PASSED_THROUGH},
    {"radeon", CARD_PASSED_THROUGH},
    {"nvidia-drm", CARD_PASSED_THROUGH},
    {"nouveau", CARD_PASSED_THROUGH},
    {"i915", CARD_PASSED_THROUGH},
    {"xe", CARD_PASSED_THROUGH},
};

/* Returns whether a hypervisor emulates the card, whatever its driver is (IDs from the PCI ID Repository). */
static bool is_hypervisor_card(const struct card_identity *identity)
{
    static const uint16_t vendors[] = {
        0x1234, /* QEMU's standard VGA */
        0x1af4, /* virtio */
        0x1b36, /* Red Hat: qxl */
        0x15ad, /* VMware */
        0x80ee, /* VirtualBox */
        0x1414, /* Hyper-V */
        0x5853, /* Xen */
        0x1ab8, /* Parallels */
    };
    for (size_t i = 0; i < sizeof vendors / sizeof *vendors; i++)
        if (identity->vendor == vendors[i])
            return true;
    return identity->vendor == 0x1013 && identity->device == 0x00b8; /* Cirrus' GD 5446, as QEMU has it */
}

const char *card_class_name(enum card_class class)
{
    return names[class];
}

static bool parse_class(const char *text, enum card_class *class)
{
    for (size_t i = 0; i < CLASS_COUNT; i++)
        if (strcmp(text, names[i]) == 0) {
            *class = (enum card_class)i;
            return true;
        }
    return false;
}

bool card_class_is_rule(const char *text)
{
    enum card_class class;
    const char *equals = strchr(text, '=');
    return equals && equals > text && strlen(text) <= CARD_CLASS_RULE_MAX && parse_class(equals + 1, &class);
}

bool card_class_rule_is_of(const char *rule, const char *driver)
{
    size_t len = strlen(driver);
    return len > 0 && strncmp(rule, driver, len) == 0 && rule[len] == '=';
}

static bool find_rule(const char *driver, const struct strlist *rules, enum card_class *class)
{
    for (size_t i = rules ? rules->count : 0; i-- > 0;)
        if (card_class_rule_is_of(rules->items[i], driver) && parse_class(strchr(rules->items[i], '=') + 1, class))
            return true;
    return false;
}

enum card_class card_class_find(const struct card_identity *identity, const struct strlist *rules)
{
    enum card_class class;
    if (find_rule(identity->driver, rules, &class))
        return class;
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
        if (strcmp(identity->driver, drivers[i].driver) == 0)
            return drivers[i].class;
    return is_hypervisor_card(identity) ? CARD_EMULATED : CARD_PASSED_THROUGH;
}
