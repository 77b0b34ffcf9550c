"""Countries and their parts by whatever carts call them: ISO codes and names, in English and in their own languages.

Only what they are called: which of them there are, the caller knows.
"""

import re
import unicodedata
from functools import lru_cache

from babel import Locale, localedata
from babel.core import get_global

# Names of ISO 3166 and of people that neither Babel's English nor Odoo's are.
COMMON_NAMES = {
    "america": "US",
    "bolivia plurinational state of": "BO",
    "plurinational state of bolivia": "BO",
    "brunei darussalam": "BN",
    "burma": "MM",
    "cabo verde": "CV",
    "cape verde": "CV",
    "congo democratic republic of the": "CD",
    "congo the democratic republic of the": "CD",
    "democratic republic of the congo": "CD",
    "dr congo": "CD",
    "congo": "CG",
    "republic of the congo": "CG",
    "cote d ivoire": "CI",
    "ivory coast": "CI",
    "czech republic": "CZ",
    "east timor": "TL",
    "falkland islands malvinas": "FK",
    "great britain": "GB",
    "holland": "NL",
    "holy see": "VA",
    "holy see vatican city state": "VA",
    "hong kong": "HK",
    "hong kong china": "HK",
    "hong kong sar": "HK",
    "iran islamic republic of": "IR",
    "islamic republic of iran": "IR",
    "korea": "KR",
    "korea democratic peoples republic of": "KP",
    "korea the democratic peoples republic of": "KP",
    "democratic peoples republic of korea": "KP",
    "korea republic of": "KR",
    "korea south": "KR",
    "korea north": "KP",
    "republic of korea": "KR",
    "lao peoples democratic republic": "LA",
    "lao pdr": "LA",
    "libyan arab jamahiriya": "LY",
    "macao": "MO",
    "macau": "MO",
    "macau sar china": "MO",
    "macedonia": "MK",
    "macedonia the former yugoslav republic of": "MK",
    "former yugoslav republic of macedonia": "MK",
    "fyrom": "MK",
    "micronesia federated states of": "FM",
    "federated states of micronesia": "FM",
    "moldova republic of": "MD",
    "republic of moldova": "MD",
    "myanmar": "MM",
    "netherlands kingdom of the": "NL",
    "kingdom of the netherlands": "NL",
    "palestine": "PS",
    "palestine state of": "PS",
    "state of palestine": "PS",
    "palestinian territory occupied": "PS",
    "peoples republic of china": "CN",
    "pr china": "CN",
    "mainland china": "CN",
    "pitcairn": "PN",
    "reunion": "RE",
    "republic of ireland": "IE",
    "eire": "IE",
    "russian federation": "RU",
    "saint helena ascension and tristan da cunha": "SH",
    "saint martin french part": "MF",
    "sint maarten dutch part": "SX",
    "republic of serbia": "RS",
    "slovak republic": "SK",
    "south georgia and the south sandwich islands": "GS",
    "svalbard and jan mayen": "SJ",
    "swaziland": "SZ",
    "syrian arab republic": "SY",
    "taiwan province of china": "TW",
    "taiwan republic of china": "TW",
    "republic of china": "TW",
    "tanzania united republic of": "TZ",
    "united republic of tanzania": "TZ",
    "the gambia": "GM",
    "gambia": "GM",
    "bahamas": "BS",
    "turkey": "TR",
    "turkiye": "TR",
    "uae": "AE",
    "united states of america": "US",
    "estados unidos de america": "US",
    "united kingdom of great britain and northern ireland": "GB",
    "us minor outlying islands": "UM",
    "venezuela bolivarian republic of": "VE",
    "bolivarian republic of venezuela": "VE",
    "viet nam": "VN",
    "bonaire sint eustatius and saba": "BQ",
    "bundesrepublik deutschland": "DE",
    "ceska republika": "CZ",
    "heard island and mcdonald islands": "HM",
    "slovenska republika": "SK",
    "ประเทศไทย": "TH",
    "virgin islands british": "VG",
    "virgin islands us": "VI",
    "virgin islands u s": "VI",
}

# What the United Kingdom is made of, by ISO 3166-2 and by name. Odoo knows its counties, and none of these.
UK_NATIONS = frozenset({
    "england", "scotland", "wales", "northern ireland", "n ireland", "ni", "eng", "sct", "wls", "nir", "gb eng",
    "gb sct",
    "gb wls", "gb nir", "gb eaw", "gb gbn", "gb ukm", "uk eng", "uk sct", "uk wls", "uk nir", "alba", "cymru",
    "ulster", "britain", "england and wales", "england uk", "scotland uk", "wales uk", "northern ireland uk",
    "england united kingdom", "scotland united kingdom", "wales united kingdom", "northern ireland united kingdom",
})  # fmt: skip
# Of them those that say the country where they stand in its place: the others are Albania's name, or anybody's.
_UK_COUNTRIES = UK_NATIONS - {"ni", "alba", "ulster"}

# Parts of countries in their own and in other languages, beside Odoo's name of each: {country: {code: other names}}.
_STATE_NAMES = {
    "AT": {
        "1": "Burgenland", "2": "Carinthia", "3": "Lower Austria", "4": "Upper Austria", "6": "Styria", "7": "Tyrol",
        "9": "Vienna|Vienne|Viena",
    },
    "BE": {
        "VAN": "Antwerpen|Anvers", "VLI": "Limbourg", "VOV": "Oost-Vlaanderen|Flandre-Orientale|Ostflandern",
        "VBR": "Vlaams-Brabant|Brabant flamand|Flämisch-Brabant",
        "VWV": "West-Vlaanderen|Flandre-Occidentale|Westflandern",
        "WBR": "Brabant wallon|Waals-Brabant|Wallonisch-Brabant", "WHT": "Henegouwen|Hennegau",
        "WLG": "Luik|Lüttich", "WLX": "Luxemburg", "WNA": "Namen",
    },
    "BR": {"DF": "Federal District|Brasília", "SP": "Sao Paulo"},
    "CA": {
        "AB": "Alb.", "BC": "Colombie-Britannique|B.C.", "NB": "Nouveau-Brunswick",
        "NL": "Terre-Neuve-et-Labrador|Terre-Neuve|Newfoundland|NF|NFLD", "NS": "Nouvelle-Écosse",
        "NT": "Territoires du Nord-Ouest", "ON": "Ont.", "PE": "Île-du-Prince-Édouard|PEI",
        "QC": "Québec|PQ|Province of Quebec", "YT": "Territoire du Yukon|Yukon Territory|YK",
    },
    "CH": {
        "BE": "Berne", "BL": "Baselland", "FR": "Fribourg", "GE": "Geneva|Genève", "GR": "Grischun|Grisons",
        "LU": "Lucerne", "NE": "Neuchâtel", "SG": "Sankt Gallen|St Gall", "TI": "Ticino", "VD": "Vaud", "VS": "Valais",
        "ZH": "Zurich",
    },
    "CN": {
        "京": "Beijing|北京|BJ", "沪": "Shanghai|上海|SH", "浙": "Zhejiang|浙江|ZJ", "津": "Tianjin|天津|TJ",
        "皖": "Anhui|安徽|AH", "闽": "Fujian|福建|FJ", "渝": "Chongqing|重庆|CQ", "赣": "Jiangxi|江西|JX",
        "鲁": "Shandong|山东|SD", "豫": "Henan|河南|HA", "蒙": "Inner Mongolia|Nei Mongol|内蒙古|NM",
        "鄂": "Hubei|湖北|HB", "新": "Xinjiang|新疆|XJ", "湘": "Hunan|湖南|HN", "宁": "Ningxia|宁夏|NX",
        "粤": "Guangdong|广东|GD", "藏": "Tibet|Xizang|西藏|XZ", "琼": "Hainan|海南|HI", "桂": "Guangxi|广西|GX",
        "蜀": "Sichuan|四川|SC", "冀": "Hebei|河北|HE", "黔": "Guizhou|贵州|GZ", "晋": "Shanxi|山西|SX",
        "滇": "Yunnan|云南|YN", "辽": "Liaoning|辽宁|LN", "陕": "Shaanxi|陕西|SN", "吉": "Jilin|吉林|JL",
        "甘": "Gansu|甘肃|GS", "黑": "Heilongjiang|黑龙江|HL", "青": "Qinghai|青海|QH", "苏": "Jiangsu|江苏|JS",
    },
    "DE": {
        "BY": "Bavaria|Bavière|Baviera", "HB": "Freie Hansestadt Bremen", "HE": "Hesse|Hessia",
        "HH": "Freie und Hansestadt Hamburg", "MV": "Mecklenburg-Western Pomerania|Mecklenburg-West Pomerania",
        "NI": "Lower Saxony|Basse-Saxe", "NW": "North Rhine-Westphalia|NRW", "RP": "Rhineland-Palatinate",
        "SL": "Sarre", "SN": "Saxony|Saxe", "ST": "Saxony-Anhalt", "TH": "Thuringia|Thuringe",
    },
    "ES": {
        "C": "La Coruña|A Coruña|Coruña|Corunna", "VI": "Álava|Araba|Araba/Alava", "A": "Alicante|Alacant",
        "PM": "Islas Baleares|Illes Balears|Baleares|Balearic Islands|Balears|IB|Mallorca|Majorca",
        "CS": "Castellón|Castelló|Castellón de la Plana", "GI": "Girona|Gerona", "SS": "Gipuzkoa|Guipúzcoa|Guipuzcoa",
        "L": "Lleida|Lérida", "GC": "Las Palmas de Gran Canaria|Gran Canaria", "NA": "Navarra|Nafarroa|Navarre",
        "OR": "Ourense|Orense", "SE": "Seville|Séville", "TF": "Tenerife", "V": "Valencia|València",
        "BI": "Bizkaia|Vizcaya|Biscay", "Z": "Saragossa", "O": "Principado de Asturias|Asturies", "LO": "Rioja",
        "M": "Comunidad de Madrid", "MU": "Región de Murcia",
    },
    "FI": {
        "FI-01": "Åland|Ahvenanmaan maakunta", "FI-02": "Södra Karelen|South Karelia",
        "FI-03": "Södra Österbotten|Southern Ostrobothnia|South Ostrobothnia",
        "FI-04": "Södra Savolax|Southern Savonia",
        "FI-05": "Kajanaland", "FI-06": "Egentliga Tavastland|Tavastia Proper",
        "FI-07": "Mellersta Österbotten|Central Ostrobothnia", "FI-08": "Mellersta Finland|Central Finland",
        "FI-09": "Kymmenedalen", "FI-10": "Lappland|Lapland", "FI-11": "Birkaland|Pirkanmaa",
        "FI-12": "Österbotten|Ostrobothnia", "FI-13": "Norra Karelen|North Karelia",
        "FI-14": "Norra Österbotten|North Ostrobothnia", "FI-15": "Norra Savolax|Northern Savonia",
        "FI-16": "Päijänne-Tavastland", "FI-17": "Satakunda", "FI-18": "Nyland", "FI-19": "Egentliga Finland",
    },
    "IE": {
        "D": "Baile Átha Cliath", "C": "Corcaigh", "G": "Gaillimh", "KY": "Ciarraí", "LK": "Luimneach",
        "WD": "Port Láirge", "DL": "Dún na nGall|Tír Chonaill", "MO": "Maigh Eo", "SO": "Sligeach",
        "TR": "Tiobraid Árann",
        "CE": "An Clár", "KE": "Cill Dara", "KK": "Cill Chainnigh", "WX": "Loch Garman", "WW": "Cill Mhantáin",
        "MH": "An Mhí", "WH": "An Iarmhí", "LH": "Lú", "CN": "An Cabhán", "MN": "Muineachán", "RN": "Ros Comáin",
        "LM": "Liatroim", "LD": "An Longfort", "LS": "Laoighis", "OY": "Uíbh Fhailí", "CW": "Ceatharlach",
    },
    "IT": {
        "BZ": "Bozen|Südtirol|South Tyrol|Alto Adige|Bolzano/Bozen|Bolzano-Bozen", "FI": "Florence|Florenz",
        "GE": "Genoa|Genua", "MN": "Mantua", "MI": "Milan|Mailand", "NA": "Naples|Neapel", "PD": "Padua",
        "RM": "Rome|Rom",
        "SR": "Syracuse", "TO": "Turin", "TN": "Trent|Trient", "VE": "Venice|Venedig", "AO": "Aoste|Valle d'Aosta",
        "RC": "Reggio di Calabria", "RE": "Reggio nell'Emilia|Reggio Emilia", "MB": "Monza e della Brianza|Monza",
        "FC": "Forlì", "MS": "Massa|Massa Carrara", "PU": "Pesaro|Pesaro-Urbino", "VB": "Verbania",
        "BT": "Barletta Andria Trani",
    },
    "JP": {
        "JP-01": "Hokkaido|Hokkaidō", "JP-02": "Aomori", "JP-03": "Iwate", "JP-04": "Miyagi", "JP-05": "Akita",
        "JP-06": "Yamagata", "JP-07": "Fukushima", "JP-08": "Ibaraki", "JP-09": "Tochigi", "JP-10": "Gunma",
        "JP-11": "Saitama", "JP-12": "Chiba", "JP-13": "Tokyo|Tokio|Tōkyō", "JP-14": "Kanagawa", "JP-15": "Niigata",
        "JP-16": "Toyama", "JP-17": "Ishikawa", "JP-18": "Fukui", "JP-19": "Yamanashi", "JP-20": "Nagano",
        "JP-21": "Gifu",
        "JP-22": "Shizuoka", "JP-23": "Aichi", "JP-24": "Mie", "JP-25": "Shiga", "JP-26": "Kyoto|Kyōto",
        "JP-27": "Osaka|Ōsaka", "JP-28": "Hyogo|Hyōgo", "JP-29": "Nara", "JP-30": "Wakayama", "JP-31": "Tottori",
        "JP-32": "Shimane", "JP-33": "Okayama", "JP-34": "Hiroshima", "JP-35": "Yamaguchi", "JP-36": "Tokushima",
        "JP-37": "Kagawa", "JP-38": "Ehime", "JP-39": "Kochi|Kōchi", "JP-40": "Fukuoka", "JP-41": "Saga",
        "JP-42": "Nagasaki", "JP-43": "Kumamoto", "JP-44": "Oita|Ōita", "JP-45": "Miyazaki", "JP-46": "Kagoshima",
        "JP-47": "Okinawa",
    },
    "KR": {
        "KR-11": "Seoul|서울|서울시", "KR-26": "Busan|Pusan|부산", "KR-27": "Daegu|대구", "KR-28": "Incheon|인천",
        "KR-29": "Gwangju|광주", "KR-30": "Daejeon|대전", "KR-31": "Ulsan|울산", "KR-41": "Gyeonggi|Gyeonggi-do|경기",
        "KR-42": "Gangwon|Gangwon-do|강원|강원특별자치도", "KR-43": "Chungcheongbuk-do|North Chungcheong|충북",
        "KR-44": "Chungcheongnam-do|South Chungcheong|충남", "KR-45": "Jeollabuk-do|North Jeolla|전북|전북특별자치도",
        "KR-46": "Jeollanam-do|South Jeolla|전남", "KR-47": "Gyeongsangbuk-do|North Gyeongsang|경북",
        "KR-48": "Gyeongsangnam-do|South Gyeongsang|경남", "KR-49": "Jeju|Jeju-do|제주|제주도", "KR-50": "Sejong|세종",
    },
    "MX": {
        "CMX": "CDMX|Mexico City|Distrito Federal|D.F.", "MEX": "Estado de México|State of Mexico|Edomex|EM",
        "COA": "Coahuila de Zaragoza", "MIC": "Michoacán de Ocampo", "VER": "Veracruz de Ignacio de la Llave",
        "QUE": "Querétaro de Arteaga", "BCN": "Baja California Norte|BC", "NLE": "NL", "JAL": "JA",
    },
    "NL": {
        "FR": "Fryslân", "NB": "North Brabant", "NH": "North Holland", "ZH": "South Holland", "ZE": "Zealand",
    },
    "PL": {
        "DŚ": "Lower Silesia|Lower Silesian|Dolny Śląsk|DS", "KP": "Kuyavia-Pomerania|Kuyavian-Pomeranian",
        "LB": "Lublin|Lubelskie|LU", "LS": "Lubusz", "ŁD": "Łódź|Lodz|LD", "MP": "Lesser Poland|Małopolska|MA",
        "MZ": "Masovia|Masovian|Mazovia|Mazowsze", "OP": "Opole", "PK": "Subcarpathia|Podkarpacie",
        "PL": "Podlasie|Podlachia",
        "PM": "Pomerania|Pomeranian|Pomorze", "ŚL": "Silesia|Silesian|Śląsk|SL",
        "ŚK": "Holy Cross|SK", "WM": "Warmia-Masuria|Warmian-Masurian|WN",
        "WP": "Greater Poland|Wielkopolska", "ZP": "West Pomerania|West Pomeranian",
    },
    "PT": {"11": "Lisbon|Lissabon|Lisbonne", "13": "Oporto", "20": "Azores", "30": "Madère"},
    "RU": {
        "MOW": "Москва|Moskva", "MOS": "Московская область",
        "SPE": "Санкт-Петербург|Sankt-Peterburg|St. Petersburg|СПб",
        "LEN": "Ленинградская область", "NVS": "Новосибирская область", "SVE": "Свердловская область",
        "TA": "Татарстан|Республика Татарстан|Tatarstan", "BA": "Башкортостан|Республика Башкортостан|Bashkortostan",
        "KDA": "Краснодарский край", "KYA": "Красноярский край", "PRI": "Приморский край|Primorye",
        "PER": "Пермский край",
        "SAM": "Самарская область", "ROS": "Ростовская область", "CHE": "Челябинская область",
        "NIZ": "Нижегородская область", "TYU": "Тюменская область", "VOR": "Воронежская область",
        "VGG": "Волгоградская область", "SAR": "Саратовская область", "OMS": "Омская область",
        "IRK": "Иркутская область",
        "KHA": "Хабаровский край", "KEM": "Кемеровская область", "KGD": "Калининградская область",
        "TUL": "Тульская область", "YAR": "Ярославская область", "STA": "Ставропольский край",
        "TVE": "Тверская область",
    },
    "SE": {
        "SE-K": "Blekinge", "SE-W": "Dalarna", "SE-I": "Gotland", "SE-X": "Gävleborg", "SE-N": "Halland",
        "SE-Z": "Jämtland", "SE-F": "Jönköping", "SE-H": "Kalmar", "SE-G": "Kronoberg", "SE-BD": "Norrbotten",
        "SE-M": "Skåne|Scania", "SE-AB": "Stockholm", "SE-D": "Södermanland", "SE-C": "Uppsala", "SE-S": "Värmland",
        "SE-AC": "Västerbotten", "SE-Y": "Västernorrland", "SE-U": "Västmanland",
        "SE-O": "Västra Götaland|Göteborg|Gothenburg", "SE-T": "Örebro", "SE-E": "Östergötland",
    },
    "TW": {
        "TPC": "Taipei|Taipei City|臺北市|台北", "NTPC": "New Taipei|New Taipei City|新北", "TYC": "Taoyuan|桃園",
        "TCC": "Taichung|Taichung City|臺中市|台中", "TNH": "Tainan|Tainan City|臺南市|台南",
        "KHC": "Kaohsiung|Kaohsiung City|高雄", "KLC": "Keelung|基隆", "HCT": "Hsinchu City|新竹",
        "HCH": "Hsinchu County",
        "ILH": "Yilan|宜蘭", "HLH": "Hualien|花蓮", "TTH": "Taitung|臺東縣", "CHH": "Changhua|彰化",
        "PTH": "Pingtung|屏東",
    },
}  # fmt: skip

_LEAST_SPEAKERS = 15  # percent of a country's people, for a language that is not official there


def place_key(text):
    """Return a place's name or code for comparing: case, accents, dots, dashes and "the" do not count."""
    characters = unicodedata.normalize("NFKD", text or "")
    plain = "".join(character for character in characters if not unicodedata.combining(character))
    words = re.sub(r"[\W_]+", " ", re.sub(r"[.'’`]", "", plain.casefold()).replace("&", " and ")).split()
    return " ".join(words[1:] if words[:1] == ["the"] else words)


def country_codes(text):
    """Return the ISO-2 codes that a country's name or code may mean, the surest first.

    Some may be no country's: Babel also knows the European Union. Its own language is looked at by ``own_country``.
    """
    key = _without_the(place_key(text))
    compact = key.replace(" ", "")
    names = _code_by_key()
    codes = [key.upper(), names.get(key, ""), names.get(compact, "") if len(compact) <= 3 else ""]
    if not codes[1]:
        codes.append(names.get(re.sub(r"\bsaint\b", "st", key), ""))
    head, bracket, _rest = (text or "").partition("(")
    if bracket and place_key(head) and not any(codes[1:]):  # United States (US)
        codes += country_codes(head)
    if key in _UK_COUNTRIES:
        codes.insert(0, "GB")
    return [code for code in dict.fromkeys(codes) if len(code) == 2]


def own_country(text):
    """Return the ISO-2 code of the country that its own people call so, ``""`` where it is none or several."""
    return _code_by_own_name().get(place_key(text), "")


def is_uk_nation(text):
    """Whether a state is one of the nations of the United Kingdom."""
    return place_key(text) in UK_NATIONS


def state_names(country, code):
    """Return what a part of a country is also called.

    :param country: its ISO-2 code
    :param code: Odoo's code of the part
    """
    names = _STATE_NAMES.get(country, {})
    return (names.get(code) or names.get(code.removeprefix(f"{country}-")) or "").split("|") if code else []


@lru_cache(maxsize=1)
def _code_by_key():
    """Return ``{place_key: ISO-2 code}`` of ISO-3 and withdrawn codes (Babel's aliases) and of English names.

    A withdrawn code that several countries followed (``SUN``) says nothing.
    """
    territories = Locale("en").territories
    aliases = get_global("territory_aliases")
    names = {
        **{alias.casefold(): codes[0] for alias, codes in aliases.items() if len(codes) == 1},
        **{place_key(name): code for code, name in territories.items() if len(code) == 2},
        **COMMON_NAMES,
    }
    return {_without_the(name): code for name, code in names.items()}


def _without_the(key):
    """Return a ``place_key`` without "the", which ISO writes anywhere: Gambia (the), Korea (the Republic of)."""
    return " ".join(word for word in key.split() if word != "the")


@lru_cache(maxsize=1)
def _code_by_own_name():
    """Return ``{place_key: ISO-2 code}`` of the names that countries have in the languages spoken there.

    Read once a process, and only for a country of no other name: it takes half a second.
    """
    languages = {}
    for country, spoken in get_global("territory_languages").items():
        for language, facts in spoken.items():
            if facts.get("official_status") or facts.get("population_percent", 0) >= _LEAST_SPEAKERS:
                languages.setdefault(language, set()).add(country)
    found = {}
    for language, countries in languages.items():
        for country, name in _territories(language).items():
            if country in countries:
                found.setdefault(place_key(name), set()).add(country)
    return {key: codes.pop() for key, codes in found.items() if key and len(codes) == 1}


def _territories(language):
    """Return ``{ISO-2 code: name}`` in ``language``, without leaving all that Babel knows of it in memory."""
    if not localedata.exists(language):
        return {}
    cache = getattr(localedata, "_cache", {})
    is_in_use = language in cache
    names = dict(localedata.load(language, merge_inherited=False).get("territories", {}))
    if not is_in_use:
        cache.pop(language, None)
    return {code: name for code, name in names.items() if len(code) == 2}
