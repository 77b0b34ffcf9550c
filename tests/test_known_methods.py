"""The list of Odoo's methods that confirming in batches relies on holds for the Odoo in use."""

import pytest

from dev import known_methods

GUARD = known_methods.load_guard()


def test_every_implementation_in_the_odoo_in_use_is_listed():
    known = GUARD.read_list()
    assert {name: digest for name, digest in known_methods.scan().items() if digest not in known.get(name, ())} == {}


@pytest.mark.parametrize("part", sorted(GUARD.PARTS))
def test_every_method_that_is_relied_on_is_there(part):
    there = {name.rsplit(".", 1)[1] for name in known_methods.scan()}
    wanted = {method for methods in GUARD.PARTS[part].values() for method in methods}
    assert wanted - there == set()


def test_methods_of_other_models_are_none_of_those(tmp_path):
    source = """class A(models.Model):
    _inherit = "stock.quant"

    def _gather(self):
        return 1

    def read(self):
        return 2


class B(models.Model):
    _name = "b"
    _inherit = ["stock.quant"]

    def _gather(self):
        return 3
"""
    file = tmp_path / "some.py"
    file.write_text(source)
    found = dict(known_methods.scan_file(GUARD, file, "odoo.addons.some", {"stock.quant": {"_gather"}}))
    assert found == {"odoo.addons.some.A._gather": GUARD.digest("    def _gather(self):\n        return 1\n")}
