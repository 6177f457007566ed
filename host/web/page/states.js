// SPDX-License-Identifier: LGPL-2.1-or-later
// What is said of a guest: its state as a shape, a colour and a word, and times in words.

const SVG = "http://www.w3.org/2000/svg";

// word: what a person reads; tone: the colour's name in page.css; rank: how much it wants to be looked at; hint: what
// stands where there is no picture.
export const STATES = {
    "stuck": {word: "Stuck", tone: "bad", rank: 0, hint: "It answers, but nothing moves."},
    "gpu-lost": {word: "GPU lost", tone: "bad", rank: 1, hint: "Its graphics card is gone."},
    "refused": {word: "Refused", tone: "bad", rank: 2, hint: "The agent refuses this host."},
    "unknown": {word: "Unknown", tone: "dim", rank: 3, hint: "Nothing is known of it so far."},
    "locked": {word: "Locked", tone: "warn", rank: 4, hint: "Its session is locked."},
    "testing": {word: "Testing", tone: "busy", rank: 5, hint: "A test runs."},
    "booting": {word: "Booting", tone: "info", rank: 6, hint: "It starts; there is no screen yet."},
    "shutting-down": {word: "Shutting down", tone: "warn", rank: 7, hint: "It goes down."},
    "greeter": {word: "Log-on", tone: "info", rank: 8, hint: "Nobody is logged on."},
    "ready": {word: "Ready", tone: "good", rank: 9, hint: "There is no picture of it yet."},
    "asleep": {word: "Asleep", tone: "dim", rank: 10, hint: "Its screen sleeps."},
    "off": {word: "Off", tone: "dim", rank: 11, hint: "No agent answers there."},
};

export const ATTENTION = new Set(["stuck", "gpu-lost", "refused"]);

export function state_of(guest)
{
    return STATES[guest.state] ?? STATES.unknown;
}

// Paths in a square of 16: [d, filled]. No two have the same outline.
const SHAPES = {
    "stuck": [["M5.2 1h5.6L15 5.2v5.6L10.8 15H5.2L1 10.8V5.2z", true, "M8 4.4v4.4M8 11.4v.2"]],
    "gpu-lost": [["M8 .8 15.2 8 8 15.2.8 8z", true, "M5.9 5.9l4.2 4.2M10.1 5.9l-4.2 4.2"]],
    "refused": [["M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1z", true, "M4.6 8h6.8"]],
    "unknown": [["M5.6 6.1a2.4 2.4 0 1 1 3.5 2.2c-.8.4-1.1.8-1.1 1.6M8 12.2v.2", false], ["M3 3.2A7 7 0 0 1 6.6 1.2M9.4 1.2A7 7 0 0 1 13 3.2M14.8 6.6a7 7 0 0 1 0 2.8M13 12.8a7 7 0 0 1-3.6 2M6.6 14.8A7 7 0 0 1 3 12.8M1.2 9.4a7 7 0 0 1 0-2.8", false]],
    "locked": [["M3 7h10v7.5H3z", true], ["M5.2 7V4.6a2.8 2.8 0 0 1 5.6 0V7", false]],
    "testing": [["M3.5 1.8 14 8 3.5 14.2z", true]],
    "booting": [["M8 1.6a6.4 6.4 0 1 1-6.4 6.4", false], ["M8 4.6v3.6l2.4 1.6", false]],
    "shutting-down": [["M8 1.4v6M4.4 3.6a5.8 5.8 0 1 0 7.2 0", false]],
    "greeter": [["M8 1.4a3.1 3.1 0 1 0 0 6.2 3.1 3.1 0 0 0 0-6.2zM2 14.6c.3-3.4 2.7-5.4 6-5.4s5.7 2 6 5.4z", true]],
    "ready": [["M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1z", true, "M4.8 8.2l2.3 2.3 4.2-4.6"]],
    "asleep": [["M13.8 10.2A6.4 6.4 0 0 1 5.8 2.2 6.4 6.4 0 1 0 13.8 10.2z", true]],
    "off": [["M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2z", false]],
};

function path(d, css)
{
    const made = document.createElementNS(SVG, "path");
    made.setAttribute("d", d);
    made.setAttribute("class", css);
    return made;
}

// Makes the shape of a state.
export function shape_of(state)
{
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.setAttribute("class", "shape");
    svg.setAttribute("aria-hidden", "true");
    for (const [d, filled, mark] of SHAPES[state] ?? SHAPES.unknown) {
        svg.append(path(d, filled ? "filled" : "line"));
        if (mark)
            svg.append(path(mark, "mark"));
    }
    return svg;
}

// Shows a state in an element of the class "state": shape, colour and word.
export function show_state(element, guest)
{
    const state = STATES[guest.state] ? guest.state : "unknown";
    if (element.dataset.state === state)
        return;
    element.dataset.state = state;
    element.dataset.tone = STATES[state].tone;
    const word = document.createElement("span");
    word.textContent = STATES[state].word;
    element.replaceChildren(shape_of(state), word);
}

const TIME_OF_DAY = new Intl.DateTimeFormat(undefined, {hour: "2-digit", minute: "2-digit", second: "2-digit"});
const DAY = new Intl.DateTimeFormat(undefined, {day: "numeric", month: "short", hour: "2-digit", minute: "2-digit"});

// "12 s ago": never longer than 12 characters, so that nothing moves when it changes.
export function ago(time, now = Date.now())
{
    if (!time)
        return "never";
    const s = Math.max(0, Math.round((now - time) / 1000));
    if (s < 3)
        return "just now";
    if (s < 60)
        return `${s} s ago`;
    if (s < 3600)
        return `${Math.floor(s / 60)} min ago`;
    if (s < 86400)
        return `${Math.floor(s / 3600)} h ago`;
    return s < 86400 * 2 ? "yesterday" : `${Math.floor(s / 86400)} days ago`;
}

export function moment(time)
{
    return !time ? "" : Date.now() - time < 86400000 / 2 ? TIME_OF_DAY.format(time) : DAY.format(time);
}

// Shows a time in a <time> element; its words are kept right by tell_times.
export function show_time(element, time)
{
    element.dataset.at = time || "";
    if (time)
        element.dateTime = new Date(time).toISOString();
    else
        element.removeAttribute("datetime");
    element.title = time ? new Date(time).toLocaleString() : "";
    tell_time(element, Date.now());
}

function tell_time(element, now)
{
    const words = ago(Number(element.dataset.at), now);
    if (element.textContent !== words)
        element.textContent = words;
}

// Keeps the words of all times right while the page is seen.
export function tell_times()
{
    const step = () => {
        const now = Date.now();
        for (const element of document.querySelectorAll("time[data-at]"))
            tell_time(element, now);
    };
    let timer = setInterval(step, 1000);
    document.addEventListener("visibilitychange", () => {
        clearInterval(timer);
        if (!document.hidden) {
            step();
            timer = setInterval(step, 1000);
        }
    });
}

// What runs, without the folder of its program.
export function test_of(guest)
{
    return guest.test?.replace(/^\S*[\\/](?=\S)/, "") ?? null;
}

// An element with a class and a text.
export function make(tag, css, text)
{
    const made = document.createElement(tag);
    if (css)
        made.className = css;
    if (text !== undefined)
        made.textContent = text;
    return made;
}
