// SPDX-License-Identifier: LGPL-2.1-or-later
// XXH64 (seed 0), by its specification, with pairs of 32 bits: BigInt is fifty times slower on a whole screen.

const P1 = [0x85ebca87, 0x9e3779b1];
const P2 = [0x27d4eb4f, 0xc2b2ae3d];
const B1 = 0x9e3779b185ebca87n, B2 = 0xc2b2ae3d27d4eb4fn, B3 = 0x165667b19e3779f9n, B4 = 0x85ebca77c2b2ae63n,
      B5 = 0x27d4eb2f165667c5n;
const MASK = (1n << 64n) - 1n;

const rotate = (value, bits) => ((value << bits) | (value >> (64n - bits))) & MASK;
const times = (a, b) => (a * b) & MASK;
const round = (lane, input) => times(rotate((lane + times(input, B2)) & MASK, 31n), B1);

let high = 0; // of the product; its lower half is what multiply returns

function multiply(low_a, high_a, low_b, high_b)
{
    const a0 = low_a & 0xffff, a1 = low_a >>> 16, b0 = low_b & 0xffff, b1 = low_b >>> 16;
    const first = a0 * b0;
    const second = a1 * b0 + (first >>> 16);
    const third = a0 * b1 + (second & 0xffff);
    high = (a1 * b1 + (second >>> 16) + (third >>> 16) + Math.imul(low_a, high_b) + Math.imul(high_a, low_b)) | 0;
    return (third << 16) | (first & 0xffff);
}

// Runs the four lanes over all whole stripes of 32 bytes. words: the data as little-endian words.
function stripes(words, count, lanes)
{
    for (let lane = 0; lane < 4; lane++) {
        let low = Number(lanes[lane] & 0xffffffffn) | 0;
        let top = Number(lanes[lane] >> 32n) | 0;
        for (let at = lane * 2; at < count * 8; at += 8) {
            const added = multiply(words[at] | 0, words[at + 1] | 0, P2[0] | 0, P2[1] | 0);
            const sum = (low >>> 0) + (added >>> 0);
            top = (top + high + (sum > 0xffffffff ? 1 : 0)) | 0;
            low = sum | 0;
            const turned = (low << 31) | (top >>> 1);
            top = (top << 31) | (low >>> 1);
            low = multiply(turned, top, P1[0] | 0, P1[1] | 0);
            top = high;
        }
        lanes[lane] = (BigInt(top >>> 0) << 32n) | BigInt(low >>> 0);
    }
}

// The hash of the first bytes of a buffer whose size is a multiple of 8.
function xxh64(buffer, size)
{
    const count = Math.floor(size / 32);
    const view = new DataView(buffer);
    let hash = B5;
    if (count) {
        const lanes = [(B1 + B2) & MASK, B2, 0n, (MASK + 1n - B1) & MASK];
        stripes(new Int32Array(buffer, 0, buffer.byteLength >> 2), count, lanes);
        hash = (rotate(lanes[0], 1n) + rotate(lanes[1], 7n) + rotate(lanes[2], 12n) + rotate(lanes[3], 18n)) & MASK;
        for (const lane of lanes)
            hash = (times(hash ^ round(0n, lane), B1) + B4) & MASK;
    }
    hash = (hash + BigInt(size)) & MASK;
    let at = count * 32;
    for (; at + 8 <= size; at += 8)
        hash = (times(rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n), B1) + B4) & MASK;
    for (; at + 4 <= size; at += 4)
        hash = (times(rotate(hash ^ times(BigInt(view.getUint32(at, true)), B1), 23n), B2) + B3) & MASK;
    for (; at < size; at++)
        hash = times(rotate(hash ^ times(BigInt(view.getUint8(at)), B5), 11n), B1);
    hash = times(hash ^ (hash >> 33n), B2);
    hash = times(hash ^ (hash >> 29n), B3);
    return hash ^ (hash >> 32n);
}

// A picture's hash as the agent tells it: that of the PPM file it would be.
export function hash_of(pixels)
{
    const {width, height, data} = pixels;
    const head = new TextEncoder().encode(`P6\n${width} ${height}\n255\n`);
    const size = head.length + width * height * 3;
    const bytes = new Uint8Array((size + 7) & ~7);
    bytes.set(head);
    for (let from = 0, to = head.length; from < data.length; from += 4) {
        bytes[to++] = data[from];
        bytes[to++] = data[from + 1];
        bytes[to++] = data[from + 2];
    }
    return `xxh64:${xxh64(bytes.buffer, size).toString(16).padStart(16, "0")}`;
}
