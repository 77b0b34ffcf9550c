"""A sandbox served over real HTTP from a thread, and a caller of it."""

import contextlib
from urllib.parse import quote

import pytest
import requests

from sandbox.server import running_sandbox


class Caller:
    """Calls the sandbox as the merchant of the demonstration, and through its own routes."""

    def __init__(self, running, auth=("demo", "demo-key")):
        self.running = running
        self.base_url = running.base_url
        self.session = requests.Session()
        self.session.trust_env = False
        self.auth = auth

    def send(self, method, path, **options):
        """Send a call under ``/v1`` and return the answer as it came."""
        options = {"auth": self.auth, "timeout": 10} | options
        return self.session.request(method, f"{self.base_url}/v1/{path}", **options)

    def get(self, path, **params):
        """Return the JSON of a GET under ``/v1``."""
        return self.send("GET", path, params=params).json()

    def post(self, path, body):
        """Return the JSON of a POST under ``/v1``."""
        return self.send("POST", path, json=body).json()

    def update(self, cust_ref, **body):
        """Return the JSON that updating an order answers."""
        return self.post(f"merchant/orders/update/{quote(cust_ref, safe='')}", body)

    def list_all(self, status, **params):
        """Return every order of a list, page by page, and the total that the first page told."""
        orders, page, total = [], 1, None
        while True:
            answer = self.send("GET", f"merchant/orders/list/{status}", params={"limit": 100, "page": page, **params})
            total = total or int(answer.headers["total-records"])
            found = answer.json()["response"]
            orders += found
            page += 1
            if len(found) < 100:
                return orders, total

    def control(self, path, body=None, method=None):
        """Return the JSON of one of the sandbox's own routes; a ``body`` makes it a POST."""
        answer = self.session.request(
            method or ("GET" if body is None else "POST"),
            f"{self.base_url}/sandbox/{path}",
            json=body,
            timeout=10,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def serve():
    """Give a function that serves a sandbox with the given arguments and returns its caller."""
    with contextlib.ExitStack() as stack:

        def start(**arguments):
            running = stack.enter_context(running_sandbox(**({"rate_limit": False} | arguments)))
            caller = Caller(running)
            stack.callback(caller.session.close)
            return caller

        yield start


@pytest.fixture
def eim(serve):
    """A caller of a sandbox with the demonstration's orders and no rate limit."""
    return serve()
