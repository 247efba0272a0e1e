"""A step without torch: its bytes depend on the recipe and the items alone, as a real step's do.

What a test wants to go wrong stands in `trouble`: item number → exception to raise there.
"""

import hashlib
import os
import time
from pathlib import Path

from analysis.services import files

trouble = {}
worked = []
finished = []
# Set by the tests that kill workers: seconds for every item.
PAUSE = float(os.environ.get("STANDIN_PAUSE", "0"))
# While this file is there, nobody gets on: for tests that want several workers in the middle.
HOLD = Path(os.environ.get("STANDIN_HOLD", os.devnull + "/none"))
if "STANDIN_TROUBLE" in os.environ:
    item = int(os.environ["STANDIN_TROUBLE"])
    trouble[item] = ValueError(f"image {item} cannot be read.")


def work(shard, beat):
    """Hash every item of the shard into one file."""
    lines = []
    for done, item in enumerate(range(shard.first, shard.last), start=1):
        if item in trouble:
            raise trouble[item]
        time.sleep(PAUSE)
        while HOLD.is_file():
            time.sleep(0.05)
            beat(done - 1)
        lines.append(hashlib.sha256(f"{shard.job.run.key}/{item}".encode()).hexdigest())
        beat(done)
    files.write(name_of(shard.job, shard.number), "\n".join(lines).encode())
    worked.append(shard.number)


def finish(job):
    """Join the files of all shards."""
    if "merge" in trouble:
        raise trouble["merge"]
    parts = [files.read(name_of(job, shard.number)) for shard in job.shards.order_by("number")]
    files.write(f"runs/{job.run.key}/layers/{job.step}.txt", b"\n".join(parts))
    finished.append(job.step)


def name_of(job, number):
    """Return the name of a shard's file."""
    return f"runs/{job.run.key}/{job.step}/{number:06d}.txt"
