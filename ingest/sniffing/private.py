"""Which columns probably hold personal data, by their names in several languages and their values.

To mark one column too many costs readable rejects; one too few, a leak. So doubts go to the mark.
"""

import re
import unicodedata
from collections.abc import Callable, Collection
from typing import Final

from ingest.sniffing.identifiers import is_address_of_host, is_card, is_iban, is_phone

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}")
_SSN = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}")
_INNER = r"(?:[^\W\d_]|[.'\u2019-])"
_CAPITAL = rf"[^\W\d_a-z]{_INNER}*"  # a word that begins with none of the letters a to z
_PERSON = re.compile(rf"{_CAPITAL}(?:,? {_INNER}+){{0,3}},? {_CAPITAL}")
_LOOKED_AT = 1000
_MOST = 0.5
"""Which share of a column's values says what it is."""

_NAMES: Final[dict[str, str]] = {
    "an e-mail address": r"e?mails?|email(?:s|id)?|emailaddress|courriel|correo|epost|mailadresse",
    "a phone number": (
        r"phones?|tel|telephone|telefon\w*|tel[ef]+ono|fax\w*|mobil[e]?|mobile(?:no|number|phone)"
        r"|handy\w*|cell|cellphone|celular|cellulare|portable|gsm|whatsapp|rufnummer|msisdn"
    ),
    "a person's name": (
        r"firstname|lastname|surname|forename|givenname|familyname|middlename|maidenname|fullname"
        r"|vorname|nachname|zuname|familienname|geburtsname|prenom|nomdefamille|nomcomplet|apellidos?"
        r"|primerapellido|cognome|sobrenome|voornaam|achternaam|fornamn|efternamn|imie|nazwisko"
        r"|(?:customer|client|contact|user|employee|patient|passenger|guest|member|cardholder|holder"
        r"|person|driver|student|teacher|kunden?|ansprechpartner|mitarbeiter)(?:s)?name|username|login"
        r"|nick(?:name)?|ansprechpartner|kontoinhaber|cardholder|accountholder|payee|beneficiary"
    ),
    "an address": (
        r"address\w*|addr\d?|adresse\w*|adress|anschrift|street\w*|strasse\w*|str|hausnummer|hausnr"
        r"|housenumber|rue|calle|direccion|domicilio|domicile|indirizzo|endereco|morada|adres|ulica"
    ),
    "a date of birth": (
        r"dob|birth\w*|dateofbirth|bday|geburtsdatum|geburtstag|geburtsjahr|geboren|naissance"
        r"|datenaissance|datedenaissance|nacimiento|fechanacimiento|fechadenacimiento|nascita"
        r"|datadinascita|nascimento|geboortedatum|fodelsedatum"
    ),
    "a document or tax number": (
        r"ssn|socialsecurity\w*|sozialversicherung\w*|svnr|svnummer|nino|insee|nir|steuerid\w*"
        r"|steueridentifikationsnummer|taxid|taxpayerid|tin|itin|dni|nie|nif|cpf|curp|pesel|bsn"
        r"|codicefiscale|personnummer|passport\w*|passnummer|reisepass\w*|passeport|pasaporte"
        r"|ausweis\w*|idcard\w*|nationalid\w*|driver(?:s)?licen[sc]e\w*|fuhrerschein\w*"
    ),
    "an account or card number": (
        r"iban|accountnumber|accountno|kontonummer|kontonr|numerodecompte|numerocuenta|bankaccount\w*"
        r"|card(?:number|no)|creditcard\w*|kreditkarte\w*|cartebancaire|ccnumber|pan|cvv|cvc"
    ),
    "a network address": r"ip|ip(?:address|addr|v4|v6)|clientip|remoteip|userip|ipadresse",
    "a secret": r"password|passwd|passwort|motdepasse|contrasena|secret|apikey|token|accesstoken",
}
_KNOWN = {what: re.compile(pattern) for what, pattern in _NAMES.items()}
_MAYBE = re.compile(
    r"name|nom|nombre|nome|naam|customers?|clients?|clientes?|kunden?|users?|owners?|authors?|contact"
    r"|contacts?|employees?|persons?|people|patients?|passengers?|guests?|members?|sender|recipient"
    r"|empfanger|absender|inhaber|besteller|buyer|seller|holder|driver|student|teacher|mitarbeiter"
)
"""Names of columns that hold people or something else: their values tell."""
_VALUES: Final[dict[str, Callable[[str], bool]]] = {
    "a social security number": lambda text: _SSN.fullmatch(text) is not None,
    "an account number (IBAN)": is_iban,
    "a card number": is_card,
    "a phone number": is_phone,
    "a network address": is_address_of_host,
}
_NUMBERS = {"a phone number", "a document or tax number", "an account or card number"}
_LEAST_DIGITS = 7
_LEAST_CHARACTERS = 7


def why_private(name: str, kind: str, texts: Collection[str]) -> str:
    """Say why a column probably holds personal data; empty if nothing tells.

    `kind` is the name of its type, `texts` are its distinct values, those that stand for null left
    out; none where they are nested.
    """
    some = list(texts)[:_LOOKED_AT]
    if kind == "string" and any(map(_EMAIL.search, some)):
        return "contains e-mail addresses"
    named = _by_name(name)
    if named and _may_be(named, kind, some):
        return f"its name says {named}"
    for what, test in _VALUES.items() if some and _share(some, _may_identify) >= _MOST else ():
        if _share(some, test) >= _MOST:
            return f"its values look like {what}"
    if kind == "string" and _tokens(name, _MAYBE) and some and _share(some, is_person) >= _MOST:
        return "its values look like names of people"
    return ""


def is_person(text: str) -> bool:
    """Say whether a text looks like the name of a person: two to five words, capitals first."""
    return _PERSON.fullmatch(text.strip()) is not None


def names_people(name: str) -> bool:
    """Say whether a column is named for people or for what is called something."""
    return bool(_by_name(name) or _tokens(name, _MAYBE))


def _by_name(name: str) -> str:
    """Return what the name of a column says that it holds."""
    return next((what for what, pattern in _KNOWN.items() if _tokens(name, pattern)), "")


def _tokens(name: str, pattern: re.Pattern[str]) -> bool:
    """Say whether a name, or words that follow one another in it, are what is looked for."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    parts = re.split(r"[^A-Za-z0-9]+", re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", plain))
    words = [part.lower() for part in parts if part]
    spans = (
        "".join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, min(start + 4, len(words)) + 1)
    )
    return any(pattern.fullmatch(span) for span in spans)


def _may_be(named: str, kind: str, texts: Collection[str]) -> bool:
    """Say whether values are of a type that such data has: a count or a flag is none of it."""
    if kind.startswith(("struct", "list")):
        return True
    if named == "a date of birth":
        return kind == "string" or kind.startswith(("date", "timestamp", "int"))
    if named in _NUMBERS and kind.startswith("int"):
        return all(sum(map(str.isdigit, text)) >= _LEAST_DIGITS for text in texts)
    if named == "an e-mail address":
        return kind == "string" and not texts
    return kind == "string"


def _may_identify(text: str) -> bool:
    """Say whether a text is as long as the shortest that `_VALUES` knows, `1.1.1.1` or `::`."""
    return len(text) >= _LEAST_CHARACTERS or ":" in text


def _share(texts: Collection[str], test: Callable[[str], bool]) -> float:
    return sum(map(test, texts)) / len(texts)
