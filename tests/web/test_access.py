#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may use the gateway, and what it does with what no page of its own would send."""
import contextlib
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_agent import FakeAgent  # noqa: E402
from gateway import COMMAND, Gateway, need_gateway  # noqa: E402
from harness import SANITIZED, Skip, check, equal, eventually, generator, main, scaled, test  # noqa: E402
from page import fake_guest, get, metric, port_of, resident, threads_of  # noqa: E402
from websocket import Closed, WebSocket, frame  # noqa: E402

LONG = int(os.environ.get("PERISCOPE_FRAMES") or 0)  # malformed frames, where many are wanted
HTTP = "http:" + "//"  # of an Origin


# ---- who may ----

def everything(gateway, headers=(), host=None):
    """The statuses of all there is."""
    paths = ("/", "/guest/one", "/static/index.html", "/api/guests", "/api/guests/one", "/api/guests/one/screenshot.png",
             "/api/guests/one/thumbnail.png", "/api/guests/one/processes", "/api/guests/one/file?path=.periscope/log.txt", "/api/link", "/metrics",
             "/healthz", "/none")
    return {path: get(gateway, path, headers, host=host)[0] for path in paths}


def socket_status(gateway, **options):
    try:
        with WebSocket(port_of(gateway), **options):
            return 101
    except Closed as closed:
        return closed.code


@test
def without_a_token_nothing_is_served_where_one_is_needed():
    with fake_guest_with_token() as (gateway, link):
        equal(set(everything(gateway).values()), {401}, "statuses")
        equal(set(everything(gateway, [("Cookie", "periscope=" + "0" * 32)]).values()), {401}, "with a wrong cookie")
        equal(set(everything(gateway, [("Authorization", "Bearer wrong-wrong-wrong-wrong")]).values()), {401}, "a wrong secret")
        check(socket_status(gateway) != 101, "a WebSocket was let in")
        secret = [("Authorization", "Bearer correct-horse-battery")]
        equal(get(gateway, "/api/guests", secret)[0], 200, "with the secret")
        equal(get(gateway, "/?token=" + "f" * 32)[0], 401, "with a wrong token")
        status, headers, _ = get(gateway, link)
        equal(status, 200, "with the token")
        cookie = headers["set-cookie"]
        check("HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie, cookie)
        equal(get(gateway, link)[0], 401, "with the token again")
        session = [("Cookie", "other=1; " + cookie.split(";")[0])]
        equal(get(gateway, "/api/guests", session)[0], 200, "with the cookie")
        equal(socket_status(gateway, headers=[f"Cookie: {cookie.split(';')[0]}"]), 101, "a WebSocket with the cookie")
        further = json.loads(get(gateway, "/api/link", session)[2])["path"]
        equal(get(gateway, further)[0], 200, "with a further token")


@contextlib.contextmanager
def fake_guest_with_token():
    need_gateway()
    with tempfile.TemporaryDirectory(prefix="periscope-web-", dir="/tmp") as folder:
        path = os.path.join(folder, "secret")
        with open(path, "w", encoding="ascii") as file:
            file.write("correct-horse-battery\n")
        with FakeAgent() as agent, Gateway({"one": agent}, "--token-file", path) as gateway:
            yield gateway, eventually(lambda: printed_link(gateway), "the address with the token")


def printed_link(gateway):
    for line in gateway.text().splitlines():
        if line.startswith("http") and "?token=" in line:
            return "/" + line.split("/", 3)[3]
    return None


@test
def other_sites_and_other_names_get_nothing():
    with fake_guest() as (gateway, _):
        port = port_of(gateway)
        for host in ("evil.example", f"evil.example:{port}", "localhost.evil.example", "127.0.0.1.evil.example", "[::1", "", "a b"):
            found = set(everything(gateway, host=host).values())
            check(found <= {400, 403}, f"Host: {host}: {found}")
            check(socket_status(gateway, host=host or " ") != 101, f"a WebSocket to {host!r} was let in")
        for origin in (HTTP + "evil.example", "null", HTTP + f"127.0.0.1:{port + 1}", f"ftp://127.0.0.1:{port}", HTTP + f"127.0.0.1:{port}.evil.example"):
            equal(set(everything(gateway, [("Origin", origin)]).values()), {403}, f"Origin: {origin}")
            check(socket_status(gateway, headers=[f"Origin: {origin}"]) != 101, f"a WebSocket from {origin} was let in")
        equal(socket_status(gateway, headers=[f"Origin: http://127.0.0.1:{port}"]), 101, "our own page")
        equal(get(gateway, "/api/guests", [("Sec-Fetch-Site", "cross-site")])[0], 403, "a picture in another site's page")
        equal(get(gateway, "/guest/one", [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")])[0], 200, "a link")
        equal(socket_status(gateway, path="/"), None, "a WebSocket elsewhere")
        equal(socket_status(gateway, protocol=None), None, "a WebSocket without our protocol")


@test
def no_path_leads_out():
    with fake_guest() as (gateway, _):
        for path in ("/static/../gateway.c", "/static/..%2f..%2fetc%2fpasswd", "/static/%2e%2e/%2e%2e/etc/passwd", "/..%5c..%5cwindows",
                     "/static//etc/passwd", "/guest/../../etc/passwd", "/static/" + "a" * 3000, "/static/a%00.js",
                     "/api/guests/one/file?path=/etc/passwd", "/api/guests/one/file?path=.periscope/../../etc/passwd",
                     "/api/guests/one/file?path=.periscope/dump-1.dmp", "/api/guests/one/file", "/api/guests/one/file?path=" + "x" * 3000):
            try:
                status, _, body = get(gateway, path)
            except (http.client.HTTPException, ConnectionError):
                continue  # closed without a word
            check(status in (400, 403, 404, 414), f"{path[:60]}: {status}")
            check(b"root:" not in body, f"{path[:60]} has led out")
        equal(get(gateway, "/healthz")[0], 200, "after all that")


# ---- what is no message ----

def malformed_frames(count):
    random = generator()
    texts = [b"", b"{", b"[]", b"null", b'"t"', b'{"t":1}', b'{"t":"none"}', b'{"t":"watch"}', b'{"t":"watch","guest":""}',
             b'{"t":"drawn","frame":-1}', b'{"t":"drawn","frame":99999999999}', b'{"t":"wall","view":{}}', b'{"t":"input","actions":[1]}',
             b'{"t":"watch","guest":"\\u0000"}', b"[" * 60000, b'{"a":' * 12000, b'{"t":"wall","view":[' + b'"x",' * 2000 + b'"x"]}',
             b'{"t":"watch","guest":"one","output":"' + b"x" * 5000 + b'"}', b"\xff\xfe", b'{"t":"\xed\xa0\x80"}']
    for _ in range(count):
        kind = random.randrange(8)
        if kind < 4:
            yield frame(1, random.choice(texts))
        elif kind == 4:
            yield frame(1, b"x" * 10, length=random.choice((1 << 62, 1 << 40, 70000)))
        elif kind == 5:
            yield frame(random.choice((2, 3, 5, 11, 15)), random.randbytes(random.randrange(200)))
        elif kind == 6:
            yield frame(1, b'{"t":"ping"}', mask=False)
        else:
            yield random.randbytes(random.randrange(1, 64))


@test
def frames_that_are_none_cost_nothing_lasting():
    with fake_guest() as (gateway, _):
        port = port_of(gateway)
        sent, ws = 0, None
        count = LONG or scaled(300, 20)
        for data in malformed_frames(count):
            try:
                ws = ws or WebSocket(port)
                ws.send_raw(data)
                sent += 1
                if sent % 3 == 0:
                    ws.close()
                    ws = None
            except (Closed, OSError):
                ws = None
        check(sent > count / 2, f"only {sent} of {count} frames were sent")
        eventually(lambda: metric(gateway, "periscope_sockets_open") <= 1, "the sockets are closed")
        with WebSocket(port) as good:
            good.send({"t": "ping"})
            good.until(lambda m: isinstance(m, dict) and m["t"] == "pong")
        check(SANITIZED or resident(gateway) < 40 << 20, f"{resident(gateway)} bytes of memory")


@test
def a_page_that_floods_is_closed():
    with fake_guest() as (gateway, _), WebSocket(port_of(gateway)) as ws:
        flood = frame(1, b'{"t":"ping"}') * 5000
        try:
            ws.send_raw(flood)
            ws.until(lambda _: False)
        except Closed as closed:
            check(closed.code in (1008, None), f"closed with {closed.code}")
        except OSError:
            pass
        with WebSocket(port_of(gateway)) as bad:
            for _ in range(20):
                with contextlib.suppress(OSError):
                    bad.send_raw(frame(1, b"{"))
            with contextlib.suppress(OSError, Closed):
                bad.until(lambda _: False)
        equal(get(gateway, "/healthz")[0], 200, "after all that")


@test
def a_hundred_reconnections_leave_nothing():
    with fake_guest() as (gateway, _):
        port = port_of(gateway)
        for _ in range(5):
            reconnect(port)
        files = len(os.listdir(f"/proc/{gateway.process.pid}/fd"))
        for _ in range(100):
            reconnect(port)
        eventually(lambda: len(os.listdir(f"/proc/{gateway.process.pid}/fd")) <= files + 2 and threads_of(gateway) <= 2,
                   lambda: f"{files} descriptors became {len(os.listdir(f'/proc/{gateway.process.pid}/fd'))}, {threads_of(gateway)} threads")


def reconnect(port):
    with WebSocket(port) as ws:
        ws.send({"t": "wall", "view": ["one"]})
        ws.send({"t": "watch", "guest": "one", "output": None})
        ws.send({"t": "follow", "id": 1, "guest": "one", "what": "events"})
        ws.receive()


# ---- starting ----

def ends(*options):
    result = subprocess.run([*COMMAND, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30,
                            check=False)
    return result.returncode, result.stderr.decode()


@test
def a_wrong_configuration_is_named_with_its_file_and_line():
    need_gateway()
    cases = (("guest = one", "FILE:1: guest is 'one', not NAME HOST[:PORT] [group=GROUP]"),
             ("# x\nguest = a h\nguest = a h", "FILE:3: there are two guests with the name 'a'"),
             ("guest = a<b h", "FILE:1: a guest's name 'a<b' has a character"),
             ("guest = a h:0", "'0' is not a port"), ("listen = [::1", "FILE:1: listen is '[::1'"),
             ("nonsense = 1", "FILE:1: unknown option 'nonsense'"), ("keep-alive = 0", "not seconds from 1 to 600"),
             ("prefix = a", "prefix is 'a', not a path"), ("proxy = farm", "proxy is 'farm', not an address in digits"), ("token-file = /none", "FILE:1: token-file '/none': No such file"),
             ("certificate = x\nguest = a h", "certificate and key are needed together"), ("", "there is no guest to show"),
             ("x", "is not of the form 'name = value'"))
    with tempfile.TemporaryDirectory(prefix="periscope-web-", dir="/tmp") as folder:
        path = os.path.join(folder, "file")
        for text, wanted in cases:
            with open(path, "w", encoding="ascii") as file:
                file.write(text + "\n")
            status, said = ends("--config", path)
            equal(status, 2, f"the exit status of {text!r}: {said}")
            check(wanted.replace("FILE", path) in said, f"{text!r}: {said}")
            equal(said.count("\n"), 1, "lines")


@test
def with_a_certificate_it_is_tls_and_nothing_else():
    if not shutil.which("openssl"):
        raise Skip("there is no openssl to make a certificate")
    need_gateway()
    with tempfile.TemporaryDirectory(prefix="periscope-web-", dir="/tmp") as folder, FakeAgent() as agent:
        names = [os.path.join(folder, name) for name in ("key", "certificate")]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=x",
                        "-keyout", names[0], "-out", names[1]], check=True, stderr=subprocess.DEVNULL)
        with subprocess.Popen([*COMMAND, "--listen", "127.0.0.1:0", "--token", "yes", "--key", names[0], "--certificate", names[1],
                               f"127.0.0.1:{agent.port}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            link = process.stdout.readline().decode().strip()
            check(link.startswith("https://127.0.0.1:"), link)
            context = ssl.create_default_context(cafile=names[1])
            context.check_hostname = False
            port = int(link.split(":")[2].split("/")[0])
            connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
            connection.request("GET", "/" + link.split("/", 3)[3])
            response = connection.getresponse()
            equal(response.status, 200, "with the token")
            check("; Secure" in response.getheader("set-cookie"), response.getheader("set-cookie"))
            with socket.create_connection(("127.0.0.1", port), 30) as plain:
                plain.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                with contextlib.suppress(ConnectionError):
                    check(b"200 OK" not in plain.recv(100), "an answer without TLS")
            process.terminate()


FORWARDED = [("X-Forwarded-For", "10.0.0.9, 198.51.100.7"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "farm.example"),
             ("X-Forwarded-Prefix", "/screens")]


@test
def a_proxy_is_believed_where_it_is_configured():
    need_gateway()
    with FakeAgent() as agent, Gateway({"one": agent}, "--proxy", "127.0.0.1", "--host", "farm.example") as gateway:
        link = eventually(lambda: printed_link(gateway), "the address with the token, which a proxy makes necessary")
        equal(get(gateway, "/", FORWARDED)[0], 401, "without a token")
        eventually(lambda: "198.51.100.7 is refused" in gateway.text(), "who asked, in the log")
        cookie = get(gateway, link, FORWARDED)[1]["set-cookie"]
        check("; Path=/screens/;" in cookie and cookie.endswith("; Secure"), cookie)
        known = [*FORWARDED, ("Cookie", cookie.split(";")[0])]
        check(json.loads(get(gateway, "/api/link", known)[2])["path"].startswith("/screens/?token="), "a link without the prefix")
        equal(get(gateway, "/api/guests", [*known, ("Origin", HTTP + "farm.example")])[0], 200, "of the page's own origin")
        equal(get(gateway, "/api/guests", [*known, ("Origin", HTTP + "evil.example")])[0], 403, "of another")
        equal(get(gateway, "/", [("X-Forwarded-Host", "evil.example"), known[-1]])[0], 403, "by another name")


@test
def what_a_proxy_says_is_not_believed_of_others():
    with fake_guest_with_token() as (gateway, link):
        equal(get(gateway, "/", FORWARDED)[0], 401, "without a token")
        eventually(lambda: "127.0.0.1 is refused" in gateway.text(), "who asked, in the log")
        cookie = get(gateway, link, FORWARDED)[1]["set-cookie"]
        check("; Path=/;" in cookie and "Secure" not in cookie, cookie)
        equal(get(gateway, "/", [*FORWARDED, ("Cookie", cookie.split(";")[0])], host="evil.example")[0], 403, "by another name")


@test
def the_folder_of_novnc_is_served_to_who_is_let_in():
    need_gateway()
    with tempfile.TemporaryDirectory(prefix="periscope-web-", dir="/tmp") as folder, FakeAgent() as agent:
        os.mkdir(os.path.join(folder, "core"))
        with open(os.path.join(folder, "core", "rfb.js"), "w", encoding="ascii") as file:
            file.write("export default 1;\n")
        with Gateway({"one": agent}, "--novnc", folder) as gateway:
            status, headers, body = get(gateway, "/novnc/core/rfb.js")
            equal((status, body), (200, b"export default 1;\n"))
            check(headers["cache-control"] in ("no-store", "no-cache"), headers["cache-control"])
            equal(get(gateway, "/novnc/core/rfb.js", host="evil.example")[0], 403, "by another name")
            for path in ("/novnc/../../../etc/passwd", "/novnc/%2e%2e/%2e%2e/etc/passwd", "/novnc/core"):
                check(b"root:" not in get(gateway, path)[2], path)


@test
def behind_a_prefix_all_paths_have_it():
    with FakeAgent() as agent, Gateway({"one": agent}, "--prefix", "/farm/") as gateway:
        equal(get(gateway, "/farm/api/guests")[0], 200)
        equal(get(gateway, "/api/guests")[0], 404)
        status, headers, _ = get(gateway, "/farm")
        equal((status, headers["location"].endswith("/farm/")), (303, True), "the prefix without its slash")
        equal(socket_status(gateway, path="/farm/ws"), 101)
        equal(socket_status(gateway, path="/ws"), None)


if __name__ == "__main__":
    main()
