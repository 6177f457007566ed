/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sums are those of FIPS 180-2's examples, and of coreutils' sha256sum. */
#include "tests/unit/check.h"

#include "base/sha256.h"

static const char *sum_of(const void *bytes, size_t len, size_t step)
{
    static char text[SHA256_TEXT_SIZE];
    struct sha256 sum;
    sha256_init(&sum);
    for (size_t at = 0; at < len; at += step)
        sha256_add(&sum, (const char *)bytes + at, len - at < step ? len - at : step);
    sha256_text(&sum, text);
    return text;
}

static void published_sums(void)
{
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    CHECK_TEXT(sum_of("", 0, 1), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK_TEXT(sum_of("abc", 3, 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK_TEXT(sum_of(two_blocks, 56, 56), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void million_bytes_in_any_steps(void)
{
    static const char want[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    static const size_t steps[] = {1, 63, 64, 65, 1000, 1000000};
    static char bytes[1000000];
    memset(bytes, 'a', sizeof bytes);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        CHECK_TEXT(sum_of(bytes, sizeof bytes, steps[i]), want);
}

/* The sum of sums of 0 to 200 bytes, so that each place of the padding is met. */
static void every_length_of_the_last_block(void)
{
    char bytes[200], text[SHA256_TEXT_SIZE];
    struct sha256 all;
    memset(bytes, 0xa5, sizeof bytes);
    sha256_init(&all);
    for (size_t len = 0; len <= sizeof bytes; len++)
        sha256_add(&all, sum_of(bytes, len, 7), SHA256_TEXT_SIZE - 1);
    sha256_text(&all, text);
    CHECK_TEXT(text, "90619f45c6b71fab6fec99077a193e731254d5fe061c6b8356b5121351d06815");
}

int main(void)
{
    RUN(published_sums);
    RUN(million_bytes_in_any_steps);
    RUN(every_length_of_the_last_block);
    return CHECK_RESULT();
}
