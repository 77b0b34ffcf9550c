# {schedule: (priority it was installed with, priority behind mail)}
PRIORITIES = {
    "ir_cron_pull_orders": (4, 7),
    "ir_cron_push_shipments": (4, 7),
    "ir_cron_push_inventory": (5, 8),
    "ir_cron_watch_shares": (6, 8),
    "ir_cron_import_orders": (4, 9),
    "ir_cron_fetch_alerts": (6, 9),
    "ir_cron_audit": (7, 10),
    "ir_cron_watch": (7, 10),
    "ir_cron_daily_mail": (7, 10),
}


def migrate(cr, version):
    """Have scheduled actions stand behind mail: these records are not updated with the addon.

    A priority that somebody chose stays.
    """
    for name, (before, after) in PRIORITIES.items():
        cr.execute(
            """UPDATE ir_cron SET priority = %s
                WHERE priority = %s AND id IN (
                      SELECT res_id FROM ir_model_data
                       WHERE module = 'extensiv_connector' AND model = 'ir.cron' AND name = %s)""",
            [after, before, name],
        )
