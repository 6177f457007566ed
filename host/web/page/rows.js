// SPDX-License-Identifier: LGPL-2.1-or-later
// A list of lines of which only those in view exist, followed at its end until somebody scrolls away from there.
import {make} from "./states.js";

const ROW = 20; // pixels, as in guest.css
const SPARE = 12; // rows above and below
const KEPT = 50000;

export class Rows {
    // list: what scrolls. more: a button that tells of new lines and leads to them. fill(element, line): a row's content.
    constructor(list, more, fill)
    {
        [this.list, this.more, this.fill] = [list, more, fill];
        this.lines = [];
        this.matching = null;
        this.text = "";
        this.partial = "";
        this.next = 0;
        this.gone = 0;
        this.followed = true;
        this.fresh = 0;
        this.timer = 0;
        this.body = make("div", "rows");
        list.replaceChildren(this.body);
        list.addEventListener("scroll", () => this.scrolled(), {passive: true});
        more.addEventListener("click", () => this.to_end());
        new ResizeObserver(() => this.later()).observe(list);
    }

    // Text from an offset on; another offset than the expected one begins anew.
    add(offset, text, bytes)
    {
        if (offset !== this.next)
            this.clear();
        this.next = offset + bytes;
        const parts = (this.partial + text).split("\n");
        this.partial = parts.pop();
        this.add_lines(parts);
    }

    add_lines(lines)
    {
        for (const line of lines)
            this.lines.push(line);
        if (this.lines.length > KEPT * 1.1) {
            this.gone += this.lines.length - KEPT;
            this.lines.splice(0, this.lines.length - KEPT);
        }
        if (!this.followed)
            this.fresh += lines.length;
        this.matching = null;
        this.later();
    }

    clear()
    {
        this.lines = [];
        this.partial = "";
        this.matching = null;
        this.gone = this.fresh = 0;
        this.followed = true;
        this.later();
    }

    filter(text)
    {
        this.text = text.toLowerCase();
        this.matching = null;
        this.later();
    }

    shown()
    {
        if (!this.text)
            return this.lines;
        this.matching ??= this.lines.filter(line => line.toLowerCase().includes(this.text));
        return this.matching;
    }

    scrolled()
    {
        const list = this.list;
        this.followed = list.scrollTop + list.clientHeight >= list.scrollHeight - ROW;
        if (this.followed)
            this.fresh = 0;
        this.later();
    }

    to_end()
    {
        this.followed = true;
        this.fresh = 0;
        this.later();
    }

    later()
    {
        if (!this.timer)
            this.timer = requestAnimationFrame(() => { this.timer = 0; this.draw(); });
    }

    draw()
    {
        const list = this.list;
        if (!list.clientHeight)
            return;
        const lines = this.shown();
        this.body.style.height = `${lines.length * ROW}px`;
        if (this.followed)
            list.scrollTop = lines.length * ROW;
        const first = Math.max(0, Math.floor(list.scrollTop / ROW) - SPARE);
        const last = Math.min(lines.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + SPARE);
        const rows = [];
        for (let i = first; i < last; i++) {
            const row = make("div", "row");
            row.style.top = `${i * ROW}px`;
            this.fill(row, lines[i]);
            rows.push(row);
        }
        this.body.replaceChildren(...rows);
        this.more.hidden = this.followed;
        this.more.textContent = this.fresh ? `${this.fresh} new ↓` : "To the end ↓";
    }
}
