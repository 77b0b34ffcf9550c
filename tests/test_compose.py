"""What `docker-compose.yml` names is there; it is not started here, for that takes Docker."""

import json
import os
import re
import subprocess
import sys
from pathlib import PurePosixPath
from xml.etree import ElementTree

import pytest

from dev import ADDON, ROOT, tools
from dev.databases import LAUNCHER

READ = """
import json, sys, yaml
from dev import compose
text = compose.FILE.read_text()
print(json.dumps([yaml.safe_load(text), compose.faults(text.replace("services:", "service:"))]))
"""


@pytest.fixture(scope="module")
def read():
    """The file, and what is found in one with a mistake."""
    return json.loads(output([sys.executable, "-c", READ], **tools.environ()))


@pytest.fixture(scope="module")
def services(read):
    return read[0]["services"]


def output(command, **environ):
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environ}, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return done.stdout


def mounts(service):
    """Return what a service sees of the checkout: a path of its own and ours."""
    parts = [volume.split(":") for volume in service.get("volumes", []) if volume.startswith(".")]
    return {PurePosixPath(part[1]): ROOT / part[0] for part in parts}


def options(command):
    return {argument.partition("=")[0] for argument in command if argument.startswith("--")}


def test_the_schema_of_compose_files_finds_mistakes(read):
    assert read[1] and "service" in read[1][0]


def test_what_is_mounted_is_there(services):
    seen = [ours for service in services.values() for ours in mounts(service).values()]
    assert seen
    assert [str(ours) for ours in seen if not ours.exists()] == []


def test_the_sandbox_is_there_and_has_the_options(services):
    program, *arguments = services["sandbox"]["command"]
    ((theirs, ours),) = mounts(services["sandbox"]).items()
    folder = ours / PurePosixPath(program).relative_to(theirs)
    assert (folder / "__main__.py").is_file()
    known = set(re.findall(r"--[a-z-]+", output([sys.executable, str(folder), "--help"])))
    assert options(arguments) <= known


def test_odoo_has_the_options_and_installs_the_addon(services):
    command = services["odoo"]["command"]
    known = set(re.findall(r"--[a-z-]+", output([sys.executable, str(LAUNCHER), "server", "--help"])))
    assert options(command) <= known
    assert f"--init={ADDON}" in command
    assert mounts(services["odoo"])[PurePosixPath("/mnt/extra-addons") / ADDON] == ROOT / ADDON


def test_the_demonstrations_account_finds_the_sandbox(services):
    tree = ElementTree.parse(ROOT / ADDON / "demo" / "extensiv_demo.xml")
    (address,) = [field.text for field in tree.iter("field") if field.get("name") == "base_url"]
    arguments = services["sandbox"]["command"]
    assert services["sandbox"]["network_mode"] == "service:odoo"
    assert address == f"http://127.0.0.1:{arguments[arguments.index('--port') + 1]}"


def test_odoo_gets_into_the_database(services):
    odoo, database = services["odoo"]["environment"], services["db"]["environment"]
    assert odoo["HOST"] in services
    assert (odoo["USER"], odoo["PASSWORD"]) == (database["POSTGRES_USER"], database["POSTGRES_PASSWORD"])


def test_nobody_else_on_the_network_reaches_it(services):
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []
