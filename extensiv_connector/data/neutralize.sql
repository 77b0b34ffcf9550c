-- a copy of the database talks to nobody: forget the credentials, disconnect the accounts
UPDATE extensiv_account
   SET state = 'draft',
       state_message = 'This is a neutralized copy. Enter credentials of its own to connect it.',
       is_known_copy = true,
       api_user = NULL,
       api_key = NULL,
       webhook_enabled = false,
       webhook_key = NULL,
       webhook_token = NULL,
       pull_orders = false,
       push_inventory = false,
       push_shipments = false;

-- invitations of the real database lead nowhere from here
UPDATE extensiv_cart_share
   SET state = 'withdrawn'
 WHERE state IN ('sent', 'opened');

-- who watches the real database is told nothing of the copy
DELETE FROM ir_config_parameter
 WHERE key = 'extensiv_connector.health_token';

-- deactivate the scheduled actions
UPDATE ir_cron
   SET active = false
 WHERE id IN (
       SELECT res_id
         FROM ir_model_data
        WHERE model = 'ir.cron'
          AND module = 'extensiv_connector'
);
