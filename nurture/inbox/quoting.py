"""What is new in a message: without what it quotes, the signature's delimiter and markup. Pure, linear.

Our own, because the libraries for it take seconds to minutes on twenty kilobytes made to hurt them
(decision 65). Every pattern looks at one line of bounded length.
"""

from __future__ import annotations

import html
import re

MOST_CHARACTERS = 200_000
MOST_LINES = 2_000
MOST_KEPT = 5_000
LONGEST_LINE = 500
NEAR = 4
"""Lines in which the parts of one heading stand together."""

WROTE = re.compile(
    r"\b(wrote|writes|schrieb|a écrit|écrit|escribió|ha scritto|schreef|escreveu|skrev|napisał\(a\)|"
    r"napisał)\b",
    re.IGNORECASE,
)
ATTRIBUTION = re.compile(r"^(On|Am|Le|El|Il|Op|Em|Den|W dniu|Dnia)\b.*\d", re.IGNORECASE)
SEPARATOR = re.compile(
    r"^-{2,}\s*(Original(?: Message)?|Forwarded message|Ursprüngliche Nachricht|"
    r"Originalnachricht|Weitergeleitete Nachricht|Message (?:d'origine|original)|Message transféré|"
    r"Mensaje (?:original|reenviado)|Messaggio (?:originale|inoltrato)|Oorspronkelijk bericht|"
    r"Mensagem original)\s*-{2,}$",
    re.IGNORECASE,
)
FROM = re.compile(r"^\*?(From|Von|De|Da|Van|Från|Fra|Od)\s?:\*?\s", re.IGNORECASE)
OTHER_HEADER = re.compile(
    r"^\*?(Sent|Date|Gesendet|Datum|Envoyé|Enviado|Fecha|Inviato|Data|Verzonden|Skickat|Sendt|"
    r"Wysłano)\s?:\*?\s",
    re.IGNORECASE,
)
SENT_FROM = re.compile(
    r"^(Sent from (my|Outlook)|Get Outlook for|Von meinem .{1,30} gesendet|Gesendet von|"
    r"Envoyé (de mon|depuis)|Enviado desde|Inviato da)\b",
    re.IGNORECASE,
)
BLANKS = re.compile(r"\s+")
BLANK_LINES = re.compile(r"\n{3,}")


def new_words(text: str) -> str:
    """What the writer of a message says anew, at most 5,000 characters; answers between the lines stay.

    Where that is nothing, all of it.
    """
    text = text[:MOST_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")
    lines = [line[:LONGEST_LINE].rstrip() for line in text.split("\n", MOST_LINES)[:MOST_LINES]]
    kept = _without_quotes(lines)
    words = BLANK_LINES.sub("\n\n", "\n".join(kept)).strip()
    if not words:
        words = BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()
    return words[:MOST_KEPT]


def _without_quotes(lines: list[str]) -> list[str]:
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        if lines[at] == "--" or SEPARATOR.match(line) or _is_heading(lines, at):
            break
        if heading := _attribution(lines, at):
            at += heading
            if not _is_quoted(lines, at):
                break  # all below is the message it answers, without a mark
            continue
        if not line.startswith((">", "|>")) and not SENT_FROM.match(line):
            kept.append(lines[at])
        at += 1
    return kept


def _attribution(lines: list[str], at: int) -> int:
    """How many lines from here say “On June 15, … wrote:”; 0 where they do not."""
    if not ATTRIBUTION.match(lines[at].strip()):
        return 0
    so_far = ""
    for count, line in enumerate(lines[at : at + NEAR - 1], 1):
        so_far = f"{so_far} {line.strip()}"
        if line.strip().endswith(":"):
            return count if WROTE.search(so_far) or "@" in so_far else 0
        if not line.strip():
            return 0
    return 0


def _is_heading(lines: list[str], at: int) -> bool:
    """Outlook's way: From, Sent, To and Subject of the message below."""
    near = [line.strip() for line in lines[at + 1 : at + 1 + NEAR]]
    return bool(FROM.match(lines[at].strip())) and any(OTHER_HEADER.match(line) for line in near)


def _is_quoted(lines: list[str], at: int) -> bool:
    """Whether the next line that says anything is marked as quoted."""
    following = (line.strip() for line in lines[at : at + NEAR])
    return next((line.startswith(">") for line in following if line), True)


SILENT = frozenset({"script", "style", "head", "title", "blockquote"})
"""Of what is in these elements nothing is read."""
BREAKS = frozenset(
    {"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "ul", "ol", "hr"}
)
QUOTES = ("gmail_quote", "divrplyfwdmsg", "appendonsend", "moz-cite-prefix", "yahoo_quoted")
"""What mail programs call the element in which the message stands that is answered."""
NAME = re.compile(r"/?([a-z][a-z0-9]{0,20})")


def text_of_html(page: str) -> str:
    """The words of an HTML message, a line a block; nothing of scripts, styles and what is quoted.

    One pass over the signs `<` and `>`: Python's own parser takes minutes on markup made to hurt it.
    """
    page = page[:MOST_CHARACTERS]
    parts: list[str] = []
    silent, at = "", 0
    while at < len(page):
        start = page.find("<", at)
        end = page.find(">", start) if start >= 0 else -1
        if not silent:
            said = page[at : start if end >= 0 else len(page)]
            parts.append(BLANKS.sub(" ", said))
        if end < 0:
            break
        tag = page[start + 1 : min(end, start + LONGEST_LINE)].lower()
        at = end + 1
        if tag.startswith("!--"):
            closed = page.find("-->", start)
            at = closed + 3 if closed >= 0 else len(page)
            continue
        named = NAME.match(tag)
        name = named.group(1) if named else ""
        if silent:
            silent = "" if tag.startswith("/") and name == silent else silent
        elif name in SILENT and not tag.startswith("/"):
            silent = name
        elif name in BREAKS:
            parts.append("\n")
        if any(quote in tag for quote in QUOTES):
            break
    text = html.unescape("".join(parts))
    return BLANK_LINES.sub("\n\n", "\n".join(line.strip() for line in text.split("\n"))).strip()
