"""Limits, each met by something that tries to exceed it."""

import pytest


def test_memory(open_sealed):
    box = open_sealed(memory_mb=128)
    result = box.exec(["python3", "-c", "b = [bytearray(1 << 20) for _ in range(1024)]; print(len(b))"], timeout=30)
    assert result.exit_code != 0
    assert result.oom
    after = box.exec("echo fine")
    assert (after.stdout, after.oom) == ("fine\n", False)


def test_memory_of_many_processes_is_counted_together(open_sealed):
    box = open_sealed(memory_mb=128)
    hog = "import time; b = bytearray(b'x' * (60 << 20)); time.sleep(3); print('kept')"
    result = box.exec(f'for i in 1 2 3 4; do python3 -c "{hog}" & done; wait', timeout=30)
    assert result.stdout.count("kept") < 4


def test_processes(open_sealed):
    box = open_sealed(processes=24)
    result = box.exec("i=0; while [ $i -lt 200 ]; do sleep 5 & i=$((i+1)); done; echo all", timeout=20)
    assert "all" not in result.stdout
    assert result.exit_code != 0
    assert box.exec("echo fine").stdout == "fine\n"


def test_fork_bomb(open_sealed):
    box = open_sealed(processes=24)
    assert box.exec("bomb() { bomb | bomb & }; bomb; sleep 1", timeout=3).seconds < 10
    assert box.exec("echo fine").stdout == "fine\n"


@pytest.mark.parametrize("place", ["/work/big", "/tmp/big", "/dev/shm/big"])
def test_disk_by_one_file(open_sealed, place):
    box = open_sealed(disk_mb=16)
    result = box.exec(f"head -c 100000000 /dev/zero > {place}", timeout=20)
    assert result.exit_code != 0
    assert int(box.exec(f"stat -c %s {place} || echo 0").stdout) <= 20 << 20


def test_disk_by_many_files(open_sealed):
    box = open_sealed(disk_mb=16)
    script = "i=0; while [ $i -lt 4000 ]; do head -c 1000000 /dev/zero > f$i || exit 1; i=$((i+1)); done"
    assert box.exec(script, timeout=60).exit_code != 0
    assert int(box.exec("du -sk /work").stdout.split()[0]) < 1 << 20
    assert box.exec("rm -f f* && echo fine > ok && cat ok").stdout == "fine\n"


def test_wall_time_by_default(open_sealed):
    box = open_sealed(command_seconds=0.3)
    assert box.exec("sleep 20").timed_out
