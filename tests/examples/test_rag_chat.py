"""The chat service as its users meet it: a process of its own, the stand-in behind it, HTTP in front."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from examples.program import EXAMPLES, NOBODY, environment, run

if TYPE_CHECKING:
    from collections.abc import Iterator

FRAMEWORK = {"PYTHONWARNINGS": "default", "OTEL_EXPORTER_OTLP_ENDPOINT": NOBODY}
"""The web framework's own warnings are not ours."""


@dataclass(frozen=True)
class Service:
    """A running service: its address, and its provider's."""

    url: str
    provider: str

    def ask(self, path: str, message: str, *, session: str = "s-1", user: str = "ana") -> dict[str, Any]:
        answer = self.post(path, message, session=session, user=user)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, message: str, *, session: str = "s-1", user: str = "ana") -> httpx2.Response:
        body = {"session_id": session, "user_id": user, "message": message}
        return httpx2.post(f"{self.url}/{path}", json=body, timeout=30)

    def sent(self) -> dict[str, int]:
        """What the provider says it sent in all."""
        return httpx2.get(f"{self.provider}/_totals").json()

    def script(self, fault: str) -> None:
        httpx2.post(f"{self.provider}/_script", json={"fault": fault})


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    errors = tmp_path_factory.mktemp("service") / "stderr"
    with (
        errors.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", "examples.rag_chat", "--standin", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=EXAMPLES.parent,
            env=environment(FRAMEWORK),
        ) as process,
    ):
        assert process.stdout is not None
        provider, address = (process.stdout.readline() for _ in range(2))
        assert address, errors.read_text()
        url = address.split()[2].rstrip(",")
        running = Service(url, provider.split()[-1])
        try:
            running.ask("search", "Is the index there?", session="index")  # the first search embeds the documents
            yield running
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(30)
    assert code == 0, errors.read_text()


def test_search_counts_embeddings_apart(service: Service) -> None:
    found = service.ask("search", "When does my refund arrive?", session="search")
    usage = found["token_usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["embedding_tokens"]) == (0, 0, 7)
    assert usage["total_tokens"] == 7
    assert usage["cost_usd"] == pytest.approx(7 * 0.02 / 1e6)
    assert len(found["sources"]) == 2
    assert found["token_warning"] is None


def test_every_answer_says_what_the_provider_sent(service: Service) -> None:
    before = service.sent()
    answer = service.ask("chat", "May I return a gift? Answer in 20 words", session="sums")
    thought = service.ask("chain-of-thought", "Is a voucher as good as money?", session="sums")
    after = service.sent()
    used = [answer["token_usage"], thought["token_usage"]]
    assert sum(usage["calls"] for usage in used) == after["calls"] - before["calls"] == 5
    inputs = sum(usage["prompt_tokens"] + usage["embedding_tokens"] for usage in used)
    assert inputs == after["input_tokens"] - before["input_tokens"]
    assert sum(usage["completion_tokens"] for usage in used) == after["output_tokens"] - before["output_tokens"]
    stats = httpx2.get(f"{service.url}/sessions/sums/token-stats").json()
    assert stats["token_usage"]["total_tokens"] == sum(usage["total_tokens"] for usage in used)
    assert set(stats["tokens_by_operation"]) == {"conversation", "chain_of_thought"}
    assert set(stats["tokens_by_step"]) == {"retrieval", "answer", "decomposition", "partial answer", "conclusion"}
    assert stats["requests"] == 2


def test_a_growing_conversation_warns_thrice_and_is_then_refused(service: Service) -> None:
    page = "A gift may be returned without a receipt. " * 50 + "Sum up in 120 words"
    warnings: list[dict[str, Any]] = []
    shares: list[float] = []
    for _ in range(12):
        answer = service.ask("chat", page, session="growing")
        shares.append(answer["context"]["percentage_used"])
        if answer["token_warning"]:
            warnings.append(answer["token_warning"])
    assert shares == sorted(shares)
    assert [warning["severity"] for warning in warnings] == ["info", "warning", "critical"]
    last = warnings[-1]
    assert last["type"] == "at_limit"
    assert last["limit_tokens"] == 8192
    assert last["percentage_used"] == pytest.approx(100 * last["current_tokens"] / 8192, abs=0.01)
    assert last["suggested_action"]
    assert "Session growing" in last["message"]
    full = service.post("chat", page, session="growing")
    assert full.status_code == 413
    assert "start a new session" in full.json()["detail"]
    stats = httpx2.get(f"{service.url}/sessions/growing/token-stats").json()
    assert stats["requests"] == 13
    assert len(stats["warnings"]) >= 3


def test_the_terminal_client_shows_usage_and_the_warning(service: Service) -> None:
    server = service.url.removeprefix("http://")
    command = ("-m", "examples.rag_chat.client", "--server", server, "--session", "terminal", "--pages", "13")
    ran = run(*command, extra={"PYTHONPATH": str(EXAMPLES.parent)})
    assert ran.returncode == 1
    assert re.search(r"\[#+\.+\] \d+ % of 8,192 tokens", ran.stdout)
    assert "! critical: Session terminal:" in ran.stdout
    assert ran.stderr.startswith("client: refused (413): this conversation no longer fits")


def test_the_terminal_client_says_when_nobody_is_there() -> None:
    command = ("-m", "examples.rag_chat.client", "--server", "127.0.0.1:9", "hello")
    ran = run(*command, extra={"PYTHONPATH": str(EXAMPLES.parent)})
    assert ran.returncode == 1
    assert ran.stderr.startswith("client: no service at 127.0.0.1:9")


def test_the_page_is_self_contained(service: Service) -> None:
    page = httpx2.get(service.url)
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "token_warning" in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text


def test_sessions_are_their_users(service: Service) -> None:
    service.ask("search", "mine", session="private", user="ana")
    assert service.post("chat", "yours?", session="private", user="eve").status_code == 403
    assert httpx2.get(f"{service.url}/sessions/nobody/token-stats").status_code == 404


@pytest.mark.parametrize("fault", ["status=429,times=3", "status=500,times=3"])
def test_a_failing_provider_is_reported_and_the_next_question_works(service: Service, fault: str) -> None:
    service.script(fault)
    refused = service.post("search", "refund?", session="failing")
    assert refused.status_code == (503 if "429" in fault else 502)
    assert service.ask("search", "refund?", session="failing")["token_usage"]["calls"] == 1


@pytest.mark.parametrize("message", ["", "x" * 20_001])
def test_messages_of_no_use_are_refused(service: Service, message: str) -> None:
    assert service.post("chat", message).status_code == 422


def test_without_a_key_it_says_what_to_do() -> None:
    extra = {**FRAMEWORK, "OPENAI_API_KEY": ""}
    ran = subprocess.run(
        [sys.executable, "-m", "examples.rag_chat"],
        capture_output=True,
        text=True,
        cwd=EXAMPLES.parent,
        env=environment(extra),
        check=False,
    )
    assert ran.returncode == 1
    assert "or use --standin" in ran.stderr
