"""OCA's job runner and the web server that does its jobs, both in the process of a script: a test kills them together.

Imported by scripts in Odoo only.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time

from werkzeug.serving import make_server

import odoo.http
from odoo import SUPERUSER_ID, api
from odoo.addons.extensiv_connector import flows
from odoo.addons.extensiv_connector_queue import jobs
from odoo.addons.queue_job.jobrunner import runner

CHANNELS = "root:4"
PATIENCE = 300  # seconds
PORT = "dev.jobrunner.port"  # and a job's uuid: where the process listens that waits for it
KINDS = {"failed": "danger", "partial": "warning"}


def do_passes_as_jobs(env) -> None:
    """Let the buttons of accounts, and the schedule of the second import, make jobs and wait for them.

    Of what they call, nothing else is replaced.
    """
    through = Through(env)
    account_class = type(env["extensiv.account"])
    account_class._run_flow = lambda accounts, flow: through.run_flow(accounts, flow)
    account_class._cron_import_orders = lambda accounts: through.import_orders(accounts)


class Through:
    """A web server and a job runner, which start with the first job that somebody waits for."""

    def __init__(self, env):
        self.registry = env.registry
        self.starting = threading.Lock()
        self.port = None
        self.send = runner._async_http_get
        self.is_started = False

    def start(self) -> None:
        with self.starting:
            if self.is_started:
                return
            self.is_started = True
            with self.registry.cursor() as cr:
                # The job runner looks after jobs of dead processes once they are older than its patience.
                cr.execute(
                    "UPDATE queue_job SET date_enqueued = date_enqueued - interval '1 minute'"
                    " WHERE state = 'enqueued' OR id IN ("
                    " SELECT job.id FROM queue_job AS job JOIN queue_job_lock AS lock ON lock.queue_job_id = job.id"
                    " WHERE job.state = 'started' FOR NO KEY UPDATE OF lock SKIP LOCKED)"
                )
            server = make_server("127.0.0.1", 0, odoo.http.root, threaded=True)
            self.port = server.server_port
            threading.Thread(target=server.serve_forever, daemon=True).start()
            runner.ERROR_RECOVERY_DELAY = 0.5
            runner._async_http_get = self.send_to_planner
            run = runner.QueueJobRunner(host="127.0.0.1", port=server.server_port, channel_config_string=CHANNELS)
            threading.Thread(target=run.run, daemon=True).start()

    def send_to_planner(self, scheme, host, port, user, password, db_name, job_uuid):
        """Have a job done by the process that waits for it, if it lives: one job runner serves all processes."""
        with self.registry.cursor() as cr:
            cr.execute("SELECT value FROM ir_config_parameter WHERE key = %s", [f"{PORT}.{job_uuid}"])
            if found := cr.fetchone():
                with contextlib.suppress(OSError), socket.create_connection((host, int(found[0])), 1):
                    port = int(found[0])
        self.send(scheme, host, port, user, password, db_name, job_uuid)

    def run_flow(self, accounts, flow):
        """Have a job do a pass of `flow` on each account, and return what the button would have said."""
        self.start()
        env = accounts.env
        env.cr.commit()
        said = {}
        for account in accounts:
            # What goes on by itself afterwards would run into what the test looks at: a button says no more than once.
            self.switch(account.id, flow, True)
            try:
                said[account] = self.wait(self.plan(account.id, flow))
            finally:
                self.switch(account.id, flow, False)
            self.wait_for(lambda cr, account=account: not self.is_at_work(cr, jobs.pass_key(account.id, flow)))
        env.cr.commit()
        env.invalidate_all()
        states = {env["extensiv.run"].search([("flow", "=", flow)], limit=1).state, *said.values()} & KINDS.keys()
        kind = KINDS[min(states)] if states else "success"
        return accounts._notification(flow, "\n".join(message for message in said.values() if message), kind)

    def switch(self, account, flow, value):
        """Have the schedule run the flow on the account or not, without what a person's write does besides."""
        with self.registry.cursor() as cr:
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")  # a pass may write the account, too
            for name in flows.FLOWS[flow].switches:
                cr.execute(
                    f"UPDATE extensiv_account SET {name} = %s WHERE id = %s AND {name} IS DISTINCT FROM %s",
                    [value, account, value],
                )
            self.activate(cr, flows.FLOWS[flow].cron)

    @staticmethod
    def activate(cr, name):
        module, _dot, name = name.partition(".")
        cr.execute(
            "UPDATE ir_cron SET active = TRUE"
            " WHERE NOT active AND id = (SELECT res_id FROM ir_model_data WHERE module = %s AND name = %s)",
            [module, name],
        )

    @staticmethod
    def is_at_work(cr, key):
        """Whether this process does a job that another planned to go on at once."""
        cr.execute(
            "SELECT 1 FROM queue_job WHERE identity_key = %s"
            " AND (state = 'enqueued' OR (state = 'started' AND worker_pid = %s))",
            [key, os.getpid()],
        )
        return cr.fetchone()

    def plan(self, account, flow):
        """Plan a pass as the schedule does; return the id of its job, or of one that this process's runner repairs."""
        with self.registry.cursor() as cr:
            cr.execute(
                "SELECT id FROM queue_job WHERE identity_key = %s AND state = 'started' AND worker_pid = %s",
                [jobs.pass_key(account, flow), os.getpid()],
            )
            if found := cr.fetchone() or self.find_dead(cr, jobs.pass_key(account, flow)):
                return found[0]
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["extensiv.account"].browse(account)._start_pass(flow)
            cr.flush()  # jobs are made before the transaction is committed
            cr.execute(
                "SELECT id, uuid, result FROM queue_job WHERE identity_key = %s AND state = ANY (%s) ORDER BY id DESC",
                [jobs.pass_key(account, flow), list(jobs.WAITING)],
            )
            job, uuid, said = cr.fetchone()
            if said:  # what it came back with, from another's button
                cr.execute("UPDATE queue_job SET result = NULL WHERE id = %s", [job])
            env["ir.config_parameter"].set_param(f"{PORT}.{uuid}", str(self.port))
            return job

    @staticmethod
    def find_dead(cr, key):
        """Return the id of a job whose process died, which nobody has a lock on, in a tuple; or None."""
        cr.execute(
            "SELECT job.id FROM queue_job AS job JOIN queue_job_lock AS lock ON lock.queue_job_id = job.id"
            " WHERE job.identity_key = %s AND job.state = 'started' FOR NO KEY UPDATE OF lock SKIP LOCKED",
            [key],
        )
        return cr.fetchone()

    def wait(self, job):
        """Wait until the job ended, or was put off; return what it said."""

        def find_result(cr):
            cr.execute("SELECT state, result, exc_message FROM queue_job WHERE id = %s", [job])
            state, result, trouble = cr.fetchone()
            if state in ("done", "failed", "cancelled") or (state == "pending" and result):
                return [result or trouble or ""]
            return None

        return self.wait_for(find_result)[0]

    def import_orders(self, accounts):
        """Have jobs import what was received."""
        self.start()
        with self.registry.cursor() as cr:
            self.activate(cr, flows.IMPORT_CRON)
        with self.registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["extensiv.account"]._plan_import()

        def are_over(cr):
            cr.execute(
                "SELECT 1 FROM queue_job WHERE method_name = '_import_job'"
                " AND (state IN ('enqueued', 'started') OR (state = 'pending' AND eta IS NULL))"
            )
            return not cr.fetchone()

        self.wait_for(are_over)
        accounts.env.cr.commit()

    def wait_for(self, condition):
        deadline = time.monotonic() + PATIENCE
        while True:
            with self.registry.cursor() as cr:
                if found := condition(cr):
                    return found
            if time.monotonic() > deadline:
                raise TimeoutError("The job runner is not done.")
            time.sleep(0.05)
