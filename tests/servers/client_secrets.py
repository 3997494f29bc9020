"""Client secrets, made for one run."""
from secrets import token_hex as random


def special():
    """Every printable ASCII character that is neither letter nor digit, in an order that gives each kind of `%`: one that no
    escape can follow, and escapes that a needless decoding would change. No space at an edge: that would be another question."""
    return random(8) + " !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}%~%41%2F" + random(8)
