# `make demo` shows the connector at work, `make test` runs every check; README.md says more, and `dev/` does the work.

PYTHON = .odoo/venv/bin/python
.PHONY: demo demo-check test lint nemesis identical crowd pot po guide readme pictures bench shell clean setup

# QUEUE=1 with the second addon: its passes are jobs of the OCA's job queue
demo demo-check: ALSO = $(if $(QUEUE),--oca)
demo: setup
	@$(PYTHON) -m dev.demo

demo-check: setup
	@$(PYTHON) -m dev.demo --check

# ONLY=lint|eim|install|odoo|books|process|queue|uninstall for one of the checks, K=expression for the tests that match
test: ALSO = --browser --http --oca --tools
test: setup
	@$(PYTHON) -m dev.test

lint: ALSO = --tools
lint: export ONLY = lint
lint: setup
	@$(PYTHON) -m dev.test

# disasters drawn at random under a real Odoo: SEEDS=20 for so many runs, SEED=17 for that one; a quarter of an hour each
# for Odoo's limits with EIM hanging, which K=limits runs alone
nemesis: setup
	@$(PYTHON) -m dev.nemesis

# orders drawn at random and imported with the batch's memo and without, in a database with other apps: SEEDS=200 for so
# many, SEED=17 for others, MODULES=sale_mrp,… for other apps
identical: setup
	@$(PYTHON) -m dev.identical

# the demonstration's orders beside the modules that shops use, of Odoo and of the OCA; some minutes
crowd: ALSO = --oca
crowd: setup
	@$(PYTHON) -m dev.crowd

# the addon's texts for translators, after they changed
pot: ALSO = --oca
pot: setup
	@$(PYTHON) -m dev.translations

# those texts merged into each language's .po; `python -m dev.translations` has more for translators
po: setup
	@$(PYTHON) -m dev.translations po

# the user guide as the addon shows it, after doc/user-guide.md changed
guide: setup
	@$(PYTHON) -m dev.guide

# each addon's README.md, after one of its fragments under readme/ or CHANGELOG.md changed
readme: setup
	@$(PYTHON) -m dev.readme

# the pictures of screens for the App Store, the guide and README, after a screen changed; look at them before a commit
pictures: ALSO = --browser --oca
pictures: setup
	@$(PYTHON) -m dev.screens

# NAME=orders for bench/bench_orders.py alone
bench: ALSO = --oca
bench: setup
	@$(PYTHON) -m dev.bench

# a Python shell with `env` in the demonstration's database
shell: setup
	@$(PYTHON) -m dev.shell

# the databases, logs and caches; what was downloaded stays, and goes with `rm -r .odoo`
clean:
	@test ! -x $(PYTHON) || $(PYTHON) -m dev.clean

setup:
	@command -v python3 >/dev/null || { echo "Python is missing: type 'apt-get install python3 python3-venv'."; exit 1; }
	@python3 -m dev.setup $(ALSO)
