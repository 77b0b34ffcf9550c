"""Which database this is: what tells a copy, or a restored backup, from the database that was connected.

Each part shows what the others cannot. ``name`` and ``uuid``: a copy made by Odoo or by PostgreSQL beside the original.
``cluster``: a dump restored under the same name on another host. ``oid``: a backup restored in place. A replica that
takes over has all four. A copy of the volumes or a snapshot has, too, and cannot be told apart here.
"""

from odoo.tools import SQL

PARTS = ("name", "uuid", "cluster", "oid")


def read_identity(env):
    """Return the parts of this database's identity that may be asked, as texts: ``{"name": …, "oid": …}``."""
    [(oid, may_ask)] = env.execute_query(
        SQL(
            """SELECT oid::text, has_function_privilege('pg_control_system()', 'EXECUTE')
                 FROM pg_database WHERE datname = current_database()"""
        )
    )
    identity = {
        "name": env.cr.dbname,
        "uuid": env["ir.config_parameter"].sudo().get_param("database.uuid"),
        "oid": oid,
    }
    if may_ask:  # in a statement of its own: one that is refused would end the transaction
        [(identity["cluster"],)] = env.execute_query(SQL("SELECT system_identifier::text FROM pg_control_system()"))
    return {part: identity[part] for part in PARTS if identity.get(part)}


def find_differences(known, this):
    """Return the parts known of both identities that differ."""
    return [part for part in PARTS if part in known and part in this and known[part] != this[part]]


def explain_differences(env, known, this):
    """Return in words in which parts two identities differ, and whose they are."""
    words = {
        "name": env._("its name is %(this)s, not %(known)s", this=this.get("name"), known=known.get("name")),
        "uuid": env._("its identifier (database.uuid) is another"),
        "cluster": env._("it lies in another installation of PostgreSQL"),
        "oid": env._("it was created anew"),
    }
    return ", ".join(words[part] for part in find_differences(known, this))
