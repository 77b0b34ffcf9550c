"""Days that carts name, as moments in the company's time zone: the buyer's day, wherever the company is.

A bare date comes as noon UTC (``eim.wire``), and many carts send a day as its midnight. Either moment is another day in
some part of the world.
"""

from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NOON = time(12)
MIDNIGHT = time(0)
END_OF_DAY = 17.0
"""The hour at which work ends where no calendar tells."""
LAST_HOUR = 24.0


def zone_of(company, warehouse=None):
    """Return the time zone of a company, or of its warehouse where that has one of its own.

    :param warehouse: a ``stock.warehouse``, empty or None
    """
    names = [
        warehouse and warehouse.partner_id != company.partner_id and warehouse.partner_id.tz,
        company.partner_id.tz,
        company.resource_calendar_id.tz,
    ]
    for name in filter(None, names):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return ZoneInfo("UTC")


def ordered_at(order, zone):
    """Return when the buyer ordered, a naive UTC moment of the buyer's day in the company's time zone, or None.

    :param order: a ``wire.Order`` or ``wire.ListedOrder``
    """
    moment = order.order_date or order.created
    return moment and when_ordered(moment, zone)


def to_ship_at(account, order, warehouse):
    """Return by when an order is to leave, the end of the working day where it leaves from: a naive UTC moment or None.

    :param order: a ``wire.Order``
    :param warehouse: the ``stock.warehouse`` that delivers it, empty or None
    """
    moment = order.requested_ship_date or order.latest_ship_date
    company = account.company_id
    return moment and ship_by(moment, zone_of(company, warehouse), calendar_of(company, warehouse))


def is_day(moment):
    """Whether a naive UTC ``moment`` of EIM's stands for a day, and not for a time of it."""
    return moment.time() in (NOON, MIDNIGHT)


def day_of(moment, zone):
    """Return the day of a naive UTC ``moment`` of EIM's as people in ``zone`` see it."""
    return moment.date() if is_day(moment) else _local(moment, zone).date()


def when_ordered(moment, zone):
    """Return a naive UTC ``moment`` of EIM's so that it is the buyer's day in ``zone``: noon there of a bare date."""
    return _utc(datetime.combine(moment.date(), NOON), zone) if is_day(moment) else moment


def ship_by(moment, zone, calendar):
    """Return when the day of a naive UTC ``moment`` ends for who ships: a naive UTC moment.

    :param calendar: a ``resource.calendar``, empty where there is none
    """
    day = day_of(moment, zone)
    return _utc(datetime.combine(day, MIDNIGHT) + timedelta(hours=end_of_work(calendar, day)), zone)


def end_of_work(calendar, day):
    """Return the hour, as a float, at which work ends on ``day``; of a day without work, when it mostly ends."""
    hours = [
        (attendance.dayofweek, attendance.hour_to)
        for attendance in calendar.attendance_ids
        if not attendance.display_type and attendance.day_period != "lunch"
    ]
    ends = [hour for weekday, hour in hours if weekday == str(day.weekday())] or [hour for _weekday, hour in hours]
    end = max(ends, default=0.0) or END_OF_DAY
    return end if end < LAST_HOUR else LAST_HOUR - 1 / 60


def calendar_of(company, warehouse=None):
    """Return the working hours of a warehouse, where an app gives it some, else the company's."""
    for name in ("resource_calendar_id", "calendar_id"):
        if warehouse and name in warehouse._fields and warehouse[name]:
            return warehouse[name]
    return company.resource_calendar_id


def _local(moment, zone):
    return moment.replace(tzinfo=timezone.utc).astimezone(zone)


def _utc(moment, zone):
    return moment.replace(tzinfo=zone).astimezone(timezone.utc).replace(tzinfo=None)
