"""Texts that identify a person by themselves: account and card numbers, phones, hosts."""

import ipaddress
import re

_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_CARD = re.compile(
    r"(?:3[47]\d{13}|4\d{12}(?:\d{3})?|(?:5[1-5]|2[2-7])\d{14}|6(?:011|5\d\d)\d{12})"
)
_PHONE = re.compile(
    r"(?:\+|00)[1-9][\d ()/.-]{6,20}\d|\(\d{2,5}\)[ -]?\d[\d -]{4,12}|\d{3}-\d{3}-\d{4}"
)


def is_iban(text: str) -> bool:
    """Say whether a text is an IBAN, by its check digits."""
    plain = text.replace(" ", "").replace("-", "").upper()
    if not _IBAN.fullmatch(plain):
        return False
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1


def is_card(text: str) -> bool:
    """Say whether a text is the number of a payment card, by its first digits and Luhn's sum."""
    plain = text.replace(" ", "").replace("-", "")
    if not _CARD.fullmatch(plain):
        return False
    digits = [int(char) for char in reversed(plain)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def is_phone(text: str) -> bool:
    """Say whether a text is a phone number: international, or grouped as people write one."""
    return _PHONE.fullmatch(text.strip()) is not None


def is_address_of_host(text: str) -> bool:
    """Say whether a text is an IPv4 or IPv6 address."""
    if "." not in text and ":" not in text:
        return False
    try:
        ipaddress.ip_address(text.strip())
    except ValueError:
        return False
    return True
