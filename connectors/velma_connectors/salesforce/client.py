"""The one door to Salesforce, and the only import of simple_salesforce.

One requests session with our timeouts and headers, tokens of our own, at most one new login per refused
request, and every exception of the libraries turned into a verdict. Safe for threads: what simple_salesforce
changes on its own while logging in is never used; a new login makes a new object.
"""

from __future__ import annotations

import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar

import requests
import urllib3
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError, SalesforceExpiredSession
from simple_salesforce.util import exception_handler
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential
from urllib3.exceptions import NewConnectionError, SSLError

from velma_connectors.clocks import seconds_ahead
from velma_connectors.errors import OutcomeUnknown, RetryLater, StopConnection
from velma_connectors.model import ApiBudget
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.salesforce.tokens import Tokens
from velma_connectors.salesforce.transport import Transport
from velma_connectors.salesforce.verdicts import BriefOutage, is_lasting_401, verdict

Answer = TypeVar("Answer")
Row = dict[str, Any]

TRIES = 3
CHUNK_BYTES = 65_536

_HEADERS = {
    "Sforce-Call-Options": "client=velma-sync",
    "Sforce-Mru": "updateMru=false",
    "Sforce-Auto-Assign": "FALSE",
}
_API_USAGE = re.compile(r"(?<![-\w])api-usage=(\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class Login:
    """A library object bound to one token, and whose token it is."""

    api: Salesforce
    org_id: str
    user_id: str


class SalesforceClient:
    """Requests to one org.

    Every method raises RetryLater, StopConnection or RequestRefused (a StopConnection that names its
    faults); `send` also OutcomeUnknown. Reads are repeated for a few seconds, writes never.
    """

    def __init__(
        self,
        options: SalesforceOptions,
        *,
        wait: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._version = options.api_version
        self._wait = wait
        self._transport = Transport()
        self._session = _session(self._transport)
        self._session.hooks["response"].append(self._note_usage)
        self._login_session = _session(None)
        # Logins are hours apart: by then a kept connection would have ended.
        self._login_session.headers["Connection"] = "close"
        self._tokens = Tokens(options, self._login_session, clock=clock)
        self._lock = threading.Lock()
        self._login: Login | None = None
        self._usage: tuple[int, int] | None = None
        self._clock = clock
        self._clock_ahead: float | None = None

    def query(self, soql: str, *, archived: bool = False) -> list[Row]:
        """All rows of a query, page by page. `archived` also finds archived and deleted records."""
        return self._rows("queryAll" if archived else "query", soql)

    def count(self, soql: str, *, archived: bool = False) -> int:
        """The answer to a `SELECT COUNT()`."""
        page = self._page("queryAll" if archived else "query", {"q": soql})
        return int(page["totalSize"])

    def tooling_query(self, soql: str) -> list[Row]:
        """All rows of a query about the schema."""
        return self._rows("tooling/query", soql)

    def get(self, path: str, params: dict[str, str] | None = None) -> Any:
        """The JSON behind a path below /services/data/vXX.X/."""
        return self._repeated(lambda: self._json("GET", path, params, None, changes=False))

    def retrieve(self, object_name: str, ids: list[str], fields: list[str]) -> list[Row | None]:
        """Fields of up to 2,000 records by id, in order; None where a record is gone or not shared."""
        body = {"ids": ids, "fields": fields}
        path = f"composite/sobjects/{object_name}"
        answer = self._repeated(lambda: self._json("POST", path, None, body, changes=False))
        return list(answer or [])

    def send(self, method: str, path: str, body: object) -> Any:
        """Write once. Raises OutcomeUnknown when the answer was lost."""
        return self._json(method, path, None, body, changes=True)

    @contextmanager
    def download(self, path: str) -> Iterator[Iterator[bytes]]:
        """Pieces of a binary answer. Reading them raises RetryLater when the connection breaks."""
        what = _named("GET", path)
        response = self._repeated(
            lambda: self._translated(lambda api: _open_stream(api, path), what, changes=False)
        )
        try:
            yield _pieces(response, what)
        finally:
            response.close()

    @property
    def org_id(self) -> str:
        return self._current().org_id

    @property
    def user_id(self) -> str:
        return self._current().user_id

    def budget(self) -> ApiBudget:
        """Requests of the whole org as its last answer told, and those this client has sent."""
        usage = self._usage
        used, allowed = usage if usage else (None, None)
        return ApiBudget(used=used, allowed=allowed, requests=self._transport.sent)

    @property
    def clock_ahead(self) -> float | None:
        """Seconds by which the org's clock was ahead of ours at its last answer; None before one."""
        return self._clock_ahead

    def close(self) -> None:
        self._session.close()
        self._login_session.close()

    def _rows(self, path: str, soql: str) -> list[Row]:
        page = self._page(path, {"q": soql})
        rows: list[Row] = list(page["records"])
        while not page["done"]:
            page = self._page(self._relative(page["nextRecordsUrl"]))
            rows.extend(page["records"])
        return rows

    def _page(self, path: str, params: dict[str, str] | None = None) -> Row:
        page = self.get(path, params)
        if not (isinstance(page, dict) and isinstance(page.get("records"), list) and "done" in page):
            raise RetryLater(f"Salesforce answered {_named('GET', path)} with something else than rows.")
        return page

    def _relative(self, url: str) -> str:
        return url.partition(f"/services/data/v{self._version}/")[2]

    def _json(
        self, method: str, path: str, params: dict[str, str] | None, body: object, *, changes: bool
    ) -> Any:
        return self._translated(
            lambda api: api.restful(path, params=params, method=method, json=body, allow_redirects=False),
            _named(method, path),
            changes=changes,
        )

    def _repeated(self, attempt: Callable[[], Answer]) -> Answer:
        retrying = Retrying(
            retry=retry_if_exception_type(BriefOutage),
            stop=stop_after_attempt(TRIES),
            wait=wait_random_exponential(multiplier=0.5, max=5),
            sleep=self._wait,
            reraise=True,
        )
        return retrying(attempt)

    def _translated(self, send: Callable[[Salesforce], Answer], what: str, *, changes: bool) -> Answer:
        # The libraries' messages hold addresses and bodies, so they stay out of the exception chain.
        try:
            return self._logged_in(send, what)
        except SalesforceError as error:
            raise verdict(what, error.status, error.content, changes=changes) from None
        except requests.RequestException as error:
            raise _broken(error, what, changes=changes) from None
        except TypeError:  # the library counts what an answer holds, also of null and of a number
            raise _broken(requests.exceptions.InvalidJSONError(), what, changes=changes) from None

    def _logged_in(self, send: Callable[[Salesforce], Answer], what: str) -> Answer:
        login = self._current()
        try:
            return send(login.api)
        except SalesforceExpiredSession as error:
            if is_lasting_401(error.content):
                raise StopConnection(
                    "Salesforce does not let this session use the REST API: the app needs the scope api, and "
                    "the user's profile or API Access Control must allow it."
                ) from None
        try:
            return send(self._renewed(login).api)
        except SalesforceExpiredSession:
            raise StopConnection(
                f"Salesforce refused {what} even with a new token; check the session settings of the user's "
                "profile and the IP ranges of the app."
            ) from None

    def _current(self) -> Login:
        with self._lock:
            if self._login is None:
                self._login = self._new_login()
            return self._login

    def _renewed(self, refused: Login) -> Login:
        """The login after the refused one; only the first of many threads asks for a token."""
        with self._lock:
            if self._login is refused or self._login is None:
                self._login = None
                self._login = self._new_login()
            return self._login

    def _new_login(self) -> Login:
        token = self._tokens.ask()
        api = Salesforce(
            session_id=token.secret,
            instance_url=token.instance_url,
            version=self._version,
            session=self._session,
            object_pairs_hook=None,
        )
        api.headers.pop("X-PrettyPrint")
        self._transport.allow_plain(self._session, token.instance_url, api.sf_instance)
        return Login(api, token.org_id, token.user_id)

    def _note_usage(self, response: requests.Response, *_args: object, **_kwargs: object) -> None:
        self._clock_ahead = seconds_ahead(response.headers.get("Date", ""), self._clock())
        told = _API_USAGE.search(response.headers.get("Sforce-Limit-Info", ""))
        if told:
            self._usage = (int(told[1]), int(told[2]))


def _session(transport: Transport | None) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update(_HEADERS)
    if transport is not None:
        session.mount("https://", transport)
    return session


def _named(method: str, path: str) -> str:
    """The request for a message: its resource, without ids and parameters."""
    words = [word for word in path.split("/") if not re.search(r"\d", word)]
    return f"{method} {'/'.join(words)}"


def _broken(error: requests.RequestException, what: str, *, changes: bool) -> RetryLater | OutcomeUnknown:
    kind = type(error).__name__
    if _was_not_sent(error):
        remedy = "check login_url, or instance_url if it is set, and the network."
        return BriefOutage(f"Salesforce could not be reached for {what} ({kind}); {remedy}", after=60.0)
    if changes:
        return OutcomeUnknown(f"Salesforce was sent {what}, but its answer was lost ({kind}).")
    return BriefOutage(f"The answer of Salesforce to {what} was cut or unreadable ({kind}).", after=60.0)


def _was_not_sent(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, SSLError):
        return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in reason.args)
    return isinstance(reason, NewConnectionError)


def _open_stream(api: Salesforce, path: str) -> requests.Response:
    response = api.session.get(
        api.base_url + path,
        headers={"Authorization": api.headers["Authorization"], "Accept-Encoding": "identity"},
        stream=True,
        allow_redirects=False,
    )
    if response.status_code >= 300:
        with response:
            exception_handler(response)
    return response


def _pieces(response: requests.Response, what: str) -> Iterator[bytes]:
    # As they arrive: whoever reads them looks at its deadline in between.
    try:
        while piece := response.raw.read1(CHUNK_BYTES):
            yield piece
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise RetryLater(f"{what} broke off ({type(error).__name__}).", after=30.0) from None
