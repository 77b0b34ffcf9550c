"""Orders confirmed with the batch's memo write what Odoo writes by itself, also where other apps have a say.

`make identical` draws many more of them, with more apps.
"""

COMPARE = """
from odoo.addons.extensiv_connector.tests.circumstances import available, meet
from odoo.addons.extensiv_connector.tests.identical_world import Comparison, World
from odoo.addons.extensiv_connector.tests.test_identical import MIXED

for names in args["circumstances"]:
    assert set(names) <= set(available(env)), available(env)
    with env.cr.savepoint() as savepoint:
        world = World(env)
        meet(world, *names)
        comparison = Comparison(world, MIXED)
        found = comparison.compare()
        print(names, len(comparison.plain.rows), *found[:20])
        assert comparison.plain.answer["imported"] and not found, found
        savepoint.rollback()
"""


def test_kits_and_expiring_lots(odoo_with_kits):
    odoo_with_kits.run(COMPARE, {"circumstances": [["kits", "expired_lots"], ["kits", "manufactured", "two_steps"]]})
