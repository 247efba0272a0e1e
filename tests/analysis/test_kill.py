"""Workers killed by kill -9 at any moment: the run goes on and ends with the same bytes.

The first test does it to a real run; those after it use the stand-in's steps, which are quick.
"""

import random
import signal
import time

import pytest

from tests.analysis.installation import Installation, kill

pytestmark = pytest.mark.slow
IMAGES = "2000"
DONE = "SELECT count(*) FROM analysis_shard WHERE state = 'done'"
RUNNING = "SELECT count(*) FROM analysis_shard WHERE state = 'running'"


def test_a_real_run_killed_again_and_again_ends_with_the_same_bytes(tmp_path):
    """A network, photographs, and kill -9 at random moments of scan and segmentation.

    Undisturbed it is worked by `analyze --wait` itself; then the run is deleted, asked for
    again, and worked by workers of which one after another is killed.
    """
    analyze = ("analyze", "small", "photographs", "--top", "8")
    with Installation(tmp_path) as here:
        here.run("register", str(tmp_path / "photographs"), "400")
        said = here.run(*analyze, "--wait")
        assert "No worker listens to the queue gpu: working here." in said
        assert "segment  [########################] 400 of 400 images · done" in said
        bytes_, rows = here.digest(), here.run("rows")
        assert sum(name.endswith(".webp") for name in bytes_) == 13 * (8 + 12) * 6
        here.run("forget")
        assert len(here.digest()) < 10
        assert "`make worker` starts one" in here.run(*analyze)
        chance = random.Random()
        for _ in range(4):
            worker = here.start("worker")
            here.wait_for(lambda: here.value(RUNNING) or here.state() == "done", "work")
            time.sleep(chance.uniform(0, 6))  # loading torch takes its part of it
            kill(worker)
        here.start("worker")
        here.wait_for(lambda: here.state() == "done", "the end of the run")
        assert here.digest() == bytes_
        assert here.run("rows") == rows
        assert "was lost (killed, or out of memory)" in here.log()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What one worker makes of the run when nobody disturbs it."""
    with Installation(tmp_path_factory.mktemp("calm"), STANDIN_PAUSE="0") as here:
        here.run("plan", IMAGES)
        here.start("worker")
        here.wait_for(lambda: here.state() == "done", "the end of the run")
        return here.digest()


@pytest.fixture
def hold(tmp_path):
    """A file: no worker gets on before it is gone."""
    return tmp_path / "hold"


@pytest.fixture
def here(tmp_path, hold):
    """An installation whose run takes a few seconds."""
    with Installation(tmp_path, STANDIN_PAUSE="0.002", STANDIN_HOLD=str(hold)) as made:
        made.run("plan", IMAGES)
        yield made


@pytest.mark.rows
def test_two_workers_share_a_run_and_one_may_die(here, hold, undisturbed):
    """Both take shards; the other one ends it without a wait."""
    hold.touch()  # or the first could be done before the second has begun
    workers = [here.start("worker"), here.start("worker")]
    here.wait_for(lambda: here.value(RUNNING) == 2, "two workers at work")
    hold.unlink()
    time.sleep(random.Random().uniform(0, 0.5))
    kill(workers[0])
    here.wait_for(lambda: here.state() == "done", "the end of the run")
    assert here.digest() == undisturbed


@pytest.mark.rows
def test_a_worker_that_is_stopped_puts_its_shard_back_at_once(here, undisturbed):
    """SIGTERM in the middle of a shard: no attempt is counted, another goes on."""
    worker = here.start("worker")
    here.wait_for(lambda: here.value(RUNNING) == 1 and here.value(DONE), "work")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(15) == 0
    assert here.value(RUNNING) == 0
    assert here.value("SELECT max(attempt) FROM analysis_shard") <= 1
    assert here.value("SELECT count(*) FROM analysis_listener") == 0
    assert here.state() == "running"
    here.start("worker")
    here.wait_for(lambda: here.state() == "done", "the end of the run")
    assert here.digest() == undisturbed
