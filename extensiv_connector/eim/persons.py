"""What carts write of people and companies: whose an e-mail address or a phone is, and what is a name at all.

No address, phone or name is refused here: these functions only say what one may be known by.
"""

import re
import unicodedata

# Nobody is known by these: whoever gives no address gets one of them from the shop, the till or the marketplace.
_NO_REPLY = re.compile(
    r"""
      (?:do)?(?:no|not)[._-]?(?:e?mail[._-]?)?(?:reply|replies|respond|response|answer|email|mail|contact)[._-]?\w*
    | (?:do|please)[._-]?(?:no|not|dont)[._-]?(?:reply|respond|answer|contact|e?mail)\w*
    | no[._-]?(?:one|body|customer|address|name) | nobody | none | null | na | n[._-]a | nil | nomail | noemail
    | unknown | undefined | anonymous | anon | invalid | dummy | fake | blank | empty | guest | walk[._-]?in
    | (?:test|example)(?:[._-]?(?:user|customer|mail|email))?
    | (?:keine|kein|sin|sans|sem|geen|senza|ingen)[._-]?(?:e?mail|antwort|correo|respuesta|reponse|resposta)\w*
    | nepasrepondre | ne[._-]pas[._-]repondre | noresponder | no[._-]responder | naoresponda | nao[._-]responda
    | nonrispondere | non[._-]rispondere | nichtantworten | nicht[._-]antworten | keineantwort | nietbeantwoorden
    | mailer-daemon | postmaster | bounces?
    | x{2,} | a{3,} | (?:abc|asdf|qwerty|123)\d*
    """,
    re.VERBOSE,
)
_NO_DOMAIN = re.compile(
    r"(?:.*\.)?(?:invalid|test|localhost|local)|(?:no-?e?mail|none|na|noreply|unknown)\.\w+", re.IGNORECASE
)
# What is written in the place of an extension, after a number.
_EXTENSION = re.compile(
    r"""
    (?:[,;.\s]*(?:ext(?:ension|n)?|xtn|x|\#|poste|durchwahl|dw|interno|ramal)\s*[.:=\#-]*\s* | [,;]+\s*)
    (\d{1,9})\s*\#?\s*$
    """,
    re.IGNORECASE | re.VERBOSE,
)

# What stands in the company's field of whoever has none, as letters and digits.
_NO_COMPANY = frozenset(
    """
    na none no null nil nothing undefined unknown notapplicable notavailable notprovided notspecified empty blank
    company companyname mycompany yourcompany nocompany nocompanyname organization organisation business businessname
    private privat privates privateperson privatperson privatkunde privathaushalt privatadresse privatebuyer
    privatecustomer privateaddress individual individualbuyer personal person personaluse self selfemployed myself me
    home house homeaddress myhome residence residential residentialaddress resident consumer customer guest
    guestcheckout retail retailcustomer walkin walkincustomer family default test testcompany tbd tba asabove
    sameasabove
    same optional other others keine keinefirma kein ohne particulier particuliers particular personne aucun aucune
    sansobjet domicile maison ninguna ninguno sinempresa noaplica casa hogar nenhum nenhuma naoaplicavel pessoal geen
    prive particulierthuis thuis nessuno nessuna privato ingen privatperson brak
    """.split()
)

# What says that a name is no person's: forms of companies, and what companies, authorities and clubs call themselves.
_LEGAL_FORMS = frozenset(
    """
    inc incorporated corp corporation co company llc llp lllp lp plc pllc pc ltd limited pty pte pvt bhd sdn
    gmbh mbh ag kg kgaa ohg ug gbr ek ev eg se sa sas sarl sasu eurl snc sci srl srls spa sapa scarl soc coop
    bv nv vof cv cvba bvba ab as asa aps oy oyj hb kb sl slu slne sau cb ltda eireli mei me epp lda kft zrt bt doo dd
    ooo oao zao ip sro spolsro kabushiki kk gk pt tbk jsc pjsc fzco fze dmcc est
    """.split()
)
_BUSINESS_WORDS = frozenset(
    """
    and und et y e the of for to
    bros brothers sons
    store stores shop shops boutique market markets supermarket outlet warehouse warehouses depot department dept office
    offices group groups holding holdings enterprise enterprises industries industry industrial international global
    worldwide national american trading traders trade imports exports import export supply supplies supplier
    distributing
    distribution distributors distributor wholesale retail sales services service solutions systems system technologies
    technology tech software digital media design designs studio studios agency associates partners partnership
    consulting consultants advisors ventures capital investments properties property realty management construction
    builders contractors contracting electric electrical plumbing heating cooling roofing landscaping cleaning repair
    repairs automotive auto autos motors motor garage tires tire parts logistics freight shipping transport
    transportation
    trucking fulfillment fulfilment delivery courier express products product goods gifts toys books jewelry fashion
    apparel clothing cosmetics beauty salon spa barber nails hair fitness gym yoga dance school schools academy college
    university institute institution education kindergarten preschool daycare church mosque ministry ministries
    diocese foundation trust charity society association club league team union federation council committee
    county city town village township state government police fire rescue army navy court library museum gallery theater
    theatre hotel hotels inn motel resort lodge restaurant cafe coffee bar pub grill kitchen pizza bakery catering foods
    food farm farms ranch nursery garden gardens winery brewery brewing vineyards hospital clinic clinics medical health
    healthcare dental dentistry pharmacy pharma therapy wellness care veterinary vet pet pets lab labs laboratory
    laboratories legal attorney attorneys accounting insurance bank credit financial finance press publishing
    publications printing print marketing advertising events event entertainment productions records music games gaming
    sports sport outdoor bikes marine boats aviation aerospace energy solar oil gas water mining steel metals
    plastics chemicals chemical paper packaging furniture flooring glass equipment machinery machine tools tool hardware
    rentals rental leasing security travel tours buy amazon ebay walmart etsy shopify fedex ups usps dhl
    firma handel handels vertrieb versand dienst verein stiftung schule universitat krankenhaus praxis apotheke gasthaus
    backerei werkstatt autohaus verlag gemeinde stadt amt societe entreprise ecole mairie hopital pharmacie magasin
    restaurante tienda empresa escuela universidad hospital farmacia ayuntamiento loja comercio escola prefeitura
    azienda
    negozio scuola comune winkel bedrijf stichting vereniging gemeente
    """.split()
)
_WORD = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*\.?")
_LEAST_NAMES = 2
_MOST_NAMES = 4


def is_anybodys(email):
    """Whether an e-mail address is one that is written for whoever gives none: ``no-reply@…``, ``none@…``.

    :param email: normalised, in lower case
    """
    local, _at, domain = email.partition("@")
    local = local.partition("+")[0] or local
    return bool(_NO_REPLY.fullmatch(local) or _NO_DOMAIN.fullmatch(domain))


def phone_extension(phone):
    """Return the digits of the extension that ends a phone as it is written, ``""`` without one."""
    found = _EXTENSION.search(phone or "")
    return found[1].lstrip("0") or "0" if found and any(map(str.isdigit, phone[: found.start()])) else ""


def is_no_company(company):
    """Whether what stands in the company's field stands for none: ``N/A``, ``-``, ``Private``, ``Home``."""
    return _letters(company) in _NO_COMPANY or not _letters(company)


def seems_person(text):
    """Whether a text may be a person's full name, and nothing in it says that it is a company's."""
    words = text.split()
    if len(words) == 2 and words[0].endswith(","):  # Roe, Jane
        words[0] = words[0][:-1]
    if not _LEAST_NAMES <= len(words) <= _MOST_NAMES or not all(map(_WORD.fullmatch, words)):
        return False
    if len(max(words, key=len)) < 2:
        return False
    # J.C. and A.B. may be anybody's; as one word they are a company's form.
    return not any(_letters(word) in _LEGAL_FORMS or _letters(word) in _BUSINESS_WORDS for word in words)


def company_key(company):
    """Return a company's name for comparing: case, accents, dots, commas and "the" do not count."""
    return " ".join(_company_words(company))


def is_same_company(one, other):
    """Whether two names are one company's: equal, or equal but for a legal form that only one of them says."""
    words = [_company_words(one), _company_words(other)]
    if words[0] == words[1]:
        return bool(words[0])
    bare = [_without_form(each) for each in words]
    return bool(bare[0]) and bare[0] == bare[1] and bare != words and (bare[0] in words)


def _company_words(company):
    plain = _plain(company or "").replace("&", " and ")
    words = re.sub(r"[\W_]+", " ", re.sub(r"[.'’]", "", plain)).split()
    return words[1:] if words[:1] == ["the"] else words


def _without_form(words):
    while len(words) > 1 and (words[-1] in _LEGAL_FORMS or words[-1] == "and"):
        words = words[:-1]
    return words


def _plain(text):
    characters = unicodedata.normalize("NFKD", text)
    return "".join(character for character in characters if not unicodedata.combining(character)).casefold()


def _letters(text):
    return "".join(character for character in _plain(text or "") if character.isalnum())
