"""Days are the buyer's, from Auckland to Honolulu, and an order is to leave by the end of the working day."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import TransactionCase, tagged

from ..flows import dates
from .common import ConnectorCase

ZONES = ["Pacific/Auckland", "Pacific/Kiritimati", "Asia/Kolkata", "Europe/Berlin", "UTC", "America/New_York",
         "America/Los_Angeles", "Pacific/Honolulu", "Pacific/Pago_Pago"]  # fmt: skip


@tagged("post_install", "-at_install")
class TestDays(TransactionCase):
    def seen(self, moment, zone):
        return moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone))

    @settings(max_examples=200, deadline=None, database=None, derandomize=True)
    @given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from(ZONES), st.sampled_from([0, 12]))
    def test_a_day_is_the_same_day_everywhere(self, day, zone, hour):
        sent = datetime(day.year, day.month, day.day, hour)
        nothing = self.env["resource.calendar"]
        self.assertEqual(self.seen(dates.when_ordered(sent, ZoneInfo(zone)), zone).date(), day)
        self.assertEqual(self.seen(dates.ship_by(sent, ZoneInfo(zone), nothing), zone).date(), day)

    def test_a_moment_stays_one(self):
        moment = datetime(2026, 11, 26, 23, 30)
        self.assertEqual(dates.when_ordered(moment, ZoneInfo("Pacific/Auckland")), moment)
        self.assertEqual(dates.day_of(moment, ZoneInfo("Pacific/Auckland")), date(2026, 11, 27))
        self.assertEqual(dates.day_of(moment, ZoneInfo("Pacific/Honolulu")), date(2026, 11, 26))

    def test_the_end_of_a_marketplaces_day_is_the_day_in_its_zone(self):
        latest = datetime(2026, 11, 27, 7, 59, 59)  # 23:59:59 in Los Angeles
        los_angeles = dates.ship_by(latest, ZoneInfo("America/Los_Angeles"), self.env["resource.calendar"])
        self.assertEqual(self.seen(los_angeles, "America/Los_Angeles").replace(tzinfo=None), datetime(2026, 11, 26, 17))

    def test_work_ends_as_the_calendar_says(self):
        calendar = self.env["resource.calendar"].create(
            {
                "name": "Short Fridays",
                "attendance_ids": [
                    (
                        0,
                        0,
                        {"name": str(day), "dayofweek": str(day), "hour_from": 8, "hour_to": 14 if day == 4 else 18.5},
                    )
                    for day in range(5)
                ],
            }
        )
        for day, hour in ((date(2026, 11, 26), 18.5), (date(2026, 11, 27), 14), (date(2026, 11, 28), 18.5)):
            self.assertEqual(dates.end_of_work(calendar, day), hour)
        self.assertEqual(dates.end_of_work(self.env["resource.calendar"], date(2026, 11, 26)), 17)
        calendar.attendance_ids = [(5, 0, 0)]
        self.assertEqual(dates.end_of_work(calendar, date(2026, 11, 26)), 17)

    def test_whose_time_zone_it_is(self):
        company = self.env["res.company"].create({"name": "Zones"})
        company.partner_id.tz = False
        company.resource_calendar_id.tz = "Asia/Kolkata"
        self.assertEqual(dates.zone_of(company).key, "Asia/Kolkata")
        company.partner_id.tz = "Pacific/Honolulu"
        self.assertEqual(dates.zone_of(company).key, "Pacific/Honolulu")
        warehouse = self.env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1)
        self.assertEqual(dates.zone_of(company, warehouse).key, "Pacific/Honolulu")
        warehouse.partner_id = self.env["res.partner"].create({"name": "East", "tz": "America/New_York"})
        self.assertEqual(dates.zone_of(company, warehouse).key, "America/New_York")


@tagged("post_install", "-at_install")
class TestOrderDays(ConnectorCase):
    def test_an_order_of_a_bare_date_is_of_that_day_and_leaves_on_it(self):
        self.connect()
        self.company.resource_calendar_id = False
        for zone in ("Pacific/Auckland", "Pacific/Honolulu"):
            self.company.partner_id.tz = zone
            self.add_orders(
                {
                    "cust_ref": zone,
                    "order_date": "2026-11-26",
                    "requested_ship_date": "2026-11-27",
                    "items": [{"item": "TEE-1", "quantity": "1", "price": "5"}],
                }
            )
            self.pull()
            order = self.inbox(zone)
            sale = order.sale_order_id

            def seen(moment, zone=zone):
                return moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone)).replace(tzinfo=None)

            self.assertEqual(seen(sale.date_order), datetime(2026, 11, 26, 12))
            self.assertEqual(seen(order.order_date), datetime(2026, 11, 26, 12))
            self.assertEqual(seen(sale.commitment_date), datetime(2026, 11, 27, 17))
            self.assertIn("11/27/2026", order.with_context(tz=zone).summary)
