// SPDX-License-Identifier: LGPL-2.1-or-later
// The page's one WebSocket: connects again after a loss, later and later, and only while somebody looks at the page.

// Where the gateway begins, behind whatever prefix a proxy has put before it.
export const BASE = new URL("..", import.meta.url);

const WAITS = [500, 1000, 2000, 4000, 8000, 15000];
const SILENCE_MS = 10000; // after a question that the gateway answers at once

// Takes the one-time token out of the address, where it would be copied and kept in the history.
export function forget_token()
{
    const address = new URL(location.href);
    if (!address.searchParams.has("token"))
        return;
    address.searchParams.delete("token");
    history.replaceState(history.state, "", address);
}

export class Socket {
    // handlers: message(object), binary(ArrayBuffer), state(word, details); "open" is told before any message. The
    // words: connecting, open, waiting (details.at: when it is tried again), denied (details.status).
    constructor(handlers)
    {
        this.handlers = handlers;
        this.failures = 0;
        this.socket = null;
        this.timer = 0;
        this.watchdog = 0;
        this.waiting = false;
        addEventListener("online", () => this.waiting && this.connect());
        document.addEventListener("visibilitychange", () => !document.hidden && this.waiting && this.connect());
        addEventListener("pagehide", () => this.close());
        addEventListener("pageshow", event => event.persisted && this.connect());
        this.connect();
    }

    connect()
    {
        this.close();
        this.waiting = false;
        this.handlers.state("connecting", {});
        const address = new URL("ws", BASE);
        address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
        const socket = new WebSocket(address, "periscope.1");
        socket.binaryType = "arraybuffer";
        this.socket = socket;
        socket.onopen = () => {
            this.opened = performance.now();
            this.handlers.state("open", {});
        };
        socket.onmessage = event => this.receive(event.data);
        socket.onclose = event => socket === this.socket && this.lost(event);
    }

    receive(data)
    {
        clearTimeout(this.watchdog);
        this.watchdog = 0;
        if (data instanceof ArrayBuffer)
            return this.handlers.binary(data);
        let message;
        try {
            message = JSON.parse(data);
        } catch (error) {
            console.warn("periscope: a message that is no JSON");
            return undefined;
        }
        return this.handlers.message(message);
    }

    send(message)
    {
        if (!this.open)
            return false;
        this.socket.send(JSON.stringify(message));
        return true;
    }

    get open()
    {
        return this.socket !== null && this.socket.readyState === WebSocket.OPEN;
    }

    // Sends what is answered at once by a gateway that is still there. A laptop that slept has a dead connection, and
    // is told so by nobody.
    ask(message)
    {
        if (this.send(message) && !this.watchdog)
            this.watchdog = setTimeout(() => this.open && this.lost({}), SILENCE_MS);
    }

    close()
    {
        clearTimeout(this.timer);
        clearTimeout(this.watchdog);
        this.watchdog = 0;
        if (this.socket !== null) {
            this.socket.onclose = null;
            this.socket.onmessage = null;
            this.socket.close();
        }
        this.socket = null;
    }

    async lost(event)
    {
        const lasted = this.opened && performance.now() - this.opened > 5000;
        this.opened = 0;
        this.close();
        this.failures = lasted ? 0 : this.failures + 1;
        const status = await this.refusal();
        if (this.socket !== null)
            return;
        if (status) {
            this.handlers.state("denied", {status});
            return;
        }
        const wait = WAITS[Math.min(this.failures, WAITS.length - 1)] * (0.8 + 0.4 * Math.random());
        this.waiting = true;
        this.handlers.state("waiting", {at: Date.now() + wait, reason: event.reason ?? ""});
        this.timer = setTimeout(() => !document.hidden && this.connect(), wait);
    }

    // The status by which the gateway refuses this page, or 0: a WebSocket does not tell it.
    async refusal()
    {
        try {
            const answer = await fetch(new URL("api/guests", BASE), {method: "HEAD", cache: "no-store"});
            return answer.status === 401 || answer.status === 403 ? answer.status : 0;
        } catch (error) {
            return 0;
        }
    }
}

// The banner for a connection that is not there; the words are counted down in it.
export class Banner {
    constructor(element, socket_of)
    {
        this.element = element;
        this.text = element.querySelector("[data-text]");
        this.button = element.querySelector("button");
        this.button.addEventListener("click", () => socket_of().connect());
        this.timer = 0;
    }

    show(state, details)
    {
        clearInterval(this.timer);
        document.documentElement.dataset.connection = state;
        if (state === "connecting" && !this.element.hidden)
            this.text.textContent = "Connecting again…";
        if (state === "open")
            this.element.hidden = true;
        if (state === "denied")
            this.tell(details.status === 401
                ? "This browser has no access any more. Open the address with a new token; periscope serve prints it."
                : "The gateway refuses this address. Open it by the name that its configuration has.");
        if (state === "waiting")
            this.count_down(details.at);
    }

    tell(words)
    {
        this.text.textContent = words;
        this.element.hidden = false;
    }

    count_down(at)
    {
        const step = () => {
            const s = Math.max(0, Math.ceil((at - Date.now()) / 1000));
            this.tell(s ? `The connection to the gateway is lost. Next try in ${s} s.` : "The connection to the gateway is lost.");
        };
        step();
        this.timer = setInterval(step, 1000);
    }
}
