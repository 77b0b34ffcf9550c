"""The pictures of the App Store show the screens as they are."""

import os
from unittest.mock import patch

from odoo.addons.extensiv_connector.tests.pictures_common import PicturesMixin, Scene
from odoo.tests import HttpCase, tagged

from .. import jobs

SETTINGS = """
    (await find("[data-key=extensiv_connector]")).click();
    (await find("#extensiv_queue_state")).scrollIntoView();
"""


@tagged("post_install", "-at_install")
class TestPictures(PicturesMixin, HttpCase):
    addon = "extensiv_connector_queue"

    def test_the_pictures_show_the_screens(self):
        self.env.company.name = "Northwind Goods"
        # a job runner is at work, whoever else uses this PostgreSQL
        self.startPatcher(patch.object(jobs, "PG_ADVISORY_LOCK_ID", 2**40 + 19))
        self.env.cr.execute("SELECT pg_advisory_xact_lock(%s)", [jobs.PG_ADVISORY_LOCK_ID])
        path = "/odoo/action-extensiv_connector.extensiv_settings_action"
        with self.looking():
            self.show("settings", Scene(path, SETTINGS))
            if os.environ.get("PICTURES"):
                self.keep_banner(
                    "Extensiv Connector: runs as jobs",
                    "Many merchants, by as many workers and hosts as they need.",
                    "settings",
                )
