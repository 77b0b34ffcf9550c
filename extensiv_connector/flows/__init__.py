"""What a pass does: plain classes that import `eim` and each other, and reach Odoo's models through `env` only."""
