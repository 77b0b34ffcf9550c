"""The account on which tax that the buyer paid to the cart is booked: a liability, until it is remitted."""

LIABILITIES = ("liability_current", "liability_non_current")


def get_own(account):
    """Return the account that the tax product of ``account`` has in its company; of the superuser's rights."""
    return _in_company(account).property_account_income_id


def put_own(account, booked):
    """Give the tax product of ``account`` the account ``booked`` in its company; other companies keep theirs."""
    _in_company(account).property_account_income_id = booked


def find_booked(account):
    """Return the account that collected tax is booked on, before the buyer's fiscal position maps it."""
    return _in_company(account)._get_product_accounts()["income"]


def _in_company(account):
    return account.sudo().tax_product_id.with_company(account.company_id)


def find_likely(account):
    """Return the account on which the company most likely wants collected tax, by its chart; empty where none is.

    It is that of its own tax on sales, else the one that most of its taxes on sales are booked on.
    """
    company = account.company_id.sudo()
    if own := _find_of_taxes(company.account_sale_tax_id):
        return own[0]
    Tax = account.env["account.tax"].sudo()
    taxes = Tax.search([*Tax._check_company_domain(company), ("type_tax_use", "=", "sale")])
    every = _find_of_taxes(taxes)
    return max(every, key=every.count) if every else account.env["account.account"]


def _find_of_taxes(taxes):
    """Return the liabilities on which invoices book ``taxes``, one for each part of a tax."""
    parts = taxes.invoice_repartition_line_ids.filtered(lambda line: line.repartition_type == "tax")
    return [part.account_id for part in parts if part.account_id.account_type in LIABILITIES]


def propose(account):
    """Give the tax product the likely account, where it has none in the company of ``account``."""
    if find_booked(account).account_type in LIABILITIES:
        return
    likely = find_likely(account)
    if likely and not get_own(account):
        put_own(account, likely)


def check(account):
    """Say where collected tax is booked.

    :return: ``(mark, text)``, the mark as in ``flows.live_check``
    """
    env = account.env
    booked = find_booked(account)
    if booked.account_type in LIABILITIES:
        return "ok", env._(
            "The tax that carts collect is booked on %s, where it stands until you remit it.", _name(account, booked)
        )
    if not _has_chart(account):
        return "warn", env._(
            "%s has no chart of accounts yet. With one, choose the account of collected tax on the account, under "
            "Orders, Taxes.",
            account.company_id.name,
        )
    if booked:
        return "stop", env._(
            "The tax that carts collect would be booked on %s, which is no liability: as income of yours. Choose its "
            "Account of Collected Tax on the account, under Orders, Taxes.",
            _name(account, booked),
        )
    return "stop", env._(
        "The tax that carts collect has no account. Choose its Account of Collected Tax on the account, under Orders, "
        "Taxes."
    )


def find_problems(cart):
    """Return a sentence, in a list, on an account of collected tax that orders of ``cart`` need and do not have."""
    if (cart.tax_policy or cart.account_id.tax_policy) != "line":
        return []
    mark, text = check(cart.account_id)
    return [text] if mark == "stop" else []


def _has_chart(account):
    Account = account.env["account.account"].sudo()
    return bool(Account.search_count(Account._check_company_domain(account.company_id), limit=1))


def _name(account, booked):
    booked = booked.with_company(account.company_id)
    return f"{booked.code or ''} {booked.name}".strip()
