RENAMED = {
    "ir_cron_watch": ("model._cron_watch()", "model._cron_monitor()"),
    "ir_cron_watch_shares": ("model._cron_watch()", "model._cron_find_carts()"),
}


def migrate(cr, version):
    """Have scheduled actions call their methods by the new names: these records are not updated with the addon."""
    for name, (before, after) in RENAMED.items():
        cr.execute(
            """UPDATE ir_act_server SET code = %s
                WHERE code = %s AND id IN (
                      SELECT cron.ir_actions_server_id FROM ir_cron AS cron
                        JOIN ir_model_data AS data ON data.model = 'ir.cron' AND data.res_id = cron.id
                       WHERE data.module = 'extensiv_connector' AND data.name = %s)""",
            [after, before, name],
        )
