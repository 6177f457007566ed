/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/choice.h"
#include "capture/drm/backend.h"
#include "capture/drm/sysfs.h"

#include <stdlib.h>

void drm_look(const char *root, const struct strlist *card_classes, struct choice_scene *scene)
{
    unsigned numbers[DRM_CARDS_MAX];
    size_t count = drm_sysfs_cards(root, numbers);
    for (size_t i = 0; i < count && scene->card_count < CHOICE_CARDS_MAX; i++) {
        struct choice_card *card = &scene->cards[scene->card_count++];
        *card = (struct choice_card){.number = numbers[i]};
        drm_sysfs_identify(root, numbers[i], &card->identity);
        card->class = card_class_find(&card->identity, card_classes);
        card->active_outputs = drm_sysfs_lit_count(root, numbers[i]);
        card->has_text = drm_sysfs_has_console(root, numbers[i]);
    }
}
