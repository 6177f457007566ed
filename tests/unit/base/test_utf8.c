/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/utf8.h"
#include "tests/unit/check.h"

/* The codes of a text as hexadecimal numbers, "-" for an ill-formed part. */
static const char *codes(const char *bytes, size_t len)
{
    static char text[256];
    char *out = text;
    *out = '\0';
    for (size_t at = 0; at < len;) {
        uint32_t code;
        at += utf8_next((const uint8_t *)bytes + at, len - at, &code);
        out += code == UTF8_INVALID ? sprintf(out, "-") : sprintf(out, "%x", code);
        out += sprintf(out, at < len ? " " : "");
    }
    return text;
}
#define CODES(literal) codes(literal, sizeof(literal) - 1)

static void characters_of_every_length(void)
{
    CHECK_TEXT(CODES("A\x7f"), "41 7f");
    CHECK_TEXT(CODES("\xc2\x80\xdf\xbf"), "80 7ff");
    CHECK_TEXT(CODES("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"), "800 d7ff e000 ffff");
    CHECK_TEXT(CODES("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), "10000 10ffff");
}

/* Unicode 15.0, tables 3-8 to 3-11. */
static void ill_formed_parts_as_the_standard_shows_them(void)
{
    CHECK_TEXT(CODES("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41"), "- - - - - - - - 41");
    CHECK_TEXT(CODES("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41"), "- - - - - - - - 41");
    CHECK_TEXT(CODES("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42"), "- - - - - 41 - - 42");
    CHECK_TEXT(CODES("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"), "- - - - 41");
}

static void a_character_cut_by_the_end(void)
{
    CHECK_TEXT(CODES("\xe2\x82"), "-");
    CHECK_TEXT(CODES("\xf0\x9f\x98"), "-");
    CHECK_TEXT(CODES("\xc3"), "-");
}

static const char *printable(const char *from)
{
    static char text[64];
    strcpy(text, from);
    utf8_make_printable(text);
    return text;
}

static void printable_text_stays_and_the_rest_is_marked(void)
{
    CHECK_TEXT(printable("plain \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), "plain \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    CHECK_TEXT(printable("\x1b[2J\r\n\t\x7f"), "?[2J????");
    CHECK_TEXT(printable("\xc2\x9b"
                         "31m\xc2\x80\xc2\xa0"),
               "?31m?\xc2\xa0"); /* C1 controls, CSI among them */
    CHECK_TEXT(printable("\x9b"
                         "31m\xff\xe2\x82"),
               "?31m??");
    CHECK_TEXT(printable(""), "");
}

/* "cod.exe" with U+202E before its middle is shown as "codexe.": what a person reads is not what it is. */
static void what_turns_or_hides_text_is_marked(void)
{
    CHECK_TEXT(printable("a\xe2\x80\xae"
                         "b\xe2\x80\xaa"
                         "c\xe2\x81\xa6"
                         "d\xe2\x81\xa9"),
               "a?b?c?d?");                                                        /* overrides, embeddings, isolates */
    CHECK_TEXT(printable("\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c"), "???");              /* direction marks */
    CHECK_TEXT(printable("\xe2\x80\xa8\xe2\x80\xa9"), "??");                       /* line and paragraph */
    CHECK_TEXT(printable("\xe2\x80\x8b\xe2\x80\x8d\xef\xbb\xbf\xc2\xad"), "????"); /* invisible */
    CHECK_TEXT(printable("\xf3\xa0\x81\x81"), "?");                                /* a tag */
    CHECK_TEXT(printable("\xe2\x80\x90\xe2\x80\xa7\xe2\x80\xaf\xd7\x90"),
               "\xe2\x80\x90\xe2\x80\xa7\xe2\x80\xaf\xd7\x90");
}

int main(void)
{
    RUN(characters_of_every_length);
    RUN(ill_formed_parts_as_the_standard_shows_them);
    RUN(a_character_cut_by_the_end);
    RUN(printable_text_stays_and_the_rest_is_marked);
    RUN(what_turns_or_hides_text_is_marked);
    return CHECK_RESULT();
}
