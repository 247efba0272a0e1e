"""Names of processes: who is surely gone, and who may still be there."""

import os
import subprocess
import sys

from analysis.services import processes


def test_this_process_is_not_gone_and_every_claim_has_its_own_name():
    """Two claims of one process are two names."""
    first, second = processes.claim_name(), processes.claim_name()
    assert first != second
    assert not processes.surely_gone(first)


def test_an_ended_process_is_gone_even_as_a_zombie():
    """Killed and not yet waited for: it works no more."""
    code = "from analysis.services.processes import claim_name; print(claim_name(), flush=True)"
    child = subprocess.Popen(
        [sys.executable, "-c", code + "; import time; time.sleep(60)"], stdout=subprocess.PIPE
    )
    name = child.stdout.readline().decode().strip()
    assert not processes.surely_gone(name)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and left as a zombie
    assert processes.surely_gone(name)
    child.wait()
    child.stdout.close()
    assert processes.surely_gone(name)


def test_a_number_used_again_by_another_process_is_gone():
    """The birth tells the two apart."""
    host, space, pid, birth, claim = processes.claim_name().split("/")
    assert processes.surely_gone(f"{host}/{space}/{pid}/{int(birth) - 1}/{claim}")


def test_nobody_can_tell_about_other_machines_and_other_words():
    """Other hosts, other namespaces, names of another kind."""
    host, space, _, birth, claim = processes.claim_name().split("/")
    for name in (
        f"x{host}/{space}/999999/{birth}/{claim}",
        f"{host}/1{space}/999999/{birth}/{claim}",
        f"{host}/{space}/none/{birth}/{claim}",
        "somebody",
        "",
    ):
        assert not processes.surely_gone(name)


def test_a_name_is_spoken_as_host_and_number():
    """People see no ticks."""
    assert processes.spoken("atlas/4026/17/999/abcd") == "atlas:17"
    assert processes.spoken("somebody") == "somebody"


def test_without_proc_a_number_is_asked_for_directly():
    """macOS has no /proc."""
    assert not processes._no_such_process(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert processes._no_such_process(child.pid)
