// SPDX-License-Identifier: LGPL-2.1-or-later
// The last minutes of a screen, of what the gateway has sent to this page: nothing more is asked for.
import {make} from "./states.js";

const BOUNDS = {bytes: 64 << 20, ms: 10 * 60 * 1000, frames: 20000}; // of pictures that are kept
const TILE = 64; // pixels a side: what the gateway's rectangles are made of
const TELL_MS = 1000;

export class History {
    constructor(bounds = BOUNDS)
    {
        this.bounds = bounds;
        this.trimming = null;
        this.width = this.height = 0;
        this.clear();
    }

    clear()
    {
        this.frames = []; // {time, parts, bytes, pointer}, the oldest first
        this.parts = []; // of the frame that is coming
        this.bytes = 0;
        this.base = null; // a canvas with what was before the first of them
    }

    // Of another size nothing is kept.
    size(width, height)
    {
        if (width === this.width && height === this.height)
            return;
        [this.width, this.height] = [width, height];
        this.clear();
    }

    add(part, pointer, now = Date.now())
    {
        const blob = new Blob([part.png], {type: "image/png"});
        this.parts.push({x: part.x, y: part.y, width: part.width, height: part.height, blob});
        if (!part.last)
            return;
        const bytes = this.parts.reduce((sum, each) => sum + each.blob.size, 0);
        this.frames.push({time: now, parts: this.parts, bytes, pointer});
        this.parts = [];
        this.bytes += bytes;
        // A picture that can't be decoded makes all that is kept worth nothing; the screen is then asked for anew.
        this.trimming ??= this.trim(now).catch(() => this.clear()).finally(() => { this.trimming = null; });
    }

    // What is beyond the bounds goes, a good part at once, and becomes the ground that later rectangles are drawn on.
    async trim(now)
    {
        const {bytes, ms, frames: most} = this.bounds;
        const over = this.bytes > bytes || this.frames.length > most;
        let count = 0;
        let kept = this.bytes;
        while (count < this.frames.length - 1 && (this.frames[count].time < now - ms ||
            (over && (kept > bytes * 0.75 || this.frames.length - count > most * 0.75))))
            kept -= this.frames[count++].bytes;
        if (count === 0)
            return;
        const frames = this.frames;
        const ground = make("canvas");
        await this.draw(ground, frames[count - 1]);
        if (this.frames !== frames)
            return; // it begins anew meanwhile
        this.base = ground;
        this.bytes -= frames.splice(0, count).reduce((sum, each) => sum + each.bytes, 0);
    }

    // The rectangles that are still seen after a frame, the oldest first.
    seen(frame)
    {
        const columns = Math.ceil(this.width / TILE);
        const covered = new Uint8Array(columns * Math.ceil(this.height / TILE));
        const found = [];
        for (let i = this.frames.indexOf(frame); i >= 0; i--)
            for (const part of this.frames[i].parts.toReversed?.() ?? [...this.frames[i].parts].reverse())
                if (this.cover(part, covered, columns))
                    found.push(part);
        return found.reverse();
    }

    // Marks the tiles that lie whole in a rectangle; returns whether it touches one that was not.
    cover(part, covered, columns)
    {
        const end = (from, size, all) => from + size >= all ? Math.ceil(all / TILE) : (from + size) / TILE;
        const right = end(part.x, part.width, this.width);
        const bottom = end(part.y, part.height, this.height);
        let fresh = false;
        for (let row = Math.floor(part.y / TILE); row < bottom; row++)
            for (let column = Math.floor(part.x / TILE); column < right; column++) {
                const at = row * columns + column;
                fresh ||= !covered[at];
                if (row * TILE >= part.y && column * TILE >= part.x && row + 1 <= bottom && column + 1 <= right)
                    covered[at] = 1;
            }
        return fresh;
    }

    async draw(canvas, frame)
    {
        const parts = this.seen(frame);
        const bitmaps = await Promise.all(parts.map(part => createImageBitmap(part.blob, {colorSpaceConversion: "none", premultiplyAlpha: "none"})));
        [canvas.width, canvas.height] = [this.width, this.height];
        const context = canvas.getContext("2d", {alpha: false, willReadFrequently: true});
        if (this.base)
            context.drawImage(this.base, 0, 0);
        parts.forEach((part, i) => {
            context.drawImage(bitmaps[i], part.x, part.y);
            bitmaps[i].close();
        });
    }
}

const two = number => String(number).padStart(2, "0");

export class Rewind {
    // parts: {box, moment, when, earlier, later, live, button, past}. handlers: begin(), and pointer(message): that of a moment,
    // null: the live one.
    constructor(parts, handlers)
    {
        Object.assign(this, parts);
        this.handlers = handlers;
        this.history = new History();
        this.frame = null; // that is looked at; null: the live screen
        this.drawing = Promise.resolve();
        this.button.addEventListener("click", () => this.on ? this.leave() : this.enter());
        this.live.addEventListener("click", () => this.leave());
        this.earlier.addEventListener("click", () => this.step(-1));
        this.later.addEventListener("click", () => this.step(1));
        this.moment.addEventListener("input", () => this.look(this.history.frames[Number(this.moment.value)]));
    }

    get on()
    {
        return this.frame !== null;
    }

    size(message)
    {
        this.history.size(message.width, message.height);
        if (this.on && !this.history.frames.length)
            this.leave();
    }

    add(header, pointer)
    {
        this.history.add(header, pointer);
        this.button.disabled = this.history.frames.length < 2;
        if (this.on && header.last)
            this.tell();
    }

    forget()
    {
        this.leave();
        this.history.clear();
        this.button.disabled = true;
    }

    // Begins with the change before the last.
    enter()
    {
        const {frames} = this.history;
        if (frames.length < 2)
            return;
        this.handlers.begin();
        this.box.hidden = false;
        this.button.setAttribute("aria-pressed", "true");
        document.body.classList.add("rewound");
        this.timer = setInterval(() => this.tell(), TELL_MS);
        this.look(frames[frames.length - 2]);
    }

    leave()
    {
        if (!this.on)
            return;
        this.frame = null;
        clearInterval(this.timer);
        this.box.hidden = this.past.hidden = true;
        this.button.setAttribute("aria-pressed", "false");
        document.body.classList.remove("rewound");
        this.handlers.pointer(null);
    }

    step(by)
    {
        const {frames} = this.history;
        if (!this.on)
            return by < 0 ? this.enter() : undefined;
        const next = frames[Math.max(0, frames.indexOf(this.frame)) + by];
        return next ? this.look(next) : undefined;
    }

    look(frame)
    {
        this.frame = frame ?? null;
        if (!frame)
            return;
        this.tell();
        // Of a slider that moves only the place where it is now is drawn.
        this.drawing = this.drawing.then(async () => {
            if (this.frame !== frame)
                return;
            await this.history.draw(this.past, frame);
            this.past.hidden = !this.on;
            if (this.on)
                this.handlers.pointer(frame.pointer ?? {shape: null});
        }).catch(error => console.warn(`periscope: ${error}`));
    }

    tell()
    {
        const {frames} = this.history;
        const place = frames.indexOf(this.frame);
        if (place < 0) // older than what is kept
            return frames.length ? this.look(frames[0]) : this.leave();
        const time = new Date(this.frame.time);
        const ago = Math.round((Date.now() - this.frame.time) / 1000);
        this.moment.max = frames.length - 1;
        this.moment.value = place;
        this.earlier.disabled = place === 0;
        this.later.disabled = place === frames.length - 1;
        this.when.textContent = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}, ` +
            `${ago < 100 ? `${ago} s` : `${Math.round(ago / 60)} min`} ago`;
        this.moment.setAttribute("aria-valuetext", `${this.when.textContent}, change ${place + 1} of ${frames.length}`);
        return undefined;
    }
}
