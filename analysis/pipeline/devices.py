"""On which device a run is computed, and the settings that make the same input the same bytes."""

import torch
from django.conf import settings

from analysis.models import Run


def device_of(run: Run) -> torch.device:
    """Return the run's device; what it leaves open the installation says, then the machine.

    Raises:
        RuntimeError: CUDA is asked for and absent here; another worker may have it.
    """
    wanted = next((name for name in (run.device, settings.DEVICE) if name != "auto"), "auto")
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise RuntimeError(
            f"Run {run} asks for {wanted}, and this worker has no CUDA device. Start a worker on"
            " a machine with one, or ask for the run with device auto or cpu."
        )
    return here() if wanted == "auto" else torch.device(wanted)


def here() -> torch.device:
    """Return the device for what no run asks for: the installation's, else the machine's best.

    An image that somebody waits for is looked at on a CPU where the CUDA that is meant is absent.
    """
    if settings.DEVICE == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda" if settings.DEVICE == "auto" else settings.DEVICE)


def settle(device: torch.device) -> None:
    """Fix whatever would let two workers, or two attempts, round differently."""
    if settings.TORCH_THREADS:
        torch.set_num_threads(settings.TORCH_THREADS)
    if device.type == "cuda":
        # No algorithm is chosen by a race, and float32 means float32: TensorFloat-32 keeps
        # 10 of its 23 bits and is a mixed precision that nobody asked for.
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cuda.matmul.allow_tf32 = False
