"""Small files that ask for far more than they look like."""

import io
import struct

from PIL import Image


def many_passes(side=4096, passes=20_000):
    """A JPEG that goes over all of its pixels so often, each time with a few bytes.

    It is grey and progressive: one pass says that all blocks have their mean, the others that they
    have nothing else, in runs of some 32,000 blocks.
    """
    blocks = (side // 8) ** 2
    run = (1 << 15) - 2
    bits = "".join("0" + format(run - (1 << 14), "014b") for _ in range(-(-blocks // run)))
    bits += "1" * (-len(bits) % 8)
    data = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    frame = struct.pack(">BHHBBBB", 8, side, side, 1, 1, 0x11, 0)
    head = b"\xff\xd8" + _part(0xDB, b"\0" + b"\x01" * 64) + _part(0xC2, frame)
    for table, symbol in ((0x00, 0x00), (0x10, 0xE0)):  # one word each: no change, a run
        head += _part(0xC4, bytes([table, 1, *[0] * 15, symbol]))
    means = _part(0xDA, bytes([1, 1, 0, 0, 0, 0])) + bytes(blocks // 8)
    nothing = _part(0xDA, bytes([1, 1, 0, 1, 63, 0])) + data.replace(b"\xff", b"\xff\0")
    return head + means + nothing * passes + b"\xff\xd9"


def _part(kind, data):
    return struct.pack(">BBH", 0xFF, kind, len(data) + 2) + data


def many_strips(count):
    """A TIFF 8 pixels wide whose rows, so many, all are the same 8 bytes of the file."""
    start = 8 + 2 + 9 * 12 + 4  # where those 8 bytes lie, behind the list of tags
    tags = {256: 8, 257: count, 258: 8, 259: 1, 262: 1, 273: start + 8, 277: 1, 278: 1, 279: 8}
    long = {257, 273, 279}
    entries = b"".join(
        struct.pack("<HHII", tag, 4 if tag in long else 3, count if tag == 273 else 1, value)
        for tag, value in tags.items()
    )
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4 + 8)
    return head + struct.pack("<I", start) * count


def clear_pixels(side):
    """A PNG of one colour that lets all through, which is laid on white in several copies."""
    out = io.BytesIO()
    Image.new("RGBA", (side, side), (9, 9, 9, 9)).save(out, "PNG")
    return out.getvalue()
