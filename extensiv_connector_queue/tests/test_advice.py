from odoo.tests import BaseCase, tagged

from ..advice import CONNECTIONS_OF_A_PASS, SPARE_CONNECTIONS, Advice, Server, capacity_of


def server(**values):
    return Server(**{"workers": 8, "cron_threads": 2, "processors": 4, "pool": 64, "connections": 100} | values)


@tagged("post_install", "-at_install")
class TestAdvice(BaseCase):
    def test_half_of_the_workers_stay_free_for_people(self):
        self.assertEqual(Advice.of(server(workers=8)).jobs, 4)
        self.assertEqual(Advice.of(server(workers=2)).jobs, 1)
        self.assertEqual(Advice.of(server(workers=1)).jobs, 1)

    def test_what_it_takes_fits_into_postgresql(self):
        for workers in (0, 1, 2, 4, 8, 16, 40, 200):
            for connections in (50, 100, 500):
                advice = Advice.of(server(workers=workers, connections=connections))
                if advice.jobs > 1:
                    self.assertLessEqual(advice.connections, connections - SPARE_CONNECTIONS)

    def test_a_server_that_never_fits_is_told_so(self):
        advice = Advice.of(server(workers=60, connections=100))
        self.assertEqual(advice.jobs, 1)
        self.assertFalse(advice.fits)
        self.assertTrue(Advice.of(server()).fits)

    def test_without_workers_all_share_the_pool_of_one_process(self):
        self.assertEqual(Advice.of(server(workers=0, pool=2 * CONNECTIONS_OF_A_PASS)).jobs, 1)
        self.assertEqual(Advice.of(server(workers=0)).jobs, 4)

    def test_the_line_is_one_that_says_the_same_when_read(self):
        for workers in (0, 2, 8, 40):
            advice = Advice.of(server(workers=workers, connections=1000))
            self.assertEqual(capacity_of(advice.channels), advice.jobs)

    def test_the_narrowest_level_counts(self):
        self.assertEqual(capacity_of("root:4"), 4)
        self.assertEqual(capacity_of("root:4,root.extensiv:2"), 2)
        self.assertEqual(capacity_of("root:1,root.extensiv:8:sequential"), 1)
        self.assertEqual(capacity_of("root.sale:3"), 1)
