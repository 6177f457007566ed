// SPDX-License-Identifier: LGPL-2.1-or-later
// Hands: keys by their place on the keyboard, text as text, pointer and wheel; all let go when the page is left.
import {make} from "./states.js";

const NAME_KEY = "periscope.name"; // who drives, as others see it; kept by the browser
const NAME_MAX = 40;
const WHEEL_NOTCH = 100; // pixels of a browser's wheel event
const LINE = 33;
const BUTTONS = ["left", "middle", "right", "back", "forward"];
const TEXT_PART = 512; // characters in one action

// [word, codes pressed together, title]; "" is a gap.
const KEYS = [
    ["Ctrl+Alt+Del", ["ControlLeft", "AltLeft", "Delete"]], "",
    ["Esc", ["Escape"]], ["Tab", ["Tab"]], ["Enter", ["Enter"]], ["⌫", ["Backspace"], "Backspace"], "",
    ["←", ["ArrowLeft"], "Left"], ["↑", ["ArrowUp"], "Up"], ["↓", ["ArrowDown"], "Down"], ["→", ["ArrowRight"], "Right"], "",
    ["Super", ["MetaLeft"]], ["Alt+Tab", ["AltLeft", "Tab"]], ["Alt+F4", ["AltLeft", "F4"]], ["Ctrl+C", ["ControlLeft", "KeyC"]],
    ["PrtSc", ["PrintScreen"], "Print screen"],
];
const FUNCTION_KEYS = Array.from({length: 12}, (_, i) => `F${i + 1}`);

export class Drive {
    // parts: button, word, stage, hands, typing, text (dialog). screen: for places. send(message). toast(words).
    constructor(parts, screen, send, toast)
    {
        Object.assign(this, parts, {screen, send, toast});
        this.on = false;
        this.held = new Set();
        this.buttons = new Set();
        this.moved = null;
        this.wheel = {x: 0, y: 0};
        this.button.addEventListener("click", () => this.ask(!this.on));
        this.make_hands();
        this.listen();
    }

    ask(on)
    {
        this.send({t: "drive", on, name: localStorage.getItem(NAME_KEY) || "somebody"});
        if (!on)
            this.set(false);
    }

    // What the gateway says of who drives.
    told({who, reason})
    {
        const mine = who === "you";
        if (this.on && !mine)
            this.toast(who ? `${who} has taken over` : reason || "You do not drive any more");
        else if (!mine && !who && reason)
            this.toast(reason);
        this.set(mine);
        this.word.textContent = mine ? "You drive" : who ? `${who} drives — take over` : "Take control";
        this.button.classList.toggle("other", Boolean(who) && !mine);
    }

    set(on)
    {
        this.on = on;
        this.held.clear();
        this.buttons.clear();
        this.moved = null;
        this.button.setAttribute("aria-checked", on);
        if (!on)
            this.word.textContent = "Take control";
        this.hands.hidden = !on;
        document.body.classList.toggle("driving", on);
        this.stage.setAttribute("role", on ? "application" : "img");
        if (on)
            this.stage.focus({preventScroll: true});
        this.screen.layout();
    }

    act(...actions)
    {
        if (this.on)
            this.send({t: "input", actions});
    }

    release()
    {
        if (!this.on || (!this.held.size && !this.buttons.size))
            return;
        this.held.clear();
        this.buttons.clear();
        this.act("release=all");
    }

    type(text)
    {
        this.release();
        for (const part of text.replace(/\r\n?/g, "\n").match(new RegExp(`[^]{1,${TEXT_PART}}`, "gu")) ?? [])
            this.act(`text=${part}`);
    }

    press(codes)
    {
        this.act(...codes.map(code => `key=${code},down`), ...[...codes].reverse().map(code => `key=${code},up`));
    }

    // ---- keyboard ----

    key_down(event)
    {
        if (!this.on)
            return;
        if (event.ctrlKey && event.altKey && event.code === "KeyG") {
            event.preventDefault();
            this.release();
            this.button.focus();
            return;
        }
        if ((event.ctrlKey || event.metaKey) && event.shiftKey && event.code === "KeyV")
            return; // becomes a paste
        event.preventDefault();
        event.stopPropagation();
        if (event.repeat)
            return; // the guest repeats by itself
        if (!event.code || event.isComposing) {
            if (event.key.length === 1)
                this.act(`text=${event.key}`);
            return;
        }
        this.held.add(event.code);
        this.flush();
        this.act(`key=${event.code},down`);
    }

    key_up(event)
    {
        if (!this.on || !event.code)
            return;
        event.preventDefault();
        event.stopPropagation();
        if (!this.held.delete(event.code))
            return;
        this.act(`key=${event.code},up`);
        // A Mac tells nothing of the keys that go up while Command is held.
        if (event.code.startsWith("Meta"))
            this.release();
    }

    pasted(event)
    {
        if (!this.on)
            return;
        event.preventDefault();
        this.type(event.clipboardData.getData("text/plain"));
    }

    // A phone's keyboard tells no keys but what it has written.
    written(event)
    {
        if (event.inputType === "insertLineBreak" || event.inputType === "insertParagraph")
            this.press(["Enter"]);
        else if (event.inputType.startsWith("delete"))
            this.press(["Backspace"]);
        else if (event.data)
            this.act(`text=${event.data}`);
        this.typing.value = "  "; // so that there is always something to delete
    }

    // ---- pointer ----

    // Only the last place of a frame is sent.
    move(event)
    {
        if (!this.on)
            return;
        const first = this.moved === null;
        this.moved = this.screen.pixel_at(event);
        if (first)
            requestAnimationFrame(() => this.flush());
    }

    flush()
    {
        if (this.moved)
            this.act(`move=${this.moved.x},${this.moved.y}`);
        this.moved = null;
    }

    button_changed(event, way)
    {
        if (!this.on || !BUTTONS[event.button])
            return;
        event.preventDefault();
        const name = BUTTONS[event.button];
        if (way === "down")
            this.stage.setPointerCapture(event.pointerId);
        else if (!this.buttons.has(name))
            return;
        this.stage.focus({preventScroll: true});
        this.moved = this.screen.pixel_at(event);
        this.flush();
        this.act(`button=${name},${way}`);
        if (way === "down")
            this.buttons.add(name);
        else
            this.buttons.delete(name);
    }

    wheeled(event)
    {
        if (!this.on)
            return;
        event.preventDefault();
        const unit = event.deltaMode === 0 ? 1 : LINE;
        this.wheel.x += event.deltaX * unit / WHEEL_NOTCH;
        this.wheel.y += event.deltaY * unit / WHEEL_NOTCH;
        const [x, y] = [Math.trunc(this.wheel.x), Math.trunc(this.wheel.y)];
        if (!x && !y)
            return;
        this.wheel.x -= x;
        this.wheel.y -= y;
        this.flush();
        this.act(`wheel=${x},${y}`);
    }

    listen()
    {
        const {stage, typing, text} = this;
        stage.addEventListener("keydown", event => this.key_down(event));
        stage.addEventListener("keyup", event => this.key_up(event));
        stage.addEventListener("paste", event => this.pasted(event));
        stage.addEventListener("blur", () => this.release());
        stage.addEventListener("pointermove", event => this.move(event));
        stage.addEventListener("pointerdown", event => this.button_changed(event, "down"));
        stage.addEventListener("pointerup", event => this.button_changed(event, "up"));
        stage.addEventListener("pointercancel", () => this.release());
        stage.addEventListener("contextmenu", event => this.on && event.preventDefault());
        stage.addEventListener("wheel", event => this.wheeled(event), {passive: false});
        typing.addEventListener("input", event => this.written(event));
        addEventListener("blur", () => this.release());
        addEventListener("pagehide", () => this.release());
        document.addEventListener("visibilitychange", () => document.hidden && this.release());
        // Before the keyboard is given back, so that no key comes before the text.
        text.querySelector("form").addEventListener("submit", event => {
            const field = text.querySelector("textarea");
            if (event.submitter?.value === "send")
                this.type(field.value);
            field.value = "";
        });
        text.addEventListener("close", () => this.stage.focus({preventScroll: true}));
    }

    // ---- keys on the page ----

    // Others see this name while one drives.
    make_name()
    {
        const name = make("input", "field");
        name.placeholder = "Your name";
        name.setAttribute("aria-label", "Your name, as others see it while you drive");
        name.maxLength = NAME_MAX;
        name.value = localStorage.getItem(NAME_KEY) ?? "";
        name.addEventListener("change", () => {
            localStorage.setItem(NAME_KEY, name.value.trim());
            this.ask(true);
        });
        return name;
    }

    make_hands()
    {
        const key = (word, title, act) => {
            const made = make("button", "button small", word);
            made.type = "button";
            made.title = title;
            made.setAttribute("aria-label", title);
            made.addEventListener("click", act);
            this.hands.append(made);
            return made;
        };
        key("Keyboard", "Show the keyboard of this device", () => {
            this.typing.value = "  ";
            this.typing.focus();
        });
        key("Text…", "Type a text", () => this.text.showModal());
        this.hands.append(make("span", "gap"));
        for (const each of KEYS)
            if (each === "")
                this.hands.append(make("span", "gap"));
            else
                key(each[0], each[2] ?? each[0], () => this.press(each[1]));
        const more = make("select");
        more.setAttribute("aria-label", "Function keys");
        more.append(new Option("F1…F12", ""), ...FUNCTION_KEYS.map(name => new Option(name, name)));
        more.addEventListener("change", () => {
            if (more.value)
                this.press([more.value]);
            more.value = "";
        });
        this.hands.append(more, this.make_name(), make("span", "hint", "Ctrl+Alt+G gives the keyboard back"));
    }
}
