// SPDX-License-Identifier: LGPL-2.1-or-later
// The wall: a tile for each guest, of which only those in view cost anything.
import {ATTENTION, STATES, make, shape_of, show_state, show_time, state_of, tell_times, test_of} from "./states.js";
import {BASE, Banner, Socket, forget_token} from "./socket.js";
import {read_header} from "./frames.js";

const SAY_EVERY_MS = 2500;
const NEAR = "160px 0px"; // how near to the viewport a tile counts as in view

const by_id = id => document.getElementById(id);
const wall = by_id("wall");
const tiles = new Map(); // name -> Tile
const shown = {text: "", states: new Set(), sort: "name"};
let order = [];
let listed = false;
let socket = null;

// ---- a tile ----

class Tile {
    constructor(guest)
    {
        this.element = make("li", "tile");
        this.link = make("a");
        this.link.href = new URL(`guest/${encodeURIComponent(guest.name)}`, BASE);
        this.link.tabIndex = -1;
        this.view = make("div", "view");
        this.canvas = null;
        this.empty = make("div", "empty");
        this.view.append(this.empty);
        const about = make("div", "about");
        this.name = make("span", "name", guest.name);
        this.name.title = guest.name;
        this.state = make("span", "state");
        this.what = make("span", "what");
        this.time = make("time");
        about.append(this.name, this.state, this.what, this.time);
        this.link.append(this.view, about);
        this.element.append(this.link);
        this.element.tile = this;
        this.in_view = false;
        this.update(guest);
        seen.observe(this.element);
    }

    update(guest)
    {
        this.guest = guest;
        this.searched = [guest.name, guest.address, guest.test, guest.group, guest.gpu, ...(guest.reasons ?? [])].join("\n").toLowerCase();
        show_state(this.state, guest);
        this.element.classList.toggle("trouble", ATTENTION.has(guest.state));
        const words = this.words();
        if (this.what.textContent !== words) {
            this.what.textContent = words;
            this.what.title = words;
        }
        this.what.classList.toggle("test", guest.test !== null && guest.test !== undefined);
        show_time(this.time, guest.lastChange ?? guest.since);
        this.tell_picture();
    }

    // What stands below the name: not what already stands in place of the picture.
    words()
    {
        const {reasons, gpu, group, address} = this.guest;
        return test_of(this.guest) ?? (this.bare() ? null : reasons?.[0]) ?? gpu ?? group ?? address ?? "";
    }

    gone()
    {
        return ["off", "refused", "unknown"].includes(this.guest.state);
    }

    bare()
    {
        return !this.canvas || this.gone();
    }

    // Where no picture is shown, or only an old one, words say why.
    tell_picture()
    {
        const bare = this.bare();
        this.canvas?.classList.toggle("old", this.gone());
        this.empty.hidden = !bare;
        const key = `${this.guest.state} ${this.guest.reasons?.[0] ?? ""}`;
        if (!bare || this.told === key)
            return;
        this.told = key;
        const words = make("span", "", this.guest.reasons?.[0] || state_of(this.guest).hint);
        this.empty.replaceChildren(shape_of(this.guest.state), words);
    }

    async draw(png, number)
    {
        let bitmap;
        try {
            bitmap = await createImageBitmap(new Blob([png], {type: "image/png"}));
        } catch (error) {
            console.warn("periscope: a thumbnail that can't be decoded");
            return;
        }
        if (number < (this.drawn ?? 0))
            return; // a newer one was quicker
        this.drawn = number;
        if (!this.canvas) {
            this.canvas = make("canvas");
            this.canvas.setAttribute("role", "presentation");
            this.view.prepend(this.canvas);
            this.update(this.guest);
        }
        if (this.canvas.width !== bitmap.width || this.canvas.height !== bitmap.height)
            [this.canvas.width, this.canvas.height] = [bitmap.width, bitmap.height];
        this.canvas.getContext("2d").drawImage(bitmap, 0, 0);
        bitmap.close();
        this.tell_picture();
    }

    matches()
    {
        return (!shown.states.size || shown.states.has(this.guest.state)) && this.searched.includes(shown.text);
    }

    remove()
    {
        seen.unobserve(this.element);
        this.element.remove();
    }
}

// ---- what is in view ----

let view_timer = 0;
let view_sent = null;
let thumbnails = 0;

const seen = new IntersectionObserver(entries => {
    for (const entry of entries)
        if (entry.target.tile)
            entry.target.tile.in_view = entry.isIntersecting;
    view_changed();
}, {rootMargin: NEAR});

function view_changed()
{
    clearTimeout(view_timer);
    view_timer = setTimeout(send_view, 80);
}

function send_view(force)
{
    const view = document.hidden ? [] : order.filter(tile => tile.in_view && !tile.element.hidden).map(tile => tile.guest.name);
    const key = JSON.stringify(view);
    if (!force && key === view_sent)
        return;
    if (socket.send({t: "wall", view}))
        view_sent = key;
}

// ---- order and filter ----

const NAMES = new Intl.Collator(undefined, {numeric: true, sensitivity: "base"});
const COMPARE = {
    name: (a, b) => NAMES.compare(a.name, b.name),
    state: (a, b) => state_of(a).rank - state_of(b).rank || NAMES.compare(a.name, b.name),
    change: (a, b) => (b.lastChange ?? 0) - (a.lastChange ?? 0) || NAMES.compare(a.name, b.name),
    group: (a, b) => NAMES.compare(a.group ?? "", b.group ?? "") || NAMES.compare(a.name, b.name),
};

// Puts the tiles in order. One that moves under a hand or the focus would be missed, so that waits.
function arrange(now)
{
    if (!now && (wall.matches(":hover") || wall.contains(document.activeElement))) {
        arrange_later();
        return;
    }
    order = [...tiles.values()].sort((a, b) => COMPARE[shown.sort](a.guest, b.guest));
    const wanted = [];
    let group = null;
    for (const tile of order) {
        if (shown.sort === "group" && (tile.guest.group ?? "") !== group && tile.matches()) {
            group = tile.guest.group ?? "";
            wanted.push(make("li", "group", group || "No group"));
        }
        wanted.push(tile.element);
    }
    const moved = wanted.length !== wall.children.length || wanted.some((element, i) => wall.children[i] !== element);
    if (moved)
        wall.replaceChildren(...wanted);
    one_in_tab_order();
}

let arrange_timer = 0;
function arrange_later()
{
    if (!arrange_timer)
        arrange_timer = setTimeout(() => { arrange_timer = 0; arrange(false); }, 3000);
}

function filter()
{
    let count = 0;
    for (const tile of tiles.values()) {
        tile.element.hidden = !tile.matches();
        count += !tile.element.hidden;
    }
    chips();
    tell_sum(count);
    notice(count);
    one_in_tab_order();
    view_changed();
}

function chips()
{
    const counts = new Map();
    for (const tile of tiles.values())
        if (tile.searched.includes(shown.text))
            counts.set(tile.guest.state, (counts.get(tile.guest.state) ?? 0) + 1);
    for (const [state, about] of Object.entries(STATES)) {
        const chip = chip_of(state, about);
        const count = counts.get(state) ?? 0;
        chip.hidden = !count && !shown.states.has(state);
        chip.setAttribute("aria-pressed", shown.states.has(state));
        chip.querySelector("b").textContent = count;
    }
}

function chip_of(state, about)
{
    const known = by_id("chips").querySelector(`[data-chip="${state}"]`);
    if (known)
        return known;
    const chip = make("button", "chip");
    chip.type = "button";
    chip.dataset.chip = state;
    chip.dataset.tone = about.tone;
    chip.append(shape_of(state), make("span", "word", about.word), make("b"));
    chip.addEventListener("click", () => {
        if (!shown.states.delete(state))
            shown.states.add(state);
        keep_in_address();
        filter();
        arrange(true);
    });
    by_id("chips").append(chip);
    return chip;
}

function tell_sum(count)
{
    const trouble = [...tiles.values()].filter(tile => ATTENTION.has(tile.guest.state)).length;
    const all = tiles.size === 1 ? "1 guest" : `${tiles.size} guests`;
    const words = [count === tiles.size ? all : `${count} of ${all}`];
    if (trouble)
        words.push(" · ", make("strong", "", trouble === 1 ? "1 needs a look" : `${trouble} need a look`));
    by_id("sum").replaceChildren(...words);
    document.title = trouble ? `(${trouble}) Periscope` : "Periscope";
}

function notice(count)
{
    const box = by_id("notice");
    box.hidden = count > 0 || !listed;
    if (box.hidden)
        return;
    if (!tiles.size) {
        box.replaceChildren(shape_of("off"), make("h2", "", "No guests yet"),
            make("p", "", "Name them in the configuration of periscope serve, one a line, and they appear here:"),
            make("code", "", "guest = win10-1 192.168.122.11:9000\nguest = debian12 testhost group=linux"));
        return;
    }
    const clear = make("button", "button", "Show all");
    clear.type = "button";
    clear.addEventListener("click", clear_filter);
    box.replaceChildren(shape_of("unknown"), make("h2", "", "No guest matches"),
        make("p", "", `None of ${tiles.size} has this text and one of the chosen states.`), clear);
}

function no_access()
{
    wall.replaceChildren();
    by_id("notice").replaceChildren(shape_of("refused"), make("h2", "", "No access"),
        make("p", "", "periscope serve prints an address with a token; it lets one browser in, once."));
    by_id("notice").hidden = false;
}

function clear_filter()
{
    shown.text = "";
    by_id("filter").value = "";
    shown.states.clear();
    keep_in_address();
    filter();
    arrange(true);
}

// ---- the address has the filter, so that it can be sent on, and the way back leads to the same wall ----

function keep_in_address()
{
    const address = new URL(location.href);
    const set = (key, value) => value ? address.searchParams.set(key, value) : address.searchParams.delete(key);
    set("q", shown.text);
    set("state", [...shown.states].join(","));
    set("sort", shown.sort === "name" ? "" : shown.sort);
    history.replaceState(history.state, "", address);
}

function read_address()
{
    const given = new URL(location.href).searchParams;
    shown.text = (given.get("q") ?? "").toLowerCase();
    shown.states = new Set((given.get("state") ?? "").split(",").filter(state => STATES[state]));
    shown.sort = COMPARE[given.get("sort")] ? given.get("sort") : "name";
    by_id("filter").value = shown.text;
    by_id("sort").value = shown.sort;
}

// ---- what the gateway says ----

const said = {timer: 0, words: []};

// Tells changes of states to screen readers, several in one sentence, and not more often than can be listened to.
function say(words)
{
    said.words.push(words);
    if (said.timer)
        return;
    said.timer = setTimeout(() => {
        const words = said.words;
        by_id("said").textContent = words.length <= 3 ? words.join(". ") : `${words.slice(-2).join(". ")}, and ${words.length - 2} other changes`;
        said.words = [];
        said.timer = 0;
    }, SAY_EVERY_MS);
}

function take(guest)
{
    const tile = tiles.get(guest.name);
    if (!tile) {
        tiles.set(guest.name, new Tile(guest));
        return true;
    }
    const before = tile.guest;
    tile.update(guest);
    if (before.state === guest.state)
        return before.group !== guest.group;
    say(`${guest.name}: ${state_of(guest).word}`);
    tile.element.classList.remove("changed");
    void tile.element.offsetWidth; // begins the animation anew
    tile.element.classList.add("changed");
    return true;
}

const MESSAGES = {
    guests({guests})
    {
        const names = new Set(guests.map(guest => guest.name));
        for (const [name, tile] of tiles)
            if (!names.has(name)) {
                tile.remove();
                tiles.delete(name);
            }
        guests.forEach(take);
        if (!listed)
            wall.replaceChildren();
        listed = true;
        arrange(true);
        filter();
    },
    guest({guest})
    {
        const fresh = !tiles.has(guest.name);
        if (take(guest) || fresh) {
            filter();
            arrange(fresh);
        } else if (shown.sort === "change") {
            arrange_later();
        }
    },
    gone({name})
    {
        tiles.get(name)?.remove();
        tiles.delete(name);
        filter();
        arrange(true);
    },
    error({message})
    {
        console.warn(`periscope: ${message}`);
    },
};

function take_thumbnail(data)
{
    const header = read_header(data);
    if (header?.kind === 2)
        tiles.get(header.name)?.draw(header.png, ++thumbnails);
}

// ---- keys ----

const visible = () => order.filter(tile => !tile.element.hidden);

// One tile is reached by Tab, the others from there by the arrows.
function one_in_tab_order()
{
    const candidates = visible();
    const current = candidates.find(tile => tile.link.tabIndex === 0);
    for (const tile of tiles.values())
        tile.link.tabIndex = -1;
    const chosen = current ?? candidates[0];
    if (chosen)
        chosen.link.tabIndex = 0;
}

function focus(tile)
{
    if (!tile)
        return;
    for (const other of tiles.values())
        other.link.tabIndex = -1;
    tile.link.tabIndex = 0;
    tile.link.focus();
    tile.element.scrollIntoView({block: "nearest"});
}

// The tile above or below: the nearest one in the next row.
function in_next_row(list, from, step)
{
    const here = list[from].element.getBoundingClientRect();
    let best = null;
    let row = null;
    for (let i = from + step; i >= 0 && i < list.length; i += step) {
        const there = list[i].element.getBoundingClientRect();
        if (Math.abs(there.top - here.top) < 4)
            continue;
        row ??= there.top;
        if (Math.abs(there.top - row) >= 4)
            break;
        if (!best || Math.abs(there.left - here.left) < Math.abs(best.left - here.left))
            best = {left: there.left, tile: list[i]};
    }
    return best?.tile;
}

function move(key)
{
    const list = visible();
    const from = list.findIndex(tile => tile.link === document.activeElement);
    if (from < 0)
        return focus(list.find(tile => tile.link.tabIndex === 0));
    switch (key) {
    case "ArrowLeft": return focus(list[from - 1]);
    case "ArrowRight": return focus(list[from + 1]);
    case "ArrowUp": return focus(in_next_row(list, from, -1));
    case "ArrowDown": return focus(in_next_row(list, from, 1));
    case "Home": return focus(list[0]);
    default: return focus(list[list.length - 1]);
    }
}

function key_pressed(event)
{
    if (event.ctrlKey || event.altKey || event.metaKey || by_id("help").open)
        return;
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "Escape" && (event.target === by_id("filter") || !typing)) {
        clear_filter();
        by_id("filter").blur();
    } else if (event.target === by_id("filter") && ["ArrowDown", "Enter"].includes(event.key)) {
        event.preventDefault();
        focus(visible()[0]);
    } else if (typing) {
        return;
    } else if (["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key) && visible().length) {
        event.preventDefault();
        move(event.key);
    } else if (event.key === "/") {
        event.preventDefault();
        by_id("filter").select();
    } else if (event.key === "?") {
        by_id("help").showModal();
    }
}

// ---- the beginning ----

function start()
{
    forget_token();
    read_address();
    wall.replaceChildren(...Array.from({length: 12}, () => make("li", "bone")));
    by_id("filter").addEventListener("input", event => {
        shown.text = event.target.value.trim().toLowerCase();
        keep_in_address();
        filter();
        arrange(true);
    });
    by_id("sort").addEventListener("change", event => {
        shown.sort = event.target.value;
        keep_in_address();
        arrange(true);
    });
    by_id("help-button").addEventListener("click", () => by_id("help").showModal());
    document.addEventListener("keydown", key_pressed);
    document.addEventListener("visibilitychange", () => {
        send_view(true);
        if (!document.hidden)
            socket.ask({t: "ping"});
    });
    const banner = new Banner(by_id("banner"), () => socket);
    socket = new Socket({
        message: message => MESSAGES[message.t]?.(message),
        binary: take_thumbnail,
        state(word, details)
        {
            banner.show(word, details);
            if (word === "denied" && !listed)
                no_access();
            if (word === "open") {
                view_sent = null;
                by_id("wall").removeAttribute("aria-busy");
                setTimeout(() => send_view(true));
            }
        },
    });
    tell_times();
}

window.periscope = {tiles, view: () => view_sent};
start();
