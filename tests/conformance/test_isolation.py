"""What a box must not reach; every test is an attack. Only backends that isolate are held to these."""

import os
import socket
from pathlib import Path

import pytest

from codegym.sandbox.protocol import ExecResult, Sandbox
from tests.conformance.conftest import Opener


def python(box: Sandbox, code: str, *argv: str) -> ExecResult:
    return box.exec(["python3", "-c", code, *argv], timeout=20)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_no_network(sealed_box: Sandbox, family: socket.AddressFamily) -> None:
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    with socket.create_server((host, 0), family=family) as server:
        result = python(
            sealed_box,
            "import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)",
            host,
            str(server.getsockname()[1]),
        )
    assert result.exit_code == 1
    assert "Error" in result.stderr


def test_only_families_that_a_namespace_holds(sealed_box: Sandbox) -> None:
    """Others lead out of any namespace: 40 to the hypervisor, 38 into the kernel's crypto interface."""
    attempt = """import socket
for family in range(46):
    for kind in (1, 2, 3, 5):
        for make in (socket.socket, socket.socketpair):
            try:
                make(family, kind)
            except (OSError, ValueError):
                continue
            print(family)
"""
    assert set(python(sealed_box, attempt).stdout.split()) <= {"1", "2", "10", "16"}


def test_netlink_lists_addresses_and_no_more(sealed_box: Sandbox) -> None:
    attempt = """import socket
for protocol in range(24):
    try:
        socket.socket(16, 3, protocol)
    except OSError:
        continue
    print(protocol)
print(socket.getaddrinfo("localhost", 80)[0][4][1], [name for _, name in socket.if_nameindex()])
"""
    result = python(sealed_box, attempt)
    assert (result.stdout, result.exit_code) == ("0\n80 ['lo']\n", 0), result


def test_no_route_and_no_names(sealed_box: Sandbox) -> None:
    route = python(sealed_box, "import socket; socket.create_connection(('192.0.2.1', 80), 2)")
    names = python(sealed_box, "import socket; socket.getaddrinfo('example.com', 80)")
    assert "unreachable" in route.stderr
    assert "gaierror" in names.stderr
    assert sealed_box.exec("ls /sys/class/net 2>/dev/null || echo lo").stdout.split() in ([], ["lo"])


def test_abstract_sockets_of_the_host_are_elsewhere(sealed_box: Sandbox) -> None:
    name = f"codegym-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0" + name)
        server.listen()
        result = python(
            sealed_box,
            "import socket,sys; socket.socket(socket.AF_UNIX).connect('\\0'+sys.argv[1])",
            name,
        )
    assert "ConnectionRefusedError" in result.stderr


def test_no_engine_socket(sealed_box: Sandbox) -> None:
    assert sealed_box.exec("ls /var/run/docker.sock /run/docker.sock").exit_code != 0


def test_host_files_are_invisible(sealed_box: Sandbox, secret: Path) -> None:
    home = Path.home()
    assert sealed_box.exec(["cat", str(secret)]).exit_code != 0
    assert sealed_box.exec(["ls", "-A", str(home)]).stdout == ""
    assert sealed_box.exec(["ls", "-d", str(Path(__file__).parent)]).exit_code != 0


def test_the_environment_is_our_own(sealed_box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEGYM_API_KEY", "sk-very-secret")
    everything = sealed_box.exec("cat /proc/*/environ; env").stdout
    assert "sk-very-secret" not in everything
    assert "sk-very-secret" not in sealed_box.exec("cat /proc/1/environ /proc/self/environ").stdout


@pytest.mark.parametrize("path", ["/usr/x", "/etc/x", "/bin/sh", "/x", "/etc/passwd"])
def test_the_system_is_read_only(sealed_box: Sandbox, path: str) -> None:
    assert sealed_box.exec(f"echo x >> {path}").exit_code != 0


def test_not_root_and_without_powers(sealed_box: Sandbox) -> None:
    assert sealed_box.exec("id -u").stdout.strip() != "0"
    status = dict(line.split(":", 1) for line in sealed_box.exec("cat /proc/self/status").stdout.splitlines())
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"].strip() == "1"
    assert sealed_box.exec("mount -t tmpfs x /tmp; chown 0 /work/calc.py").exit_code != 0


def test_own_process_space(sealed_box: Sandbox) -> None:
    names = sealed_box.exec("cat /proc/[0-9]*/comm").stdout.split()
    assert 0 < len(names) < 8
    assert "pytest" not in " ".join(names)


def test_the_runner_can_not_be_reached(sealed_box: Sandbox) -> None:
    """Its descriptors carry the results: who holds them could forge a result."""
    assert sealed_box.exec("ls -l /proc/1/fd/").exit_code != 0
    assert sealed_box.exec("echo forged > /proc/1/fd/1").exit_code != 0
    sealed_box.exec("kill -9 1; kill -STOP 1; kill -TERM 1")
    assert sealed_box.exec("echo alive").stdout == "alive\n"


def test_a_command_holds_no_descriptor_but_its_own(sealed_box: Sandbox) -> None:
    listed = sealed_box.exec(["python3", "-c", "import os; print(sorted(map(int, os.listdir('/proc/self/fd'))))"])
    assert listed.stdout in ("[0, 1, 2, 3]\n", "[0, 1, 2]\n")


def test_no_sight_of_another_box(open_sealed: Opener) -> None:
    first, second = open_sealed(), open_sealed()
    first.exec("echo theirs > /tmp/theirs; echo theirs > theirs")
    assert second.exec("ls -A /tmp/theirs /work/theirs").stdout == ""
    assert second.exec("ls -A /dev/shm").stdout == ""
