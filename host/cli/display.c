/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/display.h"

#include "base/number.h"

#include <string.h>

static const char *const class_names[] = {"unknown", "emulated", "passed-through", "virtual"};

static void display_set(struct display *display, const char *key, size_t len, const char *value)
{
    const struct {
        const char *key;
        const char **value;
    } known[] = {{"name", &display->name},       {"geometry", &display->geometry}, {"mode", &display->mode},
                 {"backend", &display->backend}, {"driver", &display->driver},     {"pci", &display->pci},
                 {"class", &display->class}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].key) == len && memcmp(known[i].key, key, len) == 0)
            *known[i].value = value;
}

/* Takes a fact "display.N.KEY=VALUE"; ignores others. */
static void displays_take_fact(struct displays *displays, const char *fact)
{
    static const char prefix[] = "display.";
    uint64_t number;
    if (strncmp(fact, prefix, sizeof prefix - 1) != 0)
        return;
    fact += sizeof prefix - 1;
    if (!number_take(&fact, DISPLAYS_MAX - 1, &number) || *fact++ != '.')
        return;
    size_t len = strcspn(fact, "=");
    if (fact[len] != '=')
        return;
    display_set(&displays->items[number], fact, len, fact + len + 1);
    if (number >= displays->count)
        displays->count = (size_t)number + 1;
}

void displays_take(struct displays *displays, struct periscope_strings *facts)
{
    memset(displays, 0, sizeof *displays);
    displays->facts = *facts;
    *facts = (struct periscope_strings){0};
    for (size_t i = 0; i < displays->facts.count; i++)
        displays_take_fact(displays, displays->facts.items[i]);
}

void displays_deinit(struct displays *displays)
{
    periscope_strings_free(&displays->facts);
    displays->count = 0;
}

enum display_class display_class(const struct display *display)
{
    for (size_t i = 0; display && display->class && i < sizeof class_names / sizeof *class_names; i++)
        if (strcmp(display->class, class_names[i]) == 0)
            return (enum display_class)i;
    return DISPLAY_UNKNOWN;
}

const char *display_class_name(enum display_class class)
{
    return class_names[class];
}

static bool display_matches(const struct display *display, const char *name, const char *pci)
{
    return (!name && !pci) || (name && display->name && strcmp(display->name, name) == 0) ||
           (pci && display->pci && strcmp(display->pci, pci) == 0);
}

/* Returns the first class of the matching outputs. *found_pci, if not NULL, becomes the PCI address of the first of
   them. */
static enum display_class displays_find_class(const struct displays *displays, const char *name, const char *pci,
                                              const char **found_pci)
{
    for (size_t i = 0; i < displays->count; i++) {
        const struct display *display = &displays->items[i];
        if (!display_matches(display, name, pci))
            continue;
        if (found_pci && !*found_pci)
            *found_pci = display->pci;
        if (display_class(display) != DISPLAY_UNKNOWN)
            return display_class(display);
    }
    return DISPLAY_UNKNOWN;
}

enum display_class displays_class(const struct displays *displays, const char *name)
{
    const char *pci = NULL;
    enum display_class class = displays_find_class(displays, name, NULL, &pci);
    return class == DISPLAY_UNKNOWN && name && pci ? displays_find_class(displays, NULL, pci, NULL) : class;
}
