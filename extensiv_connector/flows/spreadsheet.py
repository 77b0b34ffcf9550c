"""Spreadsheets of what others wrote: a text that begins like a formula stays a text.

An apostrophe before it says so, as in the CSV files that Odoo exports; Odoo leaves XLSX files without.
"""

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet takes for a formula."""
QUOTED = tuple(f"'{sign}" for sign in FORMULAS)


def quote(rows):
    """Return ``rows`` of cells with the texts quoted that begin like formulas."""
    return [
        [f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULAS) else cell for cell in row] for row in rows
    ]


def quote_export(exported):
    """Return what ``export_data`` gives, quoted."""
    return {**exported, "datas": quote(exported["datas"])}


def unquote(cell):
    """Return a cell of a file that is imported as it was before it was quoted."""
    return cell[1:] if isinstance(cell, str) and cell.startswith(QUOTED) else cell
