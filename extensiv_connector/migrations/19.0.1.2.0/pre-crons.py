def migrate(cr, version):
    """Have the scheduled action call the method by its new name: the record is not updated with the addon."""
    cr.execute(
        """UPDATE ir_act_server SET code = 'model._cron_monitor()'
            WHERE code = 'model._cron_watch()' AND id IN (
                  SELECT cron.ir_actions_server_id FROM ir_cron AS cron
                    JOIN ir_model_data AS data ON data.model = 'ir.cron' AND data.res_id = cron.id
                   WHERE data.module = 'extensiv_connector' AND data.name = 'ir_cron_watch')"""
    )
