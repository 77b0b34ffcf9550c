-- a copy of the database talks to nobody: no pass waits in it
UPDATE queue_job
   SET state = 'cancelled',
       date_cancelled = now() AT TIME ZONE 'UTC'
 WHERE model_name = 'extensiv.account'
   AND state IN ('wait_dependencies', 'pending', 'enqueued', 'started', 'failed');
