"""``python extensiv_connector/sandbox --port 8070``: serve the sandbox until told to stop."""

import argparse
import signal
import sys
from pathlib import Path

# Run as a folder, Python knows no package: make it one of the addon's folder, which tests do as well.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from sandbox.server import HOST, serve  # noqa: E402
from sandbox.service import MERCHANT_KEY, MERCHANT_USER  # noqa: E402


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="sandbox", description="A stand-in for the Extensiv Integration Manager API.")
    parser.add_argument("--port", type=int, default=8070, help="0 takes any that is free (default: 8070)")
    parser.add_argument(
        "--host", default=HOST, help="the address that it listens on, 0.0.0.0 for all (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the made-up data (default: 1)")
    parser.add_argument("--orders", type=int, help="make up so many simple orders instead of the demonstration")
    parser.add_argument("--no-rate-limit", action="store_true", help="let callers call as often as they like")
    parser.add_argument(
        "--user", action="append", default=[], help=f"one more API user beside {MERCHANT_USER!r}; may be repeated"
    )
    parser.add_argument(
        "--key", action="append", default=[], help=f"the key of --user ({MERCHANT_USER!r} has {MERCHANT_KEY!r})"
    )
    options = parser.parse_args(arguments)
    if len(options.user) != len(options.key):
        parser.error("--user and --key go together")
    running = serve(
        options.port,
        options.host,
        seed=options.seed,
        orders=options.orders,
        rate_limit=not options.no_rate_limit,
        users=dict(zip(options.user, options.key, strict=True)),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    sys.stdout.write(f"listening on {running.base_url}\n")
    sys.stdout.flush()
    running.server.serve_forever()


if __name__ == "__main__":
    main()
