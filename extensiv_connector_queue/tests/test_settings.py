from unittest.mock import patch

from odoo.tests import Form, TransactionCase, tagged

from .. import jobs


@tagged("post_install", "-at_install")
class TestSettings(TransactionCase):
    def setUp(self):
        super().setUp()
        # The server that the tests run in may have a runner of its own.
        self.startPatcher(patch.object(jobs, "PG_ADVISORY_LOCK_ID", 2**40 + 17))

    def test_the_page_says_what_suits_this_server_and_that_nobody_runs_jobs(self):
        settings = Form(self.env["res.config.settings"])
        self.assertIn("No job runner is at work", settings.extensiv_queue_state)
        self.assertIn("runs at once", settings.extensiv_queue_advice)
        self.assertIn("connections of PostgreSQL", settings.extensiv_queue_advice)
        self.assertTrue(settings.extensiv_queue_channels.startswith("channels = root:"))
        self.assertEqual(settings.extensiv_import_jobs, jobs.DEFAULT_IMPORT_JOBS)

    def test_the_number_of_import_jobs_is_kept_and_never_none(self):
        settings = self.env["res.config.settings"].create({"extensiv_import_jobs": 5})
        settings.execute()
        self.assertEqual(jobs.import_jobs(self.env), 5)
        self.env["ir.config_parameter"].set_param(jobs.IMPORT_JOBS, "0")
        self.assertEqual(jobs.import_jobs(self.env), 1)

    def test_a_runner_that_holds_its_lock_is_seen(self):
        self.assertFalse(jobs.is_runner_there(self.env))
        self.env.cr.execute("SELECT pg_advisory_xact_lock(%s)", [jobs.PG_ADVISORY_LOCK_ID])
        self.assertTrue(jobs.is_runner_there(self.env))
