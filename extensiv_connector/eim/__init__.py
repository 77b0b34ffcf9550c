"""The API of Extensiv Integration Manager, and nothing of Odoo.

Sentences made here (``problems``, ``differences``, the words of errors and of refused settings) are in English, and
are said in another language where Odoo shows or keeps them, see ``texts``. The names of EIM's fields and routes in
them, and EIM's own words, stay as they are.
"""
