// SPDX-License-Identifier: LGPL-2.1-or-later
// Shows the document that the page is without scripts as an application: the screen on a time axis, and the lines beside it.
// Times are microseconds since the start of the recording. A "moment" is when the screen became another one.
"use strict";
document.documentElement.classList.add("js");

addEventListener("DOMContentLoaded", () => {
    const ROW = 20, TILE = 128, THUMB_WIDTH = 240, THUMB_HEIGHT = 116, FOLD = 34, FRAMES_KEPT = 12, THUMBS_KEPT = 300;
    const data = JSON.parse(document.getElementById("data").textContent);
    const pictures = data.pictures.map(([number, width, height, base, x, y, w, h, state]) => ({number, width, height, base, x, y, w, h, state}));
    const moments = data.moments.map(([t, wall, picture]) => ({t, wall, picture}));
    const still = matchMedia("(prefers-reduced-motion: reduce)");

    // ---- elements ----

    function make(tag, attributes, ...children) {
        const element = document.createElement(tag);
        for (const [name, value] of Object.entries(attributes || {}))
            name === "class" ? element.className = value : name.startsWith("on") ? element.addEventListener(name.slice(2), value)
                : name.startsWith("aria-") ? element.setAttribute(name, String(value))
                : value === true ? element.setAttribute(name, "") : value !== false && element.setAttribute(name, value);
        element.append(...children);
        return element;
    }
    const button = (text, title, onclick, more) => make("button", {type: "button", title, onclick, ...more}, text);
    const clamp = (value, least, most) => Math.min(Math.max(value, least), Math.max(least, most));

    // ---- time as text ----

    function offset(us, digits = 3) {
        const whole = Math.floor(us / 1e6), hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
        const fraction = digits ? "." + String(Math.floor(us % 1e6)).padStart(6, "0").slice(0, digits) : "";
        const seconds = String(whole % 60).padStart(2, "0") + fraction;
        return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
    }
    function span(us) {
        const seconds = Math.round(us / 1e6);
        if (seconds < 60)
            return `${seconds} s`;
        if (seconds < 3600)
            return `${Math.floor(seconds / 60)} min` + (seconds % 60 && seconds < 600 ? ` ${seconds % 60} s` : "");
        return `${Math.floor(seconds / 3600)} h` + (Math.floor(seconds / 60) % 60 ? ` ${Math.floor(seconds / 60) % 60} min` : "");
    }
    const utc = us => new Date(us / 1000).toISOString().replace("T", " ").replace("Z", " UTC");
    const local = us => new Date(us / 1000).toLocaleTimeString([], {hour12: false}) + " local";
    const address = us => `${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, "0")}`;

    // Returns the index of the last item that is not after a time, or -1.
    function lastUntil(items, t, key = item => item.t) {
        let low = 0, high = items.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            key(items[middle]) <= t ? low = middle + 1 : high = middle;
        }
        return low - 1;
    }

    // ---- lines and events, in the order of the document ----

    const lines = [], events = [], rows = []; // a row is the number of a line, or the complement of that of an event
    for (const section of document.querySelectorAll("#plain section"))
        for (const child of section.children) {
            if (child.localName === "pre") {
                const texts = child.textContent.split("\n");
                texts.pop();
                for (const text of texts) {
                    rows.push(lines.length);
                    lines.push({text, t: 0, mark: ""});
                }
            } else if (child.classList.contains("e")) {
                rows.push(~events.length);
                events.push({text: child.textContent, kind: child.dataset.kind, t: 0, wall: 0, worst: false});
            }
        }
    let filled = 0;
    for (const [count, t] of data.lines)
        for (let i = 0; i < count && filled < lines.length; i++)
            lines[filled++].t = t;
    data.marks.forEach(([line, mark]) => lines[line].mark = mark);
    let starts = 0;
    events.forEach((event, i) => {
        [event.t, event.wall] = data.events[i];
        if (event.kind === "start" && starts++)
            event.text = `rebooted: ${event.text}`;
        event.worst = event.kind === "fail" || (event.kind === "start" && starts > 1) ||
            (event.kind === "event" && /^(gpu|crash|kernel) .*\b(reset|hang|lost|fault|panic|crash)/i.test(event.text));
    });
    for (const link of document.querySelectorAll("#failures a")) // a unit as a whole has a note there in place of its line
        (lines[parseInt(link.hash.slice(3), 10) - 1] || {}).note = link.textContent;
    const failures = lines.map((line, i) => line.mark === "f" ? i : -1).filter(i => i >= 0);
    const end = Math.max(data.end, 1);
    const rowTime = row => row >= 0 ? lines[row].t : events[~row].t;
    function wallAt(t) {
        const moment = moments[lastUntil(moments, t)], event = events[lastUntil(events, t)];
        const known = moment && (!event || moment.t >= event.t) ? moment : event || moments[0] || events[0];
        return known.wall + t - known.t;
    }

    // ---- pictures: a file is an element's text until it is shown ----

    function keep(most) {
        const kept = new Map();
        return {
            get(key) {
                const value = kept.get(key);
                if (value !== undefined) {
                    kept.delete(key);
                    kept.set(key, value);
                }
                return value;
            },
            set(key, value) {
                kept.set(key, value);
                if (kept.size > most)
                    kept.delete(kept.keys().next().value);
            },
        };
    }
    const frames = keep(FRAMES_KEPT), thumbs = keep(THUMBS_KEPT);
    const elements = new Map();
    for (const element of document.querySelectorAll("noscript.p")) {
        const text = element.textContent, at = text.indexOf('<image id="i');
        elements.set(parseInt(text.slice(at + 12, at + 24), 10), element);
    }
    async function file(index) {
        const text = elements.get(index).textContent, start = text.indexOf('href="', text.indexOf("<image ")) + 6, stop = text.indexOf('"', start);
        if (data.folder) {
            const image = new Image();
            image.src = text.slice(start, stop);
            await image.decode();
            return image;
        }
        const binary = atob(text.slice(text.indexOf(",", start) + 1, stop)), bytes = new Uint8Array(binary.length);
        for (let i = 0; i < binary.length; i++)
            bytes[i] = binary.charCodeAt(i);
        return createImageBitmap(new Blob([bytes], {type: "image/png"}), {colorSpaceConversion: "none", premultiplyAlpha: "none"});
    }
    async function compose(index) {
        const picture = pictures[index];
        if (picture.base < 0)
            return file(index);
        const [base, part] = await Promise.all([frame(picture.base), file(index)]);
        const canvas = make("canvas", {width: picture.width, height: picture.height}), context = canvas.getContext("2d", {alpha: false});
        context.drawImage(base, 0, 0);
        context.drawImage(part, picture.x, picture.y);
        return canvas;
    }
    // Returns a promise of what can be drawn: the whole screen.
    function frame(index) {
        let promise = frames.get(index);
        if (!promise)
            frames.set(index, promise = compose(index));
        return promise;
    }
    const canShow = index => index >= 0 && pictures[index].state === 0 && (pictures[index].base < 0 || pictures[pictures[index].base].state === 0);

    async function thumb(index) {
        let canvas = thumbs.get(index);
        if (canvas)
            return canvas;
        const image = await frame(index), {width, height} = pictures[index], scale = Math.min(THUMB_WIDTH / width, THUMB_HEIGHT / height);
        canvas = make("canvas", {width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale))});
        const context = canvas.getContext("2d", {alpha: false});
        context.imageSmoothingQuality = "high";
        context.drawImage(image, 0, 0, canvas.width, canvas.height);
        thumbs.set(index, canvas);
        return canvas;
    }
    function paint(canvas, image) {
        canvas.width = image.width;
        canvas.height = image.height;
        canvas.getContext("2d", {alpha: false}).drawImage(image, 0, 0);
    }

    // ---- the page ----

    const head = document.getElementById("head"), facts = document.getElementById("facts"), failureList = document.getElementById("failures");
    facts.open = false;
    head.insertBefore(make("span", {class: "gap"}), facts);
    if (failureList) {
        failureList.open = false;
        head.insertBefore(failureList, facts);
        failureList.addEventListener("click", event => event.target.closest("a") && (failureList.open = false));
    }
    document.addEventListener("click", event => {
        for (const menu of [facts, failureList])
            if (menu && menu.open && !menu.contains(event.target))
                menu.open = false;
    });
    const help = make("dialog", {id: "help", "aria-label": "Keys"},
        make("h2", {}, "Keys"),
        make("table", {}, ...[["← →", "the change of the screen before, after"], ["Home End", "the first, the last one"],
            ["f  Shift+f", "the next failure, the one before"], ["↑ ↓", "the line before, after (in the list)"],
            ["d", "what changed: difference"], ["b", "blink between before and now"], ["s", "swipe between before and now"],
            ["n", "the picture as it is"], ["/", "filter the lines"], ["+ −", "stretch the time axis"], ["?", "this list"]].map(([keys, text]) =>
            make("tr", {}, make("td", {}, ...keys.split(" ").filter(key => key).map(key => make("kbd", {}, key))), make("td", {}, text)))),
        button("Close", "", () => help.close()));
    head.append(button("?", "Keys", () => help.showModal(), {"aria-label": "Keys"}));

    const screen = make("canvas", {id: "screen", role: "img", "aria-label": "The screen", width: 1, height: 1});
    const swipe = make("input", {id: "swipe", type: "range", min: 0, max: 1000, value: 500, hidden: true, "aria-label": "How much is shown of the picture before"});
    const unseen = make("div", {id: "unseen", hidden: true});
    const stage = make("div", {id: "stage"}, screen, swipe, unseen);
    const when = make("span", {id: "when"}), clock = make("span", {id: "clock"}), place = make("span", {id: "place"});
    const spoken = make("div", {class: "quiet", "aria-live": "polite"});
    const modes = {now: ["Picture", "The screen then (n)"], before: ["Before", "The screen before its last change"],
        swipe: ["Swipe", "Before and now, side by side (s)"], blink: ["Blink", "Before and now in turn (b)"], difference: ["Difference", "The pixels that changed (d)"]};
    const modeButtons = Object.fromEntries(Object.entries(modes).map(([name, [text, title]]) =>
        [name, button(text, title, () => setMode(name), {"aria-pressed": name === "now"})]));
    const previous = button("◀", "The change before (←)", () => step(-1), {"aria-label": "The change before"});
    const next = button("▶", "The next change (→)", () => step(1), {"aria-label": "The next change"});
    const nextFailure = button("Next failure", "(f)", () => stepFailure(1), {hidden: !failures.length});
    const copy = button("Copy link", "The address of this moment", copyLink);
    const view = make("section", {id: "view", class: "panel", "aria-label": "Screen"},
        make("div", {class: "bar"}, make("span", {class: "group"}, previous, next), nextFailure, make("span", {class: "gap"}), make("span", {class: "group", role: "group", "aria-label": "Compare"}, ...Object.values(modeButtons))),
        stage, make("div", {class: "bar below"}, when, clock, place, copy, spoken));

    const filter = make("input", {class: "field", type: "search", placeholder: "Filter the lines  ( / )", "aria-label": "Filter the lines", spellcheck: "false"});
    const kinds = make("select", {"aria-label": "Which lines"}, ...[["all", "All"], ["f", "Failures"], ["e", "Events"], ["l", "Output"]].map(([value, text]) => make("option", {value}, text)));
    const found = make("span", {id: "found", class: "quiet", "aria-live": "polite"});
    const list = make("div", {id: "rows", role: "list"}), log = make("div", {id: "log", tabindex: 0, role: "region", "aria-label": "Lines"}, list);
    const whole = make("div", {id: "whole", hidden: true});
    const linesPanel = make("section", {id: "lines", class: "panel", "aria-label": "Output and events"}, make("div", {class: "bar"}, filter, kinds, found), log, whole);

    const axisCanvas = make("canvas", {}), folds = make("span", {});
    const axis = make("div", {id: "axis", role: "slider", tabindex: 0, "aria-label": "Time", "aria-valuemin": 0, "aria-valuemax": Math.round(end / 1e6)}, axisCanvas, folds);
    const tiles = make("div", {id: "tiles"}), strip = make("div", {id: "strip", tabindex: -1, "aria-label": "Pictures", role: "region"}, tiles);
    const hoverCanvas = make("canvas", {}), hoverText = make("span", {}), hover = make("div", {id: "hover", hidden: true, "aria-hidden": "true"}, hoverCanvas, hoverText);
    const notes = make("div", {id: "notes"});
    for (const warning of document.querySelectorAll("body > .warning"))
        notes.append(make("p", {class: "warning"}, warning.textContent));
    document.body.append(notes, make("div", {id: "main"}, view, linesPanel), make("div", {id: "time"}, axis, strip), hover, help);

    // ---- where we are ----

    const state = {t: 0, moment: -1, line: -1, mode: "now"};

    // Browsers allow some hundred changes of the address in half a minute, and a drag over the axis makes more.
    let addressed = 0, addressing = 0;
    function setAddress(hash) {
        clearTimeout(addressing);
        const wait = Math.max(0, addressed + 300 - performance.now());
        const set = () => {
            addressed = performance.now();
            history.replaceState(null, "", hash);
        };
        wait ? addressing = setTimeout(set, wait) : set();
    }
    // Goes to a time. line: the one that was chosen, or -1.
    function go(t, {line = -1, from = ""} = {}) {
        state.t = clamp(t, 0, end);
        state.line = line;
        state.moment = lastUntil(moments, state.t);
        setAddress(line >= 0 ? `#l=${line + 1}` : `#t=${address(state.t)}`);
        show(from);
    }
    function step(by) {
        const at = clamp(state.moment + by, 0, moments.length - 1);
        if (moments.length)
            go(moments[at].t);
    }
    function stepFailure(by) {
        if (!failures.length)
            return;
        let at = by > 0 ? failures.findIndex(line => state.line >= 0 ? line > state.line : lines[line].t > state.t)
            : failures.findLastIndex(line => state.line >= 0 ? line < state.line : lines[line].t < state.t);
        if (at < 0)
            at = by > 0 ? 0 : failures.length - 1;
        go(lines[failures[at]].t, {line: failures[at]});
    }
    function fromAddress() {
        const [, kind, value] = /^#([tl])=(\d+(?:\.\d+)?)$/.exec(decodeURIComponent(location.hash)) || [];
        if (kind === "l" && lines[value - 1])
            go(lines[value - 1].t, {line: value - 1});
        else if (kind === "t")
            go(Math.round(value * 1e6));
        else
            return false;
        return true;
    }
    async function copyLink() {
        try {
            await navigator.clipboard.writeText(location.href);
            copy.textContent = "Copied";
        } catch {
            copy.textContent = "It is in the address bar";
        }
        setTimeout(() => copy.textContent = "Copy link", 1500);
    }
    function setMode(mode) {
        state.mode = screen.dataset.mode = mode;
        for (const [name, element] of Object.entries(modeButtons))
            element.setAttribute("aria-pressed", name === mode);
        draw();
    }

    // ---- the screen ----

    let drawing = 0, blinking = 0;
    // The moment before that showed another picture.
    function before(at) {
        const shown = moments[at] && moments[at].picture;
        let other = at - 1;
        while (other >= 0 && (!canShow(moments[other].picture) || moments[other].picture === shown))
            other--;
        return other >= 0 ? moments[other].picture : -1;
    }
    function whyUnseen(at) {
        if (at < 0)
            return "No picture was taken before this time";
        if (moments[at].picture < 0)
            return "The screen could not be seen: " + (events[lastUntil(events, moments[at].t)] || {text: ""}).text;
        return pictures[moments[at].picture].state === 1 ? "This picture was dropped: the recording had reached its bound" : "This picture is missing";
    }
    const drawModes = {
        now: (context, now) => context.drawImage(now, 0, 0),
        before: (context, now, old) => context.drawImage(old || now, 0, 0),
        blink: (context, now, old) => {
            let odd = false;
            const turn = () => {
                context.drawImage(odd && old ? old : now, 0, 0);
                odd = !odd;
            };
            turn();
            blinking = setInterval(turn, still.matches ? 2000 : 600);
        },
        swipe: (context, now, old) => {
            const {width, height} = context.canvas, at = Math.round(width * swipe.value / 1000);
            context.drawImage(now, 0, 0);
            if (!old)
                return;
            context.save();
            context.beginPath();
            context.rect(0, 0, at, height);
            context.clip();
            context.drawImage(old, 0, 0);
            context.restore();
            context.fillStyle = "#1f6feb";
            context.fillRect(at - Math.max(1, width / 800), 0, Math.max(2, width / 400), height);
        },
        // Each channel that differs becomes full, whatever the difference; what is equal stays dark.
        difference: (context, now, old) => {
            const {width, height} = context.canvas, changes = make("canvas", {width, height}), on = changes.getContext("2d", {alpha: false});
            on.drawImage(now, 0, 0);
            on.globalCompositeOperation = "difference";
            on.drawImage(old || now, 0, 0);
            on.globalCompositeOperation = "color-dodge";
            on.fillStyle = "#ffffff";
            on.fillRect(0, 0, width, height);
            context.drawImage(now, 0, 0);
            context.fillStyle = "#000000c8";
            context.fillRect(0, 0, width, height);
            context.globalCompositeOperation = "lighter";
            context.drawImage(changes, 0, 0);
            context.globalCompositeOperation = "source-over";
        },
    };
    async function draw() {
        const turn = ++drawing, at = state.moment, shown = at >= 0 ? moments[at].picture : -1, old = before(at);
        clearInterval(blinking);
        unseen.hidden = canShow(shown);
        swipe.hidden = state.mode !== "swipe" || !canShow(shown);
        for (const name of ["before", "swipe", "blink", "difference"])
            modeButtons[name].disabled = old < 0 || !canShow(shown);
        if (!canShow(shown)) {
            unseen.textContent = whyUnseen(at);
            screen.dataset.picture = "";
            return;
        }
        try {
            const [now, other] = await Promise.all([frame(shown), old >= 0 && state.mode !== "now" ? frame(old) : null]);
            if (turn !== drawing)
                return;
            const {width, height} = pictures[shown];
            if (screen.width !== width || screen.height !== height)
                Object.assign(screen, {width, height});
            drawModes[state.mode](screen.getContext("2d", {alpha: false}), now, other);
            laySwipe();
            screen.dataset.picture = pictures[shown].number;
        } catch (reason) {
            if (turn !== drawing)
                return;
            unseen.hidden = false;
            unseen.textContent = `This picture can't be read: ${reason.message || reason}`;
        }
    }
    swipe.addEventListener("input", draw);
    // The slider is as wide as the picture, and the picture itself can be dragged over.
    function laySwipe() {
        swipe.style.left = `${screen.offsetLeft - 8}px`;
        swipe.style.width = `${screen.clientWidth + 16}px`;
    }
    let swiping = false, swiped = false;
    function drag(event) {
        swiped = true;
        swipe.value = 1000 * (event.clientX - screen.getBoundingClientRect().left) / screen.clientWidth;
        draw();
    }
    screen.addEventListener("pointerdown", event => {
        swiping = state.mode === "swipe";
        swiped = false;
        swiping && screen.setPointerCapture(event.pointerId);
    });
    screen.addEventListener("pointermove", event => swiping && drag(event));
    screen.addEventListener("pointerup", event => {
        swiping && !swiped && drag(event);
        swiping = false;
    });
    screen.addEventListener("click", () => state.mode !== "swipe" && stage.classList.toggle("actual"));

    // ---- the lines: only the rows in view are there ----

    let shownRows = rows, wanted = "", firstNow = 0, lastNow = -1;
    const rowElements = new Map();
    function makeRow(index) {
        const row = shownRows[index], isLine = row >= 0, item = isLine ? lines[row] : events[~row];
        const text = make("span", {class: "text"});
        const shown = isLine ? item.text : item.kind === "event" ? item.text : `${item.kind}  ${item.text}`;
        const at = wanted ? shown.toLowerCase().indexOf(wanted) : -1;
        at < 0 ? text.append(shown) : text.append(shown.slice(0, at), make("mark", {}, shown.slice(at, at + wanted.length)), shown.slice(at + wanted.length));
        const element = make("div", {class: `row ${isLine ? item.mark : `e ${item.kind}${item.worst ? " worst" : ""}`}`, role: "listitem"},
            make("a", {href: isLine ? `#l=${row + 1}` : `#t=${address(item.t)}`, tabindex: -1}, isLine ? String(row + 1) : "●"),
            make("span", {class: "time"}, isLine && !data.timed ? "" : offset(item.t)), text);
        element.style.top = `${index * ROW}px`;
        element.dataset.index = index;
        return element;
    }
    function isNow(index) {
        const t = rowTime(shownRows[index]);
        return (data.timed || shownRows[index] < 0) && index >= firstNow && index <= lastNow && t >= 0;
    }
    function layRows() {
        const first = Math.max(0, Math.floor(log.scrollTop / ROW) - 10), last = Math.min(shownRows.length, Math.ceil((log.scrollTop + log.clientHeight) / ROW) + 10);
        for (const [index, element] of rowElements)
            if (index < first || index >= last) {
                element.remove();
                rowElements.delete(index);
            }
        for (let index = first; index < last; index++) {
            let element = rowElements.get(index);
            if (!element) {
                rowElements.set(index, element = makeRow(index));
                list.append(element);
            }
            element.classList.toggle("now", isNow(index));
            element.classList.toggle("chosen", shownRows[index] === state.line && state.line >= 0);
        }
    }
    function layAllRows() {
        list.replaceChildren();
        rowElements.clear();
        list.style.height = `${shownRows.length * ROW}px`;
        if (!shownRows.length)
            list.append(make("p", {class: "empty"}, rows.length ? "No line has that" : "There are no lines"));
        layRows();
    }
    function applyFilter() {
        const kind = kinds.value;
        wanted = filter.value.toLowerCase();
        shownRows = !wanted && kind === "all" ? rows : rows.filter(row => {
            const isLine = row >= 0, item = isLine ? lines[row] : events[~row];
            if (kind === "f" ? !(isLine ? item.mark === "f" : item.worst) : kind === "e" ? isLine : kind === "l" && !isLine)
                return false;
            return !wanted || item.text.toLowerCase().includes(wanted) || (!isLine && item.kind.includes(wanted));
        });
        found.textContent = wanted ? `${shownRows.length} lines` : "";
        markNow();
        layAllRows();
        scrollLog();
    }
    // Finds the rows of the time in which the screen was as it is shown.
    function markNow() {
        const from = state.moment >= 0 ? moments[state.moment].t : -1, to = moments[state.moment + 1] ? moments[state.moment + 1].t : Infinity;
        firstNow = lastUntil(shownRows, from - 1, rowTime) + 1;
        lastNow = lastUntil(shownRows, to - 1, rowTime);
    }
    function scrollLog() {
        let index = state.line >= 0 ? shownRows.indexOf(state.line) : -1;
        if (index < 0)
            index = Math.max(0, lastUntil(shownRows, state.t, rowTime));
        const top = index * ROW;
        if (top < log.scrollTop + ROW || top > log.scrollTop + log.clientHeight - 3 * ROW)
            log.scrollTop = top - log.clientHeight / 3;
        layRows();
    }
    log.addEventListener("scroll", layRows, {passive: true});
    list.addEventListener("click", event => {
        const row = event.target.closest(".row");
        if (!row || String(getSelection()))
            return;
        event.preventDefault();
        chooseRow(Number(row.dataset.index));
    });
    function chooseRow(index) {
        const row = shownRows[index];
        if (row === undefined)
            return;
        if (row >= 0 && !data.timed) {
            state.line = row;
            whole.hidden = false;
            whole.textContent = lines[row].text;
            setAddress(`#l=${row + 1}`);
            layRows();
        } else {
            go(rowTime(row), {line: row >= 0 ? row : -1, from: "log"});
        }
    }
    log.addEventListener("keydown", event => {
        const by = {ArrowUp: -1, ArrowDown: 1}[event.key];
        if (!by)
            return;
        event.preventDefault();
        event.stopPropagation();
        const at = state.line >= 0 ? shownRows.indexOf(state.line) : lastUntil(shownRows, state.t, rowTime);
        chooseRow(clamp(at + by, 0, shownRows.length - 1));
        scrollLog();
    });
    filter.addEventListener("input", applyFilter);
    kinds.addEventListener("change", applyFilter);
    filter.addEventListener("keydown", event => {
        if (event.key === "Escape") {
            filter.value = "";
            applyFilter();
            log.focus();
        }
        event.stopPropagation();
    });

    // ---- the axis: spans of time, in which a gap is as wide as its button ----

    let segments = [], zoom = 1, pan = 0, width = 0;
    const open = new Set();
    // Lays out segments {from, to, x0, x1, gap}, in pixels of the whole axis.
    function layAxis() {
        width = axis.clientWidth;
        const cut = [];
        let last = 0;
        data.gaps.forEach(([from, to], gap) => {
            if (open.has(gap))
                return;
            cut.push({from: last, to: from, gap: -1}, {from, to, gap});
            last = to;
        });
        cut.push({from: last, to: end, gap: -1});
        const fold = clamp(width * zoom * 0.5 / Math.max(1, data.gaps.length), 6, FOLD);
        const used = cut.filter(part => part.gap >= 0).length * fold, total = cut.reduce((sum, part) => sum + (part.gap < 0 ? part.to - part.from : 0), 0) || 1;
        const margin = 12, scale = Math.max(10, width * zoom - used - 2 * margin) / total;
        let x = margin;
        segments = cut.map(part => {
            const x1 = x + (part.gap >= 0 ? fold : (part.to - part.from) * scale), laid = {...part, x0: x, x1};
            x = x1;
            return laid;
        });
        pan = clamp(pan, 0, width * zoom - width);
        folds.replaceChildren(...segments.filter(part => part.gap >= 0 && part.x1 - pan > 0 && part.x0 - pan < width).map(part => {
            const text = span(part.to - part.from);
            const element = button(part.x1 - part.x0 > 28 ? text : "", `Nothing happened for ${text}: show it in full`, event => {
                event.stopPropagation();
                open.add(part.gap);
                layAxis();
                drawAxis();
            }, {"aria-label": `Unfold ${text} in which nothing happened`});
            element.style.left = `${part.x0 - pan}px`;
            element.style.width = `${part.x1 - part.x0}px`;
            return element;
        }));
    }
    function xOf(t) {
        const part = segments[Math.max(0, lastUntil(segments, t, segment => segment.from))];
        return part.x0 + (part.to > part.from ? (t - part.from) / (part.to - part.from) : 0) * (part.x1 - part.x0) - pan;
    }
    function timeAt(x) {
        const part = segments[Math.max(0, lastUntil(segments, x + pan, segment => segment.x0))];
        return clamp(Math.round(part.from + (x + pan - part.x0) / Math.max(1, part.x1 - part.x0) * (part.to - part.from)), 0, end);
    }
    const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    function drawTicks(context, colours) {
        context.font = "10.5px " + colour("--sans");
        context.fillStyle = colours.dim;
        context.textBaseline = "middle";
        let free = -Infinity;
        for (const part of segments) {
            if (part.gap >= 0 || part.x1 - pan < 0 || part.x0 - pan > width || part.to === part.from)
                continue;
            const least = (part.to - part.from) / Math.max(1, part.x1 - part.x0) * 70;
            const nice = [1e3, 1e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 2e7, 3e7, 6e7, 12e7, 3e8, 6e8, 12e8, 18e8, 36e8, 72e8, 216e8].find(size => size >= least) || 864e8;
            for (let t = Math.ceil(part.from / nice) * nice; t <= part.to; t += nice) {
                const x = xOf(t), text = offset(t, nice < 1e6 ? (nice < 1e5 ? 3 : 1) : 0), size = context.measureText(text).width;
                context.fillRect(Math.round(x), 46, 1, 4);
                if (x - size / 2 < free || x + size / 2 > width - 2 || x - size / 2 < 2)
                    continue;
                context.fillText(text, x - size / 2, 53);
                free = x + size / 2 + 10;
            }
        }
    }
    function drawAxis() {
        const ratio = devicePixelRatio || 1, context = axisCanvas.getContext("2d");
        axisCanvas.width = Math.round(width * ratio);
        axisCanvas.height = Math.round(58 * ratio);
        context.scale(ratio, ratio);
        const colours = Object.fromEntries(["dim", "accent", "bad", "warn", "input", "line", "fold", "good", "ink"].map(name => [name, colour(`--${name}`)]));
        context.fillStyle = colours.line;
        context.fillRect(0, 45, width, 1);
        const seen = new Set();
        const each = (items, paint) => {
            seen.clear();
            for (const item of items) {
                const x = Math.round(xOf(item.t));
                if (x < -4 || x > width + 4 || seen.has(x))
                    continue;
                seen.add(x);
                paint(x, item);
            }
        };
        context.globalAlpha = 0.55;
        context.fillStyle = colours.accent;
        each(moments, (x, moment) => context.fillRect(x, moment.picture < 0 ? 38 : 20, 1, moment.picture < 0 ? 7 : 25));
        context.globalAlpha = 1;
        context.fillStyle = colours.input;
        each(events.filter(event => event.kind === "input"), x => context.fillRect(x - 1, 36, 3, 9));
        context.fillStyle = colours.warn;
        each(events.filter(event => event.kind === "event" && !event.worst), x => {
            context.beginPath();
            context.arc(x, 10, 3, 0, 7);
            context.fill();
        });
        context.fillStyle = colours.dim;
        each(lines.filter(line => line.mark === "u" && data.timed), x => context.fillRect(x, 4, 1, 41));
        context.fillStyle = colours.bad;
        each(events.filter(event => event.worst), x => {
            context.fillRect(x - 1, 4, 2, 41);
            context.fillRect(x - 4, 4, 8, 7);
        });
        each(data.timed ? failures.map(line => lines[line]) : [], x => {
            context.beginPath();
            context.moveTo(x - 5, 4);
            context.lineTo(x + 5, 4);
            context.lineTo(x, 13);
            context.fill();
            context.fillRect(x - 0.5, 10, 1, 35);
        });
        drawTicks(context, colours);
        const x = xOf(state.t);
        context.fillStyle = colours.ink;
        context.fillRect(Math.round(x) - 1, 0, 2, 46);
        context.beginPath();
        context.arc(x, 45, 5, 0, 7);
        context.fill();
    }
    function setZoom(by, x = xOf(state.t)) {
        const t = timeAt(x);
        zoom = clamp(zoom * by, 1, 4000);
        layAxis();
        pan = clamp(pan + xOf(t) - x, 0, width * zoom - width);
        layAxis();
        drawAxis();
    }
    let dragging = false;
    const axisX = event => event.clientX - axis.getBoundingClientRect().left;
    axis.addEventListener("pointerdown", event => {
        if (event.target.closest("button"))
            return;
        dragging = true;
        axis.setPointerCapture(event.pointerId);
        seek(axisX(event));
    });
    axis.addEventListener("pointerup", () => dragging = false);
    axis.addEventListener("pointermove", event => {
        dragging && seek(axisX(event));
        event.pointerType === "mouse" && preview(timeAt(axisX(event)), event.clientX, axis.getBoundingClientRect().top);
    });
    axis.addEventListener("pointerleave", () => hover.hidden = true);
    axis.addEventListener("wheel", event => {
        event.preventDefault();
        if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
            pan += event.deltaX || event.deltaY;
            layAxis();
            drawAxis();
        } else {
            setZoom(event.deltaY < 0 ? 1.25 : 0.8, axisX(event));
        }
    }, {passive: false});
    // Takes the nearest failure or change within a few pixels, else the time itself.
    function seek(x) {
        const near = data.timed ? failures.find(line => Math.abs(xOf(lines[line].t) - x) <= 4) : undefined;
        if (near !== undefined)
            return go(lines[near].t, {line: near});
        const t = timeAt(x), at = lastUntil(moments, t), after = moments[at + 1];
        return go(after && Math.abs(xOf(after.t) - x) <= 4 ? after.t : t);
    }
    let previewing = 0;
    async function preview(t, x, bottom) {
        const turn = ++previewing, at = lastUntil(moments, t), index = at >= 0 ? moments[at].picture : -1;
        hoverText.textContent = `+${offset(t)}`;
        hover.hidden = false;
        hoverCanvas.hidden = !canShow(index);
        if (canShow(index)) {
            const image = await thumb(index);
            if (turn !== previewing)
                return;
            paint(hoverCanvas, image);
        }
        hover.style.left = `${clamp(x - 125, 6, innerWidth - 256)}px`;
        hover.style.top = `${Math.max(6, bottom - hover.offsetHeight - 8)}px`;
    }

    // ---- the strip: only the tiles in view are there ----

    const tileElements = new Map(), badMoments = new Set();
    if (data.timed)
        failures.forEach(line => badMoments.add(lastUntil(moments, lines[line].t)));
    tiles.style.width = `${moments.length * TILE + 8}px`;
    function makeTile(at) {
        const moment = moments[at], canvas = make("canvas", {width: 4, height: 2});
        const tile = make("a", {class: `tile${badMoments.has(at) ? " bad" : ""}${canShow(moment.picture) ? "" : " none"}`, href: `#t=${address(moment.t)}`, tabindex: -1,
            title: `+${offset(moment.t)}, ${utc(moment.wall)}`}, canvas, make("span", {}, (badMoments.has(at) ? "▼ " : "") + offset(moment.t)));
        tile.style.left = `${at * TILE + 8}px`;
        tile.addEventListener("click", event => {
            event.preventDefault();
            go(moment.t, {from: "strip"});
        });
        return tile;
    }
    const waiting = new Set();
    let working = false;
    async function paintTiles() {
        if (working)
            return;
        working = true;
        while (waiting.size) {
            const at = waiting.values().next().value, tile = tileElements.get(at);
            waiting.delete(at);
            if (!tile)
                continue;
            try {
                paint(tile.firstChild, await thumb(moments[at].picture));
            } catch {
                tile.classList.add("none");
            }
        }
        working = false;
    }
    function layTiles() {
        const first = Math.max(0, Math.floor(strip.scrollLeft / TILE) - 1), last = Math.min(moments.length, Math.ceil((strip.scrollLeft + strip.clientWidth) / TILE) + 1);
        for (const [at, tile] of tileElements)
            if (at < first || at >= last) {
                tile.remove();
                tileElements.delete(at);
                waiting.delete(at);
            }
        for (let at = first; at < last; at++) {
            let tile = tileElements.get(at);
            if (!tile) {
                tileElements.set(at, tile = makeTile(at));
                tiles.append(tile);
                if (canShow(moments[at].picture))
                    waiting.add(at);
            }
            tile.classList.toggle("now", at === state.moment);
        }
        setTimeout(paintTiles, 0);
    }
    strip.addEventListener("scroll", layTiles, {passive: true});
    function scrollStrip() {
        const left = state.moment * TILE;
        if (left < strip.scrollLeft || left + TILE > strip.scrollLeft + strip.clientWidth)
            strip.scrollLeft = left - strip.clientWidth / 2 + TILE / 2;
        layTiles();
    }

    // ---- all of it ----

    function show(from) {
        const {t, moment} = state, wall = wallAt(t), line = state.line >= 0 ? lines[state.line] : null;
        when.textContent = `+${offset(t)}`;
        clock.textContent = `${utc(wall)} · ${local(wall)}`;
        place.textContent = moment >= 0 ? `${moment + 1} of ${moments.length} changes` + (moments[moment].picture >= 0 ? `, ${pictures[moments[moment].picture].width}×${pictures[moments[moment].picture].height}` : "") : "";
        previous.disabled = moment <= 0 && t <= (moments[0] || {t: 0}).t;
        next.disabled = moment >= moments.length - 1;
        axis.setAttribute("aria-valuenow", Math.round(t / 1e6));
        axis.setAttribute("aria-valuetext", `${offset(t)}, change ${moment + 1} of ${moments.length}`);
        spoken.textContent = `${offset(t)}, change ${moment + 1} of ${moments.length}` + (line ? `: ${line.text}` : "");
        whole.hidden = !line;
        whole.textContent = !line ? "" : line.note && line.note !== line.text ? `${line.note}\n${line.text}` : line.text;
        const x = xOf(t);
        if (x < 0 || x > width) {
            pan += x - width / 2;
            layAxis();
        }
        draw();
        drawAxis();
        markNow();
        from === "log" ? layRows() : scrollLog();
        from === "strip" ? layTiles() : scrollStrip();
    }
    addEventListener("keydown", event => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not(#swipe), select") || help.open)
            return;
        const keys = {ArrowLeft: () => step(state.t > (moments[state.moment] || {t: 0}).t ? 0 : -1), ArrowRight: () => step(1), Home: () => go(0), End: () => go(moments.length ? moments[moments.length - 1].t : end),
            f: () => stepFailure(1), F: () => stepFailure(-1), "/": () => filter.focus(), "?": () => help.showModal(), "+": () => setZoom(1.5), "-": () => setZoom(1 / 1.5),
            n: () => setMode("now"), d: () => setMode(state.mode === "difference" ? "now" : "difference"), b: () => setMode(state.mode === "blink" ? "now" : "blink"),
            s: () => setMode(state.mode === "swipe" ? "now" : "swipe"), Escape: () => setMode("now")};
        if (!Object.hasOwn(keys, event.key) || (event.target === swipe && event.key.startsWith("Arrow")))
            return;
        event.preventDefault();
        keys[event.key]();
    });
    addEventListener("hashchange", fromAddress);
    const observer = new ResizeObserver(() => {
        laySwipe();
        layAxis();
        drawAxis();
        layRows();
        layTiles();
    });
    [axis, log, strip, stage].forEach(element => observer.observe(element));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAxis);

    layAxis();
    layAllRows();
    if (!fromAddress())
        failures.length && data.timed ? stepFailure(1) : go(0);
    performance.mark("timeline-shown");
    requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("timeline-painted")));
});
