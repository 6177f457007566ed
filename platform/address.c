/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/address.h"

#include "base/number.h"

#include <string.h>

#define NO_GAP SIZE_MAX /* no "::" yet */

static const uint8_t v4_mapped[OS_ADDRESS_V4_AT] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool os_address_is_v4(const struct os_address *address)
{
    return memcmp(address->ip, v4_mapped, sizeof v4_mapped) == 0;
}

bool os_address_is_loopback(const struct os_address *address)
{
    static const struct os_address v6 = {{[15] = 1}};
    return os_address_is_v4(address) ? address->ip[OS_ADDRESS_V4_AT] == 127
                                     : memcmp(address->ip, v6.ip, sizeof v6.ip) == 0;
}

void os_address_set_v4(struct os_address *out, const void *ip)
{
    memcpy(out->ip, v4_mapped, sizeof v4_mapped);
    memcpy(out->ip + OS_ADDRESS_V4_AT, ip, sizeof out->ip - OS_ADDRESS_V4_AT);
}

static bool parse_v4(const char *text, uint8_t ip[4])
{
    for (int i = 0; i < 4; i++) {
        uint64_t value;
        bool leading_zero = text[0] == '0' && text[1] >= '0' && text[1] <= '9';
        if (leading_zero || !number_take(&text, 255, &value) || *text++ != (i < 3 ? '.' : '\0'))
            return false;
        ip[i] = (uint8_t)value;
    }
    return true;
}

/* Takes one to four hexadecimal digits. */
static bool take_group(const char **text, uint8_t group[2])
{
    unsigned value = 0;
    size_t len = strspn(*text, "0123456789abcdefABCDEF");
    if (len < 1 || len > 4)
        return false;
    for (; len > 0; len--) {
        unsigned char c = (unsigned char)*(*text)++;
        value = value * 16 + (c <= '9' ? c - (unsigned)'0' : (c | 0x20u) - 'a' + 10u);
    }
    group[0] = (uint8_t)(value >> 8);
    group[1] = (uint8_t)value;
    return true;
}

/* Takes the colon behind a group, or the "::" there, whose place it keeps in *gap. */
static bool take_colon(const char **text, size_t len, size_t *gap)
{
    if (*(*text)++ != ':')
        return false;
    if (**text != ':')
        return **text != '\0';
    if (*gap != NO_GAP)
        return false;
    *gap = len;
    (*text)++;
    return true;
}

/* Moves what follows the "::" to the end, with at least one group of zeros before it. */
static bool fill_gap(uint8_t ip[16], size_t len, size_t gap)
{
    if (gap == NO_GAP)
        return len == 16;
    if (len == 16)
        return false;
    memmove(ip + 16 - (len - gap), ip + gap, len - gap);
    memset(ip + gap, 0, 16 - len);
    return true;
}

static bool parse_v6(const char *text, uint8_t ip[16])
{
    size_t len = 0, gap = NO_GAP;
    if (strncmp(text, "::", 2) == 0) {
        gap = 0;
        text += 2;
    }
    while (*text) {
        if (!strchr(text, ':') && strchr(text, '.')) {
            if (len > 12 || !parse_v4(text, ip + len))
                return false;
            len += 4;
            break;
        }
        if (len > 14 || !take_group(&text, ip + len))
            return false;
        len += 2;
        if (*text && !take_colon(&text, len, &gap))
            return false;
    }
    return fill_gap(ip, len, gap);
}

bool os_address_parse(const char *text, struct os_address *out)
{
    uint8_t ip[16] = {0};
    bool six = strchr(text, ':') != NULL;
    if (!(six ? parse_v6(text, ip) : parse_v4(text, ip)))
        return false;
    if (six)
        memcpy(out->ip, ip, sizeof ip);
    else
        os_address_set_v4(out, ip);
    return true;
}
