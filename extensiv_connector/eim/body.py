"""The body of an answer, bounded while it is read and decompressed."""

import zlib

from urllib3.exceptions import ProtocolError

from .texts import _

ACCEPTED = "gzip, deflate"  # what EIM may use, whatever else requests would offer where it is installed
MAX_CODINGS = 2  # a proxy may compress once more what is compressed
MAX_MEMBERS = 1000  # parts of a gzip file, each of which costs time, however little is in it
_PIECE = 16 * 1024  # bytes


class BodyRefused(Exception):
    """The body is none that is read: too long, or compressed in a way that was not asked for."""


def read_body(response, most):
    """Return the body of a ``requests`` response as it was before it was compressed; no more memory than it is used.

    :param most: bytes, both as it arrives and decompressed
    :raise BodyRefused: it is longer, or cannot be decompressed by us
    :raise urllib3.exceptions.HTTPError: it is cut short or damaged
    """
    declared = _declared_length(response)
    if declared is not None and declared > most:
        raise BodyRefused(_("EIM's answer is too long to be one."))
    chunks = _received(response, declared)
    for coding in reversed(_codings(response)):
        chunks = _decompressed(_at_most(chunks, most), coding)
    return b"".join(_at_most(chunks, most))


def _declared_length(response):
    length = response.headers.get("Content-Length", "").strip()
    if "Transfer-Encoding" in response.headers or not (length.isascii() and length.isdigit()):
        return None
    return int(length[:20])


def _codings(response):
    """Return how a body is compressed, in the order in which that was done."""
    names = [name.strip().lower() for name in response.headers.get("Content-Encoding", "").split(",")]
    codings = [name.removeprefix("x-") for name in names if name not in ("", "identity")]
    if len(codings) > MAX_CODINGS or not set(codings) <= {"gzip", "deflate"}:
        raise BodyRefused(_("EIM's answer is compressed in a way that it was not asked for."))
    return codings


def _received(response, declared):
    """Yield the body as it arrives.

    :raise ProtocolError: it is shorter than ``declared``, which older urllib3 does not notice
    """
    size = 0
    while chunk := response.raw.read(_PIECE, decode_content=False):
        size += len(chunk)
        yield chunk
    if declared is not None and size < declared:
        raise ProtocolError("cut short")


def _at_most(chunks, most):
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise BodyRefused(_("EIM's answer is too long to be one."))
        yield chunk


def _decompressed(chunks, coding):
    """Yield what ``chunks`` hold, in pieces of bounded size.

    :raise ProtocolError: it is damaged, or ends too early
    """
    inflater = None
    members = 0
    padding = False
    try:
        for chunk in _begun(chunks):
            while chunk:
                if inflater is None:
                    padding |= members > 0 and (coding == "deflate" or chunk[:1] != b"\x1f")
                    if padding:
                        break
                    members += 1
                    if members > MAX_MEMBERS:
                        raise BodyRefused(_("EIM's answer is too long to be one."))
                    inflater = zlib.decompressobj(_window_bits(coding, chunk))
                yield from _pieces(inflater, chunk)
                chunk = inflater.unused_data
                if inflater.eof:
                    inflater = None
    except zlib.error:
        raise ProtocolError("damaged") from None
    if inflater is not None:
        raise ProtocolError("cut short")


def _begun(chunks):
    """Yield ``chunks``, the first of them with two bytes at least, by which ``_window_bits`` tells them apart."""
    start = b""
    begun = False
    for chunk in chunks:
        if begun:
            yield chunk
            continue
        start += chunk
        if len(start) > 1:
            begun = True
            yield start
    if start and not begun:
        yield start


def _pieces(inflater, data):
    while True:
        piece = inflater.decompress(data, _PIECE)
        if piece:
            yield piece
        data = inflater.unconsumed_tail
        if inflater.eof or (not data and len(piece) < _PIECE):
            return


def _window_bits(coding, start):
    """Return how zlib is to read it: of ``deflate`` some senders leave out the two bytes that it should begin with."""
    if coding == "gzip":
        return 16 + zlib.MAX_WBITS
    wrapped = len(start) > 1 and start[0] & 15 == zlib.DEFLATED and int.from_bytes(start[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS
