"""Odoo starts itself again: with workers, for the websocket's process; after SIGHUP, as a whole."""

import json
import signal
import time
import urllib.request

import websocket

from dev import LOGS, server
from dev.databases import free_port

LOG = LOGS / "process-server.log"
SECONDS = 60


def wait_for(condition, process):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert process.poll() is None and time.monotonic() < deadline, LOG.read_text()[-3000:]
        time.sleep(0.2)


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)
    except OSError:
        return None


def test_with_workers_the_web_server_and_the_websocket_answer(odoo):
    port = free_port()
    websocket_port = free_port()
    options = ("--workers=2", f"--gevent-port={websocket_port}")
    with server.running(odoo.database, port, LOG, *options) as (web, process):
        assert web.call("extensiv.account", "search_count", []) == 0
        health = f"http://127.0.0.1:{websocket_port}/websocket/health"
        wait_for(lambda: answers(health) == {"status": "pass"}, process)
        opened = websocket.create_connection(
            f"ws://127.0.0.1:{websocket_port}/websocket", timeout=SECONDS, origin=f"http://127.0.0.1:{websocket_port}"
        )
        assert opened.connected
        opened.close()
    assert "ImportError" not in LOG.read_text()


def test_after_sighup_the_server_is_there_again(odoo):
    with server.running(odoo.database, free_port(), LOG) as (web, process):
        started = LOG.read_text().count("Odoo version")
        process.send_signal(signal.SIGHUP)
        wait_for(lambda: LOG.read_text().count("Odoo version") > started and web.is_up(), process)
        assert web.call("extensiv.account", "search_count", []) == 0
    assert "Traceback" not in LOG.read_text()
