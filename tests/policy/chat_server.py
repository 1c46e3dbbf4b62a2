"""A small chat completions server on the loopback, which says what it is told to."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from codegym.policy.endpoint.policy import EndpointPolicy, read_settings
from codegym.policy.protocol import Opening


@dataclass
class Answer:
    """What the server sends: a status, a body (JSON unless it is bytes), headers, after some seconds."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


def said(content: str | None = "hello", **message: Any) -> dict[str, Any]:
    """A chat completion."""
    usage = {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": "stop"}
    return {"id": "x", "object": "chat.completion", "choices": [choice], "usage": usage}


def called(name: str, arguments: str, call_id: str = "c1") -> dict[str, Any]:
    """A tool call, as the API writes it."""
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


@dataclass
class Server:
    """Sends ``answers`` one after another, the last one for ever, and keeps what it was sent."""

    url: str
    answers: list[Answer] = field(default_factory=lambda: [Answer(said())])
    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    busy: int = 0
    busiest: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, key: str, body: dict[str, Any]) -> Answer:
        with self.lock:
            self.times.append(time.monotonic())
            self.bodies.append(body)
            self.keys.append(key)
            self.busy += 1
            self.busiest = max(self.busiest, self.busy)
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            answer = server.take(self.headers.get("authorization", ""), body)
            time.sleep(answer.delay)
            with server.lock:
                server.busy -= 1
            content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except BrokenPipeError:
                return

        def log_message(self, *_: object) -> None:
            return

    return Handler


@contextmanager
def serving() -> Iterator[Server]:
    """Serve on the loopback while the block runs."""
    state = Server("")
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(state)) as http:
        state.url = f"http://127.0.0.1:{http.server_port}/v1"
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        yield state
        http.shutdown()
        thread.join()


def ask(server: Server, opening: Opening, *observations: str, **settings: Any) -> list[str]:
    """Hold a conversation and return the replies."""
    policy = EndpointPolicy(read_settings({"base_url": server.url, "model": "m", **settings}))
    conversation = policy.begin(opening)
    try:
        return [conversation.reply(observation).text for observation in (None, *observations)]
    finally:
        conversation.close()
        policy.close()
