"""Media: ranges of 1 MiB to 50 clients beside nginx; how fast a page answers beside slow viewers and uploaders."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bench.harness import LIUHEN, ROOT, Row, free_port, instance, median, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.bench.harness import BenchInstance

__all__ = ["run"]

SIZE = 256 << 20
CLIENTS = 50
REQUESTS = 12
VIEWERS, UPLOADERS = 40, 10


def run() -> list[Row]:
    """Measure on one instance with one recording of 256 MiB."""
    with instance() as served, tempfile.TemporaryDirectory(dir=ROOT / "build") as name:
        folder = Path(name)
        original = folder / "7654321_650012_20261123094210_0001.mp4"
        with original.open("wb") as file:
            for _ in range(SIZE >> 20):
                file.write(os.urandom(1 << 20))
        command = [*LIUHEN, "collect", name, "--server", served.url, "--station-key-file", str(served.station_key)]
        subprocess.run([*command, "--state-dir", str(served.home / "station")], check=True, stdout=subprocess.DEVNULL)
        opened = served.inside("issue-ticket")
        path, cookie = f"/media/{opened['ticket']}/original", f"sessionid={opened['session']}"
        rows = [_ranges(served, original, path, cookie)]
        rows.append(_page_beside_slow(served, path, cookie))
        return rows


def _ranges(served: BenchInstance, original: Path, path: str, cookie: str) -> Row:
    port = int(served.url.rsplit(":", 1)[1])
    ours, peer = [], []
    with _nginx(original) as nginx_port:
        for _ in range(3):
            peer.append(asyncio.run(_hammer(nginx_port, f"/{original.name}", "")))
            ours.append(asyncio.run(_hammer(port, path, cookie)))
    ratio = median(ours) / median(peer)
    return Row(
        f"ranges of 1 MiB to {CLIENTS} clients",
        f"{median(ours):.0f} MB/s",
        f"{median(peer):.0f} MB/s (nginx)",
        f"{ratio:.2f}",
        "report",
        None,
    )


@contextlib.contextmanager
def _nginx(original: Path) -> Iterator[int]:
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        original.parent.chmod(0o755)
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {name}/pid; error_log {name}/error.log; user root; worker_processes 1;\n"
            "events { worker_connections 256; }\n"
            f"http {{ access_log off; sendfile on; client_body_temp_path {name}/b; proxy_temp_path {name}/p;\n"
            f"fastcgi_temp_path {name}/f; uwsgi_temp_path {name}/u; scgi_temp_path {name}/s;\n"
            f"server {{ listen 127.0.0.1:{port}; root {original.parent}; }} }}\n",
            encoding="utf-8",
        )
        process = subprocess.Popen(["/usr/sbin/nginx", "-c", f"{name}/nginx.conf", "-p", name])
        try:
            wait_for(f"http://127.0.0.1:{port}/{original.name}?", seconds=10)
            yield port
        finally:
            process.terminate()
            process.wait(10)


async def _hammer(port: int, path: str, cookie: str) -> float:
    """Return MB/s over all clients, each fetching `REQUESTS` ranges at random places, one after another."""
    began = time.monotonic()
    taken = await asyncio.gather(*(_client(port, path, cookie, seed) for seed in range(CLIENTS)))
    return sum(taken) / 1e6 / (time.monotonic() - began)


async def _client(port: int, path: str, cookie: str, seed: int) -> int:
    places = random.Random(seed)  # noqa: S311 - places in a file, not secrets
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    taken = 0
    for _ in range(REQUESTS):
        start = places.randrange(SIZE - (1 << 20))
        writer.write(_request(path, cookie, f"bytes={start}-{start + (1 << 20) - 1}"))
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 206 " not in head.split(b"\r\n", 1)[0]:
            raise RuntimeError(f"no 206: {head[:200]!r}")
        left = 1 << 20
        while left:
            left -= len(await _some(reader, left))
        taken += 1 << 20
    writer.close()
    return taken


async def _some(reader: asyncio.StreamReader, most: int) -> bytes:
    piece = await reader.read(min(most, 1 << 18))
    if not piece:
        raise RuntimeError("the server closed the connection in mid-range")
    return piece


def _request(path: str, cookie: str, span: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", f"Range: {span}"]
    if cookie:
        lines.append(f"Cookie: {cookie}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _page_beside_slow(served: BenchInstance, path: str, cookie: str) -> Row:
    port = int(served.url.rsplit(":", 1)[1])
    alone = asyncio.run(_pages(port, cookie, slow=None))
    beside = asyncio.run(_pages(port, cookie, slow=(path, served.inside("slow-uploads", str(UPLOADERS)))))
    return Row(
        f"page, p95, beside {VIEWERS} slow viewers and {UPLOADERS} slow uploaders",
        f"{beside:.0f} ms",
        f"{alone:.0f} ms (the same page alone)",
        f"{beside / alone:.1f}",
        "< 100 ms",
        beside < 100,
    )


async def _pages(port: int, cookie: str, *, slow: tuple[str, dict[str, list[str]]] | None) -> float:
    background: list[asyncio.Task[None]] = []
    if slow is not None:
        path, uploads = slow
        background = [asyncio.create_task(_slow_viewer(port, path, cookie)) for _ in range(VIEWERS)]
        background += [
            asyncio.create_task(_slow_uploader(port, upload, uploads["authorization"][0]))
            for upload in uploads["uploads"]
        ]
        await asyncio.sleep(1.0)
    times = []
    for _ in range(100):
        began = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            f"GET /recordings/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = await reader.read(-1)
        writer.close()
        if b" 200 " not in answer.split(b"\r\n", 1)[0]:
            raise RuntimeError(f"the page answered {answer[:200]!r}")
        times.append((time.monotonic() - began) * 1000)
        await asyncio.sleep(0.02)
    dead = [task for task in background if task.done()]
    for task in background:
        task.cancel()
    await asyncio.gather(*background, return_exceptions=True)
    if dead:
        raise RuntimeError(f"{len(dead)} slow clients were thrown out before the end")
    return statistics.quantiles(times, n=20)[18]


async def _slow_viewer(port: int, path: str, cookie: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 16)
    writer.write(_request(path, cookie, "bytes=0-"))
    taken = 0
    while piece := await reader.read(16 << 10):
        taken += len(piece)
        await asyncio.sleep(0.1)
    writer.close()


async def _slow_uploader(port: int, upload: str, authorization: str) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    head = [f"PATCH {upload} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: {authorization}", "Tus-Resumable: 1.0.0"]
    head += ["Content-Type: application/offset+octet-stream", "Upload-Offset: 0", f"Content-Length: {1 << 24}"]
    writer.write(("\r\n".join(head) + "\r\n\r\n").encode())
    for _ in range(1 << 12):
        writer.write(b"x" * 4096)
        await writer.drain()
        await asyncio.sleep(0.1)
