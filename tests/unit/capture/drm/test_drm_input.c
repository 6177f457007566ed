/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Actions as hosts send them, what is held by them, and the keys of characters. */
#include "capture/drm/uinput.h"
#include "tests/unit/check.h"

static char done[512]; /* what the calls were told */

static int note(char kind, int a)
{
    size_t len = strlen(done);
    snprintf(done + len, sizeof done - len, "%c%d ", kind, a);
    return 0;
}

static int note_pair(char kind, int a, int b)
{
    size_t len = strlen(done);
    snprintf(done + len, sizeof done - len, "%c%d,%d ", kind, a, b);
    return 0;
}

static int fake_key(void *context, const struct key *key, bool down, struct error *err)
{
    (void)err;
    if (context && down)
        return error_set(err, ERR_UNAVAILABLE, "blocked: by the test");
    return note(down ? 'k' : 'K', key->evdev);
}

static int fake_button(void *context, enum input_button button, bool down, struct error *err)
{
    (void)context, (void)err;
    return note(down ? 'b' : 'B', (int)button);
}

static int fake_move(void *context, int32_t x, int32_t y, struct error *err)
{
    (void)context, (void)err;
    return note_pair('m', x, y);
}

static int fake_wheel(void *context, int32_t dx, int32_t dy, struct error *err)
{
    (void)context, (void)err;
    return note_pair('w', dx, dy);
}

static int fake_text(void *context, const char *text, struct error *err)
{
    (void)context, (void)err;
    return note('t', (int)strlen(text));
}

static const struct hands_calls calls = {fake_key, fake_button, fake_move, fake_wheel, fake_text};

/* Does the actions, which are separated by blanks. */
static int act(struct hands *hands, const char *actions, void *fails, struct error *err)
{
    struct strlist texts = {0};
    struct input_list list;
    char copy[256];
    snprintf(copy, sizeof copy, "%s", actions);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        strlist_add(&texts, word);
    done[0] = '\0';
    int status = input_list_parse(&list, &texts, err);
    if (status == 0)
        status = hands_do(hands, &list, &calls, fails, err);
    input_list_deinit(&list);
    strlist_deinit(&texts);
    return status;
}

static void actions_are_done_in_order(void)
{
    struct hands hands = {0};
    struct error err;
    CHECK_INT(act(&hands, "key=KeyA,press text=äb button=forward,click move=65535,0 wheel=-100,7", NULL, &err), 0);
    CHECK_TEXT(done, "k30 K30 t3 b4 B4 m65535,0 w-100,7 ");
}

static void what_is_held_is_let_go_once(void)
{
    struct hands hands = {0};
    struct error err;
    CHECK_INT(act(&hands, "key=KeyA,down key=F5,down key=F5,up button=left,down key=KeyB,up", NULL, &err), 0);
    CHECK_INT(act(&hands, "release=all", NULL, &err), 0);
    CHECK_TEXT(done, "B0 K30 ");
    CHECK_INT(act(&hands, "release=all", NULL, &err), 0);
    CHECK_TEXT(done, "");
}

static void what_failed_is_not_held(void)
{
    struct hands hands = {0};
    struct error err;
    CHECK_INT(act(&hands, "key=KeyA,down key=KeyB,down", "fails", &err), ERR_UNAVAILABLE);
    CHECK_INT(hands_release(&hands, &calls, NULL, &err), 0);
    CHECK_TEXT(done, "");
}

static void mistakes_are_named_before_anything_is_done(void)
{
    static const char *const wrong[] = {"key=",
                                        "key=KeyA",
                                        "key=KeyA,",
                                        "key=keya,press",
                                        "key=KeyA,click",
                                        "move=1",
                                        "move=1,",
                                        "move=+1,2",
                                        "move=65536,0",
                                        "move=0,-1",
                                        "move=1,2,3",
                                        "button=left,press",
                                        "button=lef,click",
                                        "wheel=1",
                                        "wheel=101,0",
                                        "wheel=--1,0",
                                        "release=",
                                        "text=\x01",
                                        "text=\xff",
                                        "text=\x7f",
                                        "Text=a",
                                        "driver=x",
                                        "="};
    struct hands hands = {0};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct error err = {0};
        char both[64];
        snprintf(both, sizeof both, "key=KeyA,press %s", wrong[i]);
        CHECK_INT(act(&hands, both, NULL, &err), ERR_INVALID);
        CHECK_TEXT(done, "");
        CHECK(strncmp(err.text, "input: ", 7) == 0);
    }
}

static void each_key_has_one_number_of_each_kind(void)
{
    for (size_t i = 0; i < all_keys_count; i++) {
        CHECK(key_find(all_keys[i].code, strlen(all_keys[i].code)) == &all_keys[i]);
        CHECK(all_keys[i].evdev > 0 && all_keys[i].evdev < 248); /* X has no more */
        for (size_t j = i + 1; j < all_keys_count; j++)
            CHECK(all_keys[i].evdev != all_keys[j].evdev && all_keys[i].scan != all_keys[j].scan);
        if (all_keys[i].evdev <= 58) /* both are the places of the first PC's keyboard */
            CHECK_INT(all_keys[i].scan, all_keys[i].evdev);
    }
    CHECK(all_keys_count <= HANDS_KEYS_MAX);
}

static void characters_have_the_keys_of_a_us_keyboard(void)
{
    static const struct {
        uint32_t character;
        const char *code;
        bool shift;
    } some[] = {{'a', "KeyA", false},  {'Z', "KeyZ", true},      {'0', "Digit0", false},
                {')', "Digit0", true}, {'~', "Backquote", true}, {'\\', "Backslash", false},
                {' ', "Space", false}, {'\n', "Enter", false},   {'?', "Slash", true},
                {'"', "Quote", true},  {'\t', "Tab", false},     {'{', "BracketLeft", true}};
    bool shift;
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        const struct key *key = uinput_key_of(some[i].character, &shift);
        CHECK_TEXT(key ? key->code : NULL, some[i].code);
        CHECK(shift == some[i].shift);
    }
    for (uint32_t code = ' '; code < 0x7f; code++)
        CHECK(uinput_key_of(code, &shift));
    CHECK(!uinput_key_of(0, &shift) && !uinput_key_of(0xe4, &shift) && !uinput_key_of(0x7f, &shift));
}

int main(void)
{
    RUN(actions_are_done_in_order);
    RUN(what_is_held_is_let_go_once);
    RUN(what_failed_is_not_held);
    RUN(mistakes_are_named_before_anything_is_done);
    RUN(each_key_has_one_number_of_each_kind);
    RUN(characters_have_the_keys_of_a_us_keyboard);
    return CHECK_RESULT();
}
