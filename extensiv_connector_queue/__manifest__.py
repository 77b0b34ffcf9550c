{
    "name": "Extensiv Connector: Runs as Jobs",
    "summary": "Orders, stock levels and shipments of many merchants by as many workers and hosts as they need",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "author": "Extensiv Connector founders",
    "maintainers": [],
    "website": "https://apps.odoo.com/apps/modules/19.0/extensiv_connector_queue",
    "support": "https://apps.odoo.com/apps/modules/19.0/extensiv_connector_queue",
    "license": "LGPL-3",
    "images": [
        "static/description/banner.png",
        "static/description/settings.png",
    ],
    "depends": ["extensiv_connector", "queue_job"],
    "data": [
        "data/queue_job_channel_data.xml",
        "data/queue_job_function_data.xml",
        "views/res_config_settings_views.xml",
    ],
    "uninstall_hook": "uninstall_hook",
}
