"""A real S3 server in a process of its own, and a door before it that shuts when it is told to."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
import pytest

#: Of the fleet, in :func:`reached`.
SECRET = "do-not-tell-anybody"
#: It ends with the process that has started it: nobody writes to its input any more.
_SERVE = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
_EVERYTHING = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


@dataclass(frozen=True)
class S3Server:
    """The server, and a client of it that is not ours."""

    address: str

    def client(self, kind: str = "s3") -> Any:
        """Return a client of Amazon's own library."""
        return boto3.client(
            kind,
            endpoint_url=self.address,
            aws_access_key_id="any",
            aws_secret_access_key="any",
            region_name="us-east-1",
        )

    def new_bucket(self) -> "Bucket":
        """Make a bucket."""
        name = f"bucket-{uuid4().hex[:12]}"
        self.client().create_bucket(Bucket=name)
        return Bucket(name=name, client=self.client())

    @contextmanager
    def checking_credentials(self, *, but: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
        """Let nobody in, until the end of the block, but a user whose key and secret are given.

        ``but`` names what this user may not do.
        """
        refused = [{"Effect": "Deny", "Action": list(but), "Resource": "*"}] if but else []
        policy = {"Version": "2012-10-17", "Statement": [_EVERYTHING, *refused]}
        users = self.client("iam")
        name = f"user-{uuid4().hex[:12]}"
        users.create_user(UserName=name)
        users.put_user_policy(UserName=name, PolicyName="s3", PolicyDocument=json.dumps(policy))
        key = users.create_access_key(UserName=name)["AccessKey"]
        self._let_in("0")
        try:
            yield key["AccessKeyId"], key["SecretAccessKey"]
        finally:
            self._let_in("inf")

    def _let_in(self, requests: str) -> None:
        asked = urllib.request.Request(  # noqa: S310 (of ours)
            f"{self.address}/moto-api/reset-auth",
            data=requests.encode(),
            headers={"Content-Type": "text/plain"},
        )
        with urllib.request.urlopen(asked):  # noqa: S310 (likewise)
            pass


@dataclass(frozen=True)
class Bucket:
    """A bucket, and what lies in it."""

    name: str
    client: Any

    def url(self, key: str) -> str:
        return f"s3://{self.name}/{key}"

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=content)

    def head(self, key: str) -> dict[str, Any]:
        told: dict[str, Any] = self.client.head_object(Bucket=self.name, Key=key)
        return told

    @property
    def objects(self) -> dict[str, bytes]:
        """Return the content of each object, by key."""
        listed = self.client.list_objects_v2(Bucket=self.name).get("Contents", [])
        return {
            entry["Key"]: self.client.get_object(Bucket=self.name, Key=entry["Key"])["Body"].read()
            for entry in listed
        }

    def begin(self, key: str, *parts: tuple[int, bytes], algorithm: str = "SHA256") -> str:
        """Begin an upload, add parts by their numbers, and leave it; return its name."""
        address = {"Bucket": self.name, "Key": key}
        begun = self.client.create_multipart_upload(**address, ChecksumAlgorithm=algorithm)
        for number, content in parts:
            self.client.upload_part(
                **address,
                UploadId=begun["UploadId"],
                PartNumber=number,
                Body=content,
                ChecksumAlgorithm=algorithm,
            )
        return str(begun["UploadId"])

    @property
    def unfinished(self) -> list[str]:
        """Return the names of uploads that were begun and neither finished nor given up."""
        uploads = self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", [])
        return [upload["UploadId"] for upload in uploads]


def reached(server: S3Server, *, nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a fleet reach a server by the variables of its environment, and by nothing else."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(nowhere))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nowhere))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # How often the library of S3 itself tries; above it there are five rounds.
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


@contextmanager
def serving_s3() -> Iterator[S3Server]:
    """Run a server until the end of the block."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", _SERVE], text=True, **pipes) as process:  # type: ignore[call-overload] # pipes by name
        try:
            yield S3Server(address=f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.stdin.close()
            process.wait(30)


@dataclass
class Door:
    """Hands connections on to a server, until so many bytes have come or gone; then it breaks them off."""

    to: tuple[str, int]
    listening: socket.socket
    #: Bytes that may still come from the server, and go to it; ``None``: any number.
    may_come: int | None = None
    may_go: int | None = None
    #: Whether it then keeps the connections instead, and takes nothing more from them.
    falls_silent: bool = False
    #: Bytes that have come and gone.
    come: int = 0
    gone: int = 0
    #: Which of the bytes that go is damaged on its way; ``None``: none.
    damages: int | None = None
    connections: list[socket.socket] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def open_again(self) -> None:
        self.may_come = self.may_go = None

    def accept(self) -> None:
        """Let in whoever knocks, until nobody listens any more."""
        while True:
            try:
                inside, _ = self.listening.accept()
            except OSError:
                return
            if 0 in {self.may_come, self.may_go}:
                inside.close()
                continue
            outside = socket.create_connection(self.to)
            self.connections += [inside, outside]
            threading.Thread(target=self._carry_both_ways, args=(inside, outside), daemon=True).start()

    def shut(self) -> None:
        """End every connection."""
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _carry_both_ways(self, inside: socket.socket, outside: socket.socket) -> None:
        # They must be closed as well: whoever waits for room in a buffer that is full does not hear that its
        # connection was shut down, only that its bytes were thrown away.
        with inside, outside:
            back = threading.Thread(target=self._carry, args=(outside, inside, "may_come"), daemon=True)
            back.start()
            self._carry(inside, outside, "may_go")
            back.join()

    def _carry(self, source: socket.socket, target: socket.socket, name: str) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                left = getattr(self, name)
                if left is not None:
                    setattr(self, name, max(0, left - len(piece)))
                    if left <= len(piece):
                        if not self.falls_silent:
                            self.shut()
                        return
                target.sendall(self._came(piece) if name == "may_come" else self._went(piece))
            target.shutdown(socket.SHUT_WR)

    def _came(self, piece: bytes) -> bytes:
        self.come += len(piece)
        return piece

    def _went(self, piece: bytes) -> bytes:
        begins, self.gone = self.gone, self.gone + len(piece)
        at = -1 if self.damages is None else self.damages - begins
        if 0 <= at < len(piece):
            return piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1 :]
        return piece


@contextmanager
def door_before(address: str) -> Iterator[Door]:
    """Stand before a server until the end of the block."""
    parts = urlsplit(address)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        door = Door(to=(str(parts.hostname), int(parts.port or 0)), listening=listening)
        thread = threading.Thread(target=door.accept)
        thread.start()
        try:
            yield door
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            door.shut()
