"""How errors about stock are named."""

# Behind a location's name in the keys of errors about its zeros that wait, and about a mapping that counts nothing;
# such a key is no level's, which is the name, a slash and the SKU.
ZEROS = " → 0"
NO_PLACE = " → ∅"
