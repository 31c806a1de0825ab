"""Servers that speak exactly the bytes a test wants, certificates for invented names, allowed skips."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from velma_connectors.testing.plugin import sentence

NO_HANG_SECONDS = 30

# A sentence belongs here only when the CRM itself cannot show it, never to make the contract pass.
SKIPPED_SENTENCES = {
    "hubspot/test_contract.py": {"a locked record waits alone"},
    "salesforce/test_contract.py": {"none clears a field that can be blank [boolean]"},
    "testing/test_memory_contract.py": set[str](),
}


@pytest.fixture
def skipped_sentences() -> Mapping[str, set[str]]:
    """What runs of the contract may skip, by the file that runs it."""
    return SKIPPED_SENTENCES


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A sentence of the contract that a connector of ours stops showing is a failure, not a skip."""
    report = yield
    allowed = SKIPPED_SENTENCES.get("/".join(item.path.parts[-2:]))
    if report.skipped and allowed is not None and sentence(item.name) not in allowed:
        report.outcome = "failed"
        report.longrepr = f"only {sorted(allowed)} may be skipped here; this was: {report.longrepr}"
    return report


class Peer:
    """The server's end of one connection."""

    def __init__(self, connection: socket.socket, stop: threading.Event) -> None:
        self.connection = connection
        self.stop = stop
        """Set when the test is over; wait on it instead of sleeping."""
        self._unread = b""

    def head(self) -> bytes:
        """Request line and headers of the next request."""
        while b"\r\n\r\n" not in self._unread:
            piece = self.connection.recv(65536)
            if not piece:
                raise ConnectionResetError
            self._unread += piece
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        return head

    def request(self) -> tuple[bytes, bytes]:
        """Head and whole body of the next request."""
        head = self.head()
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        length = int(lengths[0].partition(b":")[2]) if lengths else 0
        while len(self._unread) < length:
            self._unread += self.connection.recv(1 << 20)
        body, self._unread = self._unread[:length], self._unread[length:]
        return head, body

    def swallow(self) -> int:
        """Read a whole request without keeping it; the length of its body."""
        head = self.head().lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        left, buffer = length - len(self._unread), bytearray(1 << 20)
        while left > 0:
            left -= self.connection.recv_into(buffer)
        return length

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """A whole answer; `retry_after="7"` becomes the header Retry-After."""
        lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def trickle(self, byte: bytes) -> None:
        """Send single bytes for a long time, each just in time for an idle timeout."""
        for _ in range(1000):
            if self.stop.wait(0.02):
                break
            self.send(byte)

    def reset(self) -> None:
        """Break the connection, as a crash or a firewall does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class RawServer:
    """Accepts connections on a loopback port and lets `talk` handle each in a thread."""

    def __init__(self, talk: Callable[[Peer], None], tls: ssl.SSLContext | None = None) -> None:
        self._talk = talk
        self._tls = tls
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._handle, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _handle(self, connection: socket.socket) -> None:
        connection.settimeout(NO_HANG_SECONDS)
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._talk(Peer(connection, self._stop))
        except OSError:
            pass  # the client has left, which many of these tests are about
        finally:
            connection.close()

    def close(self) -> None:
        self._stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(NO_HANG_SECONDS)
            assert not thread.is_alive(), "a connection was left open by the client"


@pytest.fixture
def serve() -> Iterator[Callable[..., RawServer]]:
    """Start a server: `serve(talk)`, or `serve(talk, tls=...)`."""
    servers: list[RawServer] = []

    def start(talk: Callable[[Peer], None], tls: ssl.SSLContext | None = None) -> RawServer:
        servers.append(RawServer(talk, tls))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A loopback port nobody listens on, and that nobody else gets meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@dataclass(frozen=True)
class Certificates:
    """One invented certificate for `recordings.test`, seen from both ends."""

    name: str
    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder: Path = tmp_path_factory.mktemp("tls")
    name = "recordings.test"
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return Certificates(name, server, ssl.create_default_context(cafile=folder / "certificate.pem"))
