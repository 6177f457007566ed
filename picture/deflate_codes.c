/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/deflate_codes.h"

#include <stdbool.h>
#include <string.h>

#define LENGTH_MAX 15
#define FIRST_LENGTH 257
#define HEAD_SYMBOLS 19
#define HEAD_BITS 7 /* the longest code of a code's length */

/* ---- lengths of codes ---- */

struct weighed {
    uint32_t weight; /* then a parent, then a depth */
    uint16_t symbol;
};

/* Sorts by weight, then by symbol. Weights are few where a block is short, and many are equal: so the gaps are small. */
static void sort_weighed(struct weighed *items, size_t count)
{
    static const size_t gaps[] = {132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++)
        for (size_t gap = gaps[g], i = gap; i < count; i++) {
            struct weighed item = items[i];
            size_t place = i;
            for (; place >= gap && items[place - gap].weight > item.weight; place -= gap)
                items[place] = items[place - gap];
            items[place] = item;
        }
}

/* Joins the two lightest again and again, where the joined ones stand in order too; leaves each join's parent. */
static void join_weights(struct weighed *items, size_t count)
{
    size_t leaf = 0, root = 0;
    for (size_t next = 0; next + 1 < count; next++) {
        uint32_t sum = 0;
        for (int side = 0; side < 2; side++) {
            if (leaf >= count || (root < next && items[root].weight < items[leaf].weight)) {
                sum += items[root].weight;
                items[root++].weight = (uint32_t)next;
            } else {
                sum += items[leaf++].weight;
            }
        }
        items[next].weight = sum;
    }
}

/* Counts the codes of each length from the parents; those that would be longer than the limit are counted there. */
static void count_lengths(struct weighed *items, size_t count, unsigned limit, uint32_t *of_length)
{
    uint32_t inner_here = 1, depth = 0;
    size_t inner = count - 1; /* the joins before it are to come */
    items[count - 2].weight = 0;
    for (size_t i = count - 2; i-- > 0;)
        items[i].weight = items[items[i].weight].weight + 1;
    for (size_t left = count; left > 0; depth++) {
        uint32_t inner_next = 0;
        while (inner > 0 && items[inner - 1].weight == depth) {
            inner--;
            inner_next++;
        }
        uint32_t leaves = inner_here - inner_next;
        of_length[depth < limit ? depth : limit] += leaves;
        left -= leaves;
        inner_here = 2 * inner_next;
    }
}

/* Makes room for the codes that were cut: each turn lengthens the longest that can be, and gains one at the limit. */
static void settle_lengths(uint32_t *of_length, unsigned limit)
{
    uint32_t used = 0;
    for (unsigned length = 1; length <= limit; length++)
        used += of_length[length] << (limit - length);
    for (; used > 1u << limit; used--) {
        unsigned length = limit - 1;
        while (of_length[length] == 0)
            length--;
        of_length[length]--;
        of_length[length + 1] += 2;
        of_length[limit]--;
    }
}

/* Returns the weight of a code of about the longest that there may be: rarer symbols get no longer ones, and the others
   pay for it evenly. */
static uint32_t least_weight(const uint32_t *counts, size_t symbols, unsigned limit)
{
    uint64_t all = 0;
    for (size_t i = 0; i < symbols; i++)
        all += counts[i];
    return (uint32_t)(all >> limit);
}

void huffman_lengths(uint8_t *lengths, const uint32_t *counts, size_t symbols, unsigned limit)
{
    struct weighed items[DEFLATE_SYMBOLS + 2];
    uint32_t of_length[LENGTH_MAX + 1] = {0};
    uint16_t order[DEFLATE_SYMBOLS];
    size_t count = 0;
    uint32_t least = least_weight(counts, symbols, limit);
    memset(lengths, 0, symbols);
    for (size_t i = 0; i < symbols; i++)
        if (counts[i] > 0)
            items[count++] = (struct weighed){counts[i] > least ? counts[i] : least, (uint16_t)i};
    if (count < 2) {
        if (count == 1)
            lengths[items[0].symbol] = 1;
        return;
    }
    sort_weighed(items, count);
    for (size_t i = 0; i < count; i++)
        order[i] = items[i].symbol;
    join_weights(items, count);
    count_lengths(items, count, limit, of_length);
    settle_lengths(of_length, limit);
    for (unsigned length = limit, next = 0; length > 0; length--)
        for (uint32_t i = 0; i < of_length[length]; i++)
            lengths[order[next++]] = (uint8_t)length;
}

/* ---- codes ---- */

static uint32_t reverse_bits(uint32_t bits, unsigned count)
{
    bits = (bits & 0x5555) << 1 | (bits >> 1 & 0x5555);
    bits = (bits & 0x3333) << 2 | (bits >> 2 & 0x3333);
    bits = (bits & 0x0f0f) << 4 | (bits >> 4 & 0x0f0f);
    bits = (bits & 0x00ff) << 8 | (bits >> 8 & 0x00ff);
    return bits >> (16 - count);
}

void huffman_codes(huffman_code *codes, const uint8_t *lengths, size_t symbols)
{
    uint32_t of_length[LENGTH_MAX + 1] = {0}, next[LENGTH_MAX + 1] = {0};
    for (size_t i = 0; i < symbols; i++)
        of_length[lengths[i]]++;
    of_length[0] = 0;
    for (unsigned length = 1; length <= LENGTH_MAX; length++)
        next[length] = (next[length - 1] + of_length[length - 1]) << 1;
    for (size_t i = 0; i < symbols; i++)
        codes[i] = lengths[i] ? reverse_bits(next[lengths[i]]++, lengths[i]) << 6 | lengths[i] : 0;
}

void block_code_dynamic(struct block_code *code, const uint32_t *counts)
{
    huffman_lengths(code->lengths, counts, DEFLATE_SYMBOLS, DEFLATE_CODE_BITS);
    huffman_lengths(code->lengths + DEFLATE_SYMBOLS, counts + DEFLATE_SYMBOLS, DEFLATE_DISTANCES,
                    DEFLATE_DISTANCE_BITS);
}

void block_code_fixed(struct block_code *code)
{
    memset(code->lengths, 8, 144);
    memset(code->lengths + 144, 9, 256 - 144);
    memset(code->lengths + 256, 7, 280 - 256);
    memset(code->lengths + 280, 8, DEFLATE_SYMBOLS - 280);
    memset(code->lengths + DEFLATE_SYMBOLS, 5, DEFLATE_DISTANCES);
}

void block_code_finish(struct block_code *code)
{
    huffman_codes(code->codes, code->lengths, DEFLATE_SYMBOLS);
    huffman_codes(code->codes + DEFLATE_SYMBOLS, code->lengths + DEFLATE_SYMBOLS, DEFLATE_DISTANCES);
}

uint64_t block_code_cost(const struct block_code *code, const uint32_t *counts)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < DEFLATE_ALL_SYMBOLS; i++)
        bits += (uint64_t)counts[i] * code->lengths[i];
    for (unsigned i = FIRST_LENGTH; i < DEFLATE_LENGTHS_END; i++)
        bits += (uint64_t)counts[i] * match_extra(i);
    for (unsigned i = 0; i < DEFLATE_DISTANCES; i++)
        bits += (uint64_t)counts[DEFLATE_SYMBOLS + i] * distance_extra(i);
    return bits;
}

/* ---- the head of a dynamic block ---- */

struct head {
    uint8_t symbols[DEFLATE_ALL_SYMBOLS];
    uint8_t extra[DEFLATE_ALL_SYMBOLS]; /* the value of a repetition's extra bits */
    size_t count;
    uint32_t counts[HEAD_SYMBOLS];
};

static void head_add(struct head *head, unsigned symbol, unsigned extra)
{
    head->symbols[head->count] = (uint8_t)symbol;
    head->extra[head->count++] = (uint8_t)extra;
    head->counts[symbol]++;
}

/* Adds a run of equal lengths, by repetitions where they pay: 17 and 18 are zeros, 16 is the length before. */
static void head_add_run(struct head *head, unsigned length, size_t run)
{
    if (length > 0 && run > 0) {
        head_add(head, length, 0);
        run--;
    }
    while (run >= 3) {
        size_t most = length > 0 ? 6 : 138, step = run < most ? run : most;
        if (length > 0)
            head_add(head, 16, (unsigned)step - 3);
        else if (step > 10)
            head_add(head, 18, (unsigned)step - 11);
        else
            head_add(head, 17, (unsigned)step - 3);
        run -= step;
    }
    for (; run > 0; run--)
        head_add(head, length, 0);
}

static unsigned head_extra_bits(unsigned symbol)
{
    return symbol == 16 ? 2 : symbol == 17 ? 3 : symbol == 18 ? 7 : 0;
}

/* Lists lengths up to the last that is used, `least` of them at least. Returns how many there are. */
static unsigned head_list(struct head *head, const uint8_t *lengths, unsigned least, unsigned count)
{
    while (count > least && lengths[count - 1] == 0)
        count--;
    for (size_t i = 1, run = 1; i <= count; i++, run++)
        if (i == count || lengths[i] != lengths[i - 1]) {
            head_add_run(head, lengths[i - 1], run);
            run = 0;
        }
    return count;
}

unsigned block_code_head(struct bit_writer *writer, const struct block_code *code, int last)
{
    static const uint8_t order[HEAD_SYMBOLS] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    struct head head = {.count = 0};
    uint8_t lengths[HEAD_SYMBOLS];
    huffman_code codes[HEAD_SYMBOLS];
    unsigned symbols = head_list(&head, code->lengths, FIRST_LENGTH, DEFLATE_SYMBOLS), sent = HEAD_SYMBOLS;
    unsigned distances = head_list(&head, code->lengths + DEFLATE_SYMBOLS, 1, DEFLATE_DISTANCES);
    huffman_lengths(lengths, head.counts, HEAD_SYMBOLS, HEAD_BITS);
    huffman_codes(codes, lengths, HEAD_SYMBOLS);
    while (lengths[order[sent - 1]] == 0)
        sent--;
    unsigned bits = 17 + 3 * sent;
    for (size_t i = 0; i < head.count; i++)
        bits += lengths[head.symbols[i]] + head_extra_bits(head.symbols[i]);
    if (!writer)
        return bits;
    bit_add(writer, (unsigned)last | 2u << 1 | (symbols - FIRST_LENGTH) << 3 | (distances - 1) << 8 | (sent - 4) << 13,
            17);
    for (size_t i = 0; i < sent; i++) {
        bit_flush(writer);
        bit_add(writer, lengths[order[i]], 3);
    }
    for (size_t i = 0; i < head.count; i++) {
        unsigned symbol = head.symbols[i];
        bit_flush(writer);
        bit_add(writer, codes[symbol] >> 6, lengths[symbol]);
        bit_add(writer, head.extra[i], head_extra_bits(symbol));
    }
    bit_flush(writer);
    return bits;
}
