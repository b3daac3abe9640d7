"""Which column of a file means what: guessed from its header, or said by the operator."""

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dialer.leads.errors import FileRefused

# The first name that a header has wins. French and English headers, and those of VICIdial's exports.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "source_id": (
        *("vendor_lead_code", "source_id", "external_id", "id_fiche", "numero_fiche", "num_fiche", "identifiant"),
        *("reference", "ref", "ref_client", "reference_client", "code_client", "id_client", "customer_id"),
        *("contact_id", "id", "lead_id"),
    ),
    "phone_code": ("phone_code", "indicatif", "country_calling_code"),
    "title": ("title", "civilite", "titre", "salutation"),
    "first_name": ("first_name", "firstname", "prenom", "given_name", "prenom_contact"),
    "last_name": ("last_name", "lastname", "nom", "surname", "nom_de_famille", "family_name", "nom_contact"),
    "company": ("company", "societe", "raison_sociale", "entreprise", "company_name", "business", "enseigne"),
    "address": ("address", "address1", "adresse", "adresse1", "adresse_1", "rue", "street", "voie"),
    "postcode": ("postcode", "postal_code", "code_postal", "cp", "zip", "zip_code", "zipcode", "post_code"),
    "city": ("city", "ville", "commune", "town", "localite"),
    "country": ("country", "pays", "country_code"),
    "email": ("email", "e_mail", "mail", "courriel", "adresse_mail", "adresse_email", "email_address"),
    # What the calling law asks of a person; kept with the lead under these names (dialer/store/facts.py).
    "person_id": ("person_id", "id_personne", "numero_personne"),
    "audience": ("audience", "b2b_b2c"),
    "basis": ("basis", "base_legale", "legal_basis"),
    "requested_at": ("requested_at", "date_demande", "demande_le"),
    "request_object": ("request_object", "objet_demande"),
    "consent_at": ("consent_at", "consent_date", "date_consentement", "consentement_le", "optin_date", "date_optin"),
    "consent_expires_at": ("consent_expires_at", "fin_consentement", "consent_end"),
    "consent_principal": ("consent_principal", "consentement_pour", "consent_company"),
    "consent_object": ("consent_object", "objet_consentement"),
    "consent_proof": ("consent_proof", "preuve_consentement", "preuve", "optin_source", "source_optin"),
    "consent_withdrawn_at": ("consent_withdrawn_at", "retrait_consentement", "optout_date"),
    "consent_slots": ("consent_slots",),
    "consent_channel": ("consent_channel", "canal_consentement"),
    "comments": ("comments", "comment", "commentaire", "commentaires", "notes", "note", "remarque", "observations"),
}
_PHONE = re.compile(
    r"(?:(?:numero|num|no|n)_(?:de_)?)?"
    r"(?:(?:alt|alternate|home|work|cell|mobile|office|business|main|primary|second|secondary)_)?"
    r"(?:telephone|phone|tel|mobile|portable|gsm|fixe|cell|cellphone|phone_number|telephone_number|msisdn)"
    r"(?:_?(?:number|num|numero))?"
    r"(?:_(?:fixe|mobile|portable|domicile|bureau|principal|pro|perso|travail|maison|home|work))?"
    r"(?:_?[1-9])?"
)
# May as well be a street's: taken only where nothing else looks like a telephone.
_PERHAPS_PHONE = re.compile(r"numero|number|num|contact")
_PHONE_ROLE = re.compile(r"phone([1-9])?")


@dataclass(frozen=True, slots=True)
class Layout:
    """What each column of a file is, as positions from 0. ``fields`` are the names under which the rest is kept."""

    header: tuple[str, ...]
    phones: tuple[int, ...]
    source_id: int | None
    phone_code: int | None
    fields: tuple[tuple[str, int], ...]

    def describe(self) -> dict[str, str]:
        """Role to column name, as a preview shows it."""
        roles = {"phone" if n == 1 else f"phone{n}": self.header[at] for n, at in enumerate(self.phones, 1)}
        if self.source_id is not None:
            roles["source_id"] = self.header[self.source_id]
        if self.phone_code is not None:
            roles["phone_code"] = self.header[self.phone_code]
        return roles | {name: self.header[at] for name, at in self.fields}


def layout(header: Sequence[str], said: Mapping[str, str]) -> Layout:
    """The layout of a file with this header; ``said`` maps roles (phone, phone2, source_id, ...) to column names.

    A role said to be the empty name is in no column, however much one looks like it.

    FileRefused when no column holds a phone number, or when ``said`` names a column that is not there.
    """
    names = _distinct(header)
    roles = _said(names, said)
    if not any(map(_is_phone, roles)):
        roles |= _phones(names, [at for at in range(len(names)) if at not in roles.values()])
    guessed = _guessed(names, roles)
    return _layout(names, roles | {role: at for role, at in guessed.items() if role not in said})


def simple(name: str) -> str:
    """A header without case, accents and punctuation: ``"N° de Téléphone "`` is ``n_de_telephone``."""
    plain = unicodedata.normalize("NFKD", name.casefold().replace("°", " "))
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "_", letters).strip("_")


def _said(names: Sequence[str], said: Mapping[str, str]) -> dict[str, int]:
    roles = {}
    for role, column in said.items():
        if not column:
            continue
        if column not in names:
            near = difflib.get_close_matches(column, names, 1)
            hint = f"Did you mean {near[0]}?" if near else f"The columns are: {', '.join(names)[:300]}."
            raise FileRefused(f"There is no column {column} for {role}.", hint=hint, line=1)
        roles[role] = names.index(column)
    return roles


def _phones(names: Sequence[str], free: Sequence[int]) -> dict[str, int]:
    for pattern in (_PHONE, _PERHAPS_PHONE):
        if phones := [at for at in free if pattern.fullmatch(simple(names[at]))]:
            return {f"phone{n}": at for n, at in enumerate(phones, 1)}
    raise FileRefused(
        f"No column looks like a phone number among: {', '.join(names)[:300]}.",
        hint="Name it, as in `--column phone=NAME`.",
        line=1,
    )


def _guessed(names: Sequence[str], taken: Mapping[str, int]) -> dict[str, int]:
    simples = [simple(name) for name in names]
    used = set(taken.values())
    guessed: dict[str, int] = {}
    for role, candidates in _NAMES.items():
        found = [simples.index(candidate) for candidate in candidates if candidate in simples]
        free = next((at for at in found if at not in used), None)
        if role not in taken and free is not None:
            guessed[role] = free
            used.add(free)
    return guessed


def _layout(names: tuple[str, ...], roles: Mapping[str, int]) -> Layout:
    phones = sorted((int(role.removeprefix("phone") or 1), at) for role, at in roles.items() if _is_phone(role))
    special = {at for _, at in phones} | {roles[role] for role in ("source_id", "phone_code") if role in roles}
    by_column = {at: role for role, at in roles.items() if at not in special}
    # A column that is not recognised keeps its own name, unless a recognised one has it already.
    fields = tuple((by_column.get(at, names[at]), at) for at in range(len(names)) if at not in special)
    roled = [role for role, at in roles.items() if at in special]
    kept = _distinct([*roled, *(name for name, _ in fields)])[len(roled) :]
    return Layout(
        header=names,
        phones=tuple(at for _, at in phones),
        source_id=roles.get("source_id"),
        phone_code=roles.get("phone_code"),
        fields=tuple(zip(kept, (at for _, at in fields), strict=True)),
    )


def _is_phone(role: str) -> bool:
    return _PHONE_ROLE.fullmatch(role) is not None


def _distinct(header: Sequence[str]) -> tuple[str, ...]:
    names: list[str] = []
    for at, cell in enumerate(header, 1):
        name = " ".join(cell.split()) or f"column {at}"
        again = 2
        plain = name
        while name in names:
            name, again = f"{plain} {again}", again + 1
        names.append(name)
    return tuple(names)
