"""The environment of every test run, set before Django reads its settings."""

import atexit
import gc
import os
import shutil
import tempfile

# A folder of its own for each process: no test sees the files of the installation.
home = tempfile.mkdtemp(prefix="unitscope-test-")
atexit.register(shutil.rmtree, home, ignore_errors=True)
os.environ["UNITSCOPE_VAR"] = home
os.environ.setdefault("LOG_LEVEL", "WARNING")
# Small tensors run fastest on one thread, and the tests run side by side.
os.environ.setdefault("TORCH_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"
# Hundreds of calls a minute come from one address here; the tests of the limits set their own.
limits = ("API_USER_PER_MINUTE", "API_NOBODY_PER_MINUTE", "API_EXPORTS_PER_MINUTE")
for limit in (*limits, "DETECTIONS_PER_MINUTE", "NOBODY_DETECTIONS_PER_MINUTE"):
    os.environ[limit] = "0"
# With torch and Django loaded a full collection goes through a million objects. Rarer ones save a
# tenth of the time of all tests.
gc.set_threshold(50_000, 10, 10)
