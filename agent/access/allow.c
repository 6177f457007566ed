/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/access/allow.h"
#include "agent/access/names.h"
#include "base/number.h"
#include "platform/address.h"
#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULE_MAX 255      /* bytes, DNS's own bound */
#define NAME_LABEL_MAX 63 /* bytes between two dots */

struct network {
    struct os_address address;
    unsigned bits; /* of 128 */
};

struct allow {
    struct network *networks; /* owned */
    size_t network_count;
    struct names *names; /* owned */
};

static bool same_network(const struct network *network, const struct os_address *address)
{
    unsigned whole = network->bits / 8, rest = network->bits % 8;
    if (memcmp(network->address.ip, address->ip, whole) != 0)
        return false;
    return rest == 0 || ((network->address.ip[whole] ^ address->ip[whole]) >> (8 - rest)) == 0;
}

/* ---- rules ---- */

/* Returns whether the last of a name's labels is a number, as in "10.1" or "0x7f.1": no such name exists, and the
   system's functions take it for an address in an old notation. */
static bool ends_in_a_number(const char *text)
{
    const char *dot = strrchr(text, '.');
    const char *last = dot ? dot + 1 : text;
    if (last[0] == '0' && (last[1] == 'x' || last[1] == 'X'))
        return last[2 + strspn(last + 2, "0123456789abcdefABCDEF")] == '\0';
    return *last && last[strspn(last, "0123456789")] == '\0';
}

static bool is_name(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    for (;;) {
        size_t len = strspn(text, letters);
        if (len == 0 || len > NAME_LABEL_MAX || *text == '-')
            return false;
        text += len;
        if (text[0] == '\0' || (text[0] == '.' && text[1] == '\0'))
            return true;
        if (*text++ != '.')
            return false;
    }
}

/* Parses an address, an IPv6 one also in brackets. */
static bool parse_address(const char *text, struct os_address *out)
{
    char inner[OS_ADDRESS_TEXT_SIZE];
    size_t len = strlen(text);
    if (text[0] != '[')
        return os_address_parse(text, out);
    if (len < 3 || len - 2 >= sizeof inner || text[len - 1] != ']')
        return false;
    snprintf(inner, sizeof inner, "%.*s", (int)(len - 2), text + 1);
    return strchr(inner, ':') && os_address_parse(inner, out);
}

/* Tells an address from a name. Returns 1 for an address, 0 for a name, negative for neither. */
static int parse_host(const char *text, struct os_address *out, struct error *err)
{
    if (!*text || strlen(text) > RULE_MAX)
        return error_set(err, ERR_INVALID, "a host must have 1 to %d characters", RULE_MAX);
    if (parse_address(text, out))
        return 1;
    if (strchr(text, ':') || text[0] == '[')
        return error_set(err, ERR_INVALID, "'%s' is not an address of IPv6%s", text,
                         strchr(text, '%') ? ": leave out the '%' and what follows" : "");
    if (ends_in_a_number(text))
        return error_set(err, ERR_INVALID,
                         "'%s' is not an address: that is four numbers from 0 to 255, without leading zeros", text);
    if (!is_name(text))
        return error_set(err, ERR_INVALID, "'%s' is neither an address nor a host's name", text);
    return 0;
}

/* Returns 1, unless a bit is set beyond those of the network: it would be ignored, and perhaps a host was meant. */
static int check_host_bits(const char *rule, const struct network *network, bool six, struct error *err)
{
    char text[OS_ADDRESS_TEXT_SIZE];
    struct os_address clean = network->address;
    for (unsigned bit = network->bits; bit < 128; bit++)
        clean.ip[bit / 8] &= (uint8_t)(0xffu ^ 0x80u >> bit % 8);
    if (memcmp(clean.ip, network->address.ip, sizeof clean.ip) == 0)
        return 1;
    os_address_text(&clean, text);
    unsigned bits = six ? network->bits : network->bits - 96;
    return error_set(err, ERR_INVALID, "'%s' is not a network: a bit beyond its first %u is set; %s%s/%u is one", rule,
                     bits, six && os_address_is_v4(&clean) ? "::ffff:" : "", text, bits);
}

/* Parses ADDRESS/BITS. Returns 1, or negative. */
static int parse_network(const char *rule, struct network *network, struct error *err)
{
    const char *slash = strchr(rule, '/'), *digits = slash + 1;
    char name[RULE_MAX + 1];
    uint64_t bits;
    snprintf(name, sizeof name, "%.*s", (int)(slash - rule), rule);
    bool six = strchr(name, ':') != NULL;
    uint64_t most = six ? 128 : 32;
    if (!os_address_parse(name, &network->address))
        return error_set(err, ERR_INVALID, "'%s' is not a network: '%s' is no address", rule, name);
    bool leading_zero = digits[0] == '0' && digits[1];
    if (leading_zero || !number_take(&digits, most, &bits) || *digits)
        return error_set(err, ERR_INVALID, "'%s' is not a network: '%s' is not a number from 0 to %u", rule, slash + 1,
                         (unsigned)most);
    network->bits = (unsigned)(bits + 128 - most);
    return check_host_bits(rule, network, six, err);
}

static int allow_add(struct allow *allow, const char *rule, struct error *err)
{
    struct network network = {.bits = 128};
    if (strlen(rule) > RULE_MAX)
        return error_set(err, ERR_INVALID, "a host must have 1 to %d characters", RULE_MAX);
    int got = strchr(rule, '/') ? parse_network(rule, &network, err) : parse_host(rule, &network.address, err);
    if (got < 0)
        return got;
    if (got == 0)
        return names_add(allow->names, rule, err);
    allow->networks[allow->network_count++] = network;
    return 0;
}

int allow_new(struct allow **out, const struct strlist *rules, struct error *err)
{
    static const char *const near[] = {"127.0.0.0/8",    "::1/128",        "10.0.0.0/8", "172.16.0.0/12",
                                       "192.168.0.0/16", "169.254.0.0/16", "fc00::/7",   "fe80::/10"};
    size_t count = rules->count ? rules->count : sizeof near / sizeof near[0];
    *out = NULL;
    struct allow *allow = calloc(1, sizeof *allow);
    if (allow)
        allow->networks = calloc(count, sizeof *allow->networks);
    int status = allow && allow->networks ? names_new(&allow->names, err)
                                          : error_set(err, ERR_NO_MEMORY, "no memory for who may connect");
    for (size_t i = 0; i < count && status == 0; i++)
        status = allow_add(allow, rules->count ? rules->items[i] : near[i], err);
    if (status)
        allow_free(allow);
    else
        *out = allow;
    return status;
}

void allow_free(struct allow *allow)
{
    if (!allow)
        return;
    names_free(allow->names);
    free(allow->networks);
    free(allow);
}

int allow_start(struct allow *allow, struct error *err)
{
    return names_start(allow->names, err);
}

int allow_check_host(const char *text, struct error *err)
{
    struct os_address ignored;
    if (strchr(text, ':'))
        return 0; /* it may have a scope, which only the system knows */
    int status = parse_host(text, &ignored, err);
    return status < 0 ? status : 0;
}

/* ---- peers ---- */

enum allow_answer allow_peer(struct allow *allow, const struct os_address *peer)
{
    for (size_t i = 0; i < allow->network_count; i++)
        if (same_network(&allow->networks[i], peer))
            return ALLOW_YES;
    bool all_tried = names_await(allow->names, os_deadline(0)); /* first, or an answer in between would be missed */
    if (names_have(allow->names, peer))
        return ALLOW_YES;
    return all_tried ? ALLOW_NO : ALLOW_NOT_YET;
}

bool allow_await_names(struct allow *allow, int64_t deadline_ms)
{
    return names_await(allow->names, deadline_ms);
}
