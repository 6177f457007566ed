// SPDX-License-Identifier: LGPL-2.1-or-later
// What is known of a guest beside its screen, in tabs: lines that are followed, lists that are read again, facts.
import {BASE} from "./socket.js";
import {Rows} from "./rows.js";
import {make} from "./states.js";

// A client that went away, in whichever way, is no fault of the guest's.
const CLIENT_LEFT = /: connection ended: /;
const WRONG = /\b(error|fail(ed|ure)?|refus(es|ed)|crash(ed)?|hang|hung|lost|fault)\b/i;
const READ_AGAIN_MS = 2000; // at the earliest, when the screen has changed

// ---- what a line looks like ----

function fill_log(row, line)
{
    const [, at, text] = /^(\d{4}-\d\d-\d\d[T ][\d:.]+Z?|[\d:.]{8,})\s(.*)$/.exec(line) ?? [null, "", line];
    if (at)
        row.append(make("span", "at", at.replace(/^\d{4}-\d\d-\d\d[T ]/, "")));
    row.append(make("span", "", text));
    row.classList.toggle("wrong", WRONG.test(text) && !CLIENT_LEFT.test(text));
}

function fill_event(row, line)
{
    const [, time, kind, ...text] = line.split("\t");
    if (kind === undefined)
        return fill_log(row, line);
    row.append(make("span", "at", clock(time)), make("span", "kind", kind), make("span", "", unescape_field(text.join(" "))));
    row.classList.toggle("wrong", kind === "crash" || WRONG.test(text.join(" ")));
    return undefined;
}

function clock(time)
{
    const seconds = Number(time);
    const date = new Date(Number.isFinite(seconds) && time !== "" ? seconds * (seconds > 1e11 ? 1 : 1000) : time);
    return Number.isNaN(date.getTime()) ? time : date.toLocaleTimeString();
}

// The agent's way to write what would break a line.
function unescape_field(text)
{
    const plain = {t: "\t", n: "\n", r: "\r", "\\": "\\"};
    return text.replace(/\\(t|n|r|\\)/g, (_, letter) => plain[letter]);
}

// ---- lists ----

const WINDOW_COLUMNS = ["Title", "Class", "PID", "Place"];

function windows_table(text, filter)
{
    const table = table_of(WINDOW_COLUMNS);
    for (const line of lines_of(text, filter).reverse()) { // the topmost first
        const [title, css, pid, place, visible, hangs, dialog] = line.split("\t").map(unescape_field);
        const row = table.tBodies[0].insertRow();
        const words = title || "(no title)";
        row.append(make("td", "", hangs === "1" ? `${words} (hangs)` : dialog ? `${words}\n${dialog}` : words), make("td", "", css),
            make("td", "num", pid), make("td", "num", place));
        row.classList.toggle("dim", visible === "0");
    }
    return table;
}

function table_of(columns)
{
    const table = make("table", "table");
    const head = table.createTHead().insertRow();
    for (const name of columns) {
        const cell = make("th", "", name);
        cell.scope = "col";
        head.append(cell);
    }
    table.createTBody();
    return table;
}

function lines_of(text, filter)
{
    return text.split("\n").filter(line => line && line.toLowerCase().includes(filter));
}

// The fields KEY=VALUE behind a line's kind.
function fields_of(line)
{
    const [kind, ...fields] = line.split("\t");
    const found = {kind, text: fields.join(" ")};
    for (const field of fields) {
        const at = field.indexOf("=");
        found[field.slice(0, at)] = unescape_field(field.slice(at + 1));
    }
    return found;
}

function duration(ms)
{
    const s = Number(ms) / 1000;
    return !ms || Number.isNaN(s) ? "" : s < 10 ? `${s.toFixed(1)} s` : s < 120 ? `${Math.round(s)} s` : `${Math.round(s / 60)} min`;
}

// What the agent has started, and below each its processes.
function processes_table(text, filter)
{
    const table = table_of(["Program", "PID", "State", "CPU"]);
    for (const line of lines_of(text, filter).map(fields_of)) {
        const row = table.tBodies[0].insertRow();
        const child = line.kind === "child";
        const known = child || line.kind === "process" || line.kind === "orphan";
        const word = child ? line.command ?? "" : known ? line.name ?? "" : "";
        const title = make("td", child ? "" : "inner", known ? `${word}${line.tag ? ` [${line.tag}]` : ""}` : `${line.kind}: ${line.text}`);
        const ended = line.state === "exited" ? `exited ${line.status ?? ""}` : line.state ?? "";
        const state = child && line["ran-ms"] && line.state === "running" ? `runs ${duration(line["ran-ms"])}` : ended;
        row.append(title, make("td", "num", line.pid ?? ""), make("td", "short", line.kind === "orphan" ? `left over, ${state}` : state),
            make("td", "num", duration(line["cpu-ms"])));
        row.classList.toggle("dim", child && line.state !== "running");
    }
    return table;
}

function console_text(text, filter)
{
    return make("pre", "console", filter ? lines_of(text, filter).join("\n") : text);
}

function facts_list(properties, filter)
{
    const list = make("dl", "facts");
    for (const [name, value] of Object.entries(properties ?? {}))
        if (`${name}\n${value}`.toLowerCase().includes(filter))
            list.append(make("dt", "", name), make("dd", "", String(value)));
    return list;
}

// ---- the tabs ----

const TABS = [
    {id: "log", word: "Log", follow: "log", fill: fill_log},
    {id: "events", word: "Events", follow: "events", fill: fill_event},
    {id: "processes", word: "Processes", path: "/processes", show: processes_table},
    {id: "windows", word: "Windows", file: ".periscope/windows.txt", show: windows_table},
    {id: "console", word: "Console", file: ".periscope/console.txt", show: console_text},
    {id: "facts", word: "Facts", show: facts_list},
];

export class Panel {
    // socket(): the page's connection. name: the guest's.
    constructor(name, socket)
    {
        const by_id = id => document.getElementById(id);
        [this.name, this.socket] = [name, socket];
        [this.content, this.find, this.again, this.more, this.list] = ["content", "find", "again", "more", "tabs"].map(by_id);
        this.text = null; // of the list that is shown
        this.read_at = 0;
        this.reading = null;
        this.id = 0; // of what is followed
        this.rows = null;
        this.make_tabs();
        this.find.addEventListener("input", () => this.filter());
        this.again.addEventListener("click", () => this.read());
        const wanted = new URL(location.href).hash.slice(1);
        this.select(TABS.find(tab => tab.id === wanted) ?? TABS[0]);
    }

    make_tabs()
    {
        for (const tab of TABS) {
            tab.button = make("button", "", tab.word);
            tab.button.id = `tab-${tab.id}`;
            tab.button.type = "button";
            tab.button.setAttribute("role", "tab");
            tab.button.setAttribute("aria-controls", "content");
            tab.button.addEventListener("click", () => this.select(tab));
            this.list.append(tab.button);
        }
        this.list.addEventListener("keydown", event => {
            const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
            if (!step)
                return;
            const next = TABS[(TABS.indexOf(this.tab) + step + TABS.length) % TABS.length];
            this.select(next);
            next.button.focus();
            event.preventDefault();
        });
    }

    select(tab)
    {
        if (tab === this.tab)
            return;
        this.unfollow();
        this.tab = tab;
        for (const other of TABS) {
            other.button.setAttribute("aria-selected", other === tab);
            other.button.tabIndex = other === tab ? 0 : -1;
        }
        tab.button.scrollIntoView({block: "nearest", inline: "nearest"});
        this.content.setAttribute("aria-labelledby", tab.button.id);
        this.again.hidden = tab.follow !== undefined;
        this.more.hidden = true;
        this.find.value = "";
        this.text = null;
        const address = new URL(location.href);
        address.hash = tab === TABS[0] ? "" : tab.id;
        history.replaceState(history.state, "", address);
        this.begin();
    }

    by_number(number)
    {
        if (TABS[number - 1])
            this.select(TABS[number - 1]);
    }

    begin()
    {
        this.blank("Loading…");
        if (!this.tab.follow) {
            this.read();
            return;
        }
        this.list_of_rows = make("div", "content");
        this.rows = null;
        this.follow();
    }

    blank(words)
    {
        this.content.replaceChildren(make("p", "blank", words));
    }

    // ---- followed lines ----

    // Begins to follow, again after the connection was lost.
    follow()
    {
        if (!this.tab.follow || document.hidden)
            return;
        this.id++;
        this.socket().send({t: "follow", id: this.id, guest: this.name, what: this.tab.follow});
    }

    unfollow()
    {
        if (this.tab?.follow)
            this.socket().send({t: "unfollow", id: this.id});
        this.rows = null;
    }

    lines(message)
    {
        if (message.id !== this.id || !this.tab.follow)
            return;
        if (!this.rows) {
            this.content.replaceChildren();
            const fill = this.tab.fill;
            this.rows = new Rows(this.content, this.more, fill);
            this.rows.next = message.offset;
            this.rows.filter(this.find.value);
        }
        this.rows.add(message.offset, message.text, message.bytes ?? new TextEncoder().encode(message.text).length);
    }

    ended(message)
    {
        if (message.id === this.id && !this.rows)
            this.blank(message.reason || "There is nothing to follow.");
        else if (message.id === this.id)
            this.rows.add_lines([`— ${message.reason || "the end"} —`]);
    }

    // ---- lists that are read ----

    // The screen stands still again: what is on it may be another.
    settled()
    {
        if (["windows", "console"].includes(this.tab.id) && performance.now() - this.read_at > READ_AGAIN_MS)
            this.read();
    }

    async read()
    {
        const tab = this.tab;
        if (tab.follow)
            return;
        this.reading?.abort();
        this.reading = new AbortController();
        this.read_at = performance.now();
        const path = tab.path ?? (tab.file ? "/file" : "");
        const address = new URL(`api/guests/${encodeURIComponent(this.name)}${path}`, BASE);
        if (tab.file)
            address.searchParams.set("path", tab.file);
        try {
            const answer = await fetch(address, {cache: "no-store", signal: this.reading.signal});
            const value = path || !answer.ok ? await answer.text() : (await answer.json()).properties;
            if (tab !== this.tab)
                return;
            if (answer.ok)
                this.show(value);
            else
                this.blank(value.trim() || `The gateway answers ${answer.status}.`);
        } catch (error) {
            if (error.name !== "AbortError" && tab === this.tab && this.text === null)
                this.blank("The gateway does not answer.");
        }
    }

    show(value)
    {
        this.text = value;
        const shown = this.tab.show(value, this.find.value.toLowerCase());
        const {scrollTop, scrollLeft} = this.content;
        this.content.replaceChildren(shown);
        if (!shown.textContent.trim() || (shown.tBodies && !shown.tBodies[0].rows.length))
            this.blank(this.find.value ? "Nothing has this text." : "There is nothing.");
        this.content.scrollTo(scrollLeft, scrollTop);
    }

    filter()
    {
        if (this.rows)
            this.rows.filter(this.find.value);
        else if (this.text !== null)
            this.show(this.text);
    }
}
