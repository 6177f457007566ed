// SPDX-License-Identifier: LGPL-2.1-or-later
// Draws what the gateway sends of a screen, in its order, a frame at a time; in a worker where there is OffscreenCanvas.
import {hash_of} from "./xxh64.js";

export class Painter {
    // report({t, …}): drawn {frame}, broken {reason}, hash {hash, frame}, pixels {…}, probe {rgb, at}
    constructor(canvas, report)
    {
        this.canvas = canvas;
        // In memory: its pixels are read back at each stillness, and what a GPU would make of them is not this page's.
        this.context = canvas.getContext("2d", {alpha: false, willReadFrequently: true});
        this.report = report;
        this.size = null;
        this.parts = [];
        this.queue = Promise.resolve();
        this.probe = null;
    }

    take(message)
    {
        if (message.t === "rectangle")
            return this.rectangle(message);
        // Each waits for all that came before it.
        this.queue = this.queue.then(() => this.perform(message));
        return undefined;
    }

    // Decoding begins at once, and many may be decoded side by side; drawing is in order, and a frame's at one go.
    rectangle(part)
    {
        const blob = new Blob([part.png], {type: "image/png"});
        const bitmap = createImageBitmap(blob, {colorSpaceConversion: "none", premultiplyAlpha: "none"});
        bitmap.catch(() => {}); // told when its turn comes
        this.parts.push({...part, png: null, bitmap});
        if (!part.last)
            return;
        const parts = this.parts;
        this.parts = [];
        this.queue = this.queue.then(() => this.frame(parts)).catch(error => this.report({t: "broken", reason: String(error)}));
    }

    async frame(parts)
    {
        const bitmaps = await Promise.all(parts.map(part => part.bitmap));
        parts.forEach((part, i) => {
            if (bitmaps[i].width !== part.width || bitmaps[i].height !== part.height)
                throw new Error(`a picture of ${bitmaps[i].width}x${bitmaps[i].height} for a rectangle of ${part.width}x${part.height}`);
        });
        this.resize();
        parts.forEach((part, i) => {
            this.context.drawImage(bitmaps[i], part.x, part.y);
            bitmaps[i].close();
        });
        this.report({t: "drawn", frame: parts[parts.length - 1].frame});
        this.look();
    }

    // Not before there is something to draw: a canvas of another size is empty.
    resize()
    {
        if (this.size && (this.canvas.width !== this.size.width || this.canvas.height !== this.size.height))
            [this.canvas.width, this.canvas.height] = [this.size.width, this.size.height];
        this.size = null;
    }

    read(x = 0, y = 0, width = this.canvas.width, height = this.canvas.height)
    {
        return this.context.getImageData(x, y, width, height);
    }

    // For measurements: when a pixel became another, at the time when the browser was about to show it.
    look()
    {
        if (!this.probe)
            return;
        const {x, y} = this.probe;
        const rgb = [...this.read(x, y, 1, 1).data.slice(0, 3)].join(",");
        if (rgb === this.probe.rgb)
            return;
        this.probe.rgb = rgb;
        requestAnimationFrame(() => this.report({t: "probe", rgb, at: performance.timeOrigin + performance.now()}));
    }

    perform(message)
    {
        switch (message.t) {
        case "size":
            this.size = {width: message.width, height: message.height};
            break;
        case "hash":
            this.report({t: "hash", frame: message.frame, wanted: message.wanted, hash: hash_of(this.read())});
            break;
        case "pixels": {
            const {width, height, data} = this.read();
            this.report({t: "pixels", id: message.id, width, height, data});
            break;
        }
        case "probe":
            this.probe = {x: message.x, y: message.y};
            break;
        case "forget":
            this.parts = [];
            break;
        }
    }
}

// In a worker the first message brings the canvas.
if (typeof WorkerGlobalScope !== "undefined") {
    let painter = null;
    self.onmessage = ({data}) => {
        if (data.t === "canvas")
            painter = new Painter(data.canvas, message => self.postMessage(message));
        else
            painter.take(data);
    };
}
