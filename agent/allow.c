/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/allow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULE_NAME_MAX 255 /* bytes, DNS's own bound */
#define RULE_ADDRESSES 64 /* of one name */

struct network {
    struct os_address address;
    unsigned bits; /* of 128 */
};

static bool same_network(const struct network *network, const struct os_address *address)
{
    unsigned whole = network->bits / 8, rest = network->bits % 8;
    if (memcmp(network->address.ip, address->ip, whole) != 0)
        return false;
    return rest == 0 || ((network->address.ip[whole] ^ address->ip[whole]) >> (8 - rest)) == 0;
}

static bool is_v4(const struct os_address *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(address->ip, mapped, sizeof mapped) == 0;
}

/* Parses ADDRESS/BITS. Returns 1 for a network, 0 when the rule has no '/', negative when it is wrong. */
static int parse_network(const char *rule, struct network *network, struct error *err)
{
    const char *slash = strchr(rule, '/');
    char name[RULE_NAME_MAX + 1], *end;
    if (!slash)
        return 0;
    snprintf(name, sizeof name, "%.*s", (int)(slash - rule), rule);
    if (strspn(name, "0123456789abcdefABCDEF.:") != strlen(name) || os_resolve(name, &network->address, 1, NULL) != 1)
        return error_set(err, ERR_INVALID, "'%s' is not a network: '%s' is no address", rule, name);
    unsigned long bits = strtoul(slash + 1, &end, 10), most = is_v4(&network->address) ? 32 : 128;
    if (end == slash + 1 || *end || slash[1] < '0' || slash[1] > '9' || bits > most)
        return error_set(err, ERR_INVALID, "'%s' is not a network: '%s' is not a number from 0 to %lu", rule, slash + 1,
                         most);
    network->bits = (unsigned)(bits + 128 - most);
    return 1;
}

int allow_check_rule(const char *rule, struct error *err)
{
    struct network network;
    if (!*rule || strlen(rule) > RULE_NAME_MAX)
        return error_set(err, ERR_INVALID, "a host to allow must have 1 to %d characters", RULE_NAME_MAX);
    int status = parse_network(rule, &network, err);
    return status < 0 ? status : 0;
}

static bool rule_matches(const char *rule, const struct os_address *peer)
{
    struct network network;
    struct os_address addresses[RULE_ADDRESSES];
    if (parse_network(rule, &network, NULL) == 1)
        return same_network(&network, peer);
    int count = os_resolve(rule, addresses, RULE_ADDRESSES, NULL);
    for (int i = 0; i < count; i++)
        if (memcmp(addresses[i].ip, peer->ip, sizeof peer->ip) == 0)
            return true;
    return false;
}

bool allow_peer(const struct strlist *rules, const struct os_address *peer)
{
    static const char *const near[] = {"127.0.0.0/8",    "::1/128",        "10.0.0.0/8", "172.16.0.0/12",
                                       "192.168.0.0/16", "169.254.0.0/16", "fc00::/7",   "fe80::/10"};
    if (rules->count == 0) {
        for (size_t i = 0; i < sizeof near / sizeof near[0]; i++)
            if (rule_matches(near[i], peer))
                return true;
        return false;
    }
    for (size_t i = 0; i < rules->count; i++)
        if (rule_matches(rules->items[i], peer))
            return true;
    return false;
}
