"""A small MQTT 3.1.1 client (QoS 0), written for the starter library of Twinport."""

import json
import os
import socket
import struct
import time


def _length(number):
    out = bytearray()
    while True:
        number, digit = divmod(number, 128)
        out.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(out)


def _text(text):
    data = text.encode()
    return struct.pack(">H", len(data)) + data


class Link:
    """One connection to a broker. Values are JSON."""

    def __init__(self, host, port, name, user=None, password=None, keep_alive=30):
        self.keep_alive, self.sent, self.buffer = keep_alive, time.monotonic(), b""
        try:
            self.socket = socket.create_connection((host, port), timeout=10)
        except OSError as error:
            raise SystemExit(f"The broker at {host}:{port} cannot be reached: {error}. Is it up, and may jobs use the network?") from None
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        flags = 0x02 | (0x80 if user else 0) | (0x40 if password else 0)
        payload = _text(name) + (_text(user) if user else b"") + (_text(password) if password else b"")
        self._send(0x10, _text("MQTT") + bytes([4, flags]) + struct.pack(">H", keep_alive) + payload)
        kind, body = self._packet(10)
        if kind != 0x20 or body[1]:
            raise SystemExit(f"The broker at {host}:{port} refused the connection (code {body[1] if body else '?'}): check BROKER_USER and BROKER_PASSWORD.")

    @classmethod
    def from_environment(cls, name):
        """Connects to where the CI variables BROKER_HOST and BROKER_PORT say, as BROKER_USER."""
        host = os.environ.get("BROKER_HOST", "127.0.0.1")
        port = int(os.environ.get("BROKER_PORT", "1883"))
        name = f"{name}-{os.environ.get('CI_JOB_ID', os.getpid())}"
        return cls(host, port, name, os.environ.get("BROKER_USER"), os.environ.get("BROKER_PASSWORD"))

    def _send(self, kind, body):
        self.socket.sendall(bytes([kind]) + _length(len(body)) + body)
        self.sent = time.monotonic()

    def _read(self, count, deadline):
        while len(self.buffer) < count:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            if time.monotonic() - self.sent > self.keep_alive / 2:
                self._send(0xC0, b"")
            self.socket.settimeout(min(left, self.keep_alive / 2))
            try:
                data = self.socket.recv(65536)
            except socket.timeout:
                continue
            if not data:
                raise SystemExit("The broker closed the connection.")
            self.buffer += data
        return self.buffer[:count]

    def _packet(self, timeout):
        deadline = time.monotonic() + timeout
        size, shift, at = 0, 0, 1
        while True:
            head = self._read(at + 1, deadline)
            if head is None:
                return None, b""
            size |= (head[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if not head[at - 1] & 0x80:
                break
        whole = self._read(at + size, deadline)
        if whole is None:
            return None, b""
        self.buffer = self.buffer[at + size :]
        return whole[0] & 0xF0, whole[at:]

    def subscribe(self, topic):
        """Receives what is published to `topic`, which may hold the wildcards + and #."""
        self._send(0x82, struct.pack(">H", 1) + _text(topic) + b"\0")

    def publish(self, topic, value):
        """Publishes a value as JSON."""
        self._send(0x30, _text(topic) + json.dumps(value).encode())

    def receive(self, timeout=60):
        """The next topic and value, or (None, None) when none comes in time (seconds)."""
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            kind, body = self._packet(left)
            if kind == 0x30:
                size = struct.unpack(">H", body[:2])[0]
                return body[2 : 2 + size].decode(), json.loads(body[2 + size :])
        return None, None
