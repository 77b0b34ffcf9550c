"""A stand-in for EIM over real HTTP, on Werkzeug and the MarkupSafe that it brings along.

It shares no code with the connector, so that it is an independent check of it, and nothing in the addon
imports it but tests. ``python extensiv_connector/sandbox --port 8070`` runs it, ``server.running_sandbox()``
runs it in a test, ``control`` has it changed and misbehave over HTTP. What the service's contract leaves open
is marked *inferred* where it is decided.
"""
