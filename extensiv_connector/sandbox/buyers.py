"""Made-up buyers.

Telephone numbers are from the ranges kept for fiction, e-mail domains from those for examples.
"""

FIRST_NAMES = (
    "Ada", "Ben", "Carla", "Dmitri", "Elif", "Farid", "Grace", "Hugo", "Ines", "José", "Kaito", "Lena",
    "Maya", "Noah", "Olga", "Priya", "Quinn", "Rosa", "Søren", "Thi", "Uma", "Viktor", "Wendy", "Zoë",
)
LAST_NAMES = (
    "Abbott", "Baker", "Castillo", "Dubois", "Eriksen", "Fischer", "Garcia", "Hughes", "Ivanova", "Jensen",
    "Kowalski", "López", "Müller", "Nguyen", "O'Brien", "Patel", "Rossi", "Smith", "Tanaka", "Young",
)
STREETS = (
    "Main St", "Oak Ave", "2nd Street, Apt 4", "Lakeview Dr", "Elm Ct", "Highland Rd", "Park Blvd",
)
TOWNS = (
    ("Portland", "OR", "97205"), ("Austin", "TX", "78701"), ("Madison", "WI", "53703"),
    ("Miami", "FL", "33130"), ("Denver", "CO", "80202-1234"), ("New York", "NY", "10013"),
    ("Boise", "Idaho", "83702"),
)

MARY = {
    "first_name": "Mary", "last_name": "Carver", "address_1": "42 Harbor St", "address_2": "Unit 5",
    "city": "Portland", "state": "ME", "zip": "04101-2233", "country": "USA",
    "phone": "(207) 555-0143 ext. 12", "e_mail": "mary.carver@example.com",
}
MARYS_OFFICE = {
    "company": "Carver & Daughters LLC", "first_name": "Mary", "last_name": "Carver",
    "address_1": "1 Dock Sq", "city": "Portland", "state": "Maine", "zip": "04101", "country": "USA",
    "phone": "2075550144", "e_mail": "Mary.Carver@Example.com ",
}
SISTER = {
    "first_name": "Ruth", "last_name": "Carver", "address_1": "9 Mill Rd", "city": "Burlington",
    "state": "VT", "zip": "05401", "country": "USA", "phone": None, "e_mail": None,
}
ZOE = {
    "first_name": "Zoë", "last_name": "Lefèvre", "address_1": "12 bis, rue de l’Église",
    "address_2": "Bât. C, 3ᵉ étage", "city": "Saint-Étienne", "state": None, "zip": "42000",
    "country": "FR", "phone": "01 99 00 12 34", "e_mail": "zoe.lefevre@example.org",
}
JUERGEN = {
    "company": "Möbelhaus Groß GmbH", "first_name": "Jürgen", "last_name": "Weiß",
    "address_1": "Königstraße 17a", "city": "Köln", "state": "Nordrhein-Westfalen", "zip": "50667",
    "country": "DEU", "phone": "+49 30 23125 014", "e_mail": "einkauf@moebelhaus.example",
}
LUKASZ = {
    "first_name": "Łukasz", "last_name": "Żółkiewski", "address_1": "ul. Świętojańska 8/3",
    "city": "Gdańsk", "state": "", "zip": "80-840", "country": "POL", "phone": "+48 58 555 01 12",
    "e_mail": "lukasz@example.net",
}
SATO = {
    "first_name": "陽子", "last_name": "佐藤", "address_1": "道玄坂 1-2-3", "address_2": "メゾン渋谷 405",
    "city": "渋谷区", "state": "東京都", "zip": "150-0043", "country": "JPN", "phone": "03-5550-0199",
    "e_mail": "yoko.sato@example.jp",
}
NOOR = {
    "first_name": "نور", "last_name": "الحداد", "address_1": "شارع الملك فيصل ١٢", "city": "Amman",
    "state": None, "zip": "11118", "country": "JOR", "phone": "+962 6 555 0123",
    "e_mail": "noor@example.com",
}
EMILY = {
    "first_name": "Emily", "last_name": "O’Connor-Smythe", "address_1": "Flat 2, 221B Baker Street",
    "city": "London", "state": "", "zip": "NW1 6XE", "country": "GBR", "phone": "020 7946 0123",
    "e_mail": "emily@example.co.uk",
}
MARTIN = {
    "first_name": "Martin", "last_name": "Tremblay", "address_1": "350, rue St-Paul E.", "city": "Montréal",
    "state": "QC", "zip": "H2Y 1H2", "country": "CAN", "phone": "514-555-0177",
    "e_mail": "m.tremblay@example.ca",
}
SUSAN = {
    "first_name": "Susan", "last_name": "Leung", "address_1": "88 Robson St #1204", "city": "Vancouver",
    "state": "British Columbia", "zip": "V6B 2A7", "country": "Canada", "phone": "1.604.555.0118",
    "e_mail": "susan.leung@example.ca",
}
JOSE = {
    "first_name": "José María", "last_name": "Núñez Ibáñez", "address_1": "Av. Juárez 101 Int. 4-B",
    "city": "Guadalajara", "state": "JAL", "zip": "44100", "country": "MEX", "phone": "+52 33 5550 0142",
    "e_mail": "jm.nunez@example.mx",
}
LIAM = {
    "first_name": "Liam", "last_name": "Walker", "address_1": "5/17 Bondi Rd", "city": "Bondi",
    "state": "NSW", "zip": "2026", "country": "Australia", "phone": "(02) 5550 0135",
    "e_mail": "liam.walker@example.com.au",
}
MARKETPLACE = {
    "first_name": "Dana", "last_name": "Reyes", "address_1": "700 5th Ave Ste 3100", "city": "Seattle",
    "state": "WA", "zip": "98104", "country": "USA", "phone": "call 206-555-0190 after 5pm",
    "e_mail": "x7k2mq0fj@marketplace.example.com",
}
BRUNO = {
    "first_name": "Bruno", "last_name": "Conceição", "address_1": "Rua Araújo, 55 — apto 71",
    "city": "São Paulo", "state": "SP", "zip": "01220-020", "country": "BRA", "phone": "(11) 5550-0160",
    "e_mail": "bruno@example.com.br",
}
ABROAD = (
    ZOE, JUERGEN, LUKASZ, SATO, NOOR, EMILY, MARTIN, SUSAN, JOSE, LIAM, BRUNO,
)
