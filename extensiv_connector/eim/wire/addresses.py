"""The addresses of an order as EIM sends them."""

from dataclasses import dataclass

from ..parsing import is_nothing

REDACTED = "**pii removed**"


@dataclass(frozen=True, slots=True)
class Address:
    """A billing (``cust_*``) or delivery (``ship_*``) address; every part is text, ``""`` when absent."""

    company: str = ""
    title: str = ""
    first_name: str = ""
    last_name: str = ""
    address_1: str = ""
    address_2: str = ""
    address_3: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""
    phone: str = ""
    email: str = ""

    @property
    def name(self) -> str:
        """The person's name: title left out, first and last joined."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def is_redacted(self) -> bool:
        """Some part reads ``**PII Removed**`` (any case)."""
        return any(REDACTED in part.lower() for part in self._parts())

    @property
    def is_destination(self) -> bool:
        """Says where or to whom, not only a country, a phone or an e-mail."""
        return any(self._parts()[:-3])

    @classmethod
    def parse(cls, fields, prefix):
        """Read the parts that begin with ``prefix`` (``cust_``, ``ship_``)."""
        # Most parts of most addresses are null, of a delivery address often all.
        parts = ["" if fields.raw.get(key) is None else fields.text(key) for key in _ADDRESS_KEYS[prefix]]
        return cls(*_meant(parts))

    def _parts(self):
        return (
            self.company, self.title, self.first_name, self.last_name, self.address_1, self.address_2,
            self.address_3, self.city, self.state, self.zip, self.country, self.phone, self.email,
        )  # fmt: skip


_ADDRESS_KEYS = {
    prefix: [prefix + ("e_mail" if part == "email" else part) for part in Address.__dataclass_fields__]
    for prefix in ("cust_", "ship_")
}


_NAME_PARTS = [list(Address.__dataclass_fields__).index(part) for part in ("first_name", "last_name")]
_SURNAMES = ("Null", "None")


def _meant(parts):
    """Return the parts of an address without the words that say that there is nothing; a person may be called Null."""
    meant = ["" if is_nothing(part) else part for part in parts]
    if meant != parts:
        first, last = _NAME_PARTS
        for name, other in ((first, last), (last, first)):
            if parts[name] in _SURNAMES and meant[other]:
                meant[name] = parts[name]
    return meant
