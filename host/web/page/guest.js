// SPDX-License-Identifier: LGPL-2.1-or-later
// The page of one guest.
import {make, shape_of, show_state, show_time, state_of, tell_times, test_of} from "./states.js";
import {BASE, Banner, Socket, forget_token} from "./socket.js";
import {KIND, read_header} from "./frames.js";
import {Drive} from "./drive.js";
import {Panel} from "./panel.js";
import {Rewind} from "./rewind.js";
import {Screen} from "./screen.js";

const by_id = id => document.getElementById(id);
const NAME = decodeURIComponent(location.pathname.replace(/\/+$/, "").split("/").pop());
const API = new URL(`api/guests/${encodeURIComponent(NAME)}`, BASE);
const AGAIN_MS = 2000; // before a screen that could not be drawn is asked for anew

let socket = null;
let guest = null;
let output = new URL(location.href).searchParams.get("output");
let drawn = 0;
let broken_timer = 0;

// ---- words ----

let toast_timer = 0;
function toast(words)
{
    by_id("toast").textContent = words;
    by_id("toast").hidden = false;
    clearTimeout(toast_timer);
    toast_timer = setTimeout(() => { by_id("toast").hidden = true; }, 4000);
}

function veil(...parts)
{
    by_id("veil").replaceChildren(...parts);
}

// Why there is no live picture; one that is there stays, and is seen to be old.
function lose(state, title, reason)
{
    document.body.classList.add("lost");
    veil(shape_of(state), make("h2", "", title), ...(reason ? [make("p", "", reason)] : []));
    by_id("hash").hidden = true;
}

function wait_for_picture()
{
    document.body.classList.remove("lost");
    if (by_id("stage").querySelector("[data-screen]").hidden)
        veil(make("div", "spin"), make("p", "", "Waiting for the first picture…"));
    else
        veil();
}

function no_such_guest()
{
    by_id("layout").hidden = true;
    document.querySelector(".tools").hidden = true;
    const back = make("a", "button", "All guests");
    back.href = BASE;
    const box = by_id("notice");
    box.replaceChildren(shape_of("unknown"), make("h2", "", `There is no guest “${NAME}”`),
        make("p", "", "The gateway's configuration does not name it; it may have another name now."), back);
    box.hidden = false;
}

// ---- what the gateway says of the guest ----

function tell_guest(next)
{
    const before = guest;
    guest = next;
    show_state(by_id("state"), guest);
    by_id("what").textContent = test_of(guest) ?? guest.reasons?.[0] ?? guest.address ?? "";
    by_id("what").title = by_id("what").textContent;
    by_id("what").classList.toggle("test", Boolean(guest.test));
    show_time(by_id("changed"), guest.lastChange);
    document.title = `${NAME}: ${state_of(guest).word} – Periscope`;
    by_id("drive").title = guest.input ? "" : "Input is off in this agent's configuration (input = yes)";
    by_id("drive").disabled = !guest.input;
    if (before && before.state !== guest.state)
        by_id("said").textContent = `${NAME}: ${state_of(guest).word}`;
}

function tell_outputs(message)
{
    const names = (message.outputs ?? []).map(each => typeof each === "string" ? each : each.name);
    by_id("outputs-label").hidden = names.length < 2;
    const key = names.join("\n");
    const select = by_id("outputs");
    if (select.dataset.key !== key) {
        select.dataset.key = key;
        select.replaceChildren(new Option("All outputs", ""), ...names.map(name => new Option(name, name)));
    }
    select.value = names.includes(output) ? output : "";
    by_id("size").textContent = `${message.width} × ${message.height}`;
    by_id("source").textContent = message.output ?? (names.length === 1 ? names[0] : "");
    by_id("stage").setAttribute("aria-label", `The screen of ${NAME}, ${message.width} by ${message.height} pixels`);
}

const MESSAGES = {
    guests: ({guests}) => {
        const found = guests.find(each => each.name === NAME);
        if (found)
            tell_guest(found);
    },
    guest: message => message.guest.name === NAME && tell_guest(message.guest),
    gone: message => message.name === NAME && no_such_guest(),
    screen(message)
    {
        screen.size(message);
        rewind.size(message);
        tell_outputs(message);
        wait_for_picture();
    },
    still(message)
    {
        by_id("hash").hidden = false;
        by_id("hash").dataset.verdict = "none";
        by_id("verdict").textContent = "";
        by_id("hash-text").textContent = message.hash;
        screen.verify(message.frame, message.hash);
        panel.settled();
    },
    pointer: message => screen.point(message),
    lost(message)
    {
        const state = ["off", "refused", "asleep", "unknown", "booting"].includes(guest?.state) ? guest.state : "off";
        lose(state, {off: "The guest does not answer", refused: "The agent refuses this host", asleep: "The screen sleeps",
            booting: "The guest starts", unknown: "Nothing is known of it"}[state], message.reason);
        drive.told({who: null});
    },
    back()
    {
        wait_for_picture();
    },
    log: message => panel.lines(message),
    logend: message => panel.ended(message),
    driver: message => drive.told(message),
    error(message)
    {
        if (message.status === 404)
            no_such_guest();
        else
            toast(message.message);
    },
};

function take_binary(data)
{
    const header = read_header(data);
    if (header?.kind === KIND.rectangle) {
        by_id("hash").dataset.verdict = "none";
        screen.rectangle(header);
        rewind.add(header, screen.live);
    } else if (header?.kind === KIND.shape) {
        screen.shape(header);
    }
}

// ---- the screen ----

const screen = new Screen(by_id("stage"), {
    drawn(frame)
    {
        drawn = frame;
        socket.send({t: "drawn", frame});
        const shown = by_id("stage").querySelector("[data-screen]");
        if (shown.hidden) {
            shown.hidden = false;
            screen.layout();
        }
        if (!document.body.classList.contains("lost"))
            veil();
        show_time(by_id("changed"), Date.now());
    },
    broken(reason)
    {
        console.warn(`periscope: ${reason}`);
        clearTimeout(broken_timer);
        broken_timer = setTimeout(watch, AGAIN_MS);
    },
    hash(message)
    {
        if (message.wanted !== by_id("hash-text").textContent || message.frame !== drawn)
            return; // it moves again
        const same = message.hash === message.wanted;
        by_id("hash").dataset.verdict = same ? "same" : "other";
        by_id("verdict").textContent = same ? "verified" : "not what is drawn here";
        by_id("hash").title = same ? "The pixels on this page have the hash that the agent tells. A click copies it."
            : `The pixels on this page have the hash ${message.hash}`;
        if (!same && broken_timer === 0)
            broken_timer = setTimeout(() => { broken_timer = 0; watch(); }, AGAIN_MS);
    },
});

function watch()
{
    if (document.hidden)
        return;
    screen.forget();
    socket.send({t: "watch", guest: NAME, output});
}

function show_output(name)
{
    output = name || null;
    const address = new URL(location.href);
    if (output)
        address.searchParams.set("output", output);
    else
        address.searchParams.delete("output");
    history.replaceState(history.state, "", address);
    tell_picture_address();
    rewind.forget();
    watch();
}

function tell_picture_address()
{
    const address = new URL(`${API}/screenshot.png`);
    if (output)
        address.searchParams.set("output", output);
    by_id("save").href = address;
    by_id("save").download = `${NAME.replace(/[^\w.-]+/g, "_")}.png`;
}

// ---- the last minutes ----

const rewind = new Rewind({box: by_id("rewind"), moment: by_id("moment"), when: by_id("when"), earlier: by_id("earlier"),
    later: by_id("later"), live: by_id("live"), button: by_id("rewind-button"), past: by_id("past")}, {
    begin: () => drive.on && drive.ask(false),
    pointer: message => screen.point_past(message),
});

// What is looked at is saved: of the past what is on this page, without the pointer.
function save_past(event)
{
    if (!rewind.on)
        return;
    event.preventDefault();
    by_id("past").toBlob(blob => {
        const link = make("a");
        link.href = URL.createObjectURL(blob);
        link.download = by_id("save").download;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    });
}

// ---- what a person does ----

function zoom(mode)
{
    for (const button of document.querySelectorAll("[data-zoom][aria-pressed]"))
        button.setAttribute("aria-pressed", button.dataset.zoom === mode);
    screen.zoom(mode);
}

async function copy(text, words)
{
    try {
        await navigator.clipboard.writeText(text);
    } catch (error) {
        copy_the_old_way(text);
    }
    toast(words);
}

// Without HTTPS there is no clipboard but by a selection.
function copy_the_old_way(text)
{
    const field = make("textarea", "aside");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
}

const copy_link = () => copy(location.href, "The address of this page is copied");
const whole = () => document.fullscreenElement ? document.exitFullscreen() : document.querySelector(".left").requestFullscreen?.();

const KEYS = {
    z: () => zoom(screen.mode === "fit" ? "one" : "fit"),
    f: whole,
    s: () => by_id("save").click(),
    c: copy_link,
    d: () => guest?.input && (rewind.leave(), drive.ask(!drive.on)),
    r: () => by_id("rewind-button").click(),
    ",": () => rewind.step(-1),
    ".": () => rewind.step(1),
    "?": () => by_id("help").showModal(),
    "/": () => by_id("find").select(),
    Escape: () => rewind.on ? rewind.leave() : location.assign(BASE),
};

function key_pressed(event)
{
    if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]"))
        return;
    if (event.target.matches("input, select, textarea")) {
        if (event.key === "Escape")
            event.target.blur();
        return;
    }
    if (event.defaultPrevented || (drive.on && event.target === by_id("stage")))
        return;
    if (/^[1-6]$/.test(event.key))
        panel.by_number(Number(event.key));
    else if (KEYS[event.key]) {
        event.preventDefault();
        KEYS[event.key]();
    }
}

function listen()
{
    for (const button of document.querySelectorAll("[data-zoom][aria-pressed]"))
        button.addEventListener("click", () => zoom(button.dataset.zoom));
    by_id("outputs").addEventListener("change", event => show_output(event.target.value));
    by_id("save").addEventListener("click", save_past);
    by_id("drive").addEventListener("click", () => rewind.leave());
    by_id("whole").addEventListener("click", whole);
    by_id("copy").addEventListener("click", copy_link);
    by_id("hash").addEventListener("click", () => copy(by_id("hash-text").textContent, "The hash is copied"));
    by_id("help-button").addEventListener("click", () => by_id("help").showModal());
    document.addEventListener("keydown", key_pressed);
    document.addEventListener("visibilitychange", () => {
        if (document.hidden) {
            socket.send({t: "unwatch"});
            panel.unfollow();
        } else {
            subscribe();
            socket.ask({t: "ping"});
        }
    });
}

function subscribe()
{
    socket.send({t: "wall", view: []});
    watch();
    panel.follow();
}

// ---- the beginning ----

forget_token();
by_id("name").textContent = NAME;
document.title = `${NAME} – Periscope`;
by_id("back").href = BASE;
tell_picture_address();
wait_for_picture();
const drive = new Drive({button: by_id("drive"), word: by_id("drive-word"), stage: by_id("stage"), hands: by_id("hands"),
    typing: by_id("typing"), text: by_id("text")}, screen, message => socket.send(message), toast);
const banner = new Banner(by_id("banner"), () => socket);
socket = new Socket({
    message: message => MESSAGES[message.t]?.(message),
    binary: take_binary,
    state(word, details)
    {
        banner.show(word, details);
        if (word === "open")
            setTimeout(subscribe);
        else if (word !== "connecting" && guest)
            lose("unknown", "The connection to the gateway is lost", "The picture is the last one that came.");
        if (word === "waiting" || word === "denied")
            drive.told({who: null});
    },
});
const panel = new Panel(NAME, () => socket);
listen();
tell_times();

// For tests: what is on the canvas, and when a pixel of it became another.
window.periscope = {
    pixels: () => screen.pixels(),
    probe: (x, y) => screen.post({t: "probe", x, y}),
    probed: screen.probed,
    drawn: () => drawn,
    rewind,
};
