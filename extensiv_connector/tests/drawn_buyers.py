"""What carts really write of buyers and addresses, for generated orders to draw from: ``{field: strategy}``."""

from hypothesis import strategies as st

COMPANIES = ["N/A", "-", "Private", "Jane Roe", "Acme Inc.", "ACME, Inc", "Smith &amp; Sons", "Müller GmbH & Co. KG"]
EMAILS = ["noreply@shop.example.com", "none@none.com", "jane@example.com", "JANE@Example.com ", "jane at home"]
PHONES = ["+1 415-419-8616 ext. 12345", "+1 415-419-8616 ext. 777", "4154198616", "805 399 2278", "1-800-FLOWERS"]
STREETS = ["", "Apt 4B", "510 Milpas St", "Jane Roe", "c/o Bob", "PO Box 77", "Hauptstra&szlig;e 5", "O&#39;Brien Rd 1"]
STATES = ["", "CA", "England", "Québec", "Bavaria", "New South Wales", "東京都", "Oost-Vlaanderen", "Ecotopia"]
ZIPS = ["", "93103", "H2X 1Y4", "80331", "2000", "EH1 1YZ", "150-0001"]
COUNTRIES = ["", "USA", "Scotland", "GB-NIR", "Deutschland", "日本", "Korea, Republic of", "Canada", "Atlantis"]
DAYS = ["2026-11-26", "2026-11-26T00:00:00+00:00", "2026-11-26T23:59:59-08:00", "2026-03-29 02:30:00", "0000-00-00"]

_PARTS = {
    "company": COMPANIES,
    "first_name": ["", "Jane", "Andr&eacute;", "N/A"],
    "last_name": ["", "Roe", "O&#39;Brien"],
    "address_1": STREETS,
    "address_2": STREETS,
    "state": STATES,
    "zip": ZIPS,
    "country": COUNTRIES,
    "phone": PHONES,
    "e_mail": EMAILS,
}
BUYERS = {f"{prefix}_{part}": st.sampled_from(texts) for prefix in ("cust", "ship") for part, texts in _PARTS.items()}
"""Of the buyer and of the delivery, as EIM names them."""
DATES = {
    name: st.sampled_from(DAYS)
    for name in ("order_date", "created_date_time", "requested_ship_date", "latest_ship_date")
}
