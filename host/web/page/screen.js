// SPDX-License-Identifier: LGPL-2.1-or-later
// A guest's screen on the page: the canvas and its size, the pointer above it, and where on the guest a point is.
import {Painter} from "./painter.js";

const SHAPES = 32;

export class Screen {
    // stage: what the canvas stands in and scrolls in. handlers: drawn(frame), broken(reason), hash(message).
    constructor(stage, handlers)
    {
        this.stage = stage;
        this.frame = stage.querySelector("[data-screen]");
        this.canvas = this.frame.querySelector("canvas");
        this.pointer = this.frame.querySelector("[data-pointer]");
        this.handlers = handlers;
        this.width = this.height = 0;
        this.origin = {x: 0, y: 0};
        this.mode = "fit";
        this.scale = 1;
        this.shapes = new Map();
        this.asked = new Map();
        this.probed = [];
        this.start_painter();
        new ResizeObserver(() => this.layout()).observe(stage);
    }

    start_painter()
    {
        if (this.canvas.transferControlToOffscreen && typeof Worker !== "undefined" && !new URL(location.href).searchParams.has("main")) {
            const worker = new Worker(new URL("painter.js", import.meta.url), {type: "module"});
            const canvas = this.canvas.transferControlToOffscreen();
            worker.onmessage = ({data}) => this.hear(data);
            worker.onerror = () => this.handlers.broken("the worker that draws has failed");
            worker.postMessage({t: "canvas", canvas}, [canvas]);
            this.post = (message, moved) => worker.postMessage(message, moved ?? []);
        } else {
            const painter = new Painter(this.canvas, message => this.hear(message));
            this.post = message => painter.take(message);
        }
    }

    hear(message)
    {
        if (message.t === "drawn")
            this.handlers.drawn(message.frame);
        else if (message.t === "broken")
            this.handlers.broken(message.reason);
        else if (message.t === "hash")
            this.handlers.hash(message);
        else if (message.t === "probe")
            this.probed.push({rgb: message.rgb, at: message.at});
        else if (message.t === "pixels")
            this.asked.get(message.id)?.(message);
    }

    size(message)
    {
        this.width = message.width;
        this.height = message.height;
        this.origin = {x: message.x ?? 0, y: message.y ?? 0};
        this.post({t: "size", width: message.width, height: message.height});
        this.layout();
    }

    rectangle(header)
    {
        const png = header.png.slice().buffer;
        this.post({t: "rectangle", frame: header.frame, last: header.last, x: header.x, y: header.y, width: header.width,
            height: header.height, png}, [png]);
    }

    verify(frame, wanted)
    {
        this.post({t: "hash", frame, wanted});
    }

    // After a loss nothing that came before it is gone on with.
    forget()
    {
        this.post({t: "forget"});
        this.point({shape: null});
    }

    // ---- size on the page ----

    zoom(mode)
    {
        this.mode = mode;
        this.layout();
    }

    layout()
    {
        this.stage.dataset.zoom = this.mode;
        if (!this.width)
            return;
        const room = {width: this.stage.clientWidth, height: this.stage.clientHeight};
        const fit = Math.max(0.05, Math.min(room.width / this.width, room.height / this.height, 4));
        const exact = 1 / devicePixelRatio;
        // A picture that fits nearly as it is stays as it is, and sharp.
        this.scale = this.mode === "one" || (fit >= exact && fit < exact * 1.25) ? exact : fit;
        this.frame.style.width = `${this.width * this.scale}px`;
        this.frame.style.height = `${this.height * this.scale}px`;
        // Whole multiples stay sharp; all else is smoothed.
        const factor = this.scale * devicePixelRatio;
        this.frame.classList.toggle("sharp", Math.abs(factor - Math.round(factor)) < 0.001 && factor >= 1);
        this.place_pointer();
    }

    // The guest's pixel under a point of the page, kept within the screen.
    pixel_at(event)
    {
        const box = this.frame.getBoundingClientRect();
        const inside = (value, size) => Math.max(0, Math.min(size - 1, Math.floor(value)));
        return {
            x: this.origin.x + inside((event.clientX - box.left) / this.scale, this.width),
            y: this.origin.y + inside((event.clientY - box.top) / this.scale, this.height),
        };
    }

    // ---- pointer ----

    async shape(header)
    {
        const bitmap = await createImageBitmap(new Blob([header.png], {type: "image/png"})).catch(() => null);
        if (!bitmap)
            return;
        // As many as the gateway keeps: it sends each once.
        if (this.shapes.size >= SHAPES)
            this.shapes.delete(this.shapes.keys().next().value);
        this.shapes.set(header.frame, {bitmap, x: header.x, y: header.y});
        this.show_pointer(this.at ?? {shape: null});
    }

    // Where it is now.
    point(message)
    {
        this.live = message;
        if (!this.is_past)
            this.show_pointer(message);
    }

    // Where it was; null: where it is now again.
    point_past(message)
    {
        this.is_past = message !== null;
        this.show_pointer(message ?? this.live ?? {shape: null});
    }

    show_pointer(message)
    {
        this.at = message;
        const shape = this.shapes.get(message.shape);
        this.pointer.hidden = !shape;
        if (!shape)
            return;
        if (this.pointer.shape !== shape) {
            this.pointer.shape = shape;
            this.pointer.width = shape.bitmap.width;
            this.pointer.height = shape.bitmap.height;
            this.pointer.getContext("2d").drawImage(shape.bitmap, 0, 0);
        }
        this.place_pointer();
    }

    place_pointer()
    {
        const shape = this.shapes.get(this.at?.shape);
        if (!shape)
            return;
        const style = this.pointer.style;
        style.width = `${shape.bitmap.width * this.scale}px`;
        style.height = `${shape.bitmap.height * this.scale}px`;
        style.transform = `translate(${(this.at.x - shape.x) * this.scale}px, ${(this.at.y - shape.y) * this.scale}px)`;
    }

    // ---- for tests ----

    pixels()
    {
        const id = Math.random();
        return new Promise(done => {
            this.asked.set(id, message => {
                this.asked.delete(id);
                done(message);
            });
            this.post({t: "pixels", id});
        });
    }
}
