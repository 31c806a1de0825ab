"""Places, credits, limits and waits; what is billed, and what the counters tell of it."""

from __future__ import annotations

import hashlib
import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests

from velma_connectors.sandbox.faults import Fault
from velma_connectors.sandbox.velma import VelmaModes
from velma_connectors.sandbox.velma.presets import PRESETS

from .conftest import AUDIO, KEY, Service, config


def test_a_request_beyond_the_places_is_refused_at_once_and_not_billed(service: Service) -> None:
    service.emulator.account(KEY).change(concurrency=2)
    service.emulator.modes = VelmaModes(latency_seconds=60)
    with ThreadPoolExecutor(2) as pool:
        held = [pool.submit(service.post, config()) for _ in range(2)]
        wait_until(lambda: service.emulator.usage.billed == 2)
        refused = service.post(config())
        service.emulator.close()
        assert [future.result().status_code for future in held] == [200, 200]
    assert refused.status_code == 429
    assert refused.json() == {"detail": "Concurrency limit exceeded."}
    assert service.emulator.usage.billed == 2
    assert service.emulator.account(KEY).most_in_flight == 2


def test_places_are_free_again_after_an_answer_and_after_a_refusal(service: Service) -> None:
    for _ in range(3):
        assert service.post(config(), key="other-key").status_code == 200
        assert service.post("not json", key="other-key").status_code == 422
    assert service.emulator.account("other-key").in_flight == 0


def test_places_are_counted_for_each_key(service: Service) -> None:
    service.emulator.modes = VelmaModes(latency_seconds=60)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(service.post, config(), key="other-key")
        wait_until(lambda: service.emulator.usage.billed == 1)
        second = pool.submit(service.post, config())
        wait_until(lambda: service.emulator.usage.billed == 2)
        service.emulator.close()
        assert (first.result().status_code, second.result().status_code) == (200, 200)


def test_used_up_credits_refuse_the_analysis_and_the_probe(service: Service) -> None:
    service.emulator.account(KEY).change(credit_ms=4500)
    assert service.post(config()).status_code == 200
    for response in (service.post(config()), service.presets()):
        assert (response.status_code, response.json()["detail"]) == (429, "Insufficient credits.")
    assert service.emulator.usage.billed_ms == 4500


@pytest.mark.parametrize(("presets_need_quota", "probe"), [(False, 200), (True, 403)])
def test_the_monthly_limit_is_a_403_that_says_so(
    service: Service, presets_need_quota: bool, probe: int
) -> None:
    service.emulator.modes = VelmaModes(presets_need_quota=presets_need_quota)
    service.emulator.account(KEY).change(monthly_limit_ms=4000)
    assert service.post(config()).status_code == 200
    refused = service.post(config())
    assert (refused.status_code, refused.json()["detail"]) == (403, "Monthly limit reached.")
    assert service.presets().status_code == probe


def test_a_model_that_is_not_enabled_is_a_403_that_says_so(service: Service) -> None:
    service.emulator.account(KEY).change(model_enabled=False)
    for response in (service.post(config()), service.presets()):
        assert (response.status_code, response.json()["detail"]) == (403, "Model access not enabled.")


def test_the_processing_limit_is_a_504_that_was_billed(service: Service) -> None:
    service.emulator.modes = VelmaModes(latency_seconds=60, processing_limit_seconds=0.01)
    assert service.post(config()).status_code == 504
    assert (service.emulator.usage.billed, service.emulator.usage.answered) == (1, 0)


def test_latency_is_a_real_wait(service: Service) -> None:
    service.emulator.modes = VelmaModes(latency_seconds=0.2)
    started = time.monotonic()
    assert service.post(config()).status_code == 200
    assert time.monotonic() - started >= 0.2


def test_it_works_on_when_the_client_is_gone(service: Service) -> None:
    service.emulator.modes = VelmaModes(latency_seconds=60)
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            f"{service.url}/api/velma-2-batch",
            headers={"X-API-Key": KEY},
            files={"upload_file": ("call.ogg", AUDIO)},
            timeout=(5, 0.3),
        )
    assert service.emulator.account(KEY).in_flight == 1, "the place is kept by the orphan"
    service.emulator.close()
    wait_until(lambda: service.emulator.usage.answered == 1)
    assert service.emulator.usage.billed == 1


def test_an_upload_that_breaks_off_is_not_billed_and_frees_its_place(service: Service) -> None:
    connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=20)
    connection.putrequest("POST", "/api/velma-2-batch")
    connection.putheader("X-API-Key", KEY)
    connection.putheader("Content-Type", "multipart/form-data; boundary=b")
    connection.putheader("Content-Length", "1000000")
    connection.endheaders(
        b'--b\r\nContent-Disposition: form-data; name="upload_file"; filename="a.ogg"\r\n\r\nOggS'
    )
    wait_until(lambda: service.emulator.account(KEY).in_flight == 1)
    connection.close()
    wait_until(lambda: service.emulator.account(KEY).in_flight == 0)
    assert service.emulator.usage.billed == 0
    assert service.emulator.usage.refused == {"disconnected during the upload": 1}


def test_a_connection_cut_after_the_upload_has_been_billed(service: Service) -> None:
    service.faults.add(Fault("POST /api/velma-2-batch", cut="after"))
    with pytest.raises(requests.ConnectionError):
        service.post(config())
    assert service.emulator.usage.billed == 1
    assert service.post(config()).status_code == 200
    assert service.emulator.usage.paid_audio == {hashlib.sha256(AUDIO).hexdigest(): 2}


def test_the_probe_lists_the_87_known_presets_and_costs_nothing(service: Service) -> None:
    presets = service.presets().json()["presets"]
    assert len(presets) == len(PRESETS) == 87
    assert all(
        set(preset) == {"identifier", "name", "short_description", "detailed_description"}
        and all(preset.values())
        for preset in presets
    )
    assert "service_churn" in PRESETS
    assert service.emulator.usage.billed == 0
    assert service.emulator.usage.presets_requests == 1


def test_the_counters_are_served_as_json_without_a_key(service: Service) -> None:
    asked = config()
    service.post(asked)
    service.post(asked)
    service.post()
    service.post("not json")
    usage = requests.get(f"{service.url}/_sandbox/usage", timeout=20).json()
    assert usage["configs"] == [json.loads(json.dumps(asked)), "default"]
    assert {key: usage[key] for key in ("requests", "answered", "billed", "billed_ms", "refused")} == {
        "requests": 4,
        "answered": 3,
        "billed": 3,
        "billed_ms": 13_500,
        "refused": {"422 Invalid configuration.": 1},
    }
    assert (usage["distinct_audio"], usage["most_paid_for_one_audio"]) == (1, 3)
    assert (usage["in_flight"], usage["most_in_flight"]) == (0, 1)


def wait_until(true: object, seconds: float = 10.0) -> None:
    """Poll the emulator's own counters; the state to wait for is reached in another thread."""
    assert callable(true)
    end = time.monotonic() + seconds
    pause = threading.Event()
    while not true():
        assert time.monotonic() < end, "the state was not reached in time"
        pause.wait(0.005)
