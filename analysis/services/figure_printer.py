"""Draws Vega-Lite as SVG, PNG or PDF, in a process of its own.

Run as a script: drawings come as JSON on the standard input, files go to the standard output.
What it loads (V8, 60 MB) never enters the web process, ends with this one, and can be stopped.
Django is not loaded. Nothing is fetched: an address in a drawing is an error.
"""

import base64
import json
import sys
from typing import Any

PPI = 192  # of pictures made of pixels; a drawing has 72 to the inch


def drawn(spec: dict[str, Any], form: str) -> bytes:
    """Return one drawing as a file. Raises ValueError where Vega-Lite cannot draw it."""
    if _fetches(spec):
        raise ValueError("it names an address, and nothing is fetched: put its rows into it")
    import vl_convert  # late: 0.6 s and 60 MB

    if form == "svg":
        return str(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])).encode()
    if form == "png":
        return bytes(vl_convert.vegalite_to_png(spec, ppi=PPI, allowed_base_urls=[]))
    return bytes(vl_convert.vegalite_to_pdf(spec, allowed_base_urls=[]))


def _fetches(spec: Any) -> bool:
    """Return whether a drawing names rows or pictures that lie elsewhere.

    The library's own rule is kept as well, but it lets local files and pictures pass.
    """
    if isinstance(spec, list):
        return any(map(_fetches, spec))
    if not isinstance(spec, dict):
        return False
    inside = (part for name, part in spec.items() if name not in ("values", "usermeta"))
    return "url" in spec or any(map(_fetches, inside))


def main() -> None:
    """Read ``[{"spec": …, "form": …}, …]`` and write a list of files in base64, in that order.

    What cannot be drawn ends the process with the reason on the standard error.
    """
    wanted = json.load(sys.stdin)
    try:
        files = [drawn(one["spec"], one["form"]) for one in wanted]
    except ValueError as error:
        sys.exit(" ".join(str(error).split()))
    json.dump([base64.b64encode(file).decode() for file in files], sys.stdout)


if __name__ == "__main__":
    main()
