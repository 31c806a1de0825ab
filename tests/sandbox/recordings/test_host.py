"""What stands behind the paths of the recording host."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from velma_connectors.sandbox.recordings import (
    Audio,
    Empty,
    Expiring,
    Late,
    LoginPage,
    RecordingHost,
    Redirect,
    Seen,
    Truncated,
)
from velma_connectors.sandbox.server import RunningServer

SOUND = b"OggS" + bytes(range(256)) * 8
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass
class Site:
    host: RecordingHost
    url: str
    now: datetime = NOW

    def get(self, path: str, auth: tuple[str, str] | None = None) -> requests.Response:
        return requests.get(self.url + path, auth=auth, allow_redirects=False, timeout=20)


@pytest.fixture
def site() -> Iterator[Site]:
    clock: list[Site] = []
    host = RecordingHost(("dialer", "invented"), clock=lambda: clock[0].now)
    with RunningServer(host) as server:
        clock.append(Site(host, server.url))
        yield clock[0]


def test_audio_from_memory_and_from_a_file_arrives_whole(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a.ogg").write_bytes(SOUND)
    site.host.put("/memory.ogg", Audio(SOUND))
    site.host.put("/file.wav", Audio(tmp_path / "a.ogg", "audio/wav"))
    for path, media_type in (("/memory.ogg", "audio/ogg"), ("/file.wav", "audio/wav")):
        response = site.get(path)
        assert (response.status_code, response.content) == (200, SOUND)
        assert response.headers["Content-Type"] == media_type
        assert response.headers["Content-Length"] == str(len(SOUND))


@pytest.mark.parametrize(
    ("auth", "status"),
    [(None, 401), (("dialer", "wrong"), 401), (("", ""), 401), (("dialer", "invented"), 200)],
)
def test_a_protected_path_wants_its_credentials(
    site: Site, auth: tuple[str, str] | None, status: int
) -> None:
    site.host.put("/secret.ogg", Audio(SOUND), protected=True)
    response = site.get("/secret.ogg", auth)
    assert response.status_code == status
    assert ("WWW-Authenticate" in response.headers) is (status == 401)


def test_every_request_is_remembered_with_the_credentials_it_brought(site: Site) -> None:
    site.host.put("/a.ogg", Audio(SOUND))
    site.get("/a.ogg", ("dialer", "invented"))
    site.get("/b.ogg")
    assert site.host.seen == [Seen("/a.ogg", 200, True), Seen("/b.ogg", 404, False)]


def test_a_redirect_points_elsewhere(site: Site) -> None:
    site.host.put("/old.ogg", Redirect("https://elsewhere.example/new.ogg", 307))
    response = site.get("/old.ogg")
    assert response.status_code == 307
    assert response.headers["Location"] == "https://elsewhere.example/new.ogg"


def test_a_login_page_is_html_with_status_200(site: Site) -> None:
    site.host.put("/call", LoginPage())
    response = site.get("/call")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")
    assert b"password" in response.content


def test_an_empty_recording_has_no_bytes(site: Site) -> None:
    site.host.put("/empty.ogg", Empty())
    response = site.get("/empty.ogg")
    assert (response.status_code, response.content) == (200, b"")


def test_a_truncated_recording_promises_more_than_it_sends(site: Site) -> None:
    site.host.put("/cut.ogg", Truncated(Audio(SOUND), missing=40))
    connection = http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=20)
    connection.request("GET", "/cut.ogg")
    response = connection.getresponse()
    assert response.headers["Content-Length"] == str(len(SOUND))
    with pytest.raises(http.client.IncompleteRead) as broken:
        response.read()
    assert broken.value.partial == SOUND[:-40]
    connection.close()


def test_a_late_recording_is_there_after_some_misses(site: Site) -> None:
    site.host.put("/late.ogg", Late(Audio(SOUND), misses=2))
    assert [site.get("/late.ogg").status_code for _ in range(4)] == [404, 404, 200, 200]


def test_a_signed_link_works_until_its_moment(site: Site) -> None:
    site.host.put("/signed.ogg", Expiring(Audio(SOUND), NOW + timedelta(hours=1)))
    assert site.get("/signed.ogg").content == SOUND
    site.now += timedelta(hours=1, seconds=1)
    expired = site.get("/signed.ogg")
    assert expired.status_code == 403
    assert b"Request has expired" in expired.content


def test_a_path_can_be_put_anew_and_removed(site: Site) -> None:
    site.host.put("/a.ogg", Audio(SOUND))
    site.host.put("/a.ogg", LoginPage())
    assert site.get("/a.ogg").headers["Content-Type"].startswith("text/html")
    site.host.remove("/a.ogg")
    assert site.get("/a.ogg").status_code == 404


def test_recordings_are_read_and_never_written(site: Site) -> None:
    site.host.put("/a.ogg", Audio(SOUND))
    assert requests.put(site.url + "/a.ogg", data=b"x", timeout=20).status_code == 405
    head = requests.head(site.url + "/a.ogg", timeout=20)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(SOUND)))
