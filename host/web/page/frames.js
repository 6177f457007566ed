// SPDX-License-Identifier: LGPL-2.1-or-later
// The binary messages of the gateway: a header of 20 bytes, a guest's name, a PNG.

export const KIND = {rectangle: 1, thumbnail: 2, shape: 3};
const HEADER = 20;

// What a message says, or null where it is none: a length that does not fit is never followed.
export function read_header(data)
{
    if (data.byteLength < HEADER)
        return null;
    const view = new DataView(data);
    const named = view.getUint16(2);
    const size = view.getUint32(16);
    if (HEADER + named + size !== data.byteLength)
        return null;
    return {
        kind: view.getUint8(0),
        last: (view.getUint8(1) & 1) !== 0,
        frame: view.getUint32(4),
        x: view.getUint16(8), y: view.getUint16(10), width: view.getUint16(12), height: view.getUint16(14),
        name: new TextDecoder().decode(new Uint8Array(data, HEADER, named)),
        png: new Uint8Array(data, HEADER + named, size),
    };
}
