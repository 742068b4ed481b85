"""Readers that stop reading, for slow-readers.ts. In Python because Node cannot set SO_RCVBUF: with the kernel's
default a paused loopback reader swallows megabytes before the server notices.

    slow_readers.py PORT CHANNEL SLOW HEALTHY RCVBUF

Half of each are event streams, half WebSockets; all start at the earliest message. The slow ones do not read until a
line "read" comes on standard input. Once a second a line of JSON tells how far everybody is. "quit" ends it.
"""

import base64, json, os, selectors, socket, struct, sys, time

PORT, CHANNEL, SLOW, HEALTHY, RCVBUF = int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:6])
selector = selectors.DefaultSelector()


class Reader:
    """One client: counts what it gets, resumes when it is cut off."""

    def __init__(self, kind, slow):
        self.kind, self.slow = kind, slow
        self.paused = slow
        self.next = 1
        self.position = "earliest"
        self.lost = self.doubled = self.gaps = 0
        self.resumes = -1
        self.connect()

    def connect(self):
        self.resumes += 1
        self.sock = socket.socket()
        if self.slow:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RCVBUF)
            # Ethernet's segments: with loopback's of 64 KiB the kernel gives every socket 3 MiB to send from.
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1448)
        self.sock.connect(("127.0.0.1", PORT))
        self.raw, self.body, self.head_done = b"", b"", False
        after = f"&after={self.position}"
        if self.kind == "sse":
            resume = "" if self.position == "earliest" else f"Last-Event-ID: {self.position}\r\n"
            request = f"GET /wire/sse?channel={CHANNEL}{after} HTTP/1.1\r\nHost: localhost\r\n{resume}\r\n"
        else:
            key = base64.b64encode(os.urandom(16)).decode()
            request = (
                f"GET /wire/ws?channel={CHANNEL}{after} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
            )
        self.sock.sendall(request.encode())
        self.sock.setblocking(False)
        if not self.paused:
            selector.register(self.sock, selectors.EVENT_READ, self)

    def go_on(self):
        self.paused = False
        selector.register(self.sock, selectors.EVENT_READ, self)

    def readable(self):
        try:
            data = self.sock.recv(262144)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            selector.unregister(self.sock)
            self.sock.close()
            self.connect()
            return
        self.raw += data
        if not self.head_done:
            head, found, rest = self.raw.partition(b"\r\n\r\n")
            if not found:
                return
            status = head.split(b" ", 2)[1]
            if status not in (b"200", b"101"):
                raise SystemExit(f"{self.kind}: {head.decode()} {rest.decode()}")
            self.head_done, self.raw = True, rest
        (self.events if self.kind == "sse" else self.frames)()

    def events(self):
        at = 0
        while True:
            end = self.raw.find(b"\r\n", at)
            if end < 0:
                break
            size = int(self.raw[at:end], 16)
            if len(self.raw) < end + 2 + size + 2:
                break
            self.body += self.raw[end + 2 : end + 2 + size]
            at = end + 2 + size + 2
        self.raw = self.raw[at:]
        *events, self.body = self.body.split(b"\n\n")
        for event in events:
            fields = dict(line.split(b": ", 1) for line in event.split(b"\n") if b": " in line)
            if b"id" in fields:
                self.position = fields[b"id"].decode()
            self.take(fields.get(b"event", b"message").decode(), fields.get(b"data"))

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
            opcode, payload = self.raw[at] & 15, self.raw[start : start + size]
            at = start + size
            if opcode == 9:
                self.sock.send(bytes([0x8A, 0x80 | size, 0, 0, 0, 0]) + payload)
            if opcode == 1:
                message = json.loads(payload)
                kind = message["type"]
                if kind in ("message", "gap", "subscribed") and "id" in message:
                    self.position = message["id"]
                self.take(kind, json.dumps(message.get("data")).encode() if kind == "message" else None)
        self.raw = self.raw[at:]

    def take(self, event, data):
        if event == "gap":
            self.gaps += 1
            self.next = None
        if event != "message":
            return
        n = json.loads(data)["n"]
        if self.next is not None and n > self.next:
            self.lost += n - self.next
        if self.next is not None and n < self.next:
            self.doubled += 1
        self.next = n + 1


readers = [Reader("sse" if i % 2 else "websocket", True) for i in range(SLOW)]
readers += [Reader("sse" if i % 2 else "websocket", False) for i in range(HEALTHY)]
os.set_blocking(0, False)
selector.register(0, selectors.EVENT_READ, None)
told = 0.0
while True:
    for key, _ in selector.select(0.2):
        if key.data:
            key.data.readable()
            continue
        words = (os.read(0, 4096) or b"quit").split()
        if b"quit" in words:
            raise SystemExit(0)
        if b"read" in words:
            for reader in readers:
                if reader.paused:
                    reader.go_on()
    if time.monotonic() - told > 1:
        told = time.monotonic()
        report = {}
        for name, group in ("slow", readers[:SLOW]), ("healthy", readers[SLOW:]):
            report[name] = {
                "least": min(((r.next or 1) - 1 for r in group), default=0),
                "most": max(((r.next or 1) - 1 for r in group), default=0),
                "lost": sum(r.lost for r in group),
                "doubled": sum(r.doubled for r in group),
                "gaps": sum(r.gaps for r in group),
                "resumes": sum(r.resumes for r in group),
            }
        print(json.dumps(report), flush=True)
