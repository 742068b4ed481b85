"""Readers of one transport, for run.ts. In Python because Node cannot set SO_RCVBUF: with the kernel's
default a paused loopback reader swallows megabytes before the server notices.

    readers.py PORT CHANNEL websocket|sse|poll COUNT healthy|slow POSITION

All ask for what follows POSITION; slow ones read nothing. Lines on standard input: "read" makes slow ones read, "phase
NAME" says for what delivery times are taken from now on, "quit" ends; "report" is answered with how far everybody is,
"times" with those times, in JSON.
"""

import base64, json, os, re, selectors, socket, struct, sys, time

PORT, CHANNEL, TRANSPORT, COUNT, SLOW = int(sys.argv[1]), *sys.argv[2:4], int(sys.argv[4]), sys.argv[5] == "slow"
PATH = {"websocket": "ws", "sse": "sse", "poll": "poll"}[TRANSPORT]
UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
# A message is long, and what matters stands at its beginning.
TYPE, ID, DATA = re.compile(rb'{"type":"(\w+)"'), re.compile(rb'"id":"([^"]+)"'), re.compile(rb'{"n":(\d+),"t":(\d+),')
selector = selectors.DefaultSelector()
times, phase = {"": []}, ""


class Reader:
    """One client: counts what it gets, resumes when it is cut off."""

    def __init__(self):
        self.position = sys.argv[6]
        self.last = self.first = None
        self.lost = self.doubled = self.gaps = 0
        self.resumes = -1
        self.connect()

    def connect(self):
        self.resumes += 1
        self.sock = socket.socket()
        if SLOW and not reading:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        if SLOW:
            # Ethernet's segments: with loopback's of 64 KiB the kernel gives every socket 3 MiB to send from.
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1448)
        self.sock.connect(("127.0.0.1", PORT))
        self.raw, self.body, self.head_done = b"", b"", False
        self.ask()
        self.sock.setblocking(False)
        if reading:
            selector.register(self.sock, selectors.EVENT_READ, self)

    def ask(self):
        more = UPGRADE + base64.b64encode(os.urandom(16)).decode() + "\r\n" if TRANSPORT == "websocket" else ""
        target = f"/wire/{PATH}?channel={CHANNEL}&after={self.position}"
        self.sock.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n".encode())

    def go_on(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 262144)
        # The kernel keeps the window to what the buffer was at first.
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP, 65535)
        selector.register(self.sock, selectors.EVENT_READ, self)

    def readable(self):
        try:
            data = self.sock.recv(262144)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self.come_back()
            return
        self.now = time.monotonic_ns()
        self.raw += data
        while self.raw:
            before = len(self.raw)
            if not self.head_done:
                self.head()
            if self.head_done:
                {"websocket": self.frames, "sse": self.events, "poll": self.answer}[TRANSPORT]()
            if len(self.raw) == before:
                break

    def come_back(self):
        selector.unregister(self.sock)
        self.sock.close()
        self.connect()

    def head(self):
        head, found, rest = self.raw.partition(b"\r\n\r\n")
        if not found:
            return
        status = head.split(b" ", 2)[1]
        if status not in (b"200", b"101", b"408", b"503"):
            raise SystemExit(f"{TRANSPORT}: {head.decode()} {rest.decode()}")
        if status[:1] in b"45":
            # The server has too much to do just now.
            self.come_back()
            return
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                self.length = int(line.split(b":")[1])
        self.head_done, self.raw = True, rest

    def answer(self):
        if len(self.raw) < self.length:
            return
        told = json.loads(self.raw[: self.length])
        self.raw, self.head_done = self.raw[self.length :], False
        for _ in told["gaps"]:
            self.gap()
        for message in told["messages"]:
            self.took(message["data"]["n"], message["data"]["t"])
        self.position = told["id"]
        self.sock.setblocking(True)
        self.ask()
        self.sock.setblocking(False)

    def events(self):
        at, pieces = 0, []
        while True:
            end = self.raw.find(b"\r\n", at)
            if end < 0:
                break
            size = int(self.raw[at:end], 16)
            if len(self.raw) < end + 2 + size + 2:
                break
            pieces.append(self.raw[end + 2 : end + 2 + size])
            at = end + 2 + size + 2
        self.raw = self.raw[at:]
        *events, self.body = (self.body + b"".join(pieces)).split(b"\n\n")
        for event in events:
            fields = dict(line.split(b": ", 1) for line in event.split(b"\n") if b": " in line)
            kind = fields.get(b"event", b"message")
            if kind == b"gap":
                self.gap()
            if kind == b"message" and b"data" in fields:
                self.take(fields[b"data"])
            if b"id" in fields:
                self.position = fields[b"id"].decode()

    def frames(self):
        at = 0
        while len(self.raw) - at >= 2:
            size, start = self.raw[at + 1] & 127, at + 2
            if size == 126:
                if len(self.raw) < start + 2:
                    break
                (size,), start = struct.unpack_from("!H", self.raw, start), start + 2
            elif size == 127:
                if len(self.raw) < start + 8:
                    break
                (size,), start = struct.unpack_from("!Q", self.raw, start), start + 8
            if len(self.raw) < start + size:
                break
            opcode, begins = self.raw[at] & 15, self.raw[start : start + min(size, 300)]
            at = start + size
            if opcode == 9:
                self.pong(bytes([0x8A, 0x80 | size, 0, 0, 0, 0]) + begins)
            if opcode == 1:
                kind = TYPE.match(begins)[1]
                if kind == b"gap":
                    self.gap()
                if kind == b"message":
                    self.take(begins)
                found = ID.search(begins)
                if found and kind in (b"message", b"gap", b"subscribed", b"position"):
                    self.position = found[1].decode()
        self.raw = self.raw[at:]

    def pong(self, frame):
        try:
            self.sock.send(frame)
        except (BlockingIOError, ConnectionError):
            # A socket that is full owes a pong the less; of one that is gone the next read knows.
            pass

    def gap(self):
        self.gaps += 1
        self.last = None

    def take(self, text):
        found = DATA.search(text)
        self.took(int(found[1]), int(found[2]))

    def took(self, n, t):
        if self.first is None:
            self.first = n
        if self.last is not None and n > self.last + 1:
            self.lost += n - self.last - 1
        if self.last is not None and n <= self.last:
            self.doubled += 1
        self.last = n
        if not SLOW:
            times[phase].append(self.now - t)


def report():
    return {
        "first": max((r.first or 0 for r in readers), default=0),
        "least": min((r.last or 0 for r in readers), default=0),
        "lost": sum(r.lost for r in readers),
        "doubled": sum(r.doubled for r in readers),
        "gaps": sum(r.gaps for r in readers),
        "resumes": sum(r.resumes for r in readers),
    }


def percentiles(taken):
    taken.sort()
    return [taken[round((len(taken) - 1) * part)] / 1e6 for part in (0.5, 0.99, 1)] if taken else []


reading = not SLOW
readers = []
os.set_blocking(0, False)
selector.register(0, selectors.EVENT_READ, None)
while True:
    # A few at a time, so that the server's queue of connections is never full.
    readers += [Reader() for _ in range(min(50, COUNT - len(readers)))]
    for key, _ in selector.select(0.2):
        if key.data:
            key.data.readable()
            continue
        for line in (os.read(0, 4096) or b"quit").decode().splitlines():
            word, *rest = line.split()
            if word == "quit":
                raise SystemExit(0)
            if word == "phase":
                phase = rest[0]
                times.setdefault(phase, [])
            if word == "report":
                print(json.dumps(report()), flush=True)
            if word == "times":
                print(json.dumps({name: percentiles(taken) for name, taken in times.items()}), flush=True)
            if word == "read":
                reading = True
                for reader in readers:
                    reader.go_on()
