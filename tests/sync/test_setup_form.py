"""What is asked follows from the model of the settings, and every answer gets the model's own verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from velma_connectors.errors import ConfigError
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.recordings.options import BasicCredential
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.velma.options import VelmaOptions
from velma_sync.setup.form import Contradiction, Form


def asked(form: Form, answers: dict[str, str]) -> list[str]:
    """The names of what is asked, until nothing is open."""
    names = []
    while (option := form.next_open()) is not None:
        names.append(option.name)
        form = form.answered(option.name, answers[option.name])
    return names


def sentences(error: pytest.ExceptionInfo[ConfigError]) -> list[str]:
    return [problem.message for problem in error.value.problems]


def test_salesforce_with_a_secret_is_asked_for_what_its_flow_needs() -> None:
    answers = {"consumer_key": "key", "flow": "client_credentials", "consumer_secret": "s"}
    answers["login_url"] = "https://acme.my.salesforce.com"
    assert asked(Form("sales", SalesforceOptions), answers) == [
        "consumer_key",
        "flow",
        "consumer_secret",
        "login_url",
    ]


def test_salesforce_with_a_certificate_is_asked_for_other_things(tmp_path: Path) -> None:
    pem = tmp_path / "key.pem"
    pem.write_text("-----BEGIN\nlines\n-----END\n")
    answers = {"consumer_key": "key", "flow": "jwt", "username": "a@b.example", "private_key": f"@{pem}"}
    form = Form("sales", SalesforceOptions)
    assert asked(form, answers) == ["consumer_key", "flow", "username", "private_key"]
    for name, answer in answers.items():
        form = form.answered(name, answer)
    (secret,) = form.secrets().values()
    assert secret.get_secret_value() == "-----BEGIN\nlines\n-----END"
    assert form.written() == {"consumer_key": "key", "flow": "jwt", "username": "a@b.example"}


@pytest.mark.parametrize(("model", "name"), [(HubSpotOptions, "access_token"), (VelmaOptions, "api_key")])
def test_where_a_key_is_enough_nothing_else_is_asked(model: type[BaseModel], name: str) -> None:
    assert asked(Form("x", model), {name: "pat-x"}) == [name]


def test_a_secret_knows_its_variable_and_stays_out_of_the_file_and_of_sight() -> None:
    form = Form("sales-eu", HubSpotOptions).answered("access_token", "pat-hidden")
    assert list(form.secrets()) == ["VELMA_SYNC_SALES_EU_ACCESS_TOKEN"]
    assert form.written() == {}
    assert "pat-hidden" not in repr(form)
    source = Form("recordings twilio", BasicCredential, {"type": "basic"})
    assert source.option("password").secret[0].variable == "VELMA_SYNC_RECORDINGS_TWILIO_PASSWORD"


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        (
            "login_url",
            "acme",
            "'login_url' is not a web address; write it like https://acme.my.salesforce.com.",
        ),
        ("flow", "magic", "'flow' should be 'client_credentials' or 'jwt'."),
        ("deal_candidates", "perhaps", "'deal_candidates' should be true or false."),
        ("calls_from", "Task, Lead", "entry 2 of 'calls_from' should be 'Task' or 'Event'."),
        ("calls_from", "[Task, [", "is not valid YAML: expected the node content, but found"),
        ("start_field", "\x1b[A", "'start_field' holds characters that cannot be shown."),
        ("consumer_secret", "a\x00b", "'consumer_secret' holds characters that cannot be typed;"),
        ("private_key", "@/no/such/file", "the file after @ cannot be read: No such file or directory."),
    ],
)
def test_a_wrong_answer_gets_the_sentence_that_a_wrong_file_gets(
    name: str, typed: str, sentence: str
) -> None:
    with pytest.raises(ConfigError) as error:
        Form("sales", SalesforceOptions).answered(name, typed)
    assert sentences(error)[0].startswith(sentence)


def test_an_unknown_setting_is_told_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"^--set colour: is not a setting here\. Allowed: base_url, "):
        Form("sales", HubSpotOptions).answered("colour", "red")


def test_answers_that_do_not_go_together_are_named() -> None:
    form = Form("sales", SalesforceOptions, {"consumer_key": "k", "consumer_secret": SecretStr("s")})
    form = form.answered("login_url", "https://login.salesforce.com").answered("flow", "client_credentials")
    with pytest.raises(Contradiction) as error:
        form.next_open()
    assert error.value.names == ("flow", "login_url")
    assert sentences(error) == [
        "'options': flow client_credentials needs login_url to be your My Domain address, "
        "like https://acme.my.salesforce.com."
    ]
    open_again = form.without(error.value.names).next_open()
    assert open_again is not None
    assert open_again.name == "flow"


@pytest.mark.parametrize("typed", ["Task, Event", "[Task, Event]", "Task,Event,", " Task , Event "])
def test_a_list_is_typed_with_commas(typed: str) -> None:
    form = Form("x", SalesforceOptions).answered("calls_from", typed)
    assert list(form.answers["calls_from"]) == ["Task", "Event"]  # type: ignore[call-overload] # is a list


def test_secrets_that_are_there_need_not_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "velma_sync_sales_consumer_secret").write_text("from-a-file\n")
    monkeypatch.setenv("VELMA_SYNC_SALES_PRIVATE_KEY", "from-outside")
    form = Form("sales", SalesforceOptions).with_outside_secrets(tmp_path)
    assert {name: each.get_secret_value() for name, each in form.secrets().items()} == {
        "VELMA_SYNC_SALES_CONSUMER_SECRET": "from-a-file",
        "VELMA_SYNC_SALES_PRIVATE_KEY": "from-outside",
    }
    assert Form("sales", SalesforceOptions).with_outside_secrets(tmp_path / "none").secrets().keys() == {
        "VELMA_SYNC_SALES_PRIVATE_KEY"
    }


class Lock(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: SecretStr
    number: int = Field(ge=1, title="Number", description="Stands on it.")


def _even(number: int) -> int:
    if number % 2:
        raise ValueError("is odd")
    return number


class Drawer(BaseModel):
    """Settings as a plug-in may have them."""

    model_config = ConfigDict(extra="forbid")

    lock: Lock
    side: Literal["left", "right"] = "left"
    shelf: Annotated[int, AfterValidator(_even)]
    labels: dict[str, str] = {}


def test_settings_of_their_own_are_asked_one_by_one() -> None:
    answers = {"lock.code": "1234", "lock.number": "7", "shelf": "2"}
    assert asked(Form("desk", Drawer), answers) == list(answers)
    form = Form("desk", Drawer)
    for name, answer in {**answers, "labels": "{a: b}"}.items():
        form = form.answered(name, answer)
    assert form.written() == {"lock": {"number": 7}, "shelf": 2, "labels": {"a": "b"}}
    assert list(form.secrets()) == ["VELMA_SYNC_DESK_CODE"]


TYPED = st.text() | st.sampled_from(
    [
        "true",
        "[",
        "{a: 1}",
        "*x",
        "!!python/object:os.system",
        "https://a.example",
        "[a, b]",
        "1e999",
        "@",
        "# x",
    ]
)


@given(st.sampled_from(list(SalesforceOptions.model_fields)), TYPED)
def test_whatever_is_typed_is_refused_with_a_sentence_or_means_the_same_in_the_file(
    name: str, typed: str
) -> None:
    secrets = {"consumer_secret": SecretStr("s"), "private_key": SecretStr("p")}
    sound = {"consumer_key": "k", "username": "u", "login_url": "https://a.example", **secrets}
    try:
        form = Form("sales", SalesforceOptions, sound).answered(name, typed)
        if form.next_open() is not None:
            return  # More will be asked before anything is written.
    except ConfigError as refused:
        told = refused.problems
    else:
        told = ()
        kept = {each: form.answers[each] for each in secrets}
        assert SalesforceOptions.model_validate({**form.written(), **kept}) == form.complete()
    assert all(problem.message.endswith(".") for problem in told)
